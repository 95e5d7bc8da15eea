"""Spend limits on the wire (SDK `beta.organization.BetaSpendLimit` and `organization.SpendSummary`)."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec
from pydantic import BaseModel, Field

from antechamber.base.clock import to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId
from antechamber.base.money import scale, to_cents
from antechamber.features.limits.model.definitions import Period, Scope, SpendLimit, read_amount
from antechamber.features.limits.model.entries import SpendSummary
from antechamber.features.organizations.model import Member
from antechamber.http.bodies import Body

PeriodName = Literal["daily", "monthly", "weekly"]
# what the wire can name; of these, three belong to another kind of organisation than is served here
ScopeName = Literal[
    "api_key", "organization", "organization_service", "rbac_group", "seat_tier", "usage_tier", "user", "workspace"
]
_ELSEWHERE: Final = frozenset({"organization_service", "rbac_group", "seat_tier"})
# the wire carries a spend in cents with at most three places
_THOUSANDTH_OF_CENT: Final = 10_000


class OrganizationScope(Body):
    """The whole organisation."""

    type: Literal["organization"]


class WorkspaceScope(Body):
    """One workspace."""

    type: Literal["workspace"]
    workspace_id: str


class UserScope(Body):
    """One member."""

    type: Literal["user"]
    user_id: str


class ApiKeyScope(Body):
    """One API key (extension)."""

    type: Literal["api_key"]
    api_key_id: str


ScopeBody = Annotated[OrganizationScope | WorkspaceScope | UserScope | ApiKeyScope, Field(discriminator="type")]


class SetBody(Body):
    """`{scope, amount, period}`; amount in whole cents as a string, period monthly if it is not said."""

    scope: ScopeBody
    amount: str | None
    period: PeriodName = "monthly"

    def amount_nano(self) -> int | None:
        """Return the amount in nano-USD."""
        return None if self.amount is None else read_amount(self.amount)


class SpendLimitBody(BaseModel):
    """A spend limit; amount in cents as a string, null for a person's "no limit of their own"."""

    id: str
    type: Literal["spend_limit"] = "spend_limit"
    scope: ScopeBody
    amount: str | None
    currency: Literal["USD"] = "USD"
    period: Period
    is_enabled: Literal[True] = True
    created_at: str
    updated_at: str


class SpendLimitDeletedBody(BaseModel):
    """`{id, type: "spend_limit_deleted"}`."""

    id: str
    type: Literal["spend_limit_deleted"] = "spend_limit_deleted"


class UserActorBody(BaseModel):
    """A member."""

    type: Literal["user_actor"] = "user_actor"
    user_id: str
    email_address: str | None
    name: str | None
    deleted: bool


class SpendSummaryBody(BaseModel):
    """What a member resolves for a period; amount and spend in cents as strings."""

    actor: UserActorBody
    scope: ScopeBody
    source: ScopeBody
    amount: str | None
    currency: Literal["USD"] = "USD"
    period: Period
    period_to_date_spend: str
    spend_limit_id: str


def scope_id(scope: ScopeBody, organization_id: OrganizationId) -> tuple[Scope, str]:
    """Return whom a scope on the wire names."""
    if isinstance(scope, WorkspaceScope):
        return Scope.WORKSPACE, scope.workspace_id
    if isinstance(scope, UserScope):
        return Scope.USER, scope.user_id
    if isinstance(scope, ApiKeyScope):
        return Scope.API_KEY, scope.api_key_id
    return Scope.ORGANIZATION, organization_id


def scopes_of(names: Sequence[ScopeName] | None) -> tuple[Scope, ...]:
    """Return the scopes that a filter lets through; without one all that the wire knows, and so not `api_key`.

    InvalidRequest for those of an organisation of another kind; `usage_tier` is ours, but no limit here is of it.
    """
    if not names:
        # a client that checks what comes must not meet a scope that it has never heard of
        return (Scope.ORGANIZATION, Scope.WORKSPACE, Scope.USER)
    other = sorted(_ELSEWHERE.intersection(names))
    if other:
        message = f"scope_type: {other[0]} does not apply to this organization"
        raise InvalidRequest(message, error_code="organization_type_not_supported")
    return tuple(Scope(name) for name in names if name != "usage_tier")


def scope_fields(scope: Scope, held_id: str) -> dict[str, str]:
    """Return a scope's fields by their names on the wire."""
    if scope is Scope.ORGANIZATION:
        return {"type": "organization"}
    return {"type": scope.value, f"{scope.value}_id": held_id}


def show_scope(scope: Scope, held_id: str) -> ScopeBody:
    """Return the wire's shape of a scope."""
    if scope is Scope.WORKSPACE:
        return WorkspaceScope(type="workspace", workspace_id=held_id)
    if scope is Scope.USER:
        return UserScope(type="user", user_id=held_id)
    if scope is Scope.API_KEY:
        return ApiKeyScope(type="api_key", api_key_id=held_id)
    return OrganizationScope(type="organization")


def show_spend(nano: int) -> str:
    """Return what was spent as the wire shows it: cents, rounded half to even at the third place."""
    return to_cents(scale(nano, 1, _THOUSANDTH_OF_CENT) * _THOUSANDTH_OF_CENT)


def show(limit: SpendLimit) -> SpendLimitBody:
    """Return the wire's shape of a spend limit."""
    return SpendLimitBody(
        id=limit.id,
        scope=show_scope(limit.scope, limit.scope_id),
        amount=None if limit.amount is None else to_cents(limit.amount),
        period=limit.period,
        created_at=to_rfc3339(limit.created_at),
        updated_at=to_rfc3339(limit.updated_at),
    )


def summary_fields(row: SpendSummary) -> dict[str, object]:
    """Return the fields of what a member resolves by their names on the wire, those of SpendSummaryBody."""
    return {**_person_fields(row.member), **_limit_fields(row.limit), "period_to_date_spend": show_spend(row.spent)}


def show_summaries(rows: Sequence[SpendSummary], next_page: str | None) -> bytes:
    """Return the wire's JSON of a page of SpendSummaryBody.

    A page can have three thousand rows of a thousand members and a few limits, and each of these is encoded once.
    """
    encode = msgspec.json.encode
    ends: dict[str, tuple[bytes, bytes]] = {}
    lines: list[bytes] = []
    last, start = None, b""
    for member, limit, spent in rows:
        if member is not last:
            last, start = member, encode(_person_fields(member))[:-1]
        end = ends.get(limit.id)
        if end is None:
            rest = b'",%b' % encode(_limit_fields(limit))[1:]
            ends[limit.id] = end = rest, b',"period_to_date_spend":"0' + rest
        if spent:
            lines.append(b'%b,"period_to_date_spend":"%b%b' % (start, show_spend(spent).encode(), end[0]))
        else:
            lines.append(start + end[1])
    return b'{"data":[%b],"next_page":%b}' % (b",".join(lines), encode(next_page))


def _person_fields(member: Member) -> dict[str, object]:
    return {"actor": actor_fields(member), "scope": {"type": "user", "user_id": member.id}}


def _limit_fields(limit: SpendLimit) -> dict[str, object]:
    return {
        "source": scope_fields(limit.scope, limit.scope_id),
        "amount": None if limit.amount is None else to_cents(limit.amount),
        "currency": "USD",
        "period": limit.period,
        "spend_limit_id": limit.id,
    }


def actor_fields(member: Member) -> dict[str, object]:
    """Return a member's fields by their names on the wire."""
    return {
        "type": "user_actor",
        "user_id": member.id,
        "email_address": member.email,
        "name": member.name or None,
        "deleted": member.removed_at is not None,
    }
