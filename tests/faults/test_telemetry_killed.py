"""A server that is killed while spans wait: each request of the ledger reaches its destination all the same."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.collectors import Answer, Collector, attributes
from tests.faults.accounts import rows_of
from tests.faults.calls import MESSAGES, ask, body_for
from tests.faults.conftest import Rig
from tests.faults.processes import Server

pytestmark = pytest.mark.faults

_DESTINATIONS = "/v1/organizations/telemetry_destinations"
_BETA = "telemetry-destinations-2026-08-11"
_PATIENCE_SECONDS = 90


@pytest.fixture
def collector() -> Iterator[Collector]:
    opened = Collector()
    yield opened
    opened.close()


def request_ids(collector: Collector) -> set[str]:
    return {attributes(span.attributes)["anthropic.request.id"] for span in collector.spans}


async def _loop(server: Server, number: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            await ask(server, MESSAGES, body_for(MESSAGES, f"loop {number}"))


async def test_every_request_of_the_ledger_arrives_after_kills(
    make_rig: Callable[..., Rig], collector: Collector
) -> None:
    rig = make_rig(telemetry_private_origins=collector.url)
    server = rig.server
    body = {"endpoint_url": collector.url, "workspaces": {"type": "all"}}
    made = await ask(server, _DESTINATIONS, body, x_api_key=server.admin_key, anthropic_beta=_BETA)
    assert made.status == 200, made.body
    # within a second every node knows of it
    while not (collector.taken or collector.refused):
        await ask(server, MESSAGES, body_for(MESSAGES, "early"))
    early = rows_of(server.data).keys()
    for always in (None, Answer(503)):
        collector.always = always
        loops = [asyncio.create_task(_loop(server, number)) for number in range(6)]
        await asyncio.sleep(1.5)
        server.kill()
        await asyncio.gather(*loops)
        server.start()
    collector.always = None
    expected = rows_of(server.data).keys() - early
    assert len(expected) > 10
    await asyncio.to_thread(collector.wait, lambda seen: request_ids(seen) >= expected, _PATIENCE_SECONDS)
    spans = {span.span_id for span in collector.spans}
    assert len(spans) == len(request_ids(collector)), "a span that came twice is the same span"
