"""Where somebody may have a token: the organisations they are in, and what they are in each workspace."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.ids import OrganizationId, UserId, WorkspaceId
from antechamber.base.page import IdCursor
from antechamber.base.permissions import OrganizationRole, WorkspaceRole
from antechamber.base.unit import Unit, Units
from antechamber.features.oauth.model import Account, Choice, Choices, Named, WorkspaceChoice, reduce
from antechamber.features.organizations.model import Membership
from antechamber.features.organizations.service import Members, People
from antechamber.features.workspaces.model import Workspace, WorkspaceKind, effective_role
from antechamber.features.workspaces.service import WorkspaceMembers, Workspaces

_MOST: Final = 1000
_NAME_SECONDS: Final = 60
# how the Default workspace may be hinted at, as in a federated exchange (wire-auth.md 2.3)
_DEFAULT_HINT: Final = "default"


class Standing(NamedTuple):
    """What somebody is in a live workspace of an organisation."""

    organization: Named
    account: Account
    workspace: Named
    role: OrganizationRole
    workspace_role: WorkspaceRole


class Places:
    """Asks people, organisations and workspaces."""

    def __init__(
        self,
        members: Members,
        people: People,
        workspaces: Workspaces,
        workspace_members: WorkspaceMembers,
        units: Units,
        clock: Clock,
    ) -> None:
        self._members = members
        self._people = people
        self._workspaces = workspaces
        self._workspace_members = workspace_members
        self._units = units
        self._clock = clock
        self._names: dict[OrganizationId, tuple[str, int]] = {}

    async def standing(
        self, unit: Unit, organization_id: OrganizationId, user_id: UserId, workspace_id: WorkspaceId
    ) -> Standing | None:
        """Return what somebody is there now; None for no member, an archived workspace, or nothing in it."""
        member = await self._members.find(unit, organization_id, user_id)
        workspace = await self._workspaces.find(unit, organization_id, workspace_id)
        if member is None or workspace is None or workspace.is_archived:
            return None
        explicit = None
        if workspace.kind is not WorkspaceKind.DEFAULT and member.role is not OrganizationRole.ADMIN:
            place = (workspace_id, user_id)
            explicit = (await self._workspace_members.sweep_roles(unit, {place})).get(place)
        role = effective_role(workspace.kind, member.role, explicit)
        if role is None:
            return None
        return Standing(
            Named(organization_id, await self._name(unit, organization_id, user_id)),
            Account(user_id, member.email),
            Named(workspace.id, workspace.name),
            member.role,
            role,
        )

    async def choices(
        self,
        user_id: UserId,
        scopes: Sequence[str],
        *,
        only: OrganizationId | None = None,
        organization_hint: str | None = None,
        workspace_hint: str | None = None,
    ) -> Choices:
        """Return where somebody may have a token with at least one of the scopes; hints leave the hinted alone.

        `reason` of an empty answer is `no_organization`, `organization_hint`, `workspace_hint` or `no_scope`.
        """
        async with self._units.read() as unit:
            everywhere = await self._people.memberships(unit, user_id)
        mine = [each for each in everywhere if only is None or each.organization_id == only]
        if not mine:
            return Choices((), "no_organization")
        if organization_hint is not None:
            mine = [each for each in mine if each.organization_id == organization_hint.lower()]
        if not mine:
            return Choices((), "organization_hint")
        found = [await self._choice(each, user_id, scopes, workspace_hint) for each in mine]
        choices = tuple(choice for choice in found if choice.workspaces)
        reason = "no_scope" if workspace_hint is None else "workspace_hint"
        return Choices(choices, None if choices else reason)

    async def organizations(self, unit: Unit, user_id: UserId) -> set[OrganizationId]:
        """Return where somebody is a member."""
        return {each.organization_id for each in await self._people.memberships(unit, user_id)}

    async def _choice(self, where: Membership, user_id: UserId, scopes: Sequence[str], hint: str | None) -> Choice:
        page = await self._workspaces.listing(where.organization_id, IdCursor(limit=_MOST), default=True)
        live = [each for each in page.items if hint is None or _is_hinted(each, hint)]
        async with self._units.read() as unit:
            places = {(each.id, user_id) for each in live if each.kind is not WorkspaceKind.DEFAULT}
            given = await self._workspace_members.sweep_roles(unit, places) if places else {}
        choices = []
        for each in sorted(live, key=lambda each: (not each.is_default, each.name.casefold(), each.id)):
            role = effective_role(each.kind, where.role, given.get((each.id, user_id)))
            left = reduce(scopes, where.role, role) if role is not None else ()
            if role is not None and left:
                choices.append(WorkspaceChoice(each.id, each.name, role, left))
        return Choice(where.organization_id, where.organization_name, where.role, tuple(choices))

    async def _name(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> str:
        """Return an organisation's name, which is kept for a minute: each exchange of a token shows it."""
        now = self._clock.now()
        name, until = self._names.get(organization_id, ("", 0))
        if until <= now:
            mine = await self._people.memberships(unit, user_id)
            name = next((each.organization_name for each in mine if each.organization_id == organization_id), "")
            self._names[organization_id] = (name, now + _NAME_SECONDS * MICROSECONDS)
        return name


def _is_hinted(workspace: Workspace, hint: str) -> bool:
    return workspace.is_default if hint == _DEFAULT_HINT else workspace.id == hint
