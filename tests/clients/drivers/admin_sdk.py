"""What administrators do with the anthropic package; answers are validated strictly, in both of its name spaces."""
# ruff: noqa: ANN401 - which generation of the library is there, and so its types, are known when it runs

import os
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from inspect import signature
from typing import Any

import anthropic
from anthropic import Anthropic

from tests.clients.drivers.cases import AbsentError, case, run

URL = os.environ["ANTE_TEST_URL"]
ADMIN_KEY = os.environ["ANTE_TEST_ADMIN_KEY"]
# an admin's
TOKEN = os.environ["ANTE_TEST_TOKEN"]
# unlike those of the other generation, which drives the same server
MARK = anthropic.__version__.replace(".", "-")
PAGE = 2
PATIENCE_SECONDS = 10


def client(**how: Any) -> Any:
    credential = how or {"api_key": ADMIN_KEY}
    return Anthropic(base_url=URL, max_retries=0, _strict_response_validation=True, **credential)


def spaces() -> Mapping[str, Any]:
    """Return the name spaces that have an organisation: the stable one, and that of the betas."""
    asked = client()
    found = {"stable": asked, "beta": asked.beta}
    return {name: space.organization for name, space in found.items() if hasattr(space, "organization")}


def both(work: Callable[[Any, str], Any]) -> dict[str, Any]:
    return {name: work(space, f"{MARK} {name}") for name, space in spaces().items()}


def dump(thing: Any) -> Any:
    return thing.model_dump(mode="json")


def failure(ask: Callable[[], Any]) -> dict[str, Any]:
    """Return how a request was refused."""
    try:
        ask()
    except anthropic.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "message": error.body["error"]["message"] if isinstance(error.body, dict) else str(error.body),
            "details": error.body["error"].get("details") if isinstance(error.body, dict) else None,
            "should_retry": error.response.headers.get("x-should-retry"),
        }
    return {"class": None, "status": None}


def refusal(ask: Callable[[], Any]) -> dict[str, Any]:
    """Return how a request is refused that is soon to be."""
    until = time.monotonic() + PATIENCE_SECONDS
    while (found := failure(ask))["class"] is None and time.monotonic() < until:
        time.sleep(0.05)
    return found


def ids(items: Iterable[Any]) -> list[str]:
    return [item.id for item in items]


@case
def version() -> Any:
    return anthropic.__version__


@case
def organization() -> Any:
    return both(lambda space, _: dump(space.retrieve()))


@case
def workspaces() -> Any:
    def work(space: Any, mark: str) -> Any:
        made = space.workspaces.create(name=mark, tags={"team": "core", "gone": "soon"})
        changed = space.workspaces.update(made.id, name=f"{mark}!", tags={"gone": None})
        found = space.workspaces.retrieve(made.id)
        others = [space.workspaces.create(name=f"{mark} {number}") for number in range(PAGE + 1)]
        listed = ids(space.workspaces.list(limit=PAGE))
        everything = ids(space.workspaces.list(include_default=True))
        archived = [space.workspaces.archive(workspace.id) for workspace in (made, *others)]
        return {
            "made": dump(made),
            "changed": dump(changed),
            "same": dump(changed) == dump(found),
            "paged": [workspace.id in listed for workspace in (made, *others)],
            "default": [name for name in everything if name not in listed],
            "archived": dump(archived[0]),
            "left": [workspace.id in ids(space.workspaces.list(limit=100)) for workspace in (made, *others)],
            "kept": made.id in ids(space.workspaces.list(include_archived=True)),
            "refused": failure(lambda: space.workspaces.update(made.id, name="x" * 300)),
            "unknown": failure(lambda: space.workspaces.retrieve("wrkspc_01AAAAAAAAAAAAAAAAAAAAAA")),
        }

    return both(work)


@case
def users() -> Any:
    def work(space: Any, _: str) -> Any:
        listed = [dump(user) for user in space.users.list(limit=PAGE)]
        people = [user for user in listed if user["email"].startswith(f"{MARK}-")]
        found = dump(space.users.retrieve(people[0]["id"]))
        changed = dump(space.users.update(people[0]["id"], role="developer"))
        space.users.update(people[0]["id"], role="user")
        admins = list(space.users.list(roles=["admin"]))
        return {
            "people": people,
            "found": found,
            "changed": changed["role"],
            "by_email": [user.id for user in space.users.list(email=people[0]["email"].upper())] == [found["id"]],
            "by_role": [user.role for user in admins],
            "admin": failure(lambda: space.users.remove(admins[0].id)),
        }

    return both(work)


