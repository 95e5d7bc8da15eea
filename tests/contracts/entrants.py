"""People who log in, for the tests of accounts: made by the services that make them on a server."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, select

from antechamber.base.actor import OPERATOR, Actor, ActorKind
from antechamber.base.ids import OrganizationId
from antechamber.base.permissions import OrganizationRole
from antechamber.database.engine import Database, connection
from antechamber.features.accounts.model import BrowserSession, LoggedIn
from antechamber.features.audit.sql.activities import activities
from antechamber.features.organizations.model import Member
from tests.contracts.tenants import Services

GOOD = "korrekt pferd batterie"
BETTER = "ein ganz anderer satz"
WRONG = "keineswegs das richtige"
ADA, BOB = "ada@example.com", "bob@example.com"
HOME = Actor(ActorKind.UNAUTHENTICATED, None, "203.0.113.7", "Mozilla/5.0 Firefox/140", "req_1")
AWAY = Actor(ActorKind.UNAUTHENTICATED, None, "198.51.100.9", "Mozilla/5.0 Safari/18", "req_2")


async def organization(made: Services, name: str = "Analytical Engines") -> OrganizationId:
    """Return a new organisation with a keeper, so that everybody else may be removed."""
    async with made.database.begin() as unit:
        founded = await made.organizations.create(unit, name)
        await made.workspaces.create_default(unit, founded.id)
    await made.members.add(founded.id, f"keeper@{founded.id}.example", "", OrganizationRole.ADMIN, OPERATOR)
    return founded.id


async def member(made: Services, organization_id: OrganizationId, email: str = ADA) -> Member:
    """Return a new member without a way in."""
    return await made.members.add(organization_id, email, "", OrganizationRole.DEVELOPER, OPERATOR)


async def entrant(made: Services, organization_id: OrganizationId, email: str = ADA, password: str = GOOD) -> Member:
    """Return a new member with a password, who has no session and is known from no address."""
    made_member = await member(made, organization_id, email)
    _, secret = await made.log_in.passwords.create_link(made_member, OPERATOR)
    entered = await made.log_in.passwords.use_link(secret.reveal(), password, HOME)
    assert isinstance(entered, LoggedIn)
    await made.log_in.sessions.revoke_all(made_member.id)
    return made_member


async def logged_in(made: Services, email: str = ADA, password: str = GOOD, by: Actor = HOME) -> LoggedIn:
    """Log in, which must work."""
    entered = await made.log_in.logins.log_in(email, password, by)
    assert isinstance(entered, LoggedIn), entered
    return entered


async def is_open(made: Services, entered: LoggedIn) -> bool:
    """Say whether a session's secret still opens it."""
    return await made.log_in.sessions.resolve(entered.secret.reveal()) is not None


async def visit(made: Services, entered: LoggedIn) -> BrowserSession:
    """Return a session as a page sees it."""
    session = await made.log_in.sessions.resolve(entered.secret.reveal())
    assert session is not None
    return session


async def acts(database: Database, organization_id: OrganizationId) -> list[tuple[str, str | None, dict[str, Any]]]:
    """Return type, actor and details of an organisation's activities, in their order."""
    query = select(activities).where(activities.c.organization_id == organization_id)
    async with database.read() as unit:
        rows = await connection(unit).execute(query.order_by(activities.c.sequence))
        return [(row.type, row.actor_id, json.loads(row.details)) for row in rows]


async def rows(database: Database, table: Table) -> Sequence[Any]:
    """Return every row of a table."""
    async with database.read() as unit:
        return (await connection(unit).execute(select(table))).all()
