"""Access tokens: minted by the operator, issued for grants and assertions, ended with what they stand on."""

from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import MICROSECONDS, Clock, to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import (
    GrantId,
    Kind,
    OrganizationId,
    RuleId,
    ServiceAccountId,
    TokenId,
    UserId,
    WorkspaceId,
    mint,
)
from antechamber.base.permissions import OrganizationRole
from antechamber.base.secret import Digester, Secret, SecretKind, mint_secret
from antechamber.base.unit import Unit
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.oauth.model import Holder, StoredToken, check_lifetime, check_scope
from antechamber.features.oauth.ports import GrantStore, TokenStore
from antechamber.features.organizations.service import Members

_NEEDS_ADMIN: Final = "org:admin"


class Tokens:
    """Makes access tokens, and ends them."""

    def __init__(
        self,
        store: TokenStore,
        grants: GrantStore,
        clock: Clock,
        chance: Chance,
        pepper: Secret,
        audit: Audit,
        members: Members,
    ) -> None:
        self._store = store
        self._grants = grants
        self._clock = clock
        self._chance = chance
        self._digest = Digester(pepper.reveal().encode())
        self._audit = audit
        self._members = members

    async def mint(
        self, organization_id: OrganizationId, scope: str, ttl_seconds: int, by: Actor, *, email: str | None = None
    ) -> tuple[StoredToken, Secret]:
        """Make a token of nobody's, or a member's; its text is returned here and never again.

        InvalidRequest if nobody of that address is a member, or if `org:admin` is asked for one who is no admin.
        """
        scope, seconds = check_scope(scope), check_lifetime(ttl_seconds)
        # one after the other with a removal, which ends the tokens that it sees
        async with self._members.changing(organization_id) as unit:
            owner = None if email is None else await self._owner(unit, organization_id, email, scope)
            token, secret = await self.issue(unit, organization_id, scope=scope, ttl_seconds=seconds, user_id=owner)
            await self._audit.record(
                unit,
                organization_id,
                by,
                ActivityType.TOKEN_MINTED,
                token_id=token.id,
                scope=token.scope,
                user_id=token.user_id,
                expires_at=to_rfc3339(token.expires_at),
            )
        return token, secret

    async def issue(  # noqa: PLR0913 - one argument for each thing that a token is bound to
        self,
        unit: Unit,
        organization_id: OrganizationId,
        *,
        scope: str,
        ttl_seconds: int,
        workspace_id: WorkspaceId | None = None,
        user_id: UserId | None = None,
        service_account_id: ServiceAccountId | None = None,
        client_id: str | None = None,
        grant_id: GrantId | None = None,
        rule_id: RuleId | None = None,
    ) -> tuple[StoredToken, Secret]:
        """Make a token in the caller's transaction, who has checked that it may be given and audits it if need be.

        Its text is returned here and never again; `ttl_seconds` counts from now.
        """
        secret = mint_secret(SecretKind.ACCESS_TOKEN, self._chance)
        now = self._clock.now()
        token = StoredToken(
            id=TokenId(mint(Kind.TOKEN, self._clock, self._chance)),
            organization_id=organization_id,
            scope=scope,
            created_at=now,
            expires_at=now + ttl_seconds * MICROSECONDS,
            holder=Holder(user_id, service_account_id, workspace_id, client_id, grant_id, rule_id),
        )
        await self._store.add(unit, organization_id, token, self._digest(secret.reveal()))
        return token, secret

    async def end(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> None:
        """End whatever a person has granted in an organisation, then their tokens there."""
        # grants first: a refresh that goes on meanwhile holds its grant, and what it issues is seen after it
        await self._grants.revoke_of(unit, organization_id, user_id, self._clock.now())
        await self._store.remove_of(unit, organization_id, user_id)

    async def end_workspace(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, by: Actor
    ) -> None:
        """End whatever was granted in a workspace that is archived, and the tokens that are bound to it."""
        del by
        await self._grants.revoke_in(unit, organization_id, workspace_id, self._clock.now())
        await self._store.remove_in(unit, organization_id, workspace_id)

    async def _owner(self, unit: Unit, organization_id: OrganizationId, email: str, scope: str) -> UserId:
        member = await self._members.find_by_email(unit, organization_id, email)
        if member is None:
            message = f"user: {email} is not a member of the organization"
            raise InvalidRequest(message)
        if _NEEDS_ADMIN in scope.split() and member.role is not OrganizationRole.ADMIN:
            message = f"scope: {_NEEDS_ADMIN} needs the role admin, and {member.email} has the role {member.role}"
            raise InvalidRequest(message)
        return member.id
