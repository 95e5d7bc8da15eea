"""Invites in the database: every rule of wire-admin.md 2.3, from the asking to the acceptance."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from antechamber.base.actor import OPERATOR, Actor, ActorKind
from antechamber.base.chance import SystemChance
from antechamber.base.clock import MICROSECONDS
from antechamber.base.errors import InvalidRequest, NotFound, RateLimited, WireError
from antechamber.base.ids import InviteId
from antechamber.base.page import IdCursor
from antechamber.base.permissions import OrganizationRole
from antechamber.base.secret import digest, is_ours
from antechamber.database.engine import Database, connection
from antechamber.features.audit.sql.activities import activities
from antechamber.features.organizations.model import Invite, InviteRules, InviteStatus
from antechamber.features.organizations.service import Invites
from antechamber.features.organizations.sql import SqlInvites
from antechamber.features.organizations.sql.invites import invites as table
from tests.contracts.tenants import MINE, NOBODYS, PEPPER, THEIRS, Services

USER, DEVELOPER = OrganizationRole.USER, OrganizationRole.DEVELOPER
ACCEPTED, DELETED, EXPIRED, PENDING = (
    InviteStatus.ACCEPTED,
    InviteStatus.DELETED,
    InviteStatus.EXPIRED,
    InviteStatus.PENDING,
)
BY = Actor(ActorKind.ADMIN_API_KEY, "adminkey_1")
GUEST = Actor(ActorKind.UNAUTHENTICATED, None, "203.0.113.7")
DAYS_21 = 21 * 86_400


def under(made: Services, rules: InviteRules) -> Invites:
    return Invites(SqlInvites(), made.members, made.database, made.clock, SystemChance(), made.audit, PEPPER, rules)


async def invite(made: Services, email: str, role: str = "user") -> Invite:
    made.clock.advance(1)
    return await made.invites.create(MINE, email, role, BY)


async def secret_of(made: Services, asked: Invite) -> str:
    return (await made.invites.secret(asked.organization_id, asked.id)).reveal()


async def one_of_each(made: Services) -> dict[InviteStatus, Invite]:
    expired = await invite(made, "expired@example.com")
    made.clock.advance(DAYS_21)
    accepted = await invite(made, "accepted@example.com", "developer")
    await made.invites.accept(await secret_of(made, accepted), "", GUEST)
    deleted = await invite(made, "deleted@example.com")
    await made.invites.delete(MINE, deleted.id, BY)
    pending = await invite(made, "pending@example.com", "billing")
    found = {EXPIRED: expired, ACCEPTED: accepted, DELETED: deleted, PENDING: pending}
    return {status: await made.invites.get(MINE, kept.id) for status, kept in found.items()}


async def emails(
    made: Services,
    cursor: IdCursor | None = None,
    *,
    email: str | None = None,
    roles: Sequence[OrganizationRole] = (),
    statuses: Sequence[InviteStatus] = (),
) -> list[str]:
    page = await made.invites.listing(MINE, cursor or IdCursor(), email=email, roles=roles, statuses=statuses)
    return [found.email.partition("@")[0] for found in page.items]


async def test_an_invite_is_pending_for_21_days_to_the_microsecond(made: Services) -> None:
    asked = await invite(made, "Ada@Example.com", "developer")
    assert asked.id.startswith("invite_01")
    assert (asked.email, asked.role, asked.accepted_at) == ("Ada@example.com", DEVELOPER, None)
    assert asked.expires_at - asked.invited_at == DAYS_21 * MICROSECONDS
    assert asked.status(asked.expires_at - 1) is PENDING
    assert asked.status(asked.expires_at) is EXPIRED
    assert await made.invites.get(MINE, asked.id) == asked


async def test_an_invite_is_found_in_its_own_organization_only(made: Services) -> None:
    asked = await invite(made, "ada@example.com")
    for organization_id, invite_id in ((THEIRS, asked.id), (NOBODYS, asked.id), (MINE, InviteId("invite_01x"))):
        with pytest.raises(NotFound, match=r"^Invite not found\.$"):
            await made.invites.get(organization_id, invite_id)
        with pytest.raises(NotFound, match=r"^Invite not found\.$"):
            await made.invites.delete(organization_id, invite_id, BY)


async def test_every_status_is_computed(made: Services) -> None:
    for status, kept in (await one_of_each(made)).items():
        assert kept.status(made.clock.now()) is status


async def test_a_list_has_all_but_deleted_invites_newest_first(made: Services) -> None:
    await one_of_each(made)
    assert await emails(made) == ["pending", "accepted", "expired"]
    assert (await made.invites.listing(THEIRS, IdCursor())).items == ()


async def test_the_statuses_filter_is_an_or(made: Services) -> None:
    await one_of_each(made)
    assert await emails(made, statuses=[PENDING]) == ["pending"]
    assert await emails(made, statuses=[EXPIRED]) == ["expired"]
    assert await emails(made, statuses=[ACCEPTED]) == ["accepted"]
    assert await emails(made, statuses=[EXPIRED, PENDING]) == ["pending", "expired"]


async def test_the_roles_and_email_filters_narrow_the_list(made: Services) -> None:
    await one_of_each(made)
    assert await emails(made, roles=[DEVELOPER, USER]) == ["accepted", "expired"]
    assert await emails(made, email="PENDING+any@example.com") == ["pending"]
    assert await emails(made, email="pending@example.com", roles=[USER]) == []


async def test_a_cursor_goes_on_after_its_invite_was_deleted(made: Services) -> None:
    asked = [await invite(made, f"{name}@example.com") for name in "abc"]
    await made.invites.delete(MINE, asked[1].id, BY)
    assert await emails(made, IdCursor(after_id=asked[1].id)) == ["a"]
    assert await emails(made, IdCursor(before_id=asked[1].id)) == ["c"]


@pytest.mark.parametrize("status", [ACCEPTED, EXPIRED, DELETED])
async def test_only_a_pending_invite_can_be_deleted(made: Services, status: InviteStatus) -> None:
    kept = (await one_of_each(made))[status]
    with pytest.raises(InvalidRequest, match=rf"^Only a pending invite can be deleted; this one is {status}\.$"):
        await made.invites.delete(MINE, kept.id, BY)


async def test_a_second_invite_to_an_address_names_the_first(made: Services) -> None:
    first = await invite(made, "ada@example.com")
    with pytest.raises(InvalidRequest, match=first.id) as caught:
        await invite(made, "ADA@example.com")
    assert caught.value.error_code == "invite_already_exists"


@pytest.mark.parametrize("status", [EXPIRED, DELETED])
async def test_an_address_can_be_invited_again_once_its_invite_is_over(made: Services, status: InviteStatus) -> None:
    over = (await one_of_each(made))[status]
    assert (await invite(made, over.email)).id != over.id


async def test_inviting_a_member_names_the_user(made: Services) -> None:
    ada = await made.members.add(MINE, "ada@example.com", "", USER, OPERATOR)
    with pytest.raises(InvalidRequest, match=ada.id) as caught:
        await invite(made, "Ada@example.com")
    assert caught.value.error_code == "already_member"
    assert (await made.invites.create(THEIRS, "ada@example.com", "user", BY)).email == "ada@example.com"


@pytest.mark.parametrize("role", ["admin", "managed", "owner", ""])
async def test_roles_that_the_api_cannot_give_cannot_be_invited(made: Services, role: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^role: "):
        await invite(made, "ada@example.com", role)


@pytest.mark.parametrize("email", ["[email protected]", "ada", "ada@localhost", "", "a@b@example.com"])
async def test_what_is_no_address_is_refused_with_an_example(made: Services, email: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^email: must be an e-mail address, such as ada@example\.com$"):
        await invite(made, email)


async def test_only_allowed_domains_can_be_invited(made: Services) -> None:
    strict = under(made, InviteRules(domains=frozenset({"example.com"})))
    assert (await strict.create(MINE, "ada@EXAMPLE.com", "user", BY)).email == "ada@example.com"
    for email in ("ada@example.org", "ada@sub.example.com", "ada@badexample.com"):
        with pytest.raises(InvalidRequest) as caught:
            await strict.create(MINE, email, "user", BY)
        assert caught.value.error_code == "email_domain_not_allowed"


async def test_pending_invites_count_against_the_member_limit(made: Services) -> None:
    await made.members.add(MINE, "ada@example.com", "", USER, OPERATOR)
    small = under(made, InviteRules(member_limit=2))
    pending = await small.create(MINE, "bob@example.com", "user", BY)
    with pytest.raises(InvalidRequest) as caught:
        await small.create(MINE, "cy@example.com", "user", BY)
    assert caught.value.error_code == "org_member_limit_exceeded"
    await small.delete(MINE, pending.id, BY)
    await small.create(MINE, "cy@example.com", "user", BY)
    await small.create(THEIRS, "cy@example.com", "user", BY)


async def test_so_many_invites_can_be_created_in_an_hour(made: Services) -> None:
    slow = under(made, InviteRules(invites_per_hour=2))
    await slow.create(MINE, "a@example.com", "user", BY)
    made.clock.advance(600)
    second = await slow.create(MINE, "b@example.com", "user", BY)
    await slow.delete(MINE, second.id, BY)
    with pytest.raises(RateLimited) as caught:
        await slow.create(MINE, "c@example.com", "user", BY)
    assert (caught.value.retry_after, caught.value.should_retry) == (3000, False)
    await slow.create(THEIRS, "c@example.com", "user", BY)
    # a minute is as long as SDKs wait
    made.clock.advance(2940)
    with pytest.raises(RateLimited) as caught:
        await slow.create(MINE, "c@example.com", "user", BY)
    assert (caught.value.retry_after, caught.value.should_retry) == (60, None)
    made.clock.advance(60)
    await slow.create(MINE, "c@example.com", "user", BY)


async def test_accepting_makes_a_member_with_the_invites_address_and_role(made: Services, database: Database) -> None:
    asked = await invite(made, "ada@example.com", "developer")
    secret = await secret_of(made, asked)
    assert is_ours(secret)
    assert await made.invites.open(secret) == asked
    member = await made.invites.accept(secret, " Ada Lovelace ", GUEST)
    assert (member.email, member.name, member.role) == ("ada@example.com", "Ada Lovelace", DEVELOPER)
    assert await made.members.get(MINE, member.id) == member
    kept = await made.invites.get(MINE, asked.id)
    assert (kept.status(made.clock.now()), kept.accepted_at) == (ACCEPTED, made.clock.now())
    assert await made.invites.open(secret) is None
    async with database.read() as unit:
        query = select(activities.c.type, activities.c.actor_kind).order_by(activities.c.sequence)
        told = [tuple(row) for row in await connection(unit).execute(query)]
    assert told == [
        ("org_user_invite_sent", "admin_api_key_actor"),
        ("org_user_added", "unauthenticated_user_actor"),
        ("org_user_invite_accepted", "unauthenticated_user_actor"),
    ]


async def test_a_secret_that_opens_nothing_is_not_found(made: Services) -> None:
    with pytest.raises(NotFound, match=r"^Invite not found\.$"):
        await made.invites.accept("sk-ant-invite01-nothing", "", GUEST)
    assert await made.invites.open("") is None


@pytest.mark.parametrize("status", [ACCEPTED, EXPIRED, DELETED])
async def test_only_a_pending_invite_can_be_accepted(made: Services, status: InviteStatus) -> None:
    asked = await invite(made, "ada@example.com")
    secret = await secret_of(made, asked)
    if status is ACCEPTED:
        await made.invites.accept(secret, "", GUEST)
    elif status is DELETED:
        await made.invites.delete(MINE, asked.id, BY)
    else:
        made.clock.advance(DAYS_21)
    with pytest.raises(InvalidRequest, match=rf"it is {status}\.$"):
        await made.invites.accept(secret, "", GUEST)
    with pytest.raises(InvalidRequest, match=rf"this one is {status}\.$"):
        await made.invites.secret(MINE, asked.id)


async def test_an_invite_of_a_member_cannot_be_accepted_any_more(made: Services) -> None:
    asked = await invite(made, "ada@example.com")
    secret = await secret_of(made, asked)
    await made.members.add(MINE, "ada@example.com", "", USER, OPERATOR)
    with pytest.raises(InvalidRequest) as caught:
        await made.invites.accept(secret, "", GUEST)
    assert caught.value.error_code == "already_member"


async def test_only_a_keyed_hash_of_the_secret_is_kept(made: Services, database: Database) -> None:
    asked = await invite(made, "ada@example.com")
    secret = await secret_of(made, asked)
    async with database.read() as unit:
        row = (await connection(unit).execute(select(table))).one()
    assert row.digest == digest(PEPPER.reveal().encode(), secret)
    assert not any(secret in str(value) for value in row)


async def outcome(work: object) -> str:
    try:
        await work  # type: ignore[misc]
    except WireError as error:
        return error.error_code or error.type
    return "done"


async def test_many_acceptances_at_once_make_one_member(made: Services) -> None:
    secret = await secret_of(made, await invite(made, "ada@example.com"))
    ends = await asyncio.gather(*(outcome(made.invites.accept(secret, "", GUEST)) for _ in range(5)))
    assert sorted(ends) == ["done", *["invite_not_pending"] * 4]
    assert len((await made.members.listing(MINE, IdCursor())).items) == 1


async def test_many_invites_to_one_address_at_once_make_one(made: Services) -> None:
    works = [made.invites.create(MINE, "ada@example.com", "user", BY) for _ in range(5)]
    assert sorted(await asyncio.gather(*map(outcome, works))) == ["done", *["invite_already_exists"] * 4]


async def test_a_mail_is_due_until_it_is_sent_and_claimed_once(made: Services, database: Database) -> None:
    asked = await invite(made, "ada@example.com")
    store, now = SqlInvites(), made.clock.now()

    async def due(at: int) -> list[tuple[str, int]]:
        async with database.begin() as unit:
            found = await store.sweep_mail_due(unit, at, at + 300, 10)
        return [(kept.id, attempts) for kept, attempts in found]

    assert await due(now - 1) == []
    assert await due(now) == [(asked.id, 0)]
    assert await due(now + 299) == []
    assert await due(now + 300) == [(asked.id, 0)]
    async with database.begin() as unit:
        await store.note_mail(unit, MINE, asked.id, sent_at=None, due_at=now + 400, attempts=1)
    assert await due(now + 400) == [(asked.id, 1)]
    async with database.begin() as unit:
        await store.note_mail(unit, MINE, asked.id, sent_at=now + 401, due_at=None, attempts=2)
    assert await due(now + 10_000) == []


async def test_mails_of_invites_that_are_over_are_not_sent(made: Services, database: Database) -> None:
    asked = await invite(made, "deleted@example.com")
    await made.invites.delete(MINE, asked.id, BY)
    expired = await invite(made, "expired@example.com")
    async with database.begin() as unit:
        assert await SqlInvites().sweep_mail_due(unit, expired.expires_at, 0, 10) == []
