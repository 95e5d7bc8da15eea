"""No secret of log-in is kept, logged, recorded or shown: only hashes, and only as far as they are needed."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from antechamber.base.actor import OPERATOR
from antechamber.base.errors import WireError
from antechamber.base.secret import Secret
from antechamber.database.engine import Database, connection
from antechamber.database.tables import metadata
from antechamber.features.accounts.model import LoggedIn
from antechamber.features.accounts.service import PasswordEvidence
from tests.authenticator import Authenticator
from tests.contracts.entrants import ADA, AWAY, BETTER, BOB, GOOD, HOME, WRONG, entrant, logged_in, organization
from tests.contracts.tenants import Services


async def everything_kept(database: Database) -> str:
    """Return every row of every table as text, bytes as hexadecimal digits and as the text that they may be."""
    told: list[str] = []
    async with database.read() as unit:
        for table in metadata.sorted_tables:
            for row in await connection(unit).execute(select(table)):
                told.extend(f"{value.hex()} {value!r}" if isinstance(value, bytes) else str(value) for value in row)
    return "\n".join(told)


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    yield
    structlog.reset_defaults()


async def live(made: Services) -> list[str]:
    """Do everything that log-in has; returns every secret that was used."""
    here = await organization(made)
    async with made.database.begin() as unit:
        _, setup = await made.accounts.create_setup_link(unit, here, ADA)
    first = await made.accounts.use_setup_link(setup.reveal(), ADA, "Ada", GOOD, HOME)
    assert isinstance(first, LoggedIn)
    invite = await made.invites.create(here, BOB, "developer", OPERATOR)
    invited = await made.invites.secret(here, invite.id)
    second = await made.accounts.accept_invite(invited.reveal(), "Bob", BETTER, AWAY)
    assert isinstance(second, LoggedIn)
    await made.log_in.logins.log_in(ADA, WRONG, HOME)
    third = await made.log_in.logins.log_in(ADA, GOOD, HOME, previous=first.secret.reveal())
    assert isinstance(third, LoggedIn)
    device = Authenticator()
    options = await made.log_in.passkeys.begin_registration(third.session)
    await made.log_in.passkeys.finish_registration(third.session, device.create(options), "Key", HOME)
    asked = made.log_in.passkeys.begin_log_in()
    fourth = await made.log_in.passkeys.finish_log_in(device.get(asked), HOME)
    assert isinstance(fourth, LoggedIn)
    changed = await made.log_in.passwords.change(fourth.session, GOOD, f"{GOOD} zwei", HOME)
    async with made.database.read() as unit:
        bob = await made.members.find_by_email(unit, here, BOB)
    assert bob is not None
    _, link = await made.log_in.passwords.create_link(bob, OPERATOR)
    with pytest.raises(WireError) as caught:
        await made.log_in.passwords.use_link(link.reveal(), "1234567890", AWAY)
    assert "1234567890" not in f"{caught.value.message} {caught.value.note} {caught.value.details}"
    fifth = await made.log_in.passwords.use_link(link.reveal(), f"{BETTER} zwei", AWAY)
    assert isinstance(fifth, LoggedIn)
    sessions = [first, second, third, fourth, changed, fifth]
    return [
        GOOD, BETTER, WRONG, f"{GOOD} zwei", f"{BETTER} zwei", "1234567890",
        setup.reveal(), invited.reveal(), link.reveal(), str(options["challenge"]), str(asked["challenge"]),
        *(each.secret.reveal() for each in sessions), *(each.session.csrf for each in sessions),
    ]  # fmt: skip


async def test_no_row_of_any_table_and_no_line_of_a_log_holds_a_secret(
    made: Services, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as lines:
        secrets = await live(made)
    kept = await everything_kept(database)
    # parameters of statements are SQLAlchemy's to log, at a level that nothing sets
    logged = f"{lines} {caplog.text}"
    assert len(set(secrets)) == len(secrets)
    for secret in secrets:
        for form in (secret, secret.encode().hex(), secret.encode("utf-16-le").hex()):
            assert form not in kept
        assert secret not in logged


async def test_an_error_of_the_database_does_not_show_what_was_being_written(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with database.begin() as unit:
            await connection(unit).execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": GOOD})
    assert GOOD not in f"{caught.value!r} {caught.value}"


async def test_no_repr_holds_a_secret(made: Services) -> None:
    here = await organization(made)
    await entrant(made, here)
    entered = await logged_in(made)
    shown = f"{entered!r} {entered.session!r} {PasswordEvidence(ADA, Secret(GOOD))!r}"
    for secret in (entered.secret.reveal(), entered.session.csrf, GOOD):
        assert secret not in shown


async def test_digests_of_throttling_need_the_servers_key(made: Services, database: Database) -> None:
    await organization(made)
    await made.log_in.logins.log_in("someone@else.example", WRONG, AWAY)
    kept = await everything_kept(database)
    assert "else.example" not in kept
    assert "198.51.100.9" not in kept