@case
def removal() -> Any:
    """Remove one person a name space: in a case of its own, as it cannot be done twice."""

    def work(space: Any, mark: str) -> Any:
        name = f"{MARK}-{mark.rpartition(' ')[2]}@"
        leaver = next(user for user in space.users.list() if user.email.startswith(name))
        removed = dump(space.users.remove(leaver.id))
        return {"removed": removed, "again": failure(lambda: space.users.retrieve(leaver.id)), "id": leaver.id}

    return both(work)


@case
def invites() -> Any:
    def work(space: Any, mark: str) -> Any:
        email = f"guest-{mark.replace(' ', '-')}@example.com"
        made = space.invites.create(email=email, role="developer")
        again = failure(lambda: space.invites.create(email=email.upper(), role="user"))
        found = space.invites.retrieve(made.id)
        pending = ids(space.invites.list(limit=PAGE, statuses=["pending"]))
        deleted = space.invites.delete(made.id)
        member = next(iter(space.users.list())).email
        return {
            "made": dump(made),
            "found": dump(found) == dump(made),
            "again": again,
            "pending": made.id in pending,
            "deleted": dump(deleted),
            "deleted_again": failure(lambda: space.invites.delete(made.id)),
            "member": failure(lambda: space.invites.create(email=member, role="user")),
        }

    return both(work)


@case
def members() -> Any:
    def work(space: Any, mark: str) -> Any:
        room = space.workspaces.create(name=f"{mark} members")
        person = next(user for user in space.users.list() if user.email.startswith(f"{MARK}-stays@"))
        added = space.workspaces.members.add(room.id, user_id=person.id, workspace_role="workspace_developer")
        path = {"workspace_id": room.id}
        found = space.workspaces.members.retrieve(person.id, **path)
        changed = space.workspaces.members.update(person.id, workspace_role="workspace_admin", **path)
        listed = [dump(member) for member in space.workspaces.members.list(room.id, limit=PAGE)]
        removed = space.workspaces.members.remove(person.id, **path)
        gone = failure(lambda: space.workspaces.members.retrieve(person.id, **path))
        space.workspaces.archive(room.id)
        return {
            "added": dump(added),
            "found": dump(found) == dump(added),
            "changed": changed.workspace_role,
            "listed": person.id in [member["user_id"] for member in listed],
            "removed": dump(removed),
            "gone": gone,
            "ids": [person.id, room.id],
        }

    return both(work)


@case
def api_keys() -> Any:
    def work(space: Any, mark: str) -> Any:
        listed = list(space.api_keys.list(limit=PAGE))
        key = next(key for key in listed if key.name == f"{MARK} key")
        found = space.api_keys.retrieve(key.id)
        renamed = space.api_keys.update(key.id, name=f"{MARK} key")
        off = space.api_keys.update(key.id, status="inactive")
        inactive = ids(space.api_keys.list(status="inactive"))
        on = space.api_keys.update(key.id, status="active")
        return {
            "found": dump(found),
            "renamed": renamed.name,
            "off": off.status,
            "inactive": key.id in inactive,
            "on": on.status,
            "unknown": failure(lambda: space.api_keys.retrieve("apikey_01AAAAAAAAAAAAAAAAAAAAAA")),
            "mark": mark,
        }

    return both(work)


@case
def rate_limits() -> Any:
    def work(space: Any, mark: str) -> Any:
        listed = [dump(limit) for limit in space.rate_limits.list()]
        room = space.workspaces.create(name=f"{mark} limits")
        group = next(limit for limit in listed if limit["group"]["type"] == "model_group")
        limits = [{"type": "requests_per_minute", "value": 50}]
        changed = space.workspaces.rate_limits.update(group["id"], workspace_id=room.id, limits=limits)
        own = [dump(limit) for limit in space.workspaces.rate_limits.list(room.id)]
        inherited = [dump(limit) for limit in space.workspaces.rate_limits.list(room.id, include_inherited=True)]
        space.workspaces.archive(room.id)
        unknown = failure(lambda: list(space.rate_limits.list(model="nobody-heard-of")))
        return {"listed": listed, "changed": dump(changed), "own": own, "inherited": inherited, "unknown": unknown}

    return both(work)


