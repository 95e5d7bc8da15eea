"""The letters that announce the ends of keys (wire-admin.md 2.6): at least once for each end, to who replaces them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from antechamber.adapters.mail.message import compose
from antechamber.base.actor import OPERATOR, SYSTEM, Actor, ActorKind
from antechamber.base.ids import ApiKeyId, OrganizationId
from antechamber.base.permissions import OrganizationRole
from antechamber.database.engine import Database, database_url
from antechamber.database.migrate import migrate
from antechamber.features.apikeys.model import DAY, Change, Draft, Status
from antechamber.features.apikeys.service import ExpiryMail
from antechamber.features.apikeys.sql import SqlExpiryNotices
from antechamber.features.organizations.model import Letter, MailNotSentError, Member
from antechamber.features.organizations.sql import SqlOrganizations
from tests.contracts.revisions import upgrade_to
from tests.contracts.tenants import MINE, NOON, THEIRS, Services, services

STORE = SqlExpiryNotices()
SECONDS_A_DAY = 86_400


class Postman:
    """Takes letters, but for as many as he is to lose first, and for those to addresses that he does not know."""

    def __init__(self) -> None:
        self.losses = 0
        self.unknown = ""
        self.letters: list[Letter] = []

    async def send(self, letter: Letter) -> None:
        if self.losses or letter.recipient == self.unknown:
            self.losses = max(0, self.losses - 1)
            why = "the mail server is away"
            raise MailNotSentError(why)
        self.letters.append(letter)

    @property
    def recipients(self) -> list[str]:
        return [letter.recipient for letter in self.letters]


@dataclass
class House:
    """An organisation with an admin, Ada, and a developer, Dev."""

    made: Services
    organization_id: OrganizationId
    ada: Member
    dev: Member
    postman: Postman
    mail: ExpiryMail

    async def key(self, days: float = 30, **draft: object) -> ApiKeyId:
        """Make a key that nobody has made."""
        drafted = Draft("nightly job", expires_at=self.end(days), **draft)  # type: ignore[arg-type] # fields of a draft
        return (await self.made.api_keys.create(self.organization_id, drafted, SYSTEM))[0].id

    async def change(self, key_id: ApiKeyId, change: Change) -> None:
        await self.made.api_keys.update(self.organization_id, key_id, change, SYSTEM)

    def end(self, days: float) -> int:
        return self.made.clock.now() + round(days * DAY)

    async def after(self, days: float) -> int:
        """Return how many notices go out when so many days have passed."""
        self.made.clock.advance(days * SECONDS_A_DAY)
        return await self.mail.send_due()


@pytest.fixture
async def house(database: Database) -> House:
    made = services(database)
    async with database.begin() as unit:
        organization_id = (await made.organizations.create(unit, "Acme 蚂蚁")).id
        await made.workspaces.create_default(unit, organization_id)
    ada, dev = [
        await made.members.add(organization_id, f"{name}@example.com", name, role, OPERATOR)
        for name, role in (("ada", OrganizationRole.ADMIN), ("dev", OrganizationRole.DEVELOPER))
    ]
    postman = Postman()
    mail = ExpiryMail(STORE, SqlOrganizations(), made.members, database, made.clock, postman)
    return House(made, organization_id, ada, dev, postman, mail)


@pytest.fixture
async def second(database_address: URL) -> AsyncIterator[Database]:
    """Another node's way to the same database."""
    opened = Database(database_address)
    yield opened
    await opened.close()


@pytest.mark.parametrize(("life", "before"), [(30, 7), (14, 7), (13, 1), (7, 1)])
async def test_a_warning_7_days_before_the_end_from_14_days_of_life_and_1_day_before_from_7(
    house: House, life: int, before: int
) -> None:
    await house.key(life)
    assert await house.after(life - before - 0.01) == 0
    assert [await house.after(0.01), await house.after(0.1), await house.after(before)] == [1, 0, 0]
    assert len(house.postman.letters) == 1


async def test_a_short_life_is_not_announced(house: House) -> None:
    await house.key(6.9)
    assert [await house.after(5.9), await house.after(0.99)] == [0, 0]


