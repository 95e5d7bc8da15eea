"""The audit log on the wire: the hosted activity feed's shape (API reference, compliance/activities/list), and ours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.clock import to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId
from antechamber.features.audit.model import (
    ActivityQuery,
    ComplianceState,
    Expected,
    Refusal,
    RefusalPage,
    RefusalQuery,
    Verdict,
)
from antechamber.features.audit.service import ShownActivity
from antechamber.http.bodies import Body
from antechamber.http.fields import read_instant

_EXPECTED: Final = re.compile(r"(activity_01[1-9A-HJ-NP-Za-km-z]{22}):([0-9a-f]{64})")
_STATUS: Final = range(400, 600)


@dataclass(frozen=True, slots=True)
class Window:
    """The bounds of `created_at` as they were sent (RFC 3339)."""

    gte: str | None
    gt: str | None
    lte: str | None
    lt: str | None


class ActorBody(BaseModel):
    """`{type, ip_address, user_agent, …}` and, by its type, who it is.

    `user_actor` has `user_id` and `email_address`, `api_actor` `api_key_id`, `admin_api_key_actor` `admin_api_key_id`,
    `unauthenticated_user_actor` `unauthenticated_email_address`, `system_actor` `service`; ours: `operator_actor` with
    `token_id`, null for what was done at the server itself.
    """

    model_config = ConfigDict(extra="allow")

    type: str
    ip_address: str | None
    user_agent: str | None


class ActivityBody(BaseModel):
    """One activity; what it was done to stands in further fields beside these. `request_id` is ours."""

    model_config = ConfigDict(extra="allow")

    id: str
    created_at: str
    organization_id: str
    organization_uuid: str
    type: str
    actor: ActorBody


class ProblemBody(BaseModel):
    """The first thing that is wrong: `sequence` counts the organization's activities from 1."""

    code: str
    sequence: int
    activity_id: str | None
    message: str


class VerificationBody(BaseModel):
    """What a walk along the chain found; `head_mark` in hexadecimal, to be compared later."""

    type: str = "audit_verification"
    ok: bool
    activities: int
    head_id: str | None
    head_mark: str
    problem: ProblemBody | None


class SampleBody(BaseModel):
    """The last of the refusals that were counted together."""

    ip_address: str | None
    user_agent: str | None
    request_id: str


class RefusalBody(BaseModel):
    """How often something was refused within an hour; `path` as it is registered; null for nobody known."""

    type: str = "refusal_count"
    hour: str
    organization_id: str | None
    status: int
    method: str
    path: str
    principal_id: str | None
    count: int
    last_at: str
    last: SampleBody


class StateBody(Body):
    """`{type}`: whether the Compliance API is open to the organization."""

    type: Literal["enabled", "disabled"]


class ComplianceSettingsBody(BaseModel):
    """The compliance settings, of which there is one for each organization."""

    state: StateBody
    type: Literal["compliance_settings"] = "compliance_settings"


class UpdateComplianceBody(Body):
    """`{state}`, as `{type}` or as the word alone."""

    state: StateBody | Literal["enabled", "disabled"]

    def read(self) -> ComplianceState:
        """Return the state that is wanted."""
        return ComplianceState(self.state.type if isinstance(self.state, StateBody) else self.state)


def show_compliance(state: ComplianceState) -> ComplianceSettingsBody:
    """Return the wire's shape of the settings."""
    return ComplianceSettingsBody(state=StateBody(type=state.value))


def read_query(
    organization_id: OrganizationId,
    window: Window,
    *,
    types: Sequence[str],
    without_types: Sequence[str],
    actor_ids: Sequence[str],
    organization_ids: Sequence[str],
) -> ActivityQuery:
    """Return what is asked; InvalidRequest that names the parameter otherwise.

    Types that we never write are no error, since callers name the hosted ones; another organization's id lets nothing
    through and says nothing about it.
    """
    if types and without_types:
        message = "exclude_activity_types: cannot be combined with activity_types"
        raise InvalidRequest(message)
    since, until = _bounds(window)
    elsewhere = bool(organization_ids) and organization_id not in organization_ids
    return ActivityQuery(
        types=() if elsewhere else tuple(types) or None,
        without_types=tuple(without_types),
        actor_ids=tuple(actor_ids) or None,
        since=since,
        until=until,
    )


