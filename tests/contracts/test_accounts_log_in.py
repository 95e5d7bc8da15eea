"""Log-in by password: who gets in, who does not, and that nobody learns why not."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from antechamber.adapters.identity.passwords import Argon2Passwords, Cost
from antechamber.base.actor import OPERATOR
from antechamber.base.chance import SystemChance
from antechamber.base.ids import OrganizationId, UserId
from antechamber.database.engine import Database
from antechamber.features.accounts.model import LoggedIn, Reason, Refused
from antechamber.features.accounts.service import Ground
from antechamber.features.accounts.sql.passwords import passwords
from antechamber.wiring.log_in import Foundations, LogIn, LogInRules, build_log_in
from tests.contracts.entrants import (
    ADA,
    AWAY,
    BETTER,
    BOB,
    GOOD,
    HOME,
    WRONG,
    acts,
    entrant,
    is_open,
    logged_in,
    member,
    organization,
    rows,
)
from tests.contracts.tenants import PEPPER, Services

WRONG_ANSWER = Refused(Reason.WRONG)


@pytest.fixture
async def here(made: Services) -> OrganizationId:
    return await organization(made)


async def test_a_person_logs_in_and_the_session_says_who_and_where_from(made: Services, here: OrganizationId) -> None:
    ada = await entrant(made, here)
    entered = await logged_in(made)
    session = await made.log_in.sessions.resolve(entered.secret.reveal())
    assert session == entered.session
    assert (session.user_id, session.email, session.address, session.user_agent) == (
        ada.id,
        ADA,
        HOME.ip_address,
        HOME.user_agent,
    )
    assert session.csrf
    assert [each.organization_id for each in await made.log_in.logins.memberships(ada.id)] == [here]


@pytest.mark.parametrize("email", ["ADA@EXAMPLE.COM", "  ada@example.com ", "Ada@Example.com"])
async def test_an_address_is_the_same_however_it_is_written(made: Services, here: OrganizationId, email: str) -> None:
    await entrant(made, here)
    assert isinstance(await made.log_in.logins.log_in(email, GOOD, HOME), LoggedIn)


async def test_an_internationalized_domain_is_the_same_in_both_of_its_forms(
    made: Services, here: OrganizationId
) -> None:
    await entrant(made, here, "ada@bücher.example")
    for email in ("ada@bücher.example", "ada@xn--bcher-kva.example", "ada@BÜCHER.example"):
        assert isinstance(await made.log_in.logins.log_in(email, GOOD, HOME), LoggedIn)


async def test_a_password_typed_in_another_normal_form_is_the_same(made: Services, here: OrganizationId) -> None:
    await entrant(made, here, password="caf\u00e9 cr\u00e8me br\u00fbl\u00e9e")
    assert isinstance(await made.log_in.logins.log_in(ADA, "cafe\u0301 cre\u0300me bru\u0302le\u0301e", HOME), LoggedIn)


ODD_EMAILS = ["", "ada", "ada@", "@", "ada@example.com\x00", "\ud800@example.com", "a" * 100_000, "ada@" + "ü" * 5000,
              "ada@example.com, bob@example.com", "' OR 1=1 --@example.com", "дa@example.com"]  # fmt: skip
ODD_PASSWORDS = ["", " ", "\x00", f"{GOOD}\x00", "\ud800", "x" * 1001, "x" * 1_000_000, "🐴" * 1000]


@pytest.mark.parametrize("email", [*ODD_EMAILS, "nobody@example.com", BOB, ADA])
async def test_whoever_is_not_let_in_gets_one_answer_after_one_check(
    made: Services, here: OrganizationId, email: str
) -> None:
    """Nobody at all, a member without a password, and a wrong password: as much work, and no word of which it was."""
    await entrant(made, here)
    await member(made, here, BOB)
    before = made.hasher.checked
    assert await made.log_in.logins.log_in(email, WRONG, HOME) == WRONG_ANSWER
    assert made.hasher.checked == before + 1


@pytest.mark.parametrize("password", ODD_PASSWORDS)
async def test_whatever_is_typed_for_a_password_is_checked_once_and_wrong(
    made: Services, here: OrganizationId, password: str
) -> None:
    await entrant(made, here)
    before = made.hasher.checked
    for email in (ADA, "nobody@example.com"):
        assert await made.log_in.logins.log_in(email, password, HOME) == WRONG_ANSWER
    assert made.hasher.checked == before + 2


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=15, deadline=None
)
@given(email=st.text(max_size=60), password=st.text(max_size=60))
async def test_nothing_that_is_typed_breaks_a_log_in(made: Services, email: str, password: str) -> None:
    answer = await made.log_in.logins.log_in(email, password, AWAY)
    assert isinstance(answer, Refused)


async def test_who_is_a_member_nowhere_any_more_is_not_let_in(made: Services, here: OrganizationId) -> None:
    ada = await entrant(made, here)
    await made.members.dismiss(here, ada.id, OPERATOR)
    assert await made.log_in.logins.log_in(ADA, GOOD, HOME) == Refused(Reason.NO_MEMBERSHIP)
    # which only who has the password learns
    assert await made.log_in.logins.log_in(ADA, WRONG, HOME) == WRONG_ANSWER


async def test_who_is_a_member_elsewhere_is_let_in(made: Services, here: OrganizationId) -> None:
    ada = await entrant(made, here)
    there = await organization(made, "Difference Engines")
    await member(made, there, ADA)
    await made.members.dismiss(here, ada.id, OPERATOR)
    await logged_in(made)
    names = [(each.organization_id, each.organization_name) for each in await made.log_in.logins.memberships(ada.id)]
    assert names == [(there, "Difference Engines")]


async def test_a_log_in_ends_the_session_that_the_browser_had(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    first = await logged_in(made)
    other = await logged_in(made, by=AWAY)
    again = await made.log_in.logins.log_in(ADA, GOOD, HOME, previous=first.secret.reveal())
    assert isinstance(again, LoggedIn)
    assert again.session.id != first.session.id
    assert [await is_open(made, each) for each in (first, other, again)] == [False, True, True]


async def test_a_failed_log_in_leaves_the_session_that_the_browser_had(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    first = await logged_in(made)
    assert await made.log_in.logins.log_in(ADA, WRONG, HOME, previous=first.secret.reveal()) == WRONG_ANSWER
    assert await is_open(made, first)


async def test_log_ins_stand_in_the_audit_log_of_each_organization_of_the_person(
    made: Services, here: OrganizationId, database: Database
) -> None:
    there = await organization(made, "Difference Engines")
    ada = await entrant(made, here)
    await member(made, there, ADA)
    await made.log_in.logins.log_in(ADA, WRONG, HOME)
    entered = await logged_in(made)
    await made.log_in.logins.log_out(entered.session, HOME)
    for organization_id in (here, there):
        told = (await acts(database, organization_id))[-2:]
        assert [(kind, actor) for kind, actor, _ in told] == [
            ("password_login_succeeded", ada.id),
            ("user_logged_out", ada.id),
        ]
        assert told[0][2] == {
            "user_id": ada.id,
            "email": ADA,
            "session_id": entered.session.id,
            "failed_attempts": 1,
        }


async def test_a_log_out_ends_the_session_once(made: Services, here: OrganizationId, database: Database) -> None:
    await entrant(made, here)
    entered = await logged_in(made)
    for _ in range(2):
        await made.log_in.logins.log_out(entered.session, HOME)
    assert not await is_open(made, entered)
    assert [kind for kind, _, _ in await acts(database, here)].count("user_logged_out") == 1


def rebuilt(made: Services, cost: Cost) -> tuple[LogIn, Argon2Passwords]:
    chance = SystemChance()
    hasher = Argon2Passwords(PEPPER, chance, cost=cost)
    ground = Ground(made.database, made.clock, chance, PEPPER)
    under = Foundations(ground, made.audit, made.organizations, made.members, made.invites)
    return build_log_in(under, LogInRules(), hasher), hasher


async def test_a_hash_of_older_parameters_is_made_anew_at_the_next_log_in(
    made: Services, here: OrganizationId, database: Database
) -> None:
    await entrant(made, here)
    [before] = await rows(database, passwords)
    newer, _ = rebuilt(made, Cost(passes=2, memory_kib=16, lanes=1))
    assert await newer.logins.log_in(ADA, WRONG, HOME) == WRONG_ANSWER
    assert await rows(database, passwords) == [before]
    assert isinstance(await newer.logins.log_in(ADA, GOOD, HOME), LoggedIn)
    [after] = await rows(database, passwords)
    assert "m=16,t=2,p=1" in after.encoded
    assert after.set_at == before.set_at
    assert isinstance(await newer.logins.log_in(ADA, GOOD, HOME), LoggedIn)
    assert await rows(database, passwords) == [after]


async def test_a_password_changed_meanwhile_is_not_put_back_by_a_new_hash(
    made: Services, here: OrganizationId, database: Database
) -> None:
    ada = await entrant(made, here)
    [kept] = await rows(database, passwords)
    store = made.log_in.passwords._store
    async with database.begin() as unit:
        await store.renew(unit, ada.id, "another hash", "put back")
        await store.renew(unit, UserId("user_nobody"), kept.encoded, "put back")
    assert await rows(database, passwords) == [kept]


async def test_many_log_ins_at_once_all_get_sessions_of_their_own(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    await logged_in(made)
    entered = await asyncio.gather(*(made.log_in.logins.log_in(ADA, GOOD, HOME) for _ in range(4)))
    secrets = {each.secret.reveal() for each in entered if isinstance(each, LoggedIn)}
    assert len(secrets) == 4


async def test_two_people_who_log_in_at_once_are_told_apart(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    await entrant(made, here, BOB, BETTER)
    ada, bob = await asyncio.gather(logged_in(made), logged_in(made, BOB, BETTER, AWAY))
    assert (ada.session.email, bob.session.email) == (ADA, BOB)
