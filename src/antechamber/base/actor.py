"""Who did something, as the audit log keeps it: made from a request, or by the server's own hands."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.base.principal import AccessToken, AdminKey, ApiKey, EnvironmentKey, Principal, WorkToken


class ActorKind(StrEnum):
    """The kinds of actor on the wire of `/v1/compliance/activities` (wire-admin.md 4); the last two are ours."""

    ADMIN_API_KEY = "admin_api_key_actor"
    API = "api_actor"
    SERVICE_ACCOUNT = "service_account_actor"
    USER = "user_actor"
    UNAUTHENTICATED = "unauthenticated_user_actor"
    OPERATOR = "operator_actor"
    SYSTEM = "system_actor"


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone who acts: `id` is a key's, a token's or a person's; address and agent are those of the request."""

    kind: ActorKind
    id: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


# whoever can open the operator's socket or the data folder; and the server itself, at a time or in consequence
OPERATOR: Final = Actor(ActorKind.OPERATOR)
SYSTEM: Final = Actor(ActorKind.SYSTEM)


def actor_for(
    principal: Principal | None, ip_address: str | None, user_agent: str | None, request_id: str | None
) -> Actor:
    """Return the actor behind a request; without a principal an unauthenticated one."""
    kind, actor_id = _who(principal)
    return Actor(kind, actor_id, ip_address, user_agent, request_id)


def _who(principal: Principal | None) -> tuple[ActorKind, str | None]:
    if isinstance(principal, AdminKey):
        return ActorKind.ADMIN_API_KEY, principal.key_id
    if isinstance(principal, ApiKey | EnvironmentKey | WorkToken):
        return ActorKind.API, principal.key_id
    if isinstance(principal, AccessToken):
        if principal.service_account_id is not None:
            return ActorKind.SERVICE_ACCOUNT, principal.service_account_id
        # a token that the operator minted stands for no person
        return (ActorKind.USER, principal.user_id) if principal.user_id else (ActorKind.OPERATOR, principal.token_id)
    return ActorKind.UNAUTHENTICATED, None