async def test_a_letter_says_which_key_ends_when_and_what_to_do(house: House) -> None:
    key_id = await house.key()
    await house.after(23)
    (letter,) = house.postman.letters
    key = await house.made.api_keys.get(house.organization_id, key_id)
    assert (letter.recipient, letter.subject) == (
        "ada@example.com",
        'The API key "nightly job" expires on 2026-12-21',
    )
    assert letter.text.startswith('The API key "nightly job" of Acme 蚂蚁 expires at 2026-12-21T12:00:00Z.\n')
    assert f"    {key_id}\n    {key.hint}\n" in letter.text
    assert "create a new key" in letter.text


@pytest.mark.parametrize("name", ["k" * 500, "钥" * 500, "two\u2028lines"])
async def test_any_name_of_a_key_makes_a_mail(house: House, name: str) -> None:
    await house.change(await house.key(), Change(name=name))
    assert await house.after(23) == 1
    raw = compose(house.postman.letters[0], "antechamber@example.com", NOON).as_bytes()
    assert max(map(len, raw.splitlines())) < 998
    assert f"Message-ID: <{house.postman.letters[0].id}@example.com>".encode() in raw.replace(b"\r\n ", b" ")


async def test_the_owner_is_told_then_the_maker_and_the_admins_of_what_is_nobodys(house: House) -> None:
    await house.made.members.add(house.organization_id, "eve@example.com", "eve", OrganizationRole.ADMIN, OPERATOR)
    by_ada = Actor(ActorKind.USER, house.ada.id)
    for draft, by in (
        (Draft("owned", user_id=house.dev.id, expires_at=house.end(14)), by_ada),
        (Draft("made", expires_at=house.end(15)), by_ada),
        (Draft("nobody's", expires_at=house.end(16)), OPERATOR),
    ):
        await house.made.api_keys.create(house.organization_id, draft, by)
    assert [await house.after(7), house.postman.recipients] == [1, ["dev@example.com"]]
    assert [await house.after(1), house.postman.recipients[1:]] == [1, ["ada@example.com"]]
    assert [await house.after(1), house.postman.recipients[2:]] == [1, ["ada@example.com", "eve@example.com"]]
    assert len({letter.id for letter in house.postman.letters}) == 4


async def test_admins_are_told_of_a_key_whose_maker_has_left(house: House) -> None:
    draft = Draft("made", expires_at=house.end(30))
    await house.made.api_keys.create(house.organization_id, draft, Actor(ActorKind.USER, house.dev.id))
    await house.made.members.remove(house.organization_id, house.dev.id, OPERATOR)
    await house.after(23)
    assert house.postman.recipients == ["ada@example.com"]


async def test_a_changed_end_is_announced_again_and_the_earlier_one_no_more(house: House) -> None:
    moved, untold = await house.key(), await house.key()
    await house.change(untold, Change(expires_at=house.end(60)))
    assert await house.after(23) == 1
    await house.change(moved, Change(name="renamed"))
    assert await house.after(1) == 0
    await house.change(moved, Change(expires_at=house.end(20)))
    assert [await house.after(12.9), await house.after(0.1)] == [0, 1]
    assert house.postman.letters[1].subject == 'The API key "renamed" expires on 2027-01-04'
    await house.change(moved, Change(expires_at=house.end(3)))
    assert await house.after(0) == 1


@pytest.mark.parametrize(
    "change", [Change(status=Status.ARCHIVED), Change(status=Status.INACTIVE), Change(expires_at=None)]
)
async def test_a_key_that_opens_nothing_or_never_ends_is_not_announced(house: House, change: Change) -> None:
    await house.change(await house.key(), change)
    assert [await house.after(23), await house.after(6.9), await house.after(1)] == [0, 0, 0]


async def test_a_key_that_is_switched_on_again_is_announced_then(house: House) -> None:
    key_id = await house.key()
    await house.change(key_id, Change(status=Status.INACTIVE))
    assert await house.after(25) == 0
    await house.change(key_id, Change(status=Status.ACTIVE))
    assert await house.after(0) == 1


async def test_a_letter_that_did_not_go_out_is_tried_until_the_key_ends(house: House) -> None:
    await house.key()
    house.postman.losses = 2
    assert await house.after(23) == 0
    house.made.clock.advance(59)
    assert [await house.mail.send_due(), house.postman.losses] == [0, 1]
    house.made.clock.advance(1)
    assert [await house.mail.send_due(), house.postman.losses] == [0, 0]
    house.made.clock.advance(120)
    assert await house.mail.send_due() == 1
    house.postman.letters.clear()
    await house.key()
    house.postman.losses = 99
    await house.after(23)
    assert [await house.after(7), house.postman.losses] == [0, 98]


