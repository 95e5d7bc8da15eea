"""The use-cases of access tokens."""

import dataclasses
from collections.abc import Mapping

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import MICROSECONDS, Clock, to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import Kind, OrganizationId, TokenId, UserId, mint
from antechamber.base.permissions import OrganizationRole
from antechamber.base.principal import AccessToken, Principal
from antechamber.base.secret import Secret, SecretKind, digest, mint_secret
from antechamber.base.unit import Unit
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.oauth.model import StoredToken, check_lifetime, check_scope
from antechamber.features.oauth.ports import TokenStore
from antechamber.features.organizations.service import Members

_NEEDS_ADMIN = "org:admin"


class Tokens:
    """Mints access tokens, and says whom they stand for."""

    def __init__(
        self,
        store: TokenStore,
        clock: Clock,
        chance: Chance,
        pepper: Secret,
        audit: Audit,
        members: Members,
    ) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._pepper = pepper.reveal().encode()
        self._audit = audit
        self._members = members

    async def mint(
        self, organization_id: OrganizationId, scope: str, ttl_seconds: int, by: Actor, *, email: str | None = None
    ) -> tuple[StoredToken, Secret]:
        """Make a token of nobody's, or a member's; its text is returned here and never again.

        InvalidRequest if nobody of that address is a member, or if `org:admin` is asked for one who is no admin.
        """
        secret = mint_secret(SecretKind.ACCESS_TOKEN, self._chance)
        now = self._clock.now()
        token = StoredToken(
            id=TokenId(mint(Kind.TOKEN, self._clock, self._chance)),
            organization_id=organization_id,
            scope=check_scope(scope),
            created_at=now,
            expires_at=now + check_lifetime(ttl_seconds) * MICROSECONDS,
        )
        # one after the other with a removal, which ends the tokens that it sees
        async with self._members.changing(organization_id) as unit:
            if email is not None:
                user_id = await self._owner(unit, organization_id, email, token.scope)
                token = dataclasses.replace(token, user_id=user_id)
            await self._store.add(unit, organization_id, token, digest(self._pepper, secret.reveal()))
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

    async def _owner(self, unit: Unit, organization_id: OrganizationId, email: str, scope: str) -> UserId:
        member = await self._members.find_by_email(unit, organization_id, email)
        if member is None:
            message = f"user: {email} is not a member of the organization"
            raise InvalidRequest(message)
        if _NEEDS_ADMIN in scope.split() and member.role is not OrganizationRole.ADMIN:
            message = f"scope: {_NEEDS_ADMIN} needs the role admin, and {member.email} has the role {member.role}"
            raise InvalidRequest(message)
        return member.id

    async def end(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> None:
        """End a person's tokens for an organisation."""
        await self._store.remove_of(unit, organization_id, user_id)

    async def resolve_principal(self, unit: Unit, digest: bytes) -> Principal | None:
        """Return whom a token stands for now: a person with their role, nobody once they are no member."""
        found = await self._store.resolve_principal(unit, digest)
        if not isinstance(found, AccessToken) or found.user_id is None:
            return found
        member = await self._members.find(unit, found.organization_id, found.user_id)
        return None if member is None else dataclasses.replace(found, role=member.role)

    async def sweep_principals(self, unit: Unit) -> dict[bytes, Principal]:
        """Return every unexpired token's principal by digest, people's with their roles."""
        roles = await self._members.sweep_roles(unit)
        found = await self._store.sweep_principals(unit, self._clock.now())
        known: dict[bytes, Principal] = {}
        for key, principal in found.items():
            joined = _with_role(principal, roles)
            if joined is not None:
                known[key] = joined
        return known


def _with_role(
    principal: Principal, roles: Mapping[tuple[OrganizationId, UserId], OrganizationRole]
) -> Principal | None:
    if not isinstance(principal, AccessToken) or principal.user_id is None:
        return principal
    role = roles.get((principal.organization_id, principal.user_id))
    return None if role is None else dataclasses.replace(principal, role=role)
