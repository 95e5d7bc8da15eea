"""A server that is killed while requests hold its budget: nothing stays held, and what was spent is the ledger's."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from antechamber.base.money import to_cents
from tests.faults.accounts import rows_for, rows_of
from tests.faults.calls import MESSAGES, Running, ask, body_for, tokens_of, until
from tests.faults.conftest import Rig
from tests.faults.processes import Server
from tests.unit.simulated.caller import Reply

pytestmark = pytest.mark.faults

_SPENDS = "/v1/organizations/spend_limits"
_LONG = "events=5000; events_per_second=20"


async def limit(server: Server, cents: int) -> None:
    """Limit the only key, as a refusal tells its holder what that has spent."""
    listed = await ask(server, "/v1/organizations/api_keys", method="GET", x_api_key=server.admin_key)
    (key,) = json.loads(listed.body)["data"]
    body = {"scope": {"type": "api_key", "api_key_id": key["id"]}, "amount": str(cents), "period": "monthly"}
    reply = await ask(server, _SPENDS, body, x_api_key=server.admin_key)
    assert reply.status == 200, reply.body


async def one(server: Server) -> Reply:
    return await ask(server, MESSAGES, {**body_for(MESSAGES, "one", stream=False), "max_tokens": 10})


async def refusal(server: Server, status: int) -> dict[str, Any]:
    """Wait until the change feed has told of the limit, and return what a refused caller is told."""
    reply = await one(server)
    async with asyncio.timeout(20):
        while reply.status != status:
            reply = await one(server)
    told: dict[str, Any] = json.loads(reply.body)["error"]
    return told


async def test_a_kill_strands_no_reservation_and_the_ledger_says_what_was_spent(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    server = rig.server
    await one(server)
    await limit(server, 1000)
    await asyncio.sleep(1)
    # each of them may write 100,000 tokens for 2.50 dollars: the fourth reaches beyond the ten
    streams = [await Running(server, MESSAGES, body_for(MESSAGES, f"{n}"), _LONG).begin() for n in range(4)]
    await until(lambda: all(tokens_of(running.seen) > 3 for running in streams), "every stream flows")
    held = await refusal(server, 429)
    assert "Requests under way" in held["message"]
    server.kill()
    for running in streams:
        await running.done()
    server.start()
    assert (await one(server)).status == 200
    await limit(server, 0)
    told = await refusal(server, 400)
    rows = rows_for(server.data, rig.upstream.settled().keys())
    assert told["details"]["spent"] == to_cents(sum(row["cost"] for row in rows_of(server.data).values()))
    assert sum(row["ended"] == "lost" for row in rows.values()) == 4
    assert server.stop() == 0
