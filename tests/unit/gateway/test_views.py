"""Views of request bodies: what is wrong is named as the wire names it; the bytes go on as they came."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from antechamber.base.errors import InvalidRequest
from antechamber.features.gateway.model import Asked, Endpoint
from antechamber.features.gateway.wire.dialects import DIALECTS
from antechamber.features.gateway.wire.views import splice_model

OLD, NEW = "2023-06-01", "2026-10-21"
MESSAGE: dict[str, Any] = {"model": "sim-1", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
WHOLE: dict[Endpoint, dict[str, Any]] = {
    Endpoint.MESSAGES: MESSAGE,
    Endpoint.COUNT_TOKENS: {"model": "sim-1", "messages": []},
    Endpoint.COMPLETE: {"model": "sim-1", "prompt": "p", "max_tokens_to_sample": 5},
    Endpoint.CHAT_COMPLETIONS: {"model": "sim-1", "messages": []},
}
LETTERS = st.characters(codec="utf-8", exclude_characters="\x07")
NAMES = st.text(LETTERS, min_size=1, max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(LETTERS, max_size=8) | st.just('"model":"alias"'),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["model", "messages", "x", 'a"model']), inner, max_size=3)
    ),
    max_leaves=12,
)


def read(body: object, endpoint: Endpoint = Endpoint.MESSAGES, version: str | None = OLD) -> Asked:
    return DIALECTS[endpoint].read(body if isinstance(body, bytes) else json.dumps(body).encode(), version)


def refusal(body: object, endpoint: Endpoint = Endpoint.MESSAGES, version: str | None = OLD) -> str:
    with pytest.raises(InvalidRequest) as caught:
        read(body, endpoint, version)
    return caught.value.message


def with_field(name: str, value: object) -> dict[str, Any]:
    return {**MESSAGE, name: value}


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_a_whole_body_is_read(endpoint: Endpoint) -> None:
    said = [WHOLE[endpoint].get(name) for name in ("max_tokens", "max_tokens_to_sample")]
    most = next((value for value in said if isinstance(value, int)), None)
    assert read(WHOLE[endpoint], endpoint) == Asked("sim-1", False, None, max_output=most)


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_every_required_field_is_named_when_it_is_missing_or_null(endpoint: Endpoint) -> None:
    for name in WHOLE[endpoint]:
        rest = {key: value for key, value in WHOLE[endpoint].items() if key != name}
        assert refusal(rest, endpoint) == f"{name}: Field required"
        assert refusal({**rest, name: None}, endpoint).startswith(f"{name}: Expected ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", 5),
        ("model", ["sim-1"]),
        ("max_tokens", "5"),
        ("max_tokens", 1.5),
        ("max_tokens", True),
        ("messages", {"role": "user"}),
        ("stream", "yes"),
        ("stream", 1),
        ("metadata", "me"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(name: str, value: object) -> None:
    assert refusal(with_field(name, value)).startswith(f"{name}: ")


def test_a_field_inside_another_is_named_with_its_path() -> None:
    assert refusal(with_field("metadata", {"user_id": 5})).startswith("metadata.user_id: Expected ")


@pytest.mark.parametrize("model", ["", "x" * 257])
def test_a_model_of_no_or_too_many_characters_is_named(model: str) -> None:
    assert refusal(with_field("model", model)) == "model: String should have 1 to 256 characters"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"model": NaN}',
        b'{"model": "sim-1", "temperature": NaN, "max_tokens": 1, "messages": []}',
        json.dumps(MESSAGE).encode() + b" trailing",
        b'\xef\xbb\xbf{"model": "sim-1"}',
        b'{"model": "\xff\xfe"}',
        b"{'model': 'sim-1'}",
        b'{"model": "a\nb"}',
        b'{"model": "sim-1", "max_tokens": 1, "messages": ["\\ud800"]}',
        b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"model": "sim-1", "max_tokens": 1, "messages": [' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"]}",
    ],
)
def test_what_is_no_json_is_refused_as_such(body: bytes) -> None:
    assert refusal(body).startswith("The request body is not valid JSON: ")


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"5", b"true"])
def test_json_that_is_no_object_is_refused(body: bytes) -> None:
    assert refusal(body).startswith("body: Expected object")


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    assume(not body.startswith(b"{"))
    refusal(body)


def test_unknown_fields_and_unicode_pass() -> None:
    asked = read({**MESSAGE, "model": "模型-🙂", "wholly_new": {"a": [1]}, "metadata": {"user_id": "ключ", "more": 1}})
    assert asked == Asked("模型-🙂", False, "ключ", max_output=MESSAGE["max_tokens"])


def test_the_last_of_duplicate_fields_counts_as_it_does_upstream() -> None:
    body = b'{"model": "a", "max_tokens": 1, "messages": [], "stream": false, "model": "b", "stream": true}'
    assert read(body) == Asked("b", True, None, max_output=1)


def test_the_end_user_of_a_chat_is_its_user() -> None:
    chat = {"model": "m", "messages": [], "user": "u-1", "stream": True}
    assert read(chat, Endpoint.CHAT_COMPLETIONS, None) == Asked("m", True, "u-1", adds_usage=True)


@pytest.mark.parametrize(
    ("said", "most"),
    [
        ({}, None),
        ({"max_tokens": 7}, 7),
        ({"max_completion_tokens": 9}, 9),
        ({"max_completion_tokens": 9, "n": 3}, 27),
        ({"max_completion_tokens": 9, "n": "3"}, 9),
        ({"max_tokens": "many"}, None),
        ({"max_tokens": -1}, None),
    ],
)
def test_a_chat_may_say_how_much_it_wants_and_the_provider_says_what_is_wrong_with_it(
    said: dict[str, object], most: int | None
) -> None:
    chat = {"model": "m", "messages": [], **said}
    assert read(chat, Endpoint.CHAT_COMPLETIONS, None).max_output == most


@pytest.mark.parametrize("endpoint", [Endpoint.MESSAGES, Endpoint.COUNT_TOKENS])
@pytest.mark.parametrize(("name", "value"), [("temperature", 1.0), ("top_p", None), ("top_k", 0)])
def test_sampling_parameters_are_refused_since_the_new_version_only(
    endpoint: Endpoint, name: str, value: object
) -> None:
    body = {**WHOLE[endpoint], name: value}
    assert read(body, endpoint, OLD).model == "sim-1"
    assert refusal(body, endpoint, NEW) == f"{name}: Extra inputs are not permitted"


def turns(role: str, *blocks: object) -> dict[str, Any]:
    return with_field("messages", [{"role": "user", "content": "hi"}, {"role": role, "content": list(blocks)}])


TEXT = {"type": "text", "text": "x"}
DOCUMENT = {"type": "document", "source": {"type": "text", "data": "x"}, "citations": {"enabled": True}}
CITED = {**TEXT, "citations": [{"type": "char_location"}]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (turns("assistant", TEXT, DOCUMENT), "messages.1.content.1: document blocks are not permitted in assistant"),
        (turns("user", CITED), "messages.1.content.0.citations: Extra inputs are not permitted"),
    ],
)
def test_documents_of_assistants_and_citations_of_users_are_refused_since_the_new_version_only(
    body: dict[str, Any], message: str
) -> None:
    assert read(body, version=OLD).model == "sim-1"
    assert refusal(body, version=NEW).startswith(message)
    counting = {key: value for key, value in body.items() if key != "max_tokens"}
    assert refusal(counting, Endpoint.COUNT_TOKENS, NEW).startswith(message)


@pytest.mark.parametrize(
    "body",
    [
        turns("user", DOCUMENT),
        turns("assistant", CITED),
        turns("user", {**TEXT, "citations": []}, {**TEXT, "citations": None}),
        turns("user", {"type": "tool_result", "tool_use_id": "t", "content": [DOCUMENT]}),
        turns("assistant", {"type": "text", "text": '"document" "citations"'}),
        with_field("messages", [5, {"content": '"document"'}, {"role": "assistant", "content": ["document", {}]}]),
        with_field("tools", [{"name": "document", "citations": 5}]),
    ],
)
def test_every_other_document_and_citation_passes(body: dict[str, Any]) -> None:
    assert read(body, version=NEW).model == "sim-1"


@given(first=JSON, last=JSON, alias=NAMES, model=NAMES, ascii_only=st.booleans(), indent=st.integers(0, 2))
def test_a_spliced_body_differs_only_in_the_models_value(
    *, first: object, last: object, alias: str, model: str, ascii_only: bool, indent: int
) -> None:
    assume(alias != model)

    def dump(value: object) -> str:
        return json.dumps(value, ensure_ascii=ascii_only, indent=indent or None)

    fields = {"messages": [first, {"model": alias}], "model": alias, "more": [last, {"model": alias, "x": alias}]}
    body = dump(fields).encode()
    spliced = splice_model(body, model)
    assert json.loads(spliced) == {**fields, "model": model}
    # a model of one control character, which no other part has, shows where the value stands
    start = len(dump({"messages": fields["messages"], "model": "\x07"}).partition('"\\u0007"')[0].encode())
    value = json.dumps(alias, ensure_ascii=ascii_only).encode()
    assert body[start : start + len(value)] == value
    assert spliced == body[:start] + msgspec.json.encode(model) + body[start + len(value) :]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"model":"a"}', b'{"model":"b"}'),
        (b'{ "model"\t:\r\n "a" }', b'{ "model"\t:\r\n "b" }'),
        (b'{"x":{"model":"a"},"model":"a"}', b'{"x":{"model":"a"},"model":"b"}'),
        (b'{"model":"a","x":{"model":"a"}}', b'{"model":"b","x":{"model":"a"}}'),
        (b'{"model":"z","model":"a"}', b'{"model":"z","model":"b"}'),
        (b'{"model":"a","model":"a"}', b'{"model":"a","model":"b"}'),
        (b'{"x":"\\"model\\":\\"a\\"","model":"a"}', b'{"x":"\\"model\\":\\"a\\"","model":"b"}'),
        (b'{"\\"model":"a","model":"a"}', b'{"\\"model":"a","model":"b"}'),
        (b'{"model":"\\u0061"}', b'{"model":"b"}'),
        (b'{"x":{"model":{"model":1}},"model":"a"}', b'{"x":{"model":{"model":1}},"model":"b"}'),
    ],
)
def test_the_model_is_spliced_in_place(body: bytes, expected: bytes) -> None:
    assert splice_model(body, "b") == expected


def test_a_model_that_needs_escapes_is_written_with_them() -> None:
    spliced = splice_model(b'{"model":"a"}', 'quo"te\\\n')
    assert msgspec.json.decode(spliced) == {"model": 'quo"te\\\n'}


def test_an_escaped_key_is_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidRequest, match=r"^model: write the key of an alias without JSON escapes"):
        splice_model(b'{"mod\\u0065l":"a"}', "b")


def test_a_body_full_of_models_is_spliced_before_anyone_notices() -> None:
    nested = b",".join([b'{"model":"a"}'] * 100_000)
    body = b'{"messages":[' + nested + b'],"model":"a"}'
    assert splice_model(body, "b") == b'{"messages":[' + nested + b'],"model":"b"}'
