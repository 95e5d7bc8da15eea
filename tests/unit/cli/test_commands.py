import json
from pathlib import Path

import pytest

from antechamber.base.outbound import OutboundError
from antechamber.cli.exits import MEANINGS, Exit, exit_for_status
from tests.unit.cli.wire import NOW, Scripted, ante, error, sse

MODEL = {"id": "sim-1", "type": "model"}
MESSAGE: dict[str, object] = {"id": "msg_1", "content": [{"type": "text", "text": "Hello"}]}
EVENTS = sse(
    {"type": "message_start", "message": {"id": "msg_1"}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo\x1b[2J"}},
    {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}},
    {"type": "message_stop"},
)


def page(*ids: str, more: bool = False) -> Scripted:
    data = [{"id": name} for name in ids]
    return Scripted(body={"data": data, "has_more": more, "first_id": ids[0], "last_id": ids[-1]})


def test_a_list_pages_itself_and_stops_at_max_items() -> None:
    ran = ante("models", "list", "--limit", "2", answers=[page("a", "b", more=True), page("c")])
    assert json.loads(ran.out) == [{"id": "a"}, {"id": "b"}, {"id": "c"}]
    assert [sent.url.partition("?")[2] for sent in ran.server.sent] == ["limit=2", "limit=2&after_id=b"]
    short = ante("models", "list", "--max-items", "1", answers=[page("a", "b", more=True)])
    assert json.loads(short.out) == [{"id": "a"}]


def test_raw_is_one_page_as_it_came() -> None:
    ran = ante("models", "list", "--format", "raw", answers=[Scripted(pieces=[b'{"data" :[],', b'"has_more":true}'])])
    assert ran.out == '{"data" :[],"has_more":true}'


def test_ids_alone_come_one_a_line() -> None:
    ran = ante("models", "list", "--transform", "id", "-r", answers=[page("a", "b")])
    assert ran.out == "a\nb\n"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("json", '{\n  "id": "sim-1",\n  "type": "model"\n}\n'),
        ("jsonl", '{"id":"sim-1","type":"model"}\n'),
        ("yaml", "id: sim-1\ntype: model\n"),
        ("raw", '{"id": "sim-1", "type": "model"}'),
    ],
)
def test_an_answer_is_written_in_the_format_that_was_asked_for(form: str, expected: str) -> None:
    assert ante("models", "retrieve", "sim-1", "--format", form, answers=[Scripted(body=MODEL)]).out == expected


def test_colours_come_on_a_terminal_and_go_when_refused() -> None:
    for variables, colourful in ({}, True), ({"NO_COLOR": "1"}, False), ({"FORCE_COLOR": "0"}, False):
        ran = ante("models", "retrieve", "x", answers=[Scripted(body=MODEL)], terminal=True, variables=variables)
        assert ("\x1b[" in ran.out) is colourful
    ran = ante("models", "retrieve", "x", "--no-color", answers=[Scripted(body=MODEL)], terminal=True)
    assert "\x1b[" not in ran.out


def test_an_id_cannot_leave_its_path() -> None:
    ran = ante("models", "retrieve", "../x?y", answers=[Scripted(body=MODEL)])
    assert ran.request.url == "http://127.0.0.1:8787/v1/models/..%2Fx%3Fy"


def test_global_flags_go_before_and_after_and_the_last_wins() -> None:
    ran = ante(
        "--base-url", "http://a", "models", "--base-url", "http://b", "retrieve", "x", "--base-url", "http://c/",
        answers=[Scripted(body=MODEL)],
    )  # fmt: skip
    assert ran.request.url == "http://c/v1/models/x"
    ran = ante("--format", "jsonl", "models", "retrieve", "x", answers=[Scripted(body=MODEL)])
    assert ran.out.count("\n") == 1


