"""Writing down what became of exchanges, and showing it to those who administer federation."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.ids import Kind, OrganizationId, RuleId, mint
from antechamber.base.unit import Unit, Units
from antechamber.features.federation.model.assertion import Assertion
from antechamber.features.federation.model.history import (
    BEFORE_SIGNATURE,
    Exchange,
    HistoryQuery,
    Outcome,
    shorten_subject,
)
from antechamber.features.federation.model.matching import Refused
from antechamber.features.federation.model.rules import Rule
from antechamber.features.federation.model.stamps import Stamp
from antechamber.features.federation.ports import HistoryStore, SeenStore
from antechamber.features.federation.service.lists import Book, ListQuery, Part
from antechamber.features.oauth.model import StoredToken

_DAY: Final = 86_400 * MICROSECONDS
_MINUTE: Final = 60 * MICROSECONDS
# of one rule in a minute: what anybody who knows its id can cause, without any issuer's word
_UNSIGNED_PER_MINUTE: Final = 60
_AT_ONCE: Final = 1000
_LONGEST_DETAIL: Final = 255


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long history is kept: days, and rows of one organisation."""

    days: int = 30
    rows: int = 100_000


class HistoryStores(NamedTuple):
    """Where history is, and what it outlives: the ids of assertions."""

    history: HistoryStore
    seen: SeenStore


class History:
    """The authentication history."""

    def __init__(self, stores: HistoryStores, units: Units, clock: Clock, chance: Chance, keeping: Keeping) -> None:
        self._store = stores.history
        self._seen = stores.seen
        self._units = units
        self._clock = clock
        self._chance = chance
        self._keeping = keeping
        self._minute = 0
        self._unsigned: dict[RuleId, int] = {}

    async def note_success(self, unit: Unit, rule: Rule, assertion: Assertion, token: StoredToken, by: Actor) -> None:
        """Write down that a token was minted, in the transaction of that."""
        exchange = Exchange(
            id=mint(Kind.EXCHANGE, self._clock, self._chance),
            organization_id=rule.organization_id,
            created_at=token.created_at,
            rule_id=rule.id,
            issuer_id=rule.issuer_id,
            outcome=Outcome.SUCCESS,
            subject=shorten_subject(assertion.subject),
            service_account_id=rule.target.service_account_id,
            workspace_id=token.holder.workspace_id,
            token_id=token.id,
            ip_address=by.ip_address,
            request_id=by.request_id,
        )
        await self._store.add(unit, rule.organization_id, exchange)

    async def note_refusal(self, rule: Rule, refused: Refused, subject: str | None, by: Actor) -> None:
        """Write down why none was; beyond sixty a minute of a rule, only if its issuer had signed."""
        if refused.reason in BEFORE_SIGNATURE and self._is_flood(rule.id):
            return
        exchange = Exchange(
            id=mint(Kind.EXCHANGE, self._clock, self._chance),
            organization_id=rule.organization_id,
            created_at=self._clock.now(),
            rule_id=rule.id,
            issuer_id=rule.issuer_id,
            outcome=Outcome.FAILURE,
            reason=refused.reason,
            detail=None if refused.detail is None else refused.detail[:_LONGEST_DETAIL],
            subject=None if subject is None else shorten_subject(subject),
            service_account_id=rule.target.service_account_id,
            ip_address=by.ip_address,
            request_id=by.request_id,
        )
        async with self._units.begin() as unit:
            await self._store.add(unit, rule.organization_id, exchange)

    async def listing(self, organization_id: OrganizationId, query: HistoryQuery, page: ListQuery) -> Part[Exchange]:
        """Return a page of exchanges, newest first; InvalidRequest for a cursor of another list."""
        narrowed = {"rule_id": query.rule_id, "issuer_id": query.issuer_id, "outcome": query.outcome}
        book = Book(Kind.EXCHANGE, organization_id, page, **narrowed)
        asked = book.asked()
        async with self._units.read() as unit:
            found = await self._store.listing(unit, organization_id, query, asked)
        return book.part(found, lambda exchange: (Stamp(exchange.created_at, None), exchange.id))

    async def sweep(self) -> None:
        """Drop what is older than is kept, and ids of assertions that cannot come again."""
        now = self._clock.now()
        dropped = _AT_ONCE
        while dropped >= _AT_ONCE:
            async with self._units.begin() as unit:
                dropped = await self._store.sweep_old(
                    unit, now - self._keeping.days * _DAY, self._keeping.rows, _AT_ONCE
                )
        dropped = _AT_ONCE
        while dropped >= _AT_ONCE:
            async with self._units.begin() as unit:
                dropped = await self._seen.sweep_expired(unit, now, _AT_ONCE)

    def _is_flood(self, rule_id: RuleId) -> bool:
        minute = self._clock.now() // _MINUTE
        if minute != self._minute:
            self._minute, self._unsigned = minute, {}
        count = self._unsigned[rule_id] = self._unsigned.get(rule_id, 0) + 1
        return count > _UNSIGNED_PER_MINUTE
