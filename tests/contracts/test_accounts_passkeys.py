"""Passkeys: added, named, removed and logged in with; a challenge answers once, and the last way in stays."""

import asyncio
from collections.abc import Awaitable

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.errors import NotFound, WireError
from antechamber.base.ids import OrganizationId, PasskeyId
from antechamber.database.engine import Database
from antechamber.features.accounts.model import MOST_PASSKEYS, LoggedIn, Passkey, Reason, Refused
from antechamber.features.accounts.sql.passkeys import spent_challenges
from antechamber.features.accounts.sql.passwords import passwords
from tests.authenticator import Authenticator
from tests.contracts.entrants import (
    ADA,
    AWAY,
    BETTER,
    BOB,
    GOOD,
    HOME,
    acts,
    entrant,
    is_open,
    logged_in,
    organization,
    rows,
)
from tests.contracts.tenants import Services

WRONG_ANSWER = Refused(Reason.WRONG)
QUARTER = 15 * 60


@pytest.fixture
async def here(made: Services) -> OrganizationId:
    return await organization(made)


async def code(work: Awaitable[object]) -> str | None:
    with pytest.raises(WireError) as caught:
        await work
    return caught.value.error_code or caught.value.type


async def add(made: Services, entered: LoggedIn, device: Authenticator, name: str = "Laptop") -> Passkey:
    options = await made.log_in.passkeys.begin_registration(entered.session)
    return await made.log_in.passkeys.finish_registration(entered.session, device.create(options), name, HOME)


async def present(made: Services, device: Authenticator) -> LoggedIn | Refused:
    return await made.log_in.passkeys.finish_log_in(device.get(made.log_in.passkeys.begin_log_in()), AWAY)


async def keyholder(made: Services, here: OrganizationId, email: str = ADA) -> tuple[LoggedIn, Authenticator]:
    """Return somebody who has a passkey and no password."""
    device = Authenticator()
    asked = await made.invites.create(here, email, "developer", OPERATOR)
    secret = (await made.invites.secret(here, asked.id)).reveal()
    options = await made.accounts.begin_passkey(secret, email, "Ada")
    entered = await made.accounts.accept_invite(secret, "Ada", None, HOME, passkey=device.create(options))
    assert isinstance(entered, LoggedIn)
    return entered, device


async def test_a_passkey_is_added_listed_and_logged_in_with(
    made: Services, here: OrganizationId, database: Database
) -> None:
    ada = await entrant(made, here)
    entered, device = await logged_in(made), Authenticator()
    passkey = await add(made, entered, device, "  Laptop ")
    again = await present(made, device)
    assert isinstance(again, LoggedIn)
    assert again.session.user_id == ada.id
    [kept] = await made.log_in.passkeys.listing(ada.id)
    assert (kept.id, kept.name, kept.sign_count, kept.last_used_at) == (passkey.id, "Laptop", 1, made.clock.now())
    told = [(kind, actor) for kind, actor, _ in await acts(database, here)]
    assert ("passkey_added", ada.id) in told
    assert told[-1] == ("passkey_login_succeeded", ada.id)


async def test_a_log_in_with_a_passkey_ends_the_session_that_the_browser_had(
    made: Services, here: OrganizationId
) -> None:
    await entrant(made, here)
    entered, device = await logged_in(made), Authenticator()
    await add(made, entered, device)
    answer = device.get(made.log_in.passkeys.begin_log_in())
    await made.log_in.passkeys.finish_log_in(answer, HOME, previous=entered.secret.reveal())
    assert not await is_open(made, entered)


async def test_an_answer_serves_once_and_for_five_minutes(
    made: Services, here: OrganizationId, database: Database
) -> None:
    await entrant(made, here)
    entered, device = await logged_in(made), Authenticator(counts=False)
    await add(made, entered, device)
    answer = device.get(made.log_in.passkeys.begin_log_in())
    assert isinstance(await made.log_in.passkeys.finish_log_in(answer, HOME), LoggedIn)
    assert await made.log_in.passkeys.finish_log_in(answer, HOME) == WRONG_ANSWER
    late = device.get(made.log_in.passkeys.begin_log_in())
    made.clock.advance(300)
    assert await made.log_in.passkeys.finish_log_in(late, HOME) == WRONG_ANSWER
    # and what was answered is forgotten once it could not be answered again
    assert isinstance(await present(made, device), LoggedIn)
    assert len(await rows(database, spent_challenges)) == 1