def test_colons_name_nested_commands() -> None:
    ran = ante("beta:models", "retrieve", "x", answers=[Scripted(body=MODEL)])
    assert ran.code == 0
    ran = ante("chat:completions", "create", "hi", answers=[Scripted(body={})])
    assert ran.request.url.endswith("/v1/chat/completions")


def test_slips_are_answered_with_suggestions() -> None:
    assert "Did you mean models?" in ante("modles").err
    assert "Did you mean list" in ante("models", "lits").err
    assert "--format" in ante("models", "list", "--fromat", "x").err
    ran = ante("messages", "create", "--fromat", "json", "hi")
    assert (ran.code, "--format" in ran.err) == (Exit.USAGE, True)


def test_a_message_is_made_from_flags_and_words() -> None:
    ran = ante(
        "messages", "create", "--model", "sim-1", "--max-tokens", "9", "--system", "be: brief", "--top-k", "5",
        "--metadata.user-id", "u1", "--tool", "{name: t}", "--beta", "b1", "Say", "hello", "--stop-sequence", "x",
        answers=[Scripted(body=MESSAGE)],
    )  # fmt: skip
    assert ran.request.body == {
        "model": "sim-1",
        "max_tokens": 9,
        "system": "be: brief",
        "top_k": 5,
        "metadata": {"user_id": "u1"},
        "tools": [{"name": "t"}],
        "messages": [{"role": "user", "content": "Say hello"}],
        "stop_sequences": ["x"],
    }
    headers = ran.request.headers
    assert headers["x-api-key"] == "sk-ant-api03-abcdefghijklmn"
    assert headers["anthropic-version"] == "2026-10-21"
    assert headers["anthropic-beta"] == "b1"
    assert json.loads(ran.out) == MESSAGE


def test_stdin_gives_the_body_and_flags_win() -> None:
    yaml = "model: a\nmax_tokens: 5\nmessages:\n- {role: user, content: hi}\n"
    ran = ante("messages", "create", "--model", "b", stdin=yaml, answers=[Scripted(body=MESSAGE)])
    assert ran.request.body == {"model": "b", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}


def test_text_on_stdin_is_the_prompt() -> None:
    ran = ante("messages", "create", "Summarise:", stdin="a text", answers=[Scripted(body=MESSAGE)])
    assert ran.request.body == {"messages": [{"role": "user", "content": "Summarise:\n\na text"}]}


def test_json_on_stdin_is_never_embedded_but_yaml_is(tmp_path: Path) -> None:
    secret = tmp_path / "a.txt"
    secret.write_text("content")
    ran = ante("messages", "create", stdin=json.dumps({"system": f"@{secret}"}), answers=[Scripted(body=MESSAGE)])
    assert ran.request.body == {"system": f"@{secret}"}
    ran = ante("messages", "create", stdin=f'system: "@{secret}"', answers=[Scripted(body=MESSAGE)])
    assert ran.request.body == {"system": "content"}


def test_a_terminal_shows_text_as_it_comes_without_its_control_characters() -> None:
    ran = ante("messages", "create", "hi", terminal=True, answers=[Scripted(pieces=EVENTS)])
    assert ran.request.body == {"messages": [{"role": "user", "content": "hi"}], "stream": True}
    assert ran.out == "Hello[2J\n[stopped: max_tokens]\n"


def test_streams_can_be_lines_or_bytes() -> None:
    lines = ante("messages", "create", "hi", "--stream", "--format", "jsonl", answers=[Scripted(pieces=EVENTS)])
    assert [json.loads(line)["type"] for line in lines.out.splitlines()][-1] == "message_stop"
    raw = ante("messages", "create", "hi", "--stream", "--format", "raw", answers=[Scripted(pieces=EVENTS)])
    assert raw.out.encode() == b"".join(EVENTS)


def test_an_error_inside_a_stream_has_its_own_exit_code() -> None:
    failed = sse({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})
    ran = ante("messages", "create", "hi", terminal=True, answers=[Scripted(pieces=[*EVENTS[:3], *failed])])
    assert (ran.code, ran.out) == (Exit.SERVER, "Hel\n")
    assert "busy" in ran.err


