"""The keys of issuers: fetched, kept for a minute, fetched anew when an assertion names one that is not there."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import structlog

from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.ids import IssuerId
from antechamber.base.unit import Units
from antechamber.features.federation.model.assertion import Signer
from antechamber.features.federation.model.history import Reason
from antechamber.features.federation.model.issuers import Discovery, Inline, Issuer, dialled
from antechamber.features.federation.model.keys import (
    AHEAD,
    FRESH,
    GRACE,
    KeyRow,
    failed,
    fetched,
    gap_after,
    source_of,
)
from antechamber.features.federation.model.matching import Refused
from antechamber.features.federation.ports import Assertions, Fetches, KeyStore, SigningKeys, Unfetched

_KEPT: Final = 1000
# how long an exchange waits for a fetch before it makes do with the keys of the grace
_WAIT_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.1
# an issuer is in use while an exchange has asked for its keys within this time
_IN_USE: Final = 300 * MICROSECONDS
# why there are no keys, for the history
_DOCUMENT: Final = "discovery_document"
_FOREIGN: Final = "discovery_issuer"
_KEY_SET: Final = "key_set"
_log = structlog.get_logger("federation")


@dataclass(slots=True)
class _Held:
    """An issuer's keys in this process's memory; `used_at` when an exchange asked for them last."""

    issuer: Issuer
    keys: SigningKeys | None
    row: KeyRow
    used_at: int = 0


class _Fetched(NamedTuple):
    keys: Sequence[Mapping[str, object]] | None
    problem: str


class IssuerKeys:
    """Checks signatures with issuers' keys, which all nodes share through the database."""

    def __init__(self, store: KeyStore, units: Units, clock: Clock, assertions: Assertions, fetches: Fetches) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._assertions = assertions
        self._fetches = fetches
        self._held: OrderedDict[IssuerId, _Held] = OrderedDict()
        self._fetching: dict[IssuerId, asyncio.Task[_Held]] = {}

    async def refuse(self, issuer: Issuer, text: str, signer: Signer) -> Refused | None:
        """Return why the signature of an assertion is not good; None if it is.

        Keys older than a minute are fetched first; an unknown key id has them fetched once, if no fetch began just
        before. While the issuer does not answer, its last keys do for ten minutes.
        """
        held = await self._current(issuer)
        held.used_at = self._clock.now()
        if held.keys is None:
            return Refused(Reason.KEYS_UNAVAILABLE, held.row.problem)
        found = held.keys.refuse(text, signer)
        if found is Reason.UNKNOWN_KEY and not isinstance(issuer.jwks, Inline):
            again = await self._refresh(issuer, held)
            if again.keys is not None:
                found = again.keys.refuse(text, signer)
        return None if found is None else Refused(found)

    async def refresh_used(self) -> None:
        """Fetch anew what is in use and about to get stale."""
        now = self._clock.now()
        for held in list(self._held.values()):
            row = held.row
            if now - held.used_at < _IN_USE and row.fetched_at is not None and now - row.fetched_at >= AHEAD:
                await self._refresh(held.issuer, held)

    async def poll(self, issuer: Issuer) -> None:
        """Fetch an issuer's keys because it is time to."""
        await self._refresh(issuer, self._held.get(issuer.id))

    async def close(self) -> None:
        """Give up the fetches that are on."""
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _current(self, issuer: Issuer) -> _Held:
        """Return keys that are fresh, or the best there are."""
        held = self._held.get(issuer.id)
        if held is not None and self._is_good(held, issuer, FRESH):
            return held
        if isinstance(issuer.jwks, Inline):
            return self._hold(issuer, KeyRow(issuer.jwks.keys, source_of(issuer)))
        held = await self._look(issuer)
        return held if self._is_good(held, issuer, FRESH) else await self._refresh(issuer, held)

    def _is_good(self, held: _Held, issuer: Issuer, age: int) -> bool:
        if held.keys is None:
            return False
        if held.issuer.updated != issuer.updated and held.row.source != source_of(issuer):
            return False
        return held.row.fetched_at is None or self._clock.now() - held.row.fetched_at < age

    async def _look(self, issuer: Issuer) -> _Held:
        """Take what another node, or this one before, has kept."""
        async with self._units.read() as unit:
            row = await self._store.find(unit, issuer.organization_id, issuer.id)
        return self._hold(issuer, row or KeyRow())

    def _hold(self, issuer: Issuer, row: KeyRow) -> _Held:
        known = self._held.get(issuer.id)
        keys = None
        if row.keys is not None and row.source == source_of(issuer) and self._is_in_grace(row):
            same = known is not None and known.row.keys == row.keys and known.row.source == row.source
            keys = known.keys if known is not None and same else None
            keys = keys or self._assertions.read_keys(row.keys)
        held = _Held(issuer, keys, row, known.used_at if known else 0)
        self._held[issuer.id] = held
        self._held.move_to_end(issuer.id)
        if len(self._held) > _KEPT:
            self._held.popitem(last=False)
        return held

    def _is_in_grace(self, row: KeyRow) -> bool:
        return row.fetched_at is None or self._clock.now() - row.fetched_at < GRACE

    async def _refresh(self, issuer: Issuer, held: _Held | None) -> _Held:
        """Fetch, together with whoever else wants that; after three seconds make do with what there is."""
        task = self._fetching.get(issuer.id)
        if task is None:
            if held is not None and self._is_too_soon(held.row):
                return held
            task = self._fetching[issuer.id] = asyncio.create_task(self._fetch(issuer))
            task.add_done_callback(lambda ended: self._forget(issuer.id, ended))
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                # who leaves must not take the others' answer along
                return await asyncio.shield(task)
        except TimeoutError:
            return held or await self._look(issuer)

    def _is_too_soon(self, row: KeyRow) -> bool:
        """Say so without the database, which strangers' assertions must not keep busy; one that is on is waited for."""
        is_settled = row.settled_at >= row.attempted_at
        return is_settled and self._clock.now() - row.attempted_at < gap_after(row.consecutive_failures)

    def _forget(self, issuer_id: IssuerId, ended: asyncio.Task[_Held]) -> None:
        self._fetching.pop(issuer_id, None)
        if not ended.cancelled() and (error := ended.exception()) is not None:
            _log.warning("issuer keys not fetched", issuer_id=issuer_id, reason="failure", note=repr(error))

    async def _fetch(self, issuer: Issuer) -> _Held:
        began = self._clock.now()
        async with self._units.begin() as unit:
            row = await self._store.find(unit, issuer.organization_id, issuer.id) or KeyRow()
            before = began - gap_after(row.consecutive_failures)
            is_ours = await self._store.claim(unit, issuer.organization_id, issuer.id, began, before)
        if not is_ours:
            return await self._await_other(issuer, row)
        answer = await self._ask(issuer)
        now = self._clock.now()
        if answer.keys is None:
            ended = failed(row, began, now, answer.problem)
            _log.warning("issuer keys not fetched", issuer_id=issuer.id, reason=answer.problem)
        else:
            ended = fetched(answer.keys, source_of(issuer), began, now)
        async with self._units.begin() as unit:
            await self._store.settle(unit, issuer.organization_id, issuer.id, ended)
        return self._hold(issuer, ended)

    async def _await_other(self, issuer: Issuer, row: KeyRow) -> _Held:
        """Wait for the fetch that another node has begun, if it has not ended."""
        for _ in range(round(_WAIT_SECONDS / _LOOK_SECONDS)):
            held = await self._look(issuer)
            if held.row.settled_at >= held.row.attempted_at or held.row.attempted_at < row.attempted_at:
                return held
            await asyncio.sleep(_LOOK_SECONDS)
        return await self._look(issuer)

    async def _ask(self, issuer: Issuer) -> _Fetched:
        place = dialled(issuer.url, issuer.jwks)
        if place is None or isinstance(issuer.jwks, Inline):
            return _Fetched(None, "inline")
        url, pem = place[1], issuer.jwks.ca_cert_pem
        try:
            if isinstance(issuer.jwks, Discovery):
                url = await self._discover(issuer, url, pem)
            keys = self._assertions.read_document(await self._fetches.fetch(url, pem))
        except Unfetched as error:
            return _Fetched(None, error.reason)
        return _Fetched(keys, "" if keys is not None else _KEY_SET)

    async def _discover(self, issuer: Issuer, base: str, pem: str | None) -> str:
        """Return where the keys are, as the issuer says (OpenID Connect Discovery 1.0 §4)."""
        body = await self._fetches.fetch(f"{base.rstrip('/')}/.well-known/openid-configuration", pem)
        said = self._assertions.read_configuration(body)
        if said is None:
            raise Unfetched(_DOCUMENT, "not a discovery document")
        if said.issuer != issuer.url:
            # §4.3: else one issuer's document could stand for another
            raise Unfetched(_FOREIGN, "the document is another issuer's")
        return said.jwks_uri
