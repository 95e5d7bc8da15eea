"""Programs that people log in with, over a database: authorise, exchange, refresh, as a client would."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

from antechamber.base.actor import OPERATOR, Actor, ActorKind
from antechamber.base.chance import SystemChance
from antechamber.base.ids import OrganizationId, UserId, WorkspaceId
from antechamber.base.permissions import OrganizationRole
from antechamber.base.principal import AccessToken
from antechamber.base.secret import Secret, digest
from antechamber.features.audit.sql import SqlActivities
from antechamber.features.oauth.model import AuthorizationRequest, Lifetimes, TokenAnswer
from antechamber.features.oauth.model.clients import ANT
from antechamber.features.oauth.service import ClientCredentials, Means, Places
from antechamber.features.organizations.model import Organization
from antechamber.features.organizations.service import People
from antechamber.features.organizations.sql import SqlOrganizations, SqlPeople
from antechamber.features.workspaces.model import WorkspaceDraft
from antechamber.settings import Settings
from antechamber.wiring.oauth import OAuth, build_oauth
from tests.contracts.tenants import MINE, NOON, PEPPER, THEIRS, Services

ISSUER = "http://127.0.0.1:8787"
LOOPBACK = "http://localhost:51234/callback"
VERIFIER = "v" * 86
CALLER = Actor(ActorKind.UNAUTHENTICATED, None, "192.0.2.7", "ant/1", "req_1")


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def asking(**changes: str | None) -> list[tuple[str, str]]:
    """Return the query that `ant auth login` opens, with some of it changed or left out."""
    query: dict[str, str | None] = {
        "client_id": ANT,
        "redirect_uri": LOOPBACK,
        "response_type": "code",
        "scope": "user:profile user:inference user:developer",
        "state": "s" * 43,
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        **changes,
    }
    return [(name, value) for name, value in query.items() if value is not None]


def parameters(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


@dataclass
class Programs:
    """An organisation's people with their programs."""

    made: Services
    oauth: OAuth
    user_id: UserId
    workspace_id: WorkspaceId

    async def join(self, email: str, role: OrganizationRole, organization_id: OrganizationId = MINE) -> UserId:
        async with self.made.database.begin() as unit:
            member = await self.made.members.join(unit, organization_id, email, "Somebody", role, OPERATOR)
        return member.id

    async def default(self, organization_id: OrganizationId) -> WorkspaceId:
        async with self.made.database.read() as unit:
            return (await self.made.workspaces.default(unit, organization_id)).id

    async def workspace(self, name: str) -> WorkspaceId:
        return (await self.made.workspaces.create(MINE, WorkspaceDraft(name=name), OPERATOR)).id

    async def request(self, **changes: str | None) -> AuthorizationRequest:
        request = await self.oauth.authorizations.read(asking(**changes))
        assert isinstance(request, AuthorizationRequest), request
        return request

    async def code(
        self, user_id: UserId | None = None, workspace_id: WorkspaceId | None = None, **changes: str | None
    ) -> str:
        """Have somebody say yes to `ant`; return the code."""
        location = await self.oauth.authorizations.approve(
            user_id or self.user_id, await self.request(**changes), MINE, workspace_id or self.workspace_id, CALLER
        )
        return parameters(location)["code"]

    async def exchange(self, fields: Mapping[str, object], credentials: ClientCredentials | None = None) -> TokenAnswer:
        return await self.oauth.endpoint.exchange(fields, credentials, CALLER)

    async def redeem(self, code: str, **changes: object) -> TokenAnswer:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": VERIFIER,
            "client_id": ANT,
            "redirect_uri": LOOPBACK,
            "state": "s" * 43,
            **changes,
        }
        return await self.exchange({name: value for name, value in fields.items() if value is not None})

    async def log_in(self, **how: Any) -> TokenAnswer:  # noqa: ANN401 - as of `code`
        return await self.redeem(await self.code(**how))

    async def refresh(self, token: Secret | str | None, **changes: object) -> TokenAnswer:
        text = token.reveal() if isinstance(token, Secret) else token
        fields = {"grant_type": "refresh_token", "refresh_token": text, "client_id": ANT, **changes}
        return await self.exchange({name: value for name, value in fields.items() if value is not None})

    async def opens(self, token: Secret) -> AccessToken | None:
        """Return whom an access token stands for, from the database; the sweep must say the same."""
        key = digest(PEPPER.reveal().encode(), token.reveal())
        async with self.made.database.read() as unit:
            found = await self.oauth.principals.resolve_principal(unit, key)
            swept = (await self.oauth.principals.sweep_principals(unit)).get(key)
        assert found == swept
        assert found is None or isinstance(found, AccessToken)
        return found

    async def acts(self) -> list[tuple[str, Mapping[str, object]]]:
        """Return what the audit log says, oldest first."""
        async with self.made.database.read() as unit:
            part = await SqlActivities().part(unit, MINE, None, 1000)
        return [(each.type, each.details) for each in part]


async def settle_programs(made: Services, lifetimes: Lifetimes | None = None) -> Programs:
    """Return the programs of a developer in the first organisation of two."""
    people = People(SqlPeople())
    places = Places(made.members, people, made.workspaces, made.workspace_members, made.database, made.clock)
    means = Means(made.database, made.clock, SystemChance(), PEPPER, made.audit, lifetimes or Lifetimes())
    oauth = build_oauth(Settings(), means, places, made.tokens, made.token_principals)
    async with made.database.begin() as unit:
        for organization_id, name in ((MINE, "Mine"), (THEIRS, "Theirs")):
            await SqlOrganizations().add(unit, organization_id, Organization(organization_id, name, NOON))
        member = await made.members.join(unit, MINE, "dev@example.com", "Dev", OrganizationRole.DEVELOPER, OPERATOR)
        default = await made.workspaces.default(unit, MINE)
    return Programs(made, oauth, member.id, default.id)