def test_a_cut_stream_is_no_success() -> None:
    ran = ante("messages", "create", "hi", "--stream", answers=[Scripted(pieces=EVENTS[:2], cut="reset")])
    assert ran.code == Exit.UNREACHABLE


def test_chat_and_complete_show_their_text() -> None:
    chat = [b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n', b"data: [DONE]\n\n"]
    assert ante("chat", "completions", "create", "x", terminal=True, answers=[Scripted(pieces=chat)]).out == "Hi\n"
    pieces = sse({"type": "completion", "completion": "Hey"})
    ran = ante("complete", "create", "x", terminal=True, answers=[Scripted(pieces=pieces)])
    assert ran.out == "Hey\n"
    assert ran.request.body == {"prompt": "x", "stream": True}
    assert ran.request.headers["anthropic-version"] == "2023-06-01"


def test_tokens_are_counted_without_a_stream() -> None:
    ran = ante("messages", "count-tokens", "hi", terminal=True, answers=[Scripted(body={"input_tokens": 3})])
    assert ran.request.url.endswith("/v1/messages/count_tokens")
    assert ran.request.body == {"messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, "authentication_error", Exit.AUTHENTICATION),
        (402, "billing_error", Exit.LIMITED),
        (403, "permission_error", Exit.PERMISSION),
        (404, "not_found_error", Exit.NOT_FOUND),
        (400, "invalid_request_error", Exit.INVALID_REQUEST),
        (413, "request_too_large", Exit.INVALID_REQUEST),
        (422, "invalid_request_error", Exit.INVALID_REQUEST),
    ],
)
def test_errors_say_what_was_asked_why_and_what_next(status: int, kind: str, code: Exit) -> None:
    ran = ante("models", "retrieve", "x", answers=[error(status, kind, "because")])
    lines = ran.err.splitlines()
    assert ran.code == code
    assert lines[0].startswith(f'GET "http://127.0.0.1:8787/v1/models/x": {status} ')
    assert lines[1:4] == ["because", f"type: {kind}", "request id: req_1"]
    assert lines[4].startswith("hint: ")
    assert ran.out == ""


def test_retries_are_the_sdks() -> None:
    busy = Scripted(429, {}, headers=[("retry-after-ms", "1500")])
    ran = ante("models", "retrieve", "x", answers=[busy, error(500, "api_error"), Scripted(body=MODEL)])
    assert ran.code == 0
    assert ran.slept[0] == 1.5
    assert 0.75 <= ran.slept[1] <= 1.0
    assert [sent.headers["x-stainless-retry-count"] for sent in ran.server.sent] == ["0", "1", "2"]
    ran = ante("models", "retrieve", "x", answers=[error(529, "overloaded_error")] * 3)
    assert (ran.code, len(ran.server.sent)) == (Exit.SERVER, 3)
    final = Scripted(429, {}, headers=[("x-should-retry", "false")])
    assert len(ante("models", "retrieve", "x", answers=[final]).server.sent) == 1


def test_no_answer_is_told_from_no_answer_in_time() -> None:
    refused = ante("models", "list", answers=[OutboundError("refused", "nobody")] * 3)
    assert (refused.code, "ante serve" in refused.err) == (Exit.UNREACHABLE, True)
    assert ante("models", "list", answers=[OutboundError("timeout", "slow")] * 3).code == Exit.TIMEOUT


def test_the_error_body_is_written_when_asked() -> None:
    ran = ante(
        "models", "retrieve", "x", "--transform-error", "error.type", "-r", answers=[error(404, "not_found_error")]
    )
    assert ran.err.splitlines()[-1] == "not_found_error"