async def test_one_answer_sent_by_many_at_once_opens_one_session(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    entered, device = await logged_in(made), Authenticator(counts=False)
    await add(made, entered, device)
    answer = device.get(made.log_in.passkeys.begin_log_in())
    ends = await asyncio.gather(*(made.log_in.passkeys.finish_log_in(answer, HOME) for _ in range(5)))
    assert [isinstance(end, LoggedIn) for end in ends].count(True) == 1


async def test_a_failed_answer_spends_its_challenge(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    entered, device = await logged_in(made), Authenticator()
    await add(made, entered, device)
    options = made.log_in.passkeys.begin_log_in()
    assert await made.log_in.passkeys.finish_log_in(device.get(options, origin="http://evil.example"), HOME) == (
        WRONG_ANSWER
    )
    assert await made.log_in.passkeys.finish_log_in(device.get(options), HOME) == WRONG_ANSWER


async def test_a_copied_key_whose_count_lies_behind_is_refused(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    entered, device = await logged_in(made), Authenticator()
    await add(made, entered, device)
    for _ in range(3):
        assert isinstance(await present(made, device), LoggedIn)
    device.held[0].sign_count = 1
    assert await present(made, device) == WRONG_ANSWER


@pytest.mark.parametrize("text", ["", "null", "{}", '{"response": {}}', "\x00", "\ud800", "[" * 5000, "x" * 100_000])
async def test_what_is_no_answer_is_refused_as_a_wrong_one(made: Services, here: OrganizationId, text: str) -> None:
    await entrant(made, here)
    entered = await logged_in(made)
    assert await made.log_in.passkeys.finish_log_in(text, HOME) == WRONG_ANSWER
    work = made.log_in.passkeys.finish_registration(entered.session, text, "", HOME)
    assert await code(work) == "passkey_rejected"


async def test_a_passkey_that_nobody_has_is_refused_and_fills_no_table(
    made: Services, here: OrganizationId, database: Database
) -> None:
    await entrant(made, here)
    stranger = Authenticator()
    stranger.create(await made.log_in.passkeys.begin_registration((await logged_in(made)).session))
    for _ in range(5):
        assert await present(made, stranger) == WRONG_ANSWER
    assert await rows(database, spent_challenges) == []


async def test_who_is_a_member_nowhere_does_not_get_in_with_a_passkey(made: Services, here: OrganizationId) -> None:
    entered, device = await keyholder(made, here)
    await made.members.dismiss(here, entered.session.user_id, OPERATOR)
    assert await present(made, device) == Refused(Reason.NO_MEMBERSHIP)


async def test_a_ceremony_begun_in_one_session_is_not_finished_in_another(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    await entrant(made, here, BOB, BETTER)
    ada, bob = await logged_in(made), await logged_in(made, BOB, BETTER)
    options = await made.log_in.passkeys.begin_registration(ada.session)
    credential = Authenticator().create(options)
    for session in (bob.session, (await logged_in(made)).session):
        work = made.log_in.passkeys.finish_registration(session, credential, "", HOME)
        assert await code(work) == "passkey_rejected"
    # nor is the challenge of a log-in one of a registration
    credential = Authenticator().create({**options, "challenge": made.log_in.passkeys.begin_log_in()["challenge"]})
    assert await code(made.log_in.passkeys.finish_registration(ada.session, credential, "", HOME)) == "passkey_rejected"


async def test_a_new_passkey_answers_its_challenge_once(made: Services, here: OrganizationId) -> None:
    ada = await entrant(made, here)
    entered = await logged_in(made)
    options = await made.log_in.passkeys.begin_registration(entered.session)
    device = Authenticator()
    finish = made.log_in.passkeys.finish_registration
    first = device.create(options)
    await finish(entered.session, first, "", HOME)
    assert await code(finish(entered.session, device.create(options), "", HOME)) == "passkey_rejected"
    assert len(await made.log_in.passkeys.listing(ada.id)) == 1


async def test_a_credential_that_is_kept_already_is_not_kept_again(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    await entrant(made, here, BOB, BETTER)
    ada, bob, device = await logged_in(made), await logged_in(made, BOB, BETTER), Authenticator()
    await add(made, ada, device)
    for entered in (ada, bob):
        options = await made.log_in.passkeys.begin_registration(entered.session)
        same = device.create(options, credential_id=device.held[0].id)
        work = made.log_in.passkeys.finish_registration(entered.session, same, "", HOME)
        assert await code(work) == "passkey_known"


async def test_passkeys_are_named_and_removed_by_their_own_person_alone(
    made: Services, here: OrganizationId, database: Database
) -> None:
    await entrant(made, here)
    await entrant(made, here, BOB, BETTER)
    ada, bob = await logged_in(made), await logged_in(made, BOB, BETTER)
    passkey = await add(made, ada, Authenticator())
    for passkey_id in (passkey.id, PasskeyId("passkey_0122222222222222222222"), PasskeyId("\x00")):
        with pytest.raises(NotFound):
            await made.log_in.passkeys.rename(bob.session, passkey_id, "mine")
        with pytest.raises(NotFound):
            await made.log_in.passkeys.remove(bob.session, passkey_id, HOME)
    await made.log_in.passkeys.rename(ada.session, passkey.id, "Old laptop")
    [kept] = await made.log_in.passkeys.listing(ada.session.user_id)
    assert kept.name == "Old laptop"
    await made.log_in.passkeys.remove(ada.session, passkey.id, HOME)
    assert await made.log_in.passkeys.listing(ada.session.user_id) == []
    assert (await acts(database, here))[-1][0] == "passkey_removed"


@pytest.mark.parametrize("name", ["x" * 61, "a\x00b", "two\nlines", "\ud800"])
async def test_a_name_that_cannot_be_shown_is_refused(made: Services, here: OrganizationId, name: str) -> None:
    await entrant(made, here)
    entered = await logged_in(made)
    passkey = await add(made, entered, Authenticator(), "")
    assert passkey.name == "Passkey"
    assert await code(made.log_in.passkeys.rename(entered.session, passkey.id, name)) == "passkey_name"


async def test_who_has_no_password_keeps_their_last_passkey(made: Services, here: OrganizationId) -> None:
    entered, _ = await keyholder(made, here)
    [only] = await made.log_in.passkeys.listing(entered.session.user_id)
    assert await code(made.log_in.passkeys.remove(entered.session, only.id, HOME)) == "last_way_in"
    await add(made, entered, Authenticator())
    await made.log_in.passkeys.remove(entered.session, only.id, HOME)
    [last] = await made.log_in.passkeys.listing(entered.session.user_id)
    with_password = await made.log_in.passwords.change(entered.session, None, GOOD, HOME)
    await made.log_in.passkeys.remove(with_password.session, last.id, HOME)
    await logged_in(made)


async def test_of_two_last_passkeys_removed_at_once_one_stays(made: Services, here: OrganizationId) -> None:
    entered, _ = await keyholder(made, here)
    for _ in range(3):
        await add(made, entered, Authenticator())
        pair = await made.log_in.passkeys.listing(entered.session.user_id)
        works = [made.log_in.passkeys.remove(entered.session, passkey.id, HOME) for passkey in pair]
        ends = await asyncio.gather(*works, return_exceptions=True)
        assert [end.error_code for end in ends if isinstance(end, WireError)] == ["last_way_in"]
        assert len(await made.log_in.passkeys.listing(entered.session.user_id)) == 1


async def test_an_old_log_in_does_not_change_how_one_gets_in(made: Services, here: OrganizationId) -> None:
    entered, device = await keyholder(made, here)
    passkey = (await made.log_in.passkeys.listing(entered.session.user_id))[0]
    made.clock.advance(QUARTER)
    passkeys = made.log_in.passkeys
    assert await code(passkeys.begin_registration(entered.session)) == "log_in_again"
    assert await code(passkeys.finish_registration(entered.session, "{}", "", HOME)) == "log_in_again"
    assert await code(passkeys.remove(entered.session, passkey.id, HOME)) == "log_in_again"
    assert await code(made.log_in.passwords.change(entered.session, None, GOOD, HOME)) == "log_in_again"
    again = await present(made, device)
    assert isinstance(again, LoggedIn)
    await made.log_in.passwords.change(again.session, None, GOOD, HOME)


async def test_a_person_has_at_most_twenty_passkeys(made: Services, here: OrganizationId) -> None:
    await entrant(made, here)
    entered = await logged_in(made)
    for number in range(MOST_PASSKEYS):
        await add(made, entered, Authenticator(), f"Key {number}")
    assert await code(made.log_in.passkeys.begin_registration(entered.session)) == "too_many_passkeys"


async def test_a_newcomer_gets_in_with_a_passkey_and_no_password(
    made: Services, here: OrganizationId, database: Database
) -> None:
    entered, device = await keyholder(made, here)
    assert await is_open(made, entered)
    assert await rows(database, passwords) == []
    again = await present(made, device)
    assert isinstance(again, LoggedIn)
    assert again.session.user_id == entered.session.user_id


async def test_the_first_admin_gets_in_with_a_passkey(made: Services, here: OrganizationId) -> None:
    async with made.database.begin() as unit:
        _, secret = await made.accounts.create_setup_link(unit, here, None)
    device, link = Authenticator(), secret.reveal()
    options = await made.accounts.begin_passkey(link, ADA, "Ada")
    credential = device.create(options)
    # which was made for this address and this link
    assert await code(made.accounts.use_setup_link(link, BOB, "", None, HOME, passkey=credential)) == "passkey_rejected"
    entered = await made.accounts.use_setup_link(link, ADA, "Ada", None, HOME, passkey=credential)
    assert isinstance(entered, LoggedIn)
    assert isinstance(await present(made, device), LoggedIn)


async def test_a_passkey_made_for_one_link_does_not_serve_another(made: Services, here: OrganizationId) -> None:
    secrets = []
    for _ in range(2):
        async with made.database.begin() as unit:
            _, secret = await made.accounts.create_setup_link(unit, here, None)
        secrets.append(secret.reveal())
    credential = Authenticator().create(await made.accounts.begin_passkey(secrets[0], ADA, "Ada"))
    work = made.accounts.use_setup_link(secrets[1], ADA, "", None, HOME, passkey=credential)
    assert await code(work) == "passkey_rejected"
