"""Whom an access token stands for at this moment: tokens joined with people, workspaces and service accounts."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from antechamber.base.clock import Clock
from antechamber.base.ids import UserId, WorkspaceId
from antechamber.base.permissions import OrganizationRole, WorkspaceRole
from antechamber.base.principal import AccessToken, Principal
from antechamber.base.unit import Unit
from antechamber.features.oauth.ports import ServiceAccountPlace, ServiceAccountRoles, TokenStore
from antechamber.features.organizations.service import Members
from antechamber.features.workspaces.model import WorkspaceKind, effective_role
from antechamber.features.workspaces.service import WorkspaceMembers, Workspaces

# beyond these the newest, a token is asked for when it is used
_MOST_SWEPT: Final = 5_000

Given: TypeAlias = Mapping[tuple[WorkspaceId, UserId], WorkspaceRole]


class TokenPrincipals:
    """Answers authentication: a person's token opens what their roles allow now, and nothing once they are no member.

    A token that is bound to a workspace opens nothing once that is archived.
    """

    def __init__(
        self, store: TokenStore, members: Members, workspaces: Workspaces, people: WorkspaceMembers, clock: Clock
    ) -> None:
        self._store = store
        self._members = members
        self._workspaces = workspaces
        self._people = people
        self._clock = clock
        self._accounts: ServiceAccountRoles | None = None

    def bind(self, accounts: ServiceAccountRoles) -> None:
        """Join the service accounts; without them, their tokens open nothing."""
        self._accounts = accounts

    async def resolve_principal(self, unit: Unit, digest: bytes) -> Principal | None:
        """Return whom a token stands for now."""
        found = await self._store.resolve_principal(unit, digest)
        return None if found is None else await self.standing(unit, found)

    async def standing(self, unit: Unit, token: AccessToken) -> AccessToken | None:
        """Return a token with the roles of whom it stands for; None if they are gone, or its workspace is."""
        if token.service_account_id is not None:
            return (await self._as_accounts(unit, {b"": token})).get(b"")
        kinds: dict[WorkspaceId, WorkspaceKind] = {}
        if token.workspace_id is not None:
            workspace = await self._workspaces.find(unit, token.organization_id, token.workspace_id)
            if workspace is None or workspace.is_archived:
                return None
            kinds[workspace.id] = workspace.kind
        if token.user_id is None:
            return _acting(token, kinds, None, None)
        member = await self._members.find(unit, token.organization_id, token.user_id)
        if member is None:
            return None
        given = await self._given(unit, [token], kinds)
        return _acting(token, kinds, member.role, given)

    async def sweep_principals(self, unit: Unit) -> dict[bytes, Principal]:
        """Return the newest live tokens' principals by digest, in a handful of queries however many there are."""
        tokens = await self._store.sweep_principals(unit, self._clock.now(), _MOST_SWEPT)
        accounts = {key: token for key, token in tokens.items() if token.service_account_id is not None}
        found: dict[bytes, Principal] = dict(await self._as_accounts(unit, accounts))
        people = {key: token for key, token in tokens.items() if token.service_account_id is None}
        roles = await self._members.sweep_roles(unit)
        kinds = await self._workspaces.sweep_kinds(unit)
        given = await self._given(unit, people.values(), kinds)
        for key, token in people.items():
            role = None if token.user_id is None else roles.get((token.organization_id, token.user_id))
            acting = None if token.user_id is not None and role is None else _acting(token, kinds, role, given)
            if acting is not None:
                found[key] = acting
        return found

    async def _given(
        self, unit: Unit, tokens: Iterable[AccessToken], kinds: Mapping[WorkspaceId, WorkspaceKind]
    ) -> Given:
        places = {
            (token.workspace_id, token.user_id)
            for token in tokens
            if token.user_id is not None
            and token.workspace_id is not None
            # the Default workspace has no roles of its own
            and kinds.get(token.workspace_id, WorkspaceKind.DEFAULT) is not WorkspaceKind.DEFAULT
        }
        return await self._people.sweep_roles(unit, places) if places else {}

    async def _as_accounts(self, unit: Unit, tokens: Mapping[bytes, AccessToken]) -> dict[bytes, AccessToken]:
        if self._accounts is None or not tokens:
            return {}
        places = {key: place for key, token in tokens.items() if (place := _place(token)) is not None}
        roles = await self._accounts.sweep_roles(unit, set(places.values()))
        kinds = await self._workspaces.sweep_kinds(unit) if len(tokens) > 1 else None
        found: dict[bytes, AccessToken] = {}
        for key, place in places.items():
            if place not in roles:
                continue
            role, workspace_role = roles[place]
            is_default = await self._is_default(unit, place, kinds)
            found[key] = dataclasses.replace(
                tokens[key],
                service_account_role=role,
                workspace_role=workspace_role,
                default_workspace=is_default,
            )
        return found

    async def _is_default(
        self, unit: Unit, place: ServiceAccountPlace, kinds: Mapping[WorkspaceId, WorkspaceKind] | None
    ) -> bool:
        if place.workspace_id is None:
            return False
        if kinds is not None:
            return kinds.get(place.workspace_id) is WorkspaceKind.DEFAULT
        workspace = await self._workspaces.find(unit, place.organization_id, place.workspace_id)
        return workspace is not None and workspace.is_default


def _place(token: AccessToken) -> ServiceAccountPlace | None:
    if token.service_account_id is None:
        return None
    return ServiceAccountPlace(token.organization_id, token.service_account_id, token.workspace_id)


def _acting(
    token: AccessToken,
    kinds: Mapping[WorkspaceId, WorkspaceKind],
    role: OrganizationRole | None,
    given: Given | None,
) -> AccessToken | None:
    """Return a person's or nobody's token with its roles; None if the workspace that it is bound to is archived."""
    if token.workspace_id is None:
        return token if role is None else dataclasses.replace(token, role=role)
    kind = kinds.get(token.workspace_id)
    if kind is None:
        return None
    explicit = None if given is None or token.user_id is None else given.get((token.workspace_id, token.user_id))
    return dataclasses.replace(
        token,
        role=role,
        default_workspace=kind is WorkspaceKind.DEFAULT,
        workspace_role=effective_role(kind, role, explicit),
    )