def test_debug_shows_requests_without_secrets() -> None:
    ran = ante("models", "retrieve", "x", "--debug", answers=[Scripted(body=MODEL)])
    assert "> GET http://127.0.0.1:8787/v1/models/x" in ran.err
    assert "< 200" in ran.err
    assert "abcdefghijklmn" not in ran.err
    bearer = ante(
        "models", "retrieve", "x", "--debug", answers=[Scripted(body=MODEL)],
        variables={"ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": "sk-ant-oat01-verysecret"},
    )  # fmt: skip
    assert bearer.request.headers["authorization"] == "Bearer sk-ant-oat01-verysecret"
    assert bearer.request.headers["anthropic-beta"] == "oauth-2025-04-20"
    assert "verysecret" not in bearer.err


def test_usage_is_a_table_for_people_and_buckets_for_programs() -> None:
    result = {
        "uncached_input_tokens": 12345,
        "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 2},
        "cache_read_input_tokens": 4,
        "output_tokens": 5,
        "model": "sim-1",
    }
    report = {
        "data": [{"starting_at": "2026-11-21T00:00:00Z", "results": [result]}],
        "has_more": False,
        "next_page": None,
    }
    ran = ante(
        "usage", "messages", "--group-by", "model", "--days", "1", terminal=True, answers=[Scripted(body=report)]
    )
    assert ran.out.splitlines() == [
        "from        model   input  cache write  cache read  output",
        "2026-11-21  sim-1  12,345            3           4       5",
        "total              12,345            3           4       5",
    ]
    assert "group_by%5B%5D=model" in ran.request.url
    assert json.loads(ante("usage", "messages", answers=[Scripted(body=report)]).out) == report["data"]


def test_doctor_finds_what_is_wrong() -> None:
    fine = [Scripted(headers=[("date", "Thu, 18 Nov 2026 11:06:40 GMT")]), Scripted(body={"data": []})]
    ran = ante("doctor", "--json", answers=fine)
    found = {check["name"]: check for check in json.loads(ran.out)["checks"]}
    assert ran.code == 0, ran.out
    assert found["authorised"]["status"] == "ok"
    late = [Scripted(headers=[("date", "Thu, 18 Nov 2026 11:16:40 GMT")]), error(401, "authentication_error")]
    ran = ante("doctor", "--json", answers=late)
    found = {check["name"]: check for check in json.loads(ran.out)["checks"]}
    assert ran.code == Exit.UNEXPECTED
    assert found["clock"]["detail"] == "600 s behind the server"
    assert found["authorised"]["status"] == "failure"
    ran = ante("doctor", answers=[OutboundError("refused", "nobody")], variables={"ANTHROPIC_AUTH_TOKEN": "t"})
    assert "shadows ANTHROPIC_AUTH_TOKEN" in ran.out
    assert "- authorised  not reachable" in ran.out


def test_help_explains_topics_and_commands() -> None:
    assert "130  interrupted" in ante("help", "exit-codes").out
    assert "--max-tokens" in ante("help", "messages", "create").out
    assert "ANTHROPIC_API_KEY" in ante("help", "environment").out
    assert ante("help", "nonsense").code == Exit.USAGE
    for shell in ("bash", "zsh", "fish"):
        assert "_ANTE_COMPLETE" in ante("completion", shell).out


def test_exit_codes_are_distinct_and_explained() -> None:
    assert set(MEANINGS) == set(Exit)
    assert exit_for_status(302) == Exit.UNEXPECTED
    assert NOW // 1_000_000 == 1_795_000_000


def test_a_path_that_leads_nowhere_is_told_beside_the_whole_answer() -> None:
    ran = ante("models", "retrieve", "x", "--transform", "idd", "-r", answers=[Scripted(body={"id": "x"})])
    assert (ran.code, json.loads(ran.out)) == (Exit.OK, {"id": "x"})
    assert ran.err == "note: idd leads nowhere in this answer, which is shown whole\n"
    found = ante("models", "retrieve", "x", "--transform", "id", "-r", answers=[Scripted(body={"id": "x"})])
    assert (found.out, found.err) == ("x\n", "")