@case
def spend_limits() -> Any:
    """Set, change, list, retrieve and delete: among the betas alone, in either generation."""
    space = spaces()["beta"]
    limits, people = space.spend_limits, list(space.users.list())
    person = next(user for user in people if user.email.startswith(f"{MARK}-stays@"))
    room = space.workspaces.create(name=f"{MARK} spends")
    everyone = {"type": "organization"}
    inside = {"type": "workspace", "workspace_id": room.id}
    made = [
        limits.set(scope=everyone, amount="5000000"),
        limits.set(scope=everyone, amount="900000", period="daily"),
        limits.set(scope=inside, amount="70000", period="monthly"),
        limits.set(scope={"type": "user", "user_id": person.id}, amount=None, period="daily"),
    ]
    changed = limits.set(scope=inside, amount="80000", period="monthly")
    # the older generation cannot ask for one workspace, but there is no other with a limit
    narrow = {"workspace_id": room.id} if "workspace_id" in signature(limits.list).parameters else {}
    told = {
        "made": [dump(limit) for limit in made],
        "changed": dump(changed),
        "same": dump(limits.retrieve(changed.id)) == dump(changed),
        "listed": ids(limits.list(limit=PAGE)),
        "of_workspaces": ids(limits.list(scope_type=["workspace"], **narrow)),
        "of_others": ids(limits.list(scope_type=["organization", "user"])),
        "effective": {
            name: [dump(row) for row in each.spend_limits.effective.list(limit=PAGE)]
            for name, each in spaces().items()
            if hasattr(each, "spend_limits")
        },
        "own": [dump(row) for row in limits.effective.list(user_ids=[person.id], period=["daily"])],
        "people": {user.id: user.email for user in people},
        "ids": [person.id, room.id],
        "refused": failure(lambda: limits.set(scope=everyone, amount=None)),
        "elsewhere": failure(lambda: limits.list(scope_type=["seat_tier"])),
        "deleted": [dump(limits.delete(limit.id)) for limit in made],
        "left": [dump(row) for row in limits.effective.list()],
        "gone": failure(lambda: limits.retrieve(changed.id)),
        "deleted_again": failure(lambda: limits.delete(changed.id)),
    }
    space.workspaces.archive(room.id)
    return told


@case
def sign_out() -> Any:
    users = spaces()["beta"].users
    if not hasattr(users, "sign_out"):
        message = "nobody is signed out"
        raise AbsentError(message)
    (boss,) = users.list(email="boss@example.com")
    other = next(user for user in users.list(roles=["admin"]) if user.id != boss.id)
    by_boss = client(auth_token=TOKEN).beta.organization.users
    return {
        "boss": dump(boss),
        "before": dump(by_boss.retrieve(boss.id)) == dump(boss),
        "self": failure(lambda: by_boss.sign_out(boss.id)),
        "admin": failure(lambda: by_boss.sign_out(other.id)),
        "signed_out": dump(users.sign_out(boss.id)),
        "after": refusal(lambda: by_boss.retrieve(boss.id)),
        "unknown": failure(lambda: users.sign_out("user_01AAAAAAAAAAAAAAAAAAAAAA")),
    }


@case
def analytics() -> Any:
    space = spaces().get("beta")
    if space is None or not hasattr(space.analytics, "cost"):
        message = "no analytics of usage and cost"
        raise AbsentError(message)
    now = datetime.now(UTC)
    start = (now - timedelta(days=3)).date().isoformat() + "T00:00:00Z"
    groups = ["model", "api_key_id", "workspace_id", "actor", "service_tier"]
    usage = [dump(row) for row in space.analytics.usage.list(starting_at=start, group_by=groups, limit=PAGE)]
    cost = [dump(row) for row in space.analytics.cost.list(starting_at=start, group_by=["model", "token_type"])]
    daily = space.analytics.cost.list(
        starting_at=start, ending_at=now.isoformat(), time_bucket_width="1d", order_by="time", order="asc"
    )
    return {"usage": usage, "cost": cost, "daily": [dump(row) for row in daily]}


@case
def enterprise() -> Any:
    space = spaces().get("beta")
    if space is None:
        message = "no reports of Claude Enterprise"
        raise AbsentError(message)
    now = datetime.now(UTC)
    start = (now - timedelta(days=2)).date().isoformat() + "T00:00:00Z"
    analytics, end = space.analytics, (now + timedelta(hours=1)).isoformat()

    def told(report: Any, **how: Any) -> Any:
        return [dump(row) for row in report.list(starting_at=start, **how)]

    parts = ["model", "cost_type", "token_type"]
    return {
        "usage": told(analytics.usage_report, group_by=["model", "speed"], products=None, limit=PAGE),
        "hours": told(analytics.usage_report, bucket_width="1h", ending_at=end, models=["sim-1"], limit=168),
        "cost": told(analytics.cost_report, group_by=parts, inference_geos=["global", "not_available"]),
        "nobody": told(analytics.cost_report, user_ids=["user_01AAAAAAAAAAAAAAAAAAAAAA"]),
        "users": told(analytics.user_usage_report, group_by=["model"], order_by="requests", limit=PAGE),
        "costs": told(analytics.user_cost_report, bucket_width="1d", ending_at=end, order="asc"),
        "refused": failure(lambda: analytics.user_cost_report.list(starting_at=start, bucket_width="1m")),
    }


if __name__ == "__main__":
    run()
