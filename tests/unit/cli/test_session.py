"""The session of `ante chat`, driven by keys as a person presses them."""

import io
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from antechamber.base.chance import SeededChance
from antechamber.base.clock import ManualClock
from antechamber.base.outbound import OutboundError
from antechamber.cli.exits import Exit
from antechamber.cli.session.conversation import Conversation
from antechamber.cli.session.loop import COMMANDS, Session
from antechamber.cli.session.start import ChatOptions, backend_for
from antechamber.cli.session.switching import Switchboard
from antechamber.cli.session.terminal import Terminal
from antechamber.cli.settings import Invocation, Settings
from antechamber.cli.world import World
from antechamber.client.credentials import Given, find_access
from antechamber.client.environment import Environment
from tests.unit.cli.test_auth_status import TOKEN, write_profile
from tests.unit.cli.wire import NOW, MemoryServer, Scripted, ante, error, sse

KEY = {"ANTHROPIC_API_KEY": "sk-ant-api03-abcdefgh", "ANTHROPIC_MODEL": "sim-1"}


def models() -> Scripted:
    return Scripted(body={"data": [{"id": "sim-1"}, {"id": "sim-2"}], "has_more": False})


def answer(*texts: str) -> Scripted:
    deltas: list[dict[str, object]] = [
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}} for text in texts
    ]
    usage = {"input_tokens": 12, "output_tokens": 1}
    return Scripted(
        pieces=sse(
            {"type": "message_start", "message": {"usage": usage}},
            *deltas,
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}},
        )
    )


def chat_answer(*texts: str) -> Scripted:
    lines = [f'data: {{"choices":[{{"delta":{{"content":"{text}"}}}}]}}\n\n'.encode() for text in texts]
    return Scripted(pieces=[*lines, b"data: [DONE]\n\n"])


class Sitting:
    """A session whose keyboard is a pipe and whose server is in memory."""

    def __init__(
        self, keyboard: PipeInput, answers: Sequence[Scripted | OutboundError], variables: dict[str, str], home: Path
    ) -> None:
        self.server = MemoryServer(list(answers))
        self.out = io.StringIO()
        self.history = home / "own" / "chat_history"
        world = World(
            stdin=io.StringIO(),
            stdout=self.out,
            stderr=self.out,
            clock=ManualClock(NOW),
            chance=SeededChance(1),
            sleep=lambda _: None,
            environment=Environment(variables, home),
            connect=lambda _: self.server,
        )
        invocation = Invocation(world)
        terminal = Terminal(
            (io.StringIO(), self.out), self.history, COMMANDS, self.toolbar, keyboard=keyboard, screen=DummyOutput()
        )
        board = Switchboard(world, Settings(), terminal, lambda access: backend_for(access, ChatOptions(), invocation))
        access = find_access(Given(), world.environment)
        self.session = Session(terminal, board, Conversation(access, board.backend(access)))

    def toolbar(self) -> str:
        return self.session.toolbar()


@contextmanager
def sitting(
    keys: str, answers: Sequence[Scripted | OutboundError] = (), *, variables: dict[str, str] | None = None, home: Path
) -> Iterator[Sitting]:
    with create_pipe_input() as keyboard:
        keyboard.send_text(keys)
        made = Sitting(keyboard, answers, KEY if variables is None else variables, home)
        made.session.run()
        yield made


def test_an_answer_streams_and_the_next_question_carries_what_was_said(tmp_path: Path) -> None:
    with sitting("hello\ragain\r/quit\r", [answer("Hi", " there"), answer("Yes")], home=tmp_path) as made:
        assert "Hi there\n" in made.out.getvalue()
        body = made.server.sent[-1].body
    assert isinstance(body, dict)
    assert [turn["content"] for turn in body["messages"]] == ["hello", "Hi there", "again"]
    assert (body["stream"], body["model"]) == (True, "sim-1")


def test_alt_enter_and_a_backslash_begin_another_line(tmp_path: Path) -> None:
    with sitting("one\x1b\rtwo\\\rthree\r/quit\r", [answer("ok")], home=tmp_path) as made:
        body = made.server.sent[0].body
    assert isinstance(body, dict)
    assert body["messages"][0]["content"] == "one\ntwo\nthree"


def test_clear_forgets_and_status_counts(tmp_path: Path) -> None:
    with sitting("a\r/status\r/clear\rb\r/quit\r", [answer("x"), answer("y")], home=tmp_path) as made:
        assert "12 in, 7 out" in made.out.getvalue()
        body = made.server.sent[-1].body
    assert isinstance(body, dict)
    assert len(body["messages"]) == 1


def test_a_model_is_chosen_by_number_or_name(tmp_path: Path) -> None:
    with sitting("/model\r2\r/model other\ra\r/quit\r", [models(), answer("x")], home=tmp_path) as made:
        assert "From now on sim-2." in made.out.getvalue()
        body = made.server.sent[-1].body
    assert isinstance(body, dict)
    assert body["model"] == "other"


def test_a_failed_question_comes_back_to_the_line_and_the_session_goes_on(tmp_path: Path) -> None:
    answers = [error(401, "authentication_error", "revoked"), answer("fine")]
    with sitting("hello\r\r/quit\r", answers, home=tmp_path) as made:
        assert "401 revoked" in made.out.getvalue()
        assert "/auth" in made.out.getvalue()
        body = made.server.sent[-1].body
    assert isinstance(body, dict)
    assert body["messages"][-1]["content"] == "hello"


def test_what_came_of_a_cut_answer_is_kept(tmp_path: Path) -> None:
    whole = answer("half")
    cut = Scripted(pieces=whole.pieces[:2], cut="reset")
    with sitting("a\rb\r/quit\r", [cut, answer("z")], home=tmp_path) as made:
        body = made.server.sent[-1].body
    assert isinstance(body, dict)
    assert [turn["content"] for turn in body["messages"]] == ["a", "half", "b"]


