"""A server that is killed while an event waits: it is delivered all the same, as it was."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.calls import MESSAGES, ask, body_for
from tests.faults.conftest import Rig
from tests.receiving import Receiver

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

_ORGANIZATION = "/v1/organizations"
_BETA = "webhooks-2026-10-07"
_PATIENCE_SECONDS = 90


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    made = Receiver(tmp_path / "receiver")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.ca_file))
    yield made
    made.close()


async def test_an_event_that_was_not_taken_comes_after_a_kill(make_rig: Callable[..., Rig], receiver: Receiver) -> None:
    server = make_rig(webhook_private_origins=receiver.origin).server
    receiver.always = 503
    body = {"url": receiver.url, "enabled_events": [], "extension_events": ["spend_limit.threshold_crossed"]}
    made = await ask(server, f"{_ORGANIZATION}/webhooks", body, x_api_key=server.admin_key, anthropic_beta=_BETA)
    assert made.status == 200, made.body
    limit = {"scope": {"type": "organization"}, "amount": "100", "period": "monthly"}
    made = await ask(server, f"{_ORGANIZATION}/spend_limits", limit, x_api_key=server.admin_key)
    assert made.status == 200, made.body
    until = time.monotonic() + _PATIENCE_SECONDS
    while receiver.is_idle():
        assert time.monotonic() < until
        await ask(server, MESSAGES, body_for(MESSAGES, "spend"))
    first = receiver.next()
    while "an event was not taken" not in server.logged():
        # what is under way when its server dies waits for the end of its lease
        assert time.monotonic() < until
        await asyncio.sleep(0.05)
    server.kill()
    server.start()
    receiver.always = 200
    while (again := await asyncio.to_thread(receiver.next, _PATIENCE_SECONDS)).headers["webhook-id"] != (
        first.headers["webhook-id"]
    ):
        pass
    assert again.body == first.body
