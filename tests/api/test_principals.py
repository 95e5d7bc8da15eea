"""Every route for every principal: who holds its permission is not refused for it, who does not is told why.

The routes come from the route table and the principals from the services that make them, so that what is registered
later is covered by being registered.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest

from antechamber import wiring
from antechamber.base.actor import OPERATOR
from antechamber.base.ids import WorkspaceId
from antechamber.base.permissions import (
    HELD,
    IN_A_WORKSPACE,
    SCOPES,
    SERVICE_ACCOUNT_ROLES,
    WORKSPACE_ROLES,
    Kind,
    OrganizationRole,
    Permission,
    ServiceAccountRole,
    WorkspaceRole,
    granted,
)
from antechamber.base.principal import Principal
from antechamber.base.secret import Secret
from antechamber.features.apikeys.model import KEY_SCOPES, AdminDraft, Draft
from antechamber.features.federation.model.accounts import AccountDraft
from antechamber.features.workspaces.model import IN_DEFAULT, Workspace, WorkspaceDraft
from antechamber.wiring.endpoints.registered import Route
from tests.api.conftest import House
from tests.api.rooms import BETA
from tests.api.seats import SELF_HOSTED, Seat
from tests.asgi import Answer, call

DAY = 86_400
ID = "01" + "1" * 22
# well-formed ids of nothing
NAMES = {
    "admin_api_key_id": f"adminkey_{ID}",
    "api_key_id": f"apikey_{ID}",
    "federation_issuer_id": f"fdis_{ID}",
    "federation_rule_id": f"fdrl_{ID}",
    "invite_id": f"invite_{ID}",
    "rate_limit_id": f"rl_{ID}",
    "service_account_id": f"svac_{ID}",
    "spend_limit_id": f"spl_{ID}",
    "user_id": f"user_{ID}",
    "workspace_id": f"wrkspc_{ID}",
}
HEADERS = {"anthropic-version": "2023-06-01", "anthropic-beta": BETA}


@cache
def routes() -> list[Route]:
    return wiring.routes()


@dataclass(frozen=True)
class Caller:
    """A principal that the services made, what it should hold, and its secret."""

    name: str
    expected: frozenset[Permission]
    secret: str


async def person(house: House, role: OrganizationRole, name: str) -> Caller:
    """A member with a token of every scope that their role may have."""
    storage, organization_id = house.app.storage, house.founded.organization_id
    member = await storage.members.add(organization_id, f"{name}@example.com", name, role, OPERATOR)
    scopes = [scope for scope in sorted(SCOPES) if scope != "org:admin" or role is OrganizationRole.ADMIN]
    _, secret = await storage.tokens.mint(organization_id, " ".join(scopes), DAY, OPERATOR, email=member.email)
    return Caller(f"person: {role}", HELD[Kind(f"person: {role}")], secret.reveal())


async def holder(house: House, workspace: Workspace, role: WorkspaceRole) -> Caller:
    """A member with a personal key, made while they may have one, whose role in the workspace is now another."""
    storage, organization_id = house.app.storage, house.founded.organization_id
    member = await storage.members.add(
        organization_id, f"{role}@example.com", str(role), OrganizationRole.USER, OPERATOR
    )
    await storage.workspace_members.add(organization_id, workspace.id, member.id, WorkspaceRole.DEVELOPER, OPERATOR)
    draft = Draft(f"Key of {role}", workspace.id, member.id)
    _, secret = await storage.api_keys.create(organization_id, draft, OPERATOR)
    if role is WorkspaceRole.BILLING:
        await storage.workspace_members.remove(organization_id, workspace.id, member.id, OPERATOR)
        await storage.members.change_role(organization_id, member.id, OrganizationRole.BILLING, OPERATOR)
    else:
        await storage.workspace_members.change(organization_id, workspace.id, member.id, role, OPERATOR)
    expected = HELD[Kind.API_KEY] & WORKSPACE_ROLES[role]
    return Caller(f"api_key of a {role}", expected, secret.reveal())


def revealed(secret: Secret | None) -> str:
    assert secret is not None
    return secret.reveal()


async def keys(house: House) -> list[Caller]:
    """The keys of a first run, and an admin key for each scope."""
    storage, organization_id = house.app.storage, house.founded.organization_id
    made = [
        Caller("admin_key", HELD[Kind.ADMIN_KEY], revealed(house.founded.admin_key)),
        Caller("api_key", HELD[Kind.API_KEY], house.api_key),
    ]
    for scope in sorted(KEY_SCOPES):
        draft = AdminDraft(f"Scoped {scope}", (scope,))
        _, secret = await storage.admin_keys.create(organization_id, draft, OPERATOR, HELD[Kind.ADMIN_KEY])
        made.append(Caller(f"admin_key: {scope}", granted((scope,)) & HELD[Kind.ADMIN_KEY], secret.reveal()))
    return made


async def tokens(house: House) -> list[Caller]:
    """The operator's tokens, one for each scope."""
    made = []
    for scope in sorted(SCOPES):
        _, secret = await house.app.storage.tokens.mint(house.founded.organization_id, scope, DAY, OPERATOR)
        # of nobody's, it is bound to no workspace, and may nothing in one
        made.append(Caller(f"{scope} token", granted((scope,)) - IN_A_WORKSPACE, secret.reveal()))
    return made


async def people(house: House) -> list[Caller]:
    return [await person(house, role, f"p-{role}") for role in OrganizationRole]


