"""The letters that tell of decisions: at least once, tried again, given up in the end."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from antechamber.base.actor import OPERATOR
from antechamber.base.clock import ManualClock
from antechamber.base.ids import IncreaseRequestId, OrganizationId, UserId
from antechamber.base.permissions import OrganizationRole
from antechamber.database.engine import Database
from antechamber.features.limits.model.definitions import Period
from antechamber.features.limits.model.increases import IncreaseRequest, RequestStatus
from antechamber.features.limits.service.increase_mail import IncreaseMail
from antechamber.features.limits.sql import SqlIncreases
from antechamber.features.organizations.model import Letter, MailNotSentError, Member
from tests.contracts.tenants import MINE, NOON

if TYPE_CHECKING:
    from antechamber.features.limits.ports import Holders

STORE = SqlIncreases()
ADA = Member(UserId("user_ada"), MINE, "ada@example.com", "Ada", OrganizationRole.DEVELOPER, NOON)
ASKED = IncreaseRequest(IncreaseRequestId("slir_1"), MINE, ADA.id, Period.WEEKLY, None, "", RequestStatus.PENDING, NOON)


class Members:
    """Who is a member now."""

    def __init__(self, *members: Member) -> None:
        self.members = members

    async def members_among(self, organization_id: OrganizationId, user_ids: Sequence[str]) -> Sequence[Member]:
        assert organization_id == MINE
        return [member for member in self.members if member.id in user_ids]


class Postman:
    """Takes letters, but for as many as he is to lose first."""

    def __init__(self, losses: int = 0) -> None:
        self.losses = losses
        self.letters: list[Letter] = []

    async def send(self, letter: Letter) -> None:
        if self.losses:
            self.losses -= 1
            why = "the mail server is away"
            raise MailNotSentError(why)
        self.letters.append(letter)


class Office:
    def __init__(self, database: Database, losses: int = 0, members: Sequence[Member] = (ADA,)) -> None:
        self.database = database
        self.clock = ManualClock(NOON)
        self.postman = Postman(losses)
        holders = cast("Holders", Members(*members))
        self.mail = IncreaseMail(STORE, holders, database, self.clock, self.postman)

    async def decide(self, status: RequestStatus) -> "Office":
        decided = dataclasses.replace(ASKED, status=status, resolved_at=NOON, resolved_by=OPERATOR)
        async with self.database.begin() as unit:
            await STORE.add(unit, MINE, ASKED)
            await STORE.resolve(unit, MINE, decided, NOON)
        return self


async def test_a_letter_says_what_was_decided_and_goes_out_once(database: Database) -> None:
    office = await Office(database).decide(RequestStatus.APPROVED)
    assert [await office.mail.send_due(), await office.mail.send_due()] == [1, 0]
    (letter,) = office.postman.letters
    assert (letter.id, letter.recipient) == ("slir_1", "ada@example.com")
    assert letter.subject == "Your request for a higher spend limit was approved"
    assert letter.text == ("Your request for a higher weekly spend limit was approved; your new limit is in force.\n")


async def test_a_letter_that_did_not_go_out_is_tried_later(database: Database) -> None:
    office = await Office(database, losses=2).decide(RequestStatus.DENIED)
    assert await office.mail.send_due() == 0
    office.clock.advance(59)
    assert (await office.mail.send_due(), office.postman.losses) == (0, 1)
    office.clock.advance(1)
    assert (await office.mail.send_due(), office.postman.losses) == (0, 0)
    office.clock.advance(120)
    assert await office.mail.send_due() == 1
    assert "your limits are as they were" in office.postman.letters[0].text


async def test_a_letter_that_never_goes_out_is_given_up(database: Database) -> None:
    office = await Office(database, losses=99).decide(RequestStatus.DENIED)
    for _ in range(30):
        await office.mail.send_due()
        office.clock.advance(6 * 3600)
    assert office.postman.losses == 99 - 15


async def test_who_has_left_is_told_nothing(database: Database) -> None:
    office = await Office(database, members=()).decide(RequestStatus.DENIED)
    await office.mail.send_due()
    assert (await office.mail.send_due(), office.postman.letters) == (0, [])