def read_expected(text: str | None) -> Expected | None:
    """Return the noted head `activity id:mark in hexadecimal`; InvalidRequest for anything else."""
    if text is None:
        return None
    found = _EXPECTED.fullmatch(text)
    if found is None:
        message = "expect: must be head_id:head_mark, as an earlier verification gave them"
        raise InvalidRequest(message)
    return Expected(found[1], bytes.fromhex(found[2]))


def read_refusals(
    window: Window, statuses: Sequence[int], principal_ids: Sequence[str], limit: int, page: str | None
) -> RefusalQuery:
    """Return what is asked; InvalidRequest that names the parameter otherwise."""
    for status in statuses:
        if status not in _STATUS:
            message = f"statuses: {status} is not the status of a refusal"
            raise InvalidRequest(message)
    since, until = _bounds(window)
    return RefusalQuery(tuple(statuses), tuple(principal_ids), since, until, limit, page)


def show(shown: ShownActivity) -> ActivityBody:
    """Return the wire's shape of an activity."""
    activity = shown.activity
    return ActivityBody.model_validate(
        {
            **activity.details,
            "request_id": activity.actor.request_id,
            "id": activity.id,
            "created_at": to_rfc3339(activity.created_at),
            "organization_id": activity.organization_id,
            "organization_uuid": activity.organization_id,
            "type": activity.type,
            "actor": show_actor(activity.actor, shown.email),
        }
    )


def show_actor(actor: Actor, email: str | None) -> dict[str, object]:
    """Return the wire's shape of who acted."""
    head = {"type": actor.kind.value, "ip_address": actor.ip_address, "user_agent": actor.user_agent}
    named: dict[ActorKind, dict[str, object]] = {
        ActorKind.ADMIN_API_KEY: {"admin_api_key_id": actor.id},
        ActorKind.API: {"api_key_id": actor.id},
        ActorKind.OPERATOR: {"token_id": actor.id},
        ActorKind.SERVICE_ACCOUNT: {"service_account_id": actor.id},
        ActorKind.SYSTEM: {"service": actor.id},
        ActorKind.UNAUTHENTICATED: {"unauthenticated_email_address": actor.id},
        ActorKind.USER: {"user_id": actor.id, "email_address": email},
    }
    return {**head, **named[actor.kind]}


def show_verdict(verdict: Verdict) -> VerificationBody:
    """Return the wire's shape of a verdict."""
    problem = verdict.problem
    return VerificationBody(
        ok=problem is None,
        activities=verdict.activities,
        head_id=verdict.head_id,
        head_mark=verdict.head_mark.hex(),
        problem=None
        if problem is None
        else ProblemBody(
            code=problem.code, sequence=problem.sequence, activity_id=problem.activity_id, message=problem.message
        ),
    )


def show_refusals(page: RefusalPage) -> tuple[list[RefusalBody], str | None]:
    """Return the wire's shape of counts, and the next page's cursor."""
    return [_show_refusal(refusal) for refusal in page.refusals], page.next_page


def _show_refusal(refusal: Refusal) -> RefusalBody:
    key = refusal.key
    return RefusalBody(
        hour=to_rfc3339(key.hour),
        organization_id=key.organization_id or None,
        status=key.status,
        method=key.method,
        path=key.route,
        principal_id=key.principal_id or None,
        count=refusal.count,
        last_at=to_rfc3339(refusal.last_at),
        last=SampleBody(ip_address=refusal.ip_address, user_agent=refusal.user_agent, request_id=refusal.request_id),
    )


def _bounds(window: Window) -> tuple[int | None, int | None]:
    """Return the first moment that is in and the first that is not, in microseconds."""
    since = (read_instant("created_at.gte", window.gte), _next("created_at.gt", window.gt))
    until = (read_instant("created_at.lt", window.lt), _next("created_at.lte", window.lte))
    return (
        max((bound for bound in since if bound is not None), default=None),
        min((bound for bound in until if bound is not None), default=None),
    )


def _next(name: str, text: str | None) -> int | None:
    instant = read_instant(name, text)
    return None if instant is None else instant + 1
