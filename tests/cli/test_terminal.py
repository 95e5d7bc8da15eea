"""The command in a real terminal of eighty columns."""

from pathlib import Path

import pytest

from tests.cli.test_log_in import EMAIL, Shell, decide, log_in, pasted
from tests.cli.tmux import terminal
from tests.live import LiveServer
from tests.visiting import Visitor, enter


@pytest.fixture(scope="session")
def ada(live: LiveServer) -> Visitor:
    return enter(live, f"terminal.{EMAIL}")


@pytest.fixture
def shell(live: LiveServer, tmp_path: Path) -> Shell:
    return Shell(live, tmp_path)


def test_a_session_answers_switches_and_ends(shell: Shell, live: LiveServer, tmp_path: Path) -> None:
    shell.variables["ANTHROPIC_API_KEY"] = live.api_key
    with terminal(tmp_path, shell.environment, "chat", "--model", "sim-1") as screen:
        screen.wait_for("Ctrl-D leaves")
        screen.type("What is 17 * 3?", "Enter")
        screen.wait_for("= 51")
        screen.wait_for("sim-1 · ANTHROPIC_API_KEY")
        screen.type("/auth", "Enter")
        screen.wait_for("Number")
        screen.type("4", "Enter")
        screen.wait_for("Base URL")
        screen.type("", "C-u")
        screen.type(f"{live.base_url}/v1", "Enter")
        screen.wait_for("API key")
        screen.type(live.api_key, "Enter")
        screen.wait_for("Model")
        screen.type("claude-sim-1", "Enter")
        shown = screen.wait_for("Now using the key you typed")
        assert live.api_key not in shown.replace("\n", "")
        screen.type("What is 6 * 7?", "Enter")
        screen.wait_for("= 42")
        screen.type("/status", "Enter")
        screen.wait_for("claude-sim-1")
        screen.type("", "C-d")
        screen.wait_for("ended with 0")


def test_ctrl_c_stops_the_answer_and_not_the_session(shell: Shell, live: LiveServer, tmp_path: Path) -> None:
    shell.variables["ANTHROPIC_API_KEY"] = live.api_key
    with terminal(tmp_path, shell.environment, "chat", "--model", "sim-1") as screen:
        screen.wait_for("Ctrl-D leaves")
        screen.type("Count. [sim events=2000 events_per_second=20]", "Enter")
        screen.wait_for("the quick brown")
        screen.type("", "C-c")
        screen.wait_for("Stopped.")
        screen.type("", "C-c")
        screen.type("What is 2 + 2?", "Enter")
        screen.wait_for("2 + 2 = 4")
        screen.type("/quit", "Enter")
        screen.wait_for("ended with 0")


def test_what_is_typed_during_an_answer_waits_for_its_end(shell: Shell, live: LiveServer, tmp_path: Path) -> None:
    shell.variables["ANTHROPIC_API_KEY"] = live.api_key
    with terminal(tmp_path, shell.environment, "chat", "--model", "sim-1") as screen:
        screen.wait_for("Ctrl-D leaves")
        screen.type("Count. [sim events=60 events_per_second=20]", "Enter")
        screen.wait_for("the quick brown")
        screen.type("What is 17 * 3?", "Enter")
        screen.wait_for("= 51")
        screen.type("/quit", "Enter")
        screen.wait_for("ended with 0")


def test_nothing_configured_leads_from_log_in_to_an_answer(shell: Shell, ada: Visitor, tmp_path: Path) -> None:
    with terminal(tmp_path, shell.environment) as screen:
        screen.wait_for("You are not logged in yet")
        screen.type("2", "Enter")
        screen.wait_for("Server [")
        screen.type("", "Enter")
        screen.wait_for("Profile to keep it in [default]")
        screen.type("", "Enter")
        screen.wait_for("Waiting.")
        # the whole address stands on one line of the terminal's own making: what is copied has no break in it
        decide(ada, screen.wait_until_address())
        screen.wait_for("Logged in to Acme")
        screen.wait_for("Now using profile default")
        screen.type("What is 17 * 3?", "Enter")
        screen.wait_for("= 51")
        screen.type("/quit", "Enter")
        screen.wait_for("ended with 0")


def test_a_code_is_pasted_inside_the_session(shell: Shell, ada: Visitor, tmp_path: Path) -> None:
    shell.variables["BROWSER"] = "true"
    with terminal(tmp_path, shell.environment, "chat", "--model", "sim-1") as screen:
        screen.wait_for("Number")
        screen.type("1", "Enter")
        screen.wait_for("Server [")
        screen.type("", "Enter")
        screen.wait_for("Profile to keep it in")
        screen.type("work", "Enter")
        screen.wait_for("paste the code it shows here")
        url = screen.wait_until_address()
        screen.type(pasted(decide(ada, url)), "Enter")
        screen.wait_for("Now using profile work")
        screen.type("What is 17 * 3?", "Enter")
        screen.wait_for("= 51")
        screen.type("/quit", "Enter")
        screen.wait_for("ended with 0")


def test_the_whole_address_can_be_copied_from_a_narrow_terminal(shell: Shell, ada: Visitor, tmp_path: Path) -> None:
    with terminal(tmp_path, shell.environment, "auth", "login", "--no-browser") as screen:
        screen.wait_for("Then paste the code")
        screen.type(pasted(decide(ada, screen.wait_until_address())), "Enter")
        screen.wait_for("Logged in to Acme")
        screen.wait_for("ended with 0")


def test_no_browser_offers_a_device_and_a_no_leads_to_pasting(shell: Shell, tmp_path: Path) -> None:
    with terminal(tmp_path, shell.environment, "auth", "login") as screen:
        screen.wait_for("on another device? [Y/n]")
        screen.type("n", "Enter")
        screen.wait_for("Then paste the code")
        screen.type("", "C-c")
        screen.wait_for("ended with 130")


def test_status_fits_eighty_columns(shell: Shell, ada: Visitor, tmp_path: Path) -> None:
    log_in(shell, ada)
    with terminal(tmp_path, shell.environment, "auth", "status") as screen:
        screen.wait_for("ended with 0")
        assert screen.shown() == screen.shown(joined=True)
        assert "(active) * Profile (user_oauth)" in screen.shown()