async def personal_keys(house: House) -> list[Caller]:
    draft = WorkspaceDraft(name="Room")
    room = await house.app.storage.workspaces.create(house.founded.organization_id, draft, OPERATOR)
    return [await holder(house, room, role) for role in WorkspaceRole]


async def workload(house: House, role: ServiceAccountRole, place: tuple[str, WorkspaceId | None]) -> Caller:
    """A service account with a token of one scope, bound to the Default workspace or to none.

    Nobody has added it there, where it is what its role in the organisation makes of it.
    """
    scope, workspace_id = place
    storage, organization_id = house.app.storage, house.founded.organization_id
    name = f"{role} {scope}".replace(" ", "-").replace(":", "-")
    made = await storage.federation.accounts.create(organization_id, AccountDraft(name, "", role), OPERATOR)
    async with storage.database.begin() as unit:
        _, secret = await storage.tokens.issue(
            unit,
            organization_id,
            scope=scope,
            ttl_seconds=DAY,
            service_account_id=made.id,
            workspace_id=workspace_id,
        )
    inside = WORKSPACE_ROLES[IN_DEFAULT[OrganizationRole(role)]] & IN_A_WORKSPACE if workspace_id else frozenset()
    held = SERVICE_ACCOUNT_ROLES[role] | {Permission.SELF_READ} | inside
    # a token of an account that is admin no more
    lost = scope == "org:admin" and role is not ServiceAccountRole.ADMIN
    expected = frozenset() if lost else granted((scope,)) & held
    return Caller(f"service account: {role}, {scope}", expected, secret.reveal())


async def workloads(house: House) -> list[Caller]:
    async with house.app.storage.database.read() as unit:
        default = await house.app.storage.workspaces.default(unit, house.founded.organization_id)
    places = (("org:admin", None), ("workspace:developer", default.id), ("workspace:inference", default.id))
    return [await workload(house, role, place) for role in ServiceAccountRole for place in places]


async def workers(house: House) -> list[Caller]:
    """A key of a self-hosted environment, and the token of an item that was taken with it."""
    seat = Seat(house)
    environment = await seat.make("ours", SELF_HOSTED)
    worker = await seat.hire(environment)
    await seat.session(environment)
    work = await worker.poll()
    assert work is not None
    return [
        Caller("environment_key", HELD[Kind.ENVIRONMENT_KEY], worker.key),
        Caller("work token", HELD[Kind.WORK_TOKEN], worker.with_token(work).key),
    ]


GROUPS = (keys, tokens, people, personal_keys, workloads, workers)


@pytest.fixture(params=GROUPS, ids=lambda group: group.__name__)
async def callers(request: pytest.FixtureRequest, house: House) -> list[Caller]:
    made: list[Caller] = await request.param(house)
    # a look between a key and the change of its owner's role would remember the role before
    await house.app.changes.look()
    return made


async def ask(house: House, route: Route, secret: str | None) -> Answer:
    path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: NAMES.get(found[1], "unknown"), route.path)
    headers = HEADERS if secret is None else {**HEADERS, "x-api-key": secret}
    return await call(
        house.app.shell, route.method, path, headers=headers, body=b"{}" if route.method == "POST" else b""
    )


async def principal_of(house: House, caller: Caller) -> Principal:
    return await house.app.authenticator.authenticate({b"x-api-key": caller.secret.encode()})


def cases(callers: list[Caller], *, holding: bool) -> Iterator[tuple[Route, Caller]]:
    for route in routes():
        for caller in callers:
            if route.permission is not Permission.PUBLIC and (route.permission in caller.expected) is holding:
                yield route, caller


async def test_every_kind_of_principal_is_there_and_holds_what_the_tables_say(house: House) -> None:
    callers = [caller for group in GROUPS for caller in await group(house)]
    await house.app.changes.look()
    assert {caller.name for caller in callers} | {str(Kind.ANONYMOUS)} >= {str(kind) for kind in Kind}
    for caller in callers:
        assert (caller.name, (await principal_of(house, caller)).permissions) == (caller.name, caller.expected)


async def test_who_holds_a_routes_permission_is_never_refused_for_it(house: House, callers: list[Caller]) -> None:
    breaches = []
    for route, caller in cases(callers, holding=True):
        answer = await ask(house, route, caller.secret)
        if answer.status in {401, 429} or answer.status >= 500 or b"but needs [" in answer.body:
            breaches.append(f"{caller.name}: {route.method} {route.path}: {answer.status} {answer.body.decode()}")
    assert breaches == []


async def test_who_does_not_hold_it_is_told_what_is_held_and_needed(house: House, callers: list[Caller]) -> None:
    breaches = []
    for route, caller in cases(callers, holding=False):
        answer = await ask(house, route, caller.secret)
        held = ", ".join(sorted(caller.expected))
        told = f"holds [{held}] but needs [{route.permission}]"
        if answer.status != 403 or told not in answer.json()["error"]["message"]:
            breaches.append(f"{caller.name}: {route.method} {route.path}: {answer.status} {answer.body.decode()}")
    assert breaches == []


@pytest.mark.parametrize("secret", [None, "sk-ant-admin01-nobodys"])
async def test_nobody_known_gets_past_any_route_but_the_public_ones(house: House, secret: str | None) -> None:
    for route in routes():
        answer = await ask(house, route, secret)
        if route.permission is Permission.PUBLIC:
            # pages refuse forms, and OAuth clients, for reasons of their own
            is_right = answer.status != 401 or b'"authentication_error"' not in answer.body
        else:
            is_right = answer.status == 401
        assert (route.method, route.path, is_right) == (route.method, route.path, True)