def test_auth_switches_to_a_key_without_a_restart(tmp_path: Path) -> None:
    keys = "/auth\r3\r\x15https://other.example\rsk-ant-api03-typed\rhello\r/quit\r"
    with sitting(keys, [answer("x")], home=tmp_path) as made:
        sent = made.server.sent[-1]
        assert "typed" not in made.out.getvalue().replace("the key you typed", "").replace("what you typed", "")
    assert sent.url == "https://other.example/v1/messages"
    assert sent.headers["x-api-key"] == "sk-ant-api03-typed"


def test_auth_switches_to_a_provider_which_is_asked_in_its_own_way(tmp_path: Path) -> None:
    keys = "/auth\r4\r\x15https://openai.example/v1\rsk-typed\rqwen3\rhello\r/quit\r"
    with sitting(keys, [chat_answer("Hi", "!")], home=tmp_path) as made:
        sent = made.server.sent[-1]
        assert "Hi!" in made.out.getvalue()
    assert sent.url == "https://openai.example/v1/chat/completions"
    assert sent.headers["authorization"] == "Bearer sk-typed"
    assert isinstance(sent.body, dict)
    assert (sent.body["model"], sent.body["stream"]) == ("qwen3", True)


def test_auth_switches_to_a_profile_though_a_key_is_set(tmp_path: Path) -> None:
    write_profile(tmp_path, "work", active=False)
    with sitting("/auth\r5\r1\rhello\r/quit\r", [answer("x")], home=tmp_path) as made:
        sent = made.server.sent[-1]
    assert sent.headers["authorization"] == f"Bearer {TOKEN}"
    assert sent.url == "https://models.example.com/v1/messages"


def test_with_nothing_configured_it_leads_into_log_in(tmp_path: Path) -> None:
    keys = "3\r\r" + "sk-ant-api03-typed\rhello\r/quit\r"
    with sitting(keys, [models(), answer("x")], variables={}, home=tmp_path) as made:
        out = made.out.getvalue()
        assert out.startswith("You are not logged in yet")
        assert made.server.sent[-1].headers["x-api-key"] == "sk-ant-api03-typed"


def test_an_unknown_command_is_no_question(tmp_path: Path) -> None:
    with sitting("/modle\r/quit\r", home=tmp_path) as made:
        assert "Did you mean /model?" in made.out.getvalue()
        assert made.server.sent == []


def test_a_command_may_be_shortened_while_it_stays_clear(tmp_path: Path) -> None:
    with sitting("/st\r/q\r", home=tmp_path) as made:
        assert "Server " in made.out.getvalue()
        assert made.session.is_over


def test_a_menu_is_left_as_it_was_by_an_empty_line_or_ctrl_c(tmp_path: Path) -> None:
    with sitting("/auth\r\r/auth\r\x03/quit\r", home=tmp_path) as made:
        assert made.out.getvalue().count("Left as it was.") == 2
        assert made.session.conversation.access.kind == "api_key"


def test_the_history_is_its_owners_alone_and_holds_no_secret(tmp_path: Path) -> None:
    keys = "/auth\r3\r\rsk-ant-api03-typed\rhello\r\x04"
    with sitting(keys, [answer("x")], home=tmp_path) as made:
        text = made.history.read_text(encoding="utf-8")
        assert stat.S_IMODE(made.history.stat().st_mode) == 0o600
    assert "hello" in text
    assert "sk-ant-api03-typed" not in text


def test_a_models_words_do_not_steer_the_terminal(tmp_path: Path) -> None:
    with sitting("a\r/quit\r", [answer("\x1b[2Jx\x9b1m")], home=tmp_path) as made:
        assert "\x1b" not in made.out.getvalue()
        assert "\x9b" not in made.out.getvalue()


def test_without_a_terminal_stdin_is_the_question() -> None:
    ran = ante("chat", "--model", "sim-1", stdin="What is 2 + 2?", answers=[answer("4")])
    assert (ran.code, ran.out) == (Exit.OK, "4\n")


def test_bare_ante_answers_stdin_as_chat_does() -> None:
    ran = ante(stdin="hi", answers=[models(), answer("Hello")])
    assert (ran.code, ran.out) == (Exit.OK, "Hello\n")


def test_bare_ante_with_nothing_to_ask_shows_the_help() -> None:
    ran = ante(stdin="")
    assert ran.code == Exit.USAGE
    assert "Usage: ante" in ran.err


@pytest.mark.parametrize("words", [("chat",), ()])
def test_without_terminal_and_credential_it_says_what_to_set_and_nothing_else(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    ran = ante(*words, stdin="hi", variables={"ANTHROPIC_API_KEY": ""}, home=tmp_path)
    assert (ran.code, ran.out, ran.server.sent) == (Exit.AUTHENTICATION, "", [])
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_FEDERATION_RULE_ID", f"{tmp_path}/{{.ante/.env"):
        assert name in ran.err
    assert max(map(len, ran.err.splitlines()[:11])) <= 80


def test_openai_variables_alone_are_enough_without_a_terminal(tmp_path: Path) -> None:
    variables = {
        "ANTHROPIC_API_KEY": "",
        "OPENAI_API_KEY": "sk-1",
        "OPENAI_BASE_URL": "https://openai.example/v1",
        "OPENAI_MODEL": "qwen3",
    }
    ran = ante(stdin="hi", answers=[chat_answer("Hello")], variables=variables, home=tmp_path)
    assert (ran.code, ran.out) == (Exit.OK, "Hello\n")
    assert ran.request.url == "https://openai.example/v1/chat/completions"
