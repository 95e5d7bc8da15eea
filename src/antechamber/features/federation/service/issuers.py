"""The use-cases of issuers."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import Conflict, InvalidRequest, NotFound
from antechamber.base.ids import IssuerId, Kind, OrganizationId, is_id, mint
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType, updates_of
from antechamber.features.audit.service import Audit
from antechamber.features.federation.model.issuers import (
    Inline,
    Issuer,
    IssuerChange,
    IssuerDraft,
    Polling,
    apply,
    check,
    dialled,
    shown,
)
from antechamber.features.federation.model.rules import Rule, check_manager
from antechamber.features.federation.model.sharing import find_shared, is_pinned
from antechamber.features.federation.model.stamps import stamp
from antechamber.features.federation.service.lists import Book, ListQuery, Part
from antechamber.features.federation.service.stores import Checks, Stores


@dataclass(frozen=True, slots=True)
class ShownIssuer:
    """An issuer, and how the fetching of its keys goes, None where nothing is fetched or is known yet."""

    issuer: Issuer
    polling: Polling | None = None


class Issuers:
    """Makes, finds, changes and archives issuers."""

    def __init__(
        self, stores: Stores, checks: Checks, units: Units, clock: Clock, chance: Chance, audit: Audit
    ) -> None:
        self._store = stores.issuers
        self._rules = stores.rules
        self._lock = stores.accounts.lock
        self._checks = checks
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit

    async def create(self, organization_id: OrganizationId, draft: IssuerDraft, by: Actor) -> ShownIssuer:
        """Trust an issuer; InvalidRequest past the rules or for keys of no use, Conflict for a name in use."""
        made = stamp(self._clock.now(), by)
        new = Issuer(
            id=IssuerId(mint(Kind.FEDERATION_ISSUER, self._clock, self._chance)),
            organization_id=organization_id,
            name=draft.name,
            url=draft.url,
            jwks=draft.jwks,
            check_jti=draft.check_jti,
            max_jwt_lifetime_seconds=draft.max_jwt_lifetime_seconds,
            created=made,
            updated=made,
        )
        issuer = check(new)
        await self._check_keys(issuer)
        async with self._units.begin() as unit:
            await self._lock(unit, organization_id)
            await self._require_free(unit, issuer)
            await self._store.add(unit, organization_id, issuer)
            await self._poll(unit, issuer)
            named = {"name": issuer.name, "issuer_url": issuer.url}
            await self._record(unit, issuer, by, ActivityType.FEDERATION_ISSUER_CREATED, **named)
            return (await self._show(unit, organization_id, [issuer]))[0]

    async def listing(self, organization_id: OrganizationId, query: ListQuery) -> Part[ShownIssuer]:
        """Return a page of issuers, newest first."""
        book = Book(Kind.FEDERATION_ISSUER, organization_id, query)
        asked = book.asked()
        async with self._units.read() as unit:
            found = await self._store.listing(unit, organization_id, asked)
            part = book.part(found, lambda issuer: (issuer.created, issuer.id))
            return Part(await self._show(unit, organization_id, part.items), part.next_page)

    async def get(self, organization_id: OrganizationId, issuer_id: IssuerId) -> ShownIssuer:
        """Return one, archived or not; NotFound."""
        async with self._units.read() as unit:
            issuer = await self._require(unit, organization_id, issuer_id)
            return (await self._show(unit, organization_id, [issuer]))[0]

    async def find(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId) -> Issuer | None:
        """Return one, archived or not, in the caller's transaction."""
        if not is_id(Kind.FEDERATION_ISSUER, issuer_id):
            return None
        return await self._store.find(unit, organization_id, issuer_id)

    async def names(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[IssuerId]
    ) -> Mapping[IssuerId, str]:
        """Return the names of those of these that the organisation has, archived ones too."""
        return {issuer.id: issuer.name for issuer in await self._store.several(unit, organization_id, ids)}

    async def update(
        self, organization_id: OrganizationId, issuer_id: IssuerId, change: IssuerChange, by: Actor
    ) -> ShownIssuer:
        """Change what was said of a live one; errors as of `create`, and NotFound.

        PermissionDenied for a workload if a rule stands on it that workloads do not manage; Conflict if its keys'
        source was changed by somebody else meanwhile.
        """
        async with self._units.read() as unit:
            before = await self._require(unit, organization_id, issuer_id)
        drafted = apply(before, change)
        if _source(drafted) != _source(before):
            await self._check_keys(drafted)
        async with self._units.begin() as unit:
            await self._lock(unit, organization_id)
            known = await self._require_live(unit, organization_id, issuer_id)
            changed = apply(known, change)
            rules = await self._rules.live(unit, organization_id, issuer_id=known.id)
            for rule in rules:
                check_manager(rule.scope, by, f"The issuer backs {rule.id}, which")
            if _source(changed) not in (_source(known), _source(drafted)):
                message = "The issuer is being changed by somebody else; look at it again, and repeat."
                raise Conflict(message)
            if changed.url != known.url:
                self._check_sharing(changed, rules)
            if changed.name != known.name:
                await self._require_free(unit, changed)
            if changed != known:
                changed = dataclasses.replace(changed, updated=stamp(self._clock.now(), by))
                await self._store.save(unit, organization_id, changed)
            if change.resume_polling or _source(changed) != _source(known):
                await self._poll(unit, changed)
            if updates := self._updates(known, changed, change):
                await self._record(unit, changed, by, ActivityType.FEDERATION_ISSUER_UPDATED, updates=updates)
            return (await self._show(unit, organization_id, [changed]))[0]

    async def archive(self, organization_id: OrganizationId, issuer_id: IssuerId, by: Actor) -> ShownIssuer:
        """Trust one no more, for good; again, it changes nothing. NotFound; InvalidRequest while a rule uses it."""
        async with self._units.begin() as unit:
            await self._lock(unit, organization_id)
            known = await self._require(unit, organization_id, issuer_id)
            if known.archived is None:
                if rules := await self._rules.live(unit, organization_id, issuer_id=known.id):
                    names = ", ".join(rule.name for rule in rules)
                    message = f"{known.id} is used by live federation rules ({names}); archive them first."
                    raise InvalidRequest(message)
                ended = stamp(self._clock.now(), by)
                known = dataclasses.replace(known, updated=ended, archived=ended)
                await self._store.save(unit, organization_id, known)
                await self._checks.polling.stop(unit, organization_id, known.id)
                await self._record(unit, known, by, ActivityType.FEDERATION_ISSUER_ARCHIVED, name=known.name)
            return (await self._show(unit, organization_id, [known]))[0]

    async def _check_keys(self, issuer: Issuer) -> None:
        """Refuse keys of no use, before a transaction: a name may have to be resolved for it."""
        if (address := dialled(issuer.url, issuer.jwks)) is not None:
            self._checks.addresses.check(*address)
        await self._checks.keys.check(issuer.url, issuer.jwks)

    def _check_sharing(self, issuer: Issuer, rules: Sequence[Rule]) -> None:
        if (shared := find_shared(issuer.url)) is None:
            return
        for rule in rules:
            condition = rule.match.condition
            referenced = frozenset() if condition is None else self._checks.conditions.check(condition)
            if not is_pinned(rule.match, shared, referenced):
                message = (
                    f"issuer_url: {shared.name} is shared by all of its customers, and {rule.id} ({rule.name}) does "
                    f"not say which of them is meant; first pin it, with a claim such as {min(shared.claims)} or with "
                    f"the subject {shared.example}"
                )
                raise InvalidRequest(message)

    async def _poll(self, unit: Unit, issuer: Issuer) -> None:
        polling = self._checks.polling
        await (polling.stop if isinstance(issuer.jwks, Inline) else polling.restart)(
            unit, issuer.organization_id, issuer.id
        )

    def _updates(self, known: Issuer, changed: Issuer, change: IssuerChange) -> list[dict[str, str | None]]:
        before, after = shown(known), shown(changed)
        if change.resume_polling:
            before, after = {**before, "jwks_polling_disabled": None}, {**after, "jwks_polling_disabled": "false"}
        return updates_of(before, after)

    async def _show(
        self, unit: Unit, organization_id: OrganizationId, issuers: Sequence[Issuer]
    ) -> tuple[ShownIssuer, ...]:
        ids = [issuer.id for issuer in issuers if not isinstance(issuer.jwks, Inline)]
        known = await self._checks.polling.several(unit, organization_id, ids) if ids else {}
        return tuple(ShownIssuer(issuer, known.get(issuer.id)) for issuer in issuers)

    async def _require(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId) -> Issuer:
        issuer = await self.find(unit, organization_id, issuer_id)
        if issuer is None:
            message = f"Federation issuer not found: {issuer_id}"
            raise NotFound(message)
        return issuer

    async def _require_live(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId) -> Issuer:
        issuer = await self._require(unit, organization_id, issuer_id)
        if issuer.archived is not None:
            message = f"{issuer.id} is archived and cannot be changed; create a new issuer."
            raise InvalidRequest(message)
        return issuer

    async def _require_free(self, unit: Unit, issuer: Issuer) -> None:
        holder = await self._store.named(unit, issuer.organization_id, issuer.name)
        if holder is not None and holder.id != issuer.id:
            message = f"name: another federation issuer of this organization is named {holder.name}: {holder.id}"
            raise Conflict(message)

    async def _record(self, unit: Unit, issuer: Issuer, by: Actor, act: ActivityType, **details: object) -> None:
        await self._audit.record(unit, issuer.organization_id, by, act, federation_issuer_id=issuer.id, **details)


def _source(issuer: Issuer) -> tuple[object, ...]:
    return issuer.url, issuer.jwks
