"""The mails of invites: sent in the background, at least once, with the same link however often they are tried."""

import asyncio
import contextlib
import re

import pytest

from antechamber.base.actor import OPERATOR, Actor, ActorKind
from antechamber.base.ids import OrganizationId
from antechamber.database.engine import Database
from antechamber.features.organizations.model import Letter, MailNotSentError
from antechamber.features.organizations.service import InviteMail, Mailing
from antechamber.features.organizations.service.mailing import mail_wait_seconds
from antechamber.features.organizations.sql import SqlInvites, SqlOrganizations
from tests.contracts.tenants import PEPPER, Services, services

LINK = re.compile(r"^https://ante\.example/invite\?token=(\S+)$", re.MULTILINE)


class Postman:
    """Takes letters, but for as many as he is to lose first."""

    def __init__(self, losses: int = 0) -> None:
        self.losses = losses
        self.letters: list[Letter] = []
        self.taken = asyncio.Event()

    async def send(self, letter: Letter) -> None:
        if self.losses:
            self.losses -= 1
            why = "the mail server is away"
            raise MailNotSentError(why)
        self.letters.append(letter)
        self.taken.set()


class House:
    def __init__(self, database: Database, losses: int = 0) -> None:
        self.made: Services = services(database)
        self.postman = Postman(losses)
        self.mail = self.another()
        self.organization_id = OrganizationId("")

    def another(self) -> InviteMail:
        """As after a restart."""
        url = "https://ante.example"
        stores = SqlInvites(), SqlOrganizations()
        return InviteMail(*stores, self.made.database, self.made.clock, PEPPER, self.postman, url)

    async def found(self) -> "House":
        async with self.made.database.begin() as unit:
            self.organization_id = (await self.made.organizations.create(unit, "Acme 蚂蚁")).id
        return self

    async def invite(self, email: str = "ada@example.com") -> None:
        await self.made.invites.create(self.organization_id, email, "developer", OPERATOR)


async def test_a_letter_says_who_invites_as_what_until_when_and_where_to(database: Database) -> None:
    house = await House(database).found()
    await house.invite()
    assert await house.mail.send_due() == 1
    (letter,) = house.postman.letters
    assert (letter.recipient, letter.subject) == ("ada@example.com", "You are invited to join Acme 蚂蚁")
    assert "join Acme 蚂蚁 on Antechamber, with the role developer" in letter.text
    assert "works until 2026-12-12" in letter.text
    found = LINK.search(letter.text)
    assert found
    member = await house.made.invites.accept(found[1], "Ada", Actor(ActorKind.UNAUTHENTICATED))
    assert member.email == "ada@example.com"


async def test_a_letter_that_went_out_is_not_sent_again(database: Database) -> None:
    house = await House(database).found()
    await house.invite()
    assert [await house.mail.send_due(), await house.mail.send_due(), await house.another().send_due()] == [1, 0, 0]


async def test_a_letter_that_did_not_go_out_is_tried_later_with_the_same_link(database: Database) -> None:
    house = await House(database, losses=2).found()
    await house.invite()
    assert await house.mail.send_due() == 0
    house.made.clock.advance(59)
    assert (await house.mail.send_due(), house.postman.losses) == (0, 1)
    house.made.clock.advance(1)
    assert (await house.mail.send_due(), house.postman.losses) == (0, 0)
    house.made.clock.advance(120)
    assert await house.another().send_due() == 1
    found = LINK.search(house.postman.letters[0].text)
    assert found
    assert await house.made.invites.open(found[1])


async def test_a_letter_whose_sender_died_is_claimed_again(database: Database) -> None:
    house = await House(database).found()
    await house.invite()
    now = house.made.clock.now()
    async with database.begin() as unit:
        assert len(await SqlInvites().sweep_mail_due(unit, now, now + 300_000_000, 10)) == 1
    assert await house.mail.send_due() == 0
    house.made.clock.advance(300)
    assert await house.mail.send_due() == 1


async def test_an_expired_invites_letter_is_given_up(database: Database) -> None:
    house = await House(database, losses=1).found()
    await house.invite()
    await house.mail.send_due()
    house.made.clock.advance(21 * 86_400)
    assert (await house.mail.send_due(), house.postman.letters) == (0, [])


async def test_many_letters_all_go_out(database: Database) -> None:
    house = await House(database).found()
    for number in range(45):
        await house.invite(f"a{number}@example.com")
    assert await house.mail.send_due() == 45
    assert len({letter.recipient for letter in house.postman.letters}) == 45


async def test_a_new_invite_wakes_the_sender(database: Database) -> None:
    house = await House(database).found()
    mailing = Mailing((house.mail.send_due,))
    house.made.invites.on_created(mailing.wake)
    sending = asyncio.create_task(mailing.run())
    try:
        await asyncio.sleep(0)
        await house.invite()
        async with asyncio.timeout(5):
            await house.postman.taken.wait()
    finally:
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 60), (2, 120), (3, 240), (9, 15_360), (10, 21_600), (99, 21_600)]
)
def test_the_wait_doubles_up_to_six_hours(attempts: int, seconds: int) -> None:
    assert mail_wait_seconds(attempts) == seconds
