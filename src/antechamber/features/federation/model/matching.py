"""Whether an assertion is one that a rule means, and in which workspace its token acts (wire-auth.md 3)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from antechamber.base.permissions import IN_A_WORKSPACE, ServiceAccountRole, granted
from antechamber.features.federation.model.assertion import Assertion
from antechamber.features.federation.model.history import Reason
from antechamber.features.federation.model.rules import Match
from antechamber.features.workspaces.model import Workspace

_WILDCARD: Final = "*"
_NEEDS_ADMIN: Final = "org:admin"
# the wire's other name of the Default workspace
DEFAULT_ALIAS: Final = "default"

Holds: TypeAlias = Callable[[str, Mapping[str, object]], bool]


class Refused(NamedTuple):
    """No token; `detail` says more to the administrator, and is none of the assertion's own words."""

    reason: Reason
    detail: str | None = None


def refuse(wanted: Match, assertion: Assertion, audience: str, holds: Holds) -> Refused | None:
    """Return what of a rule an assertion does not meet; None if it meets everything that is set.

    `audience` is what a rule that sets none expects; `holds` evaluates a condition over claims.
    """
    if wanted.subject_prefix is not None and not _is_subject(assertion.subject, wanted.subject_prefix):
        return Refused(Reason.MATCH_SUBJECT_PREFIX)
    if (audience if wanted.audience is None else wanted.audience) not in assertion.audiences:
        return Refused(Reason.MATCH_AUDIENCE)
    for name, value in (wanted.claims or {}).items():
        # a number or a list never equals a text, whatever it looks like
        if assertion.claims.get(name) != value:
            return Refused(Reason.MATCH_CLAIMS, name)
    if wanted.condition is not None and not holds(wanted.condition, assertion.claims):
        return Refused(Reason.MATCH_CONDITION)
    return None


def _is_subject(subject: str, wanted: str) -> bool:
    if wanted.endswith(_WILDCARD):
        return subject.startswith(wanted[:-1])
    return subject == wanted


def choose_workspace(asked: str | None, enabled: Sequence[Workspace]) -> Workspace | Refused:
    """Return where a token acts: the workspace asked for, else the only enabled one, else the Default one.

    `asked` may be `default`; archived ones of `enabled` count for nothing. Refused for one that is not enabled, and
    when there is nothing to choose by.
    """
    live = [workspace for workspace in enabled if not workspace.is_archived]
    if asked is not None:
        meant = [each for each in live if (each.is_default if asked == DEFAULT_ALIAS else each.id == asked)]
        return meant[0] if meant else Refused(Reason.WORKSPACE_NOT_ENABLED)
    if len(live) == 1:
        return live[0]
    default = next((workspace for workspace in live if workspace.is_default), None)
    return default or Refused(Reason.WORKSPACE_ID_REQUIRED if live else Reason.WORKSPACE_NOT_ENABLED)


def needs_workspace(scope: str) -> bool:
    """Say whether scopes open anything that is done in a workspace; `org:admin` alone does not."""
    scopes = tuple(scope.split())
    return scopes != (_NEEDS_ADMIN,) or not IN_A_WORKSPACE.isdisjoint(granted(scopes))


def refuse_role(scope: str, role: ServiceAccountRole) -> Refused | None:
    """Return why a service account may not have scopes: `org:admin` is for admins, at every exchange anew."""
    if _NEEDS_ADMIN in scope.split() and role is not ServiceAccountRole.ADMIN:
        return Refused(Reason.ORGANIZATION_ROLE)
    return None
