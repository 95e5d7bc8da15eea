"""The official Go SDK, unchanged and without arguments, as `ant` uses it, against a live server."""

from pathlib import Path

import pytest

from tests.clients.golang import run_go
from tests.live import LiveServer

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("variable", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
def test_a_key_in_either_variable_asks_models_and_messages(live: LiveServer, tmp_path: Path, variable: str) -> None:
    own = {"ANTHROPIC_BASE_URL": live.base_url, "HOME": str(tmp_path), variable: live.api_key}
    told = run_go(own)
    assert "sim-1" in told["models"]
    assert told["text"]
    assert told["workspace"].startswith("wrkspc_")


def test_a_key_that_opens_nothing_is_refused_in_words_that_the_sdk_shows(live: LiveServer, tmp_path: Path) -> None:
    own = {"ANTHROPIC_BASE_URL": live.base_url, "HOME": str(tmp_path), "ANTHROPIC_API_KEY": "sk-ant-api03-no"}
    told = run_go(own)
    assert told["status"] == 401
    assert "invalid x-api-key" in told["error"]