async def test_who_has_had_the_letter_has_it_once_while_another_address_fails(house: House) -> None:
    await house.made.members.add(house.organization_id, "eve@example.com", "eve", OrganizationRole.ADMIN, OPERATOR)
    await house.key()
    house.postman.unknown = "ada@example.com"
    assert [await house.after(23), await house.after(1)] == [0, 0]
    house.postman.unknown = ""
    assert await house.after(1) == 1
    assert house.postman.recipients == ["eve@example.com", "ada@example.com"]


async def test_a_letter_whose_sender_was_killed_goes_out_by_another(house: House, database: Database) -> None:
    await house.key()
    house.made.clock.advance(23 * SECONDS_A_DAY)
    now = house.made.clock.now()
    async with database.begin() as unit:
        assert len(await STORE.sweep_mail_due(unit, now, now + 300_000_000, 10)) == 1
    assert await house.mail.send_due() == 0
    house.made.clock.advance(300)
    assert await house.mail.send_due() == 1


async def test_a_change_of_the_end_while_its_letter_goes_out_is_not_lost(house: House, database: Database) -> None:
    key_id = await house.key()
    house.made.clock.advance(23 * SECONDS_A_DAY)
    now = house.made.clock.now()
    async with database.begin() as unit:
        ((notice, _),) = await STORE.sweep_mail_due(unit, now, now + 300_000_000, 10)
    await house.change(key_id, Change(expires_at=house.end(3)))
    async with database.begin() as unit:
        await STORE.note_mail(unit, house.organization_id, notice, due_at=None, attempts=1)
    assert await house.mail.send_due() == 1


async def test_a_notice_is_claimed_by_one_node_and_noted_only_by_its_organization(
    house: House, database: Database, second: Database
) -> None:
    keys = [await house.key() for _ in range(6)]
    house.made.clock.advance(23 * SECONDS_A_DAY)
    now = house.made.clock.now()

    async def claim(node: Database) -> list[str]:
        async with node.begin() as unit:
            return [notice.key.id for notice, _ in await STORE.sweep_mail_due(unit, now, now + 60, 4)]

    found = await asyncio.gather(claim(database), claim(second))
    assert sorted(found[0] + found[1] + await claim(database)) == sorted(keys)
    async with database.begin() as unit:
        claimed = await STORE.sweep_mail_due(unit, now + 60, now + 120, 10)
        for notice, _ in claimed:
            await STORE.note_mail(unit, THEIRS, notice, due_at=None, attempts=1)
        await STORE.note_mail(unit, house.organization_id, claimed[0][0], due_at=None, attempts=1)
    async with database.begin() as unit:
        again = await STORE.sweep_mail_due(unit, now + 120, now + 180, 10)
    assert [attempts for _, attempts in again] == [0] * 5


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def test_keys_of_an_earlier_version_are_announced(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue("postgres").create() if kind == "postgresql" else None
    database = Database(database_url(address, tmp_path))
    lives: dict[str, int | None] = {"long": 14, "short": 8, "shorter": 6, "endless": None, "archived": 14}
    async with database.engine.begin() as link:
        await link.run_sync(upgrade_to, "0024")
        for name, days in lives.items():
            row = {
                "id": name, "organization": MINE, "status": "archived" if name == "archived" else "active",
                "now": NOON, "end": None if days is None else NOON + days * DAY,
            }  # fmt: skip
            await link.execute(
                text(
                    "INSERT INTO api_keys (id, organization_id, workspace_id, default_workspace, name, status, hint,"
                    " created_at, expires_at) VALUES (:id, :organization, 'w', true, :id, :status, '', :now, :end)"
                ),
                row,
            )
    await migrate(database)
    due = []
    for half_days in (13, 14, 15):
        async with database.begin() as unit:
            now = NOON + half_days * DAY // 2
            due.append([notice.key.id for notice, _ in await STORE.sweep_mail_due(unit, now, now + DAY, 9)])
    await database.close()
    assert due == [[], ["long", "short"], []]
