"""Set-up links in the database."""

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.base.secret import Secret
from antechamber.database.engine import Database
from antechamber.features.accounts.model import SetupLink
from tests.contracts.tenants import MINE, Services, services


async def link(made: Services, email: str | None = None) -> tuple[SetupLink, Secret]:
    async with made.database.begin() as unit:
        return await made.accounts.create_setup_link(unit, MINE, email)


@pytest.mark.parametrize(("email", "kept"), [(None, None), (" Ada@EXAMPLE.com ", "Ada@example.com")])
async def test_a_link_opens_by_its_secret_for_seven_days(
    database: Database, email: str | None, kept: str | None
) -> None:
    made = services(database)
    created, secret = await link(made, email)
    assert created.email == kept
    made.clock.advance(7 * 86_400 - 0.001)
    assert await made.accounts.open_setup_link(secret.reveal()) == created
    made.clock.advance(0.001)
    assert await made.accounts.open_setup_link(secret.reveal()) is None


@pytest.mark.parametrize("text", ["", "sk-ant-setup01-wrong", "\ud800", "é" * 5000])
async def test_any_other_text_opens_nothing(database: Database, text: str) -> None:
    made = services(database)
    await link(made)
    assert await made.accounts.open_setup_link(text) is None


@pytest.mark.parametrize("email", ["nobody", "дa@example.com"])
async def test_a_link_for_an_address_that_no_member_may_have_is_not_made(database: Database, email: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^admin_email: "):
        await link(services(database), email)
