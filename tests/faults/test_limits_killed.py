"""Servers that are killed under budgets, again and again: what remains is always the limit less the ledger."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from antechamber.base.money import from_cents, to_cents
from tests.faults.accounts import rows_of
from tests.faults.calls import MESSAGES, Running, ask, body_for, until
from tests.faults.conftest import Rig
from tests.faults.processes import Server
from tests.faults.test_kills import check_ledger
from tests.unit.simulated.caller import Reply

pytestmark = pytest.mark.faults

_LONG = "events=5000; events_per_second=20"
_SHORT = "events=6; events_per_second=40"
_LONG_TOKENS = 200
_SHORT_TOKENS = 60
_CENTS = 4


async def _administer(server: Server, path: str, body: object) -> Any:  # noqa: ANN401 - whatever JSON holds
    reply = await ask(server, f"/v1/organizations/{path}", body, x_api_key=server.admin_key)
    assert reply.status == 200, reply.body
    return reply.json()


async def _limit_everything(server: Server) -> None:
    """Set the same budget for the organisation, a workspace and the key in it that is used from now on."""
    workspace = (await _administer(server, "workspaces", {"name": "Limited"}))["id"]
    key = await _administer(server, "api_keys", {"name": "limited", "workspace_id": workspace})
    server.key = key["secret"]
    for scope, period in (
        ({"type": "organization"}, "monthly"),
        ({"type": "workspace", "workspace_id": workspace}, "weekly"),
        ({"type": "api_key", "api_key_id": key["id"]}, "daily"),
    ):
        await _administer(server, "spend_limits", {"scope": scope, "amount": str(_CENTS), "period": period})


class Load:
    """Long streams, and short requests one after another, until no answer comes or they are told to stop."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._over = False
        self._streams: list[Running] = []
        self._loops: list[asyncio.Task[None]] = []
        self.replies: list[Reply] = []

    async def begin(self, streams: int = 2) -> None:
        for number in range(streams):
            body = body_for(MESSAGES, f"stream {number}", max_tokens=_LONG_TOKENS)
            self._streams.append(await Running(self._server, MESSAGES, body, _LONG).begin())
        self._loops = [asyncio.create_task(self._loop()) for _ in range(10)]

    async def _loop(self) -> None:
        while not self._over:
            body = body_for(MESSAGES, "short", max_tokens=_SHORT_TOKENS)
            try:
                self.replies.append(await ask(self._server, MESSAGES, body, _SHORT))
            except OSError:
                return

    def served(self) -> int:
        return sum(reply.status == 200 for reply in self.replies)

    async def end(self) -> list[Reply]:
        """Return every answer."""
        self._over = True
        await asyncio.gather(*self._loops)
        return [*self.replies, *[await running.done() for running in self._streams]]


async def _own_usage(server: Server) -> dict[str, Any]:
    reply = await ask(server, "/v1/usage/me", method="GET")
    assert reply.status == 200, reply.body
    told: dict[str, Any] = reply.json()
    return told


async def _check_budgets(rig: Rig, replies: Sequence[Reply]) -> int:
    """Hold the ledger against the truth and every budget against the ledger; returns what was spent, in nano-USD."""
    assert {reply.status for reply in replies} <= {0, 200, 400, 429}
    check_ledger(rig, replies)
    rows = rows_of(rig.server.data).values()
    spent: int = sum(row["cost"] for row in rows)
    told = await _own_usage(rig.server)
    assert {budget["period"] for budget in told["spend_limits"]} == {"monthly", "weekly", "daily"}
    for budget in told["spend_limits"]:
        assert budget["remaining"] == to_cents(max(0, from_cents(str(_CENTS)) - spent))
    assert told["this_month"]["requests"] == len(rows)
    assert told["this_month"]["cost"] == to_cents(spent)
    return spent


async def test_budgets_outlive_kill_after_kill(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    server = rig.server
    await _limit_everything(server)
    replies: list[Reply] = []
    spent = 0
    for pause in (0.1, 0.4):
        load = Load(server)
        await load.begin()
        await until(lambda load=load: load.served() >= 12, "some are served")
        server.kill()
        replies += await load.end()
        server.begin()
        await asyncio.sleep(pause)
        server.kill()
        server.start()
        now_spent = await _check_budgets(rig, replies)
        assert now_spent > spent
        spent = now_spent

    load = Load(server)
    await load.begin(streams=0)
    await until(lambda: any(reply.status == 400 for reply in load.replies), "the budget is spent", 40)
    server.kill()
    replies += await load.end()
    server.start()
    # what was settled but in no table when the kill came counts from the start
    replies += [await ask(server, MESSAGES, body_for(MESSAGES, "after", max_tokens=_SHORT_TOKENS)) for _ in range(8)]
    spent = await _check_budgets(rig, replies)
    dearest = max(row["cost"] for row in rows_of(server.data).values())
    assert spent <= from_cents(str(_CENTS)) + dearest
    assert server.stop() == 0
