"""What an exchange stands on, kept in memory and believed only while nothing of it has changed in the database."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, NamedTuple

from antechamber.base.ids import OrganizationId, RuleId
from antechamber.base.unit import Unit, Units
from antechamber.features.federation.model.issuers import Issuer
from antechamber.features.federation.model.matching import Refused
from antechamber.features.federation.model.rules import Rule
from antechamber.features.federation.ports import IssuerStore, RuleStore, Versions
from antechamber.features.federation.service.placement import Place, Placement

_KEPT: Final = 1000


class Asked(NamedTuple):
    """What an exchange asks for, less the assertion itself."""

    organization_id: OrganizationId
    rule_id: RuleId
    service_account_id: str | None
    workspace_id: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule, its issuer, and whom and where its token would be for; as of a version of the database."""

    rule: Rule
    issuer: Issuer
    place: Place | Refused
    version: Hashable


class Standings:
    """Finds standings.

    Reading one anew costs six statements, asking whether anything has changed costs one.
    """

    def __init__(
        self, rules: RuleStore, issuers: IssuerStore, placement: Placement, versions: Versions, units: Units
    ) -> None:
        self._rules = rules
        self._issuers = issuers
        self._placement = placement
        self._versions = versions
        self._units = units
        self._kept: OrderedDict[Asked, Standing] = OrderedDict()

    def recall(self, asked: Asked) -> Standing | None:
        """Return what is in memory, which may be out of date."""
        found = self._kept.get(asked)
        if found is not None:
            self._kept.move_to_end(asked)
        return found

    async def read(self, asked: Asked) -> Standing | None:
        """Return what the database says now; None without such a rule. Remembered are only rules that there are."""
        async with self._units.read() as unit:
            # before the rest: what changes meanwhile makes another version
            version = await self._versions.sweep_versions(unit)
            rule = await self._rules.find(unit, asked.organization_id, asked.rule_id)
            if rule is None:
                return None
            issuer = await self._issuers.find(unit, asked.organization_id, rule.issuer_id)
            if issuer is None:
                return None
            place = await self._placement.find(unit, rule, asked.service_account_id, asked.workspace_id)
        standing = self._kept[asked] = Standing(rule, issuer, place, version)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return standing

    async def is_current(self, unit: Unit, standing: Standing) -> bool:
        """Say whether nothing has changed since it was read."""
        return await self.version(unit) == standing.version

    async def version(self, unit: Unit) -> Hashable:
        """Return what a standing that is read now would have as its version."""
        return await self._versions.sweep_versions(unit)
