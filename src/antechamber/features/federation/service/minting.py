"""Minting: tokens for assertions that were found good, several in one transaction where several wait."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple, TypeAlias

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.clock import Clock, to_rfc3339
from antechamber.base.errors import Unavailable
from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.federation.model.assertion import Assertion
from antechamber.features.federation.model.history import Reason, shorten_subject
from antechamber.features.federation.model.matching import Refused
from antechamber.features.federation.ports import SeenStore
from antechamber.features.federation.service.history import History
from antechamber.features.federation.service.placement import Place
from antechamber.features.federation.service.standings import Standing, Standings
from antechamber.features.oauth.model import Named, TokenAnswer
from antechamber.features.oauth.service import Tokens

_AT_ONCE: Final = 16


class Order(NamedTuple):
    """A token that is to be made."""

    standing: Standing
    place: Place
    assertion: Assertion
    by: Actor


# a token; why there is none; or None because what the order stands on has changed
Minted: TypeAlias = TokenAnswer | Refused | None


class _Waiting(NamedTuple):
    order: Order
    ended: asyncio.Future[Minted]


@dataclass(frozen=True, slots=True)
class Books:
    """What is written of each token besides itself."""

    seen: SeenStore
    history: History
    audit: Audit


class Minting:
    """Makes tokens.

    An organisation's come one after the other, as its audit log has it; those that come while others are written wait,
    and are then written together.
    """

    def __init__(self, standings: Standings, books: Books, tokens: Tokens, units: Units, clock: Clock) -> None:
        self._standings = standings
        self._books = books
        self._tokens = tokens
        self._units = units
        self._clock = clock
        self._waiting: dict[OrganizationId, deque[_Waiting]] = {}
        self._working: set[asyncio.Task[None]] = set()

    async def mint(self, order: Order) -> Minted:
        """Return a token, once it is written."""
        organization_id = order.standing.rule.organization_id
        waiting = _Waiting(order, asyncio.get_running_loop().create_future())
        if organization_id in self._waiting:
            self._waiting[organization_id].append(waiting)
        else:
            self._waiting[organization_id] = deque([waiting])
            # a task of its own: who leaves must not take the others' tokens along
            task = asyncio.create_task(self._work(organization_id))
            self._working.add(task)
            task.add_done_callback(self._working.discard)
        return await waiting.ended

    async def _work(self, organization_id: OrganizationId) -> None:
        queue = self._waiting[organization_id]
        try:
            while queue:
                await self._serve([queue.popleft() for _ in range(min(len(queue), _AT_ONCE))])
        finally:
            del self._waiting[organization_id]
            for left in queue:
                left.ended.cancel()

    async def _serve(self, batch: Sequence[_Waiting]) -> None:
        try:
            answers = await self._mint([waiting.order for waiting in batch])
        except asyncio.CancelledError:
            for waiting in batch:
                waiting.ended.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - it is raised where the token was asked for
            if len(batch) > 1 and not isinstance(error, Unavailable):
                # what one order brings must not fail the others
                for waiting in batch:
                    await self._serve([waiting])
                return
            for waiting in batch:
                if not waiting.ended.done():
                    waiting.ended.set_exception(error)
            return
        for waiting, answer in zip(batch, answers, strict=True):
            if not waiting.ended.done():
                waiting.ended.set_result(answer)

    async def _mint(self, orders: Sequence[Order]) -> list[Minted]:
        async with self._units.begin() as unit:
            version = await self._standings.version(unit)
            return [await self._one(unit, order) if order.standing.version == version else None for order in orders]

    async def _one(self, unit: Unit, order: Order) -> Minted:
        rule, issuer = order.standing.rule, order.standing.issuer
        assertion, account = order.assertion, order.place.account
        if issuer.check_jti and assertion.jti is not None:
            digest = sha256(assertion.jti.encode("utf-8", "surrogatepass")).digest()
            until = assertion.forgotten_at
            if not await self._books.seen.add(unit, rule.organization_id, issuer.id, digest, until):
                return Refused(Reason.JTI_REUSED)
        seconds = assertion.minted_seconds(self._clock.now(), rule.token_lifetime_seconds)
        workspace = order.place.workspace
        token, secret = await self._tokens.issue(
            unit,
            rule.organization_id,
            scope=rule.scope,
            ttl_seconds=seconds,
            workspace_id=workspace.id if workspace else None,
            service_account_id=account.id,
            rule_id=rule.id,
        )
        await self._books.history.note_success(unit, rule, assertion, token, order.by)
        by = order.by
        await self._books.audit.record(
            unit,
            rule.organization_id,
            Actor(ActorKind.SERVICE_ACCOUNT, account.id, by.ip_address, by.user_agent, by.request_id),
            ActivityType.TOKEN_EXCHANGED,
            federation_rule_id=rule.id,
            federation_issuer_id=issuer.id,
            subject=shorten_subject(assertion.subject),
            token_id=token.id,
            scope=rule.scope,
            workspace_id=token.holder.workspace_id,
            expires_at=to_rfc3339(token.expires_at),
        )
        named = None if workspace is None else Named(workspace.id, workspace.name)
        return TokenAnswer(secret, seconds, rule.scope, workspace=named)
