"""Guesses are slowed down, on every node alike, and a known person is never kept out by a stranger."""

import asyncio
import dataclasses

import pytest

from antechamber.base.actor import Actor
from antechamber.base.ids import OrganizationId
from antechamber.database.engine import Database
from antechamber.features.accounts.model import LoggedIn, Reason, Refused
from antechamber.features.accounts.sql.attempts import log_in_attempts
from antechamber.features.audit.model import RefusalQuery
from antechamber.features.audit.service import Refusals
from antechamber.features.audit.sql import SqlRefusals
from antechamber.wiring.auditing import AuditNeighbours
from tests.contracts.entrants import (
    ADA,
    AWAY,
    BOB,
    GOOD,
    HOME,
    WRONG,
    entrant,
    logged_in,
    organization,
    rows,
)
from tests.contracts.tenants import Services, services

WRONG_ANSWER = Refused(Reason.WRONG)


@pytest.fixture
async def here(made: Services) -> OrganizationId:
    organization_id = await organization(made)
    await entrant(made, organization_id)
    return organization_id


def from_host(number: int) -> Actor:
    return dataclasses.replace(AWAY, ip_address=f"198.51.{number // 250}.{number % 250 + 1}")


async def guess(made: Services, by: Actor = HOME, email: str = ADA, times: int = 1) -> LoggedIn | Refused:
    for _ in range(times - 1):
        await made.log_in.logins.log_in(email, WRONG, by)
    return await made.log_in.logins.log_in(email, WRONG, by)


@pytest.mark.usefixtures("here")
async def test_after_five_wrong_passwords_from_one_place_the_next_has_to_wait(made: Services) -> None:
    assert await guess(made, times=5) == WRONG_ANSWER
    checked = made.hasher.checked
    assert await made.log_in.logins.log_in(ADA, GOOD, HOME) == Refused(Reason.THROTTLED, 1)
    # which costs us nothing, and changes nothing
    assert made.hasher.checked == checked
    assert await made.log_in.logins.log_in(ADA, GOOD, HOME) == Refused(Reason.THROTTLED, 1)
    made.clock.advance(1)
    assert isinstance(await made.log_in.logins.log_in(ADA, GOOD, HOME), LoggedIn)


@pytest.mark.parametrize("email", ["nobody@example.com", "not an address", "a" * 1000])
@pytest.mark.usefixtures("here")
async def test_an_account_that_does_not_exist_is_slowed_down_in_the_same_steps(made: Services, email: str) -> None:
    for _ in range(12):
        real, none = await guess(made), await guess(made, AWAY, email)
        assert real == none
        made.clock.advance(1)


@pytest.mark.usefixtures("here")
async def test_waits_grow_to_a_quarter_of_an_hour_and_no_further(made: Services) -> None:
    waits = []
    for _ in range(16):
        await guess(made)
        refused = await guess(made)
        assert isinstance(refused, Refused)
        waits.append(refused.wait_seconds)
        made.clock.advance(refused.wait_seconds)
    # the first four guesses came in pairs, free
    assert waits[:2] == [0, 0]
    assert waits[-3:] == [900, 900, 900]


@pytest.mark.usefixtures("here")
async def test_guesses_from_many_places_are_slowed_down_for_the_account(made: Services) -> None:
    for number in range(10):
        assert await guess(made, from_host(number)) == WRONG_ANSWER
    assert await guess(made, from_host(99)) == Refused(Reason.THROTTLED, 1)


@pytest.mark.usefixtures("here")
async def test_a_place_from_which_a_person_logged_in_is_not_closed_by_guesses_elsewhere(made: Services) -> None:
    await logged_in(made)
    for number in range(40):
        await guess(made, from_host(number))
        made.clock.advance(60)
    assert await guess(made, from_host(99)) != WRONG_ANSWER
    assert isinstance(await made.log_in.logins.log_in(ADA, GOOD, HOME), LoggedIn)


