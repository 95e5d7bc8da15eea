"""People and their memberships in the database."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, Row, Select, Table, bindparam, func, select, text, update
from sqlalchemy.exc import DBAPIError

from antechamber.base.errors import Conflict, WireError
from antechamber.base.ids import OrganizationId, UserId
from antechamber.base.page import IdCursor, Page
from antechamber.base.permissions import OrganizationRole
from antechamber.base.unit import Unit
from antechamber.database.changes import CREDENTIALS, announce
from antechamber.database.engine import connection
from antechamber.database.listing import list_rows
from antechamber.database.locks import lock_organization
from antechamber.database.tables import Instant, Text, metadata
from antechamber.database.upserts import insert_into
from antechamber.features.organizations.model import Member, Person, base_of, key_of

people: Final = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False, unique=True),
    Column("email_base", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)
members: Final = Table(
    "members",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("removed_at", Instant),
    Index("ix_members_organization_id", "organization_id", "added_at", "user_id"),
    Index("ix_members_user_id", "user_id"),
)

# about as long as SQLite waits for other writers, and shorter than a client
_LOCK_MILLISECONDS: Final = 5000
_LOCK_NOT_AVAILABLE: Final = "55P03"
_CONCURRENT: Final = "Another change to the organization's members is in progress. Try again once it is complete."


class SqlMembers:
    """The store of people and memberships."""

    def __init__(self, lock_milliseconds: int = _LOCK_MILLISECONDS) -> None:
        self._lock_milliseconds = lock_milliseconds

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make changes come one after the other; Conflict `concurrent_membership_change` if that takes too long."""
        link = connection(unit)
        if link.dialect.name == "sqlite":
            await lock_organization(unit, organization_id)
            return
        await link.execute(text(f"SET LOCAL lock_timeout = {self._lock_milliseconds:d}"))
        try:
            await lock_organization(unit, organization_id)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            raise Conflict(_CONCURRENT, note=str(error.orig), error_code="concurrent_membership_change") from error
        # what comes after waits as everything else does
        await link.execute(text("SET LOCAL lock_timeout TO DEFAULT"))

    def is_busy(self, error: WireError) -> bool:
        """Say whether a transaction did not begin because others held the database for too long."""
        return "database is locked" in error.note

    async def find(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> Member | None:
        """Return the member, or None."""
        row = (await connection(unit).execute(_FIND, {"tenant": organization_id, "which": user_id})).one_or_none()
        return None if row is None else _member(row)

    async def find_by_email(self, unit: Unit, organization_id: OrganizationId, key: str) -> Member | None:
        """Return the member whose address has this key (`model.key_of`), or None."""
        query = _live(organization_id).where(people.c.email_key == key)
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _member(row)

    async def page(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        cursor: IdCursor,
        *,
        base: str | None,
        roles: Collection[OrganizationRole],
    ) -> Page[Member]:
        """Return members newest first: those of an address (`model.base_of`) and of any of the roles, if given."""
        query = _live(organization_id)
        if base is not None:
            query = query.where(people.c.email_base == base)
        if roles:
            query = query.where(members.c.role.in_(roles))
        tenant = members.c.organization_id == organization_id
        rows, has_more = await list_rows(unit, query, tenant, (members.c.added_at, members.c.user_id), cursor)
        return Page(tuple(_member(row) for row in rows), has_more)

    async def by_role(
        self, unit: Unit, organization_id: OrganizationId, roles: Collection[OrganizationRole]
    ) -> Sequence[Member]:
        """Return every member with one of the roles, oldest first."""
        query = _live(organization_id).where(members.c.role.in_(roles))
        rows = await connection(unit).execute(query.order_by(members.c.added_at, members.c.user_id))
        return [_member(row) for row in rows]

    async def count(self, unit: Unit, organization_id: OrganizationId) -> int:
        """Return how many members there are."""
        query = (
            select(func.count())
            .select_from(members)
            .where(members.c.organization_id == organization_id, members.c.removed_at.is_(None))
        )
        return int((await connection(unit).execute(query)).scalar_one())

    async def named(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[UserId]
    ) -> Mapping[UserId, Member]:
        """Return members by id, removed ones too; who was never one is left out."""
        if not ids:
            return {}
        query = _ever(organization_id).where(members.c.user_id.in_(ids))
        return {row.user_id: _member(row) for row in await connection(unit).execute(query)}

    async def settle_person(self, unit: Unit, organization_id: OrganizationId, person: Person) -> Person:
        """Return the person whom the server knows by this address already, or keep this one."""
        del organization_id  # people are the server's; it only says on whose behalf
        link = connection(unit)
        key = key_of(person.email)
        await link.execute(
            insert_into(people, link)
            .values(
                id=person.id,
                email=person.email,
                email_key=key,
                email_base=base_of(person.email),
                name=person.name,
                created_at=person.created_at,
            )
            .on_conflict_do_nothing(index_elements=["email_key"])
        )
        row = (await link.execute(select(people).where(people.c.email_key == key))).one()
        return Person(row.id, row.email, row.name, row.created_at)

    async def add(self, unit: Unit, organization_id: OrganizationId, member: Member) -> None:
        """Keep a membership, again for one who was removed, and announce it."""
        link = connection(unit)
        fresh = {"role": member.role, "added_at": member.added_at, "removed_at": None}
        await link.execute(
            insert_into(members, link)
            .values(organization_id=organization_id, user_id=member.id, **fresh)
            .on_conflict_do_update(index_elements=["organization_id", "user_id"], set_=fresh)
        )
        announce(unit, CREDENTIALS)

    async def set_role(
        self, unit: Unit, organization_id: OrganizationId, user_id: UserId, role: OrganizationRole
    ) -> None:
        """Change a role, and announce it."""
        await self._update(unit, organization_id, user_id, role=role)

    async def remove(self, unit: Unit, organization_id: OrganizationId, user_id: UserId, at: int) -> None:
        """End a membership, and announce it."""
        await self._update(unit, organization_id, user_id, removed_at=at)

    async def _update(self, unit: Unit, organization_id: OrganizationId, user_id: UserId, **values: object) -> None:
        mine = (members.c.organization_id == organization_id, members.c.user_id == user_id)
        await connection(unit).execute(update(members).where(*mine).values(**values))
        announce(unit, CREDENTIALS)

    async def sweep_roles(self, unit: Unit) -> dict[tuple[OrganizationId, UserId], OrganizationRole]:
        """Return every live membership of the server."""
        query = select(members.c.organization_id, members.c.user_id, members.c.role)
        rows = await connection(unit).execute(query.where(members.c.removed_at.is_(None)))
        return {(row.organization_id, row.user_id): OrganizationRole(row.role) for row in rows}


_WHOLE: Final[Select[Any]] = select(members, people.c.email, people.c.name).join(
    people, people.c.id == members.c.user_id
)


def _ever(organization_id: OrganizationId) -> Select[Any]:
    return _WHOLE.where(members.c.organization_id == organization_id)


def _live(organization_id: OrganizationId) -> Select[Any]:
    return _ever(organization_id).where(members.c.removed_at.is_(None))


# built once, as each exchange of a token asks it: building it costs more than the answer
_FIND: Final = _WHOLE.where(
    members.c.organization_id == bindparam("tenant"),
    members.c.removed_at.is_(None),
    members.c.user_id == bindparam("which"),
)


# to ask the enumeration takes as long as the rest
_ROLES: Final = {role.value: role for role in OrganizationRole}


def _member(row: Row[Any]) -> Member:
    # by place, in the order of `_ever`: by name each column costs as much as the whole
    values: tuple[Any, ...] = row[:]
    organization_id, user_id, role, added_at, removed_at, email, name = values
    return Member(user_id, organization_id, email, name, _ROLES[role], added_at, removed_at)