async def test_a_crowd_behind_one_address_does_not_close_it_to_those_who_are_known_there(
    made: Services, here: OrganizationId
) -> None:
    await entrant(made, here, BOB)
    await logged_in(made)
    for number in range(101):
        await guess(made, HOME, f"guess{number}@example.com")
    refused = await made.log_in.logins.log_in(BOB, GOOD, HOME)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.THROTTLED
    assert isinstance(await made.log_in.logins.log_in(ADA, GOOD, HOME), LoggedIn)


@pytest.mark.usefixtures("here")
async def test_a_known_place_has_its_own_limit(made: Services) -> None:
    await logged_in(made)
    assert await guess(made, times=5) == WRONG_ANSWER
    assert await guess(made) == Refused(Reason.THROTTLED, 1)
    # and the account is none the worse elsewhere
    assert await guess(made, AWAY) == WRONG_ANSWER


async def test_a_log_in_of_ones_own_does_not_open_the_way_to_others(made: Services, here: OrganizationId) -> None:
    """A guesser who has an account too logs in between the guesses: what failed elsewhere stays counted."""
    await entrant(made, here, BOB)
    answers = []
    for _ in range(12):
        await made.log_in.logins.log_in(BOB, GOOD, AWAY)
        answers.append(await guess(made, AWAY))
    assert answers[:5] == [WRONG_ANSWER] * 5
    assert all(isinstance(each, Refused) and each.reason is Reason.THROTTLED for each in answers[5:])


@pytest.mark.usefixtures("here")
async def test_hosts_of_one_ipv6_network_are_one_place(made: Services) -> None:
    for number in range(5):
        await guess(made, dataclasses.replace(HOME, ip_address=f"2001:db8:1:2::{number + 1}"))
    assert (await guess(made, dataclasses.replace(HOME, ip_address="2001:db8:1:2:ffff::1"))) != WRONG_ANSWER
    assert (await guess(made, dataclasses.replace(HOME, ip_address="2001:db8:1:3::1"))) == WRONG_ANSWER


@pytest.mark.usefixtures("here")
async def test_a_caller_whose_address_is_not_known_is_counted_too(made: Services) -> None:
    nowhere = dataclasses.replace(HOME, ip_address=None)
    assert await guess(made, nowhere, times=5) == WRONG_ANSWER
    assert await guess(made, nowhere) == Refused(Reason.THROTTLED, 1)


@pytest.mark.usefixtures("here")
async def test_guesses_that_come_at_once_are_counted_before_they_are_checked(made: Services) -> None:
    before = made.hasher.checked
    answers = await asyncio.gather(*(guess(made) for _ in range(30)))
    assert answers.count(WRONG_ANSWER) == made.hasher.checked - before == 5


@pytest.mark.usefixtures("here")
async def test_two_nodes_count_together(made: Services, database: Database) -> None:
    other = services(database)
    other.clock = made.clock
    answers = await asyncio.gather(*(guess(node) for node in (made, other) * 10))
    assert answers.count(WRONG_ANSWER) == 5


@pytest.mark.usefixtures("here")
async def test_what_is_counted_is_kept_under_digests_and_forgotten(made: Services, database: Database) -> None:
    await logged_in(made)
    await guess(made, AWAY)
    kept = await rows(database, log_in_attempts)
    assert len(kept) == 5
    assert all(len(row.digest) == 32 for row in kept)
    made.clock.advance(91 * 86_400)
    await guess(made, from_host(7), "somebody@else.example")
    assert len(await rows(database, log_in_attempts)) == 3


async def test_failures_are_counted_among_the_refusals_of_the_persons_organizations(
    made: Services, here: OrganizationId, database: Database
) -> None:
    refusals = Refusals(SqlRefusals(), database, made.clock, AuditNeighbours(made.organizations))
    made.log_in.failures.bind(refusals)
    await guess(made, times=7)
    await guess(made, AWAY, "nobody@example.com")
    await refusals.flush()
    page = await refusals.listing(here, RefusalQuery())
    told = {(each.key.status, each.key.route, each.key.principal_id != "", each.count) for each in page.refusals}
    assert {(401, "/login", True, 5), (429, "/login", True, 2)} <= told
    assert all(each.ip_address == HOME.ip_address for each in page.refusals if each.key.principal_id)
