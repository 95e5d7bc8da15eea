"""Log-in over several processes, and under kill -9: a link is used once and whole, or not at all."""

import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.ids import OrganizationId
from antechamber.base.permissions import OrganizationRole
from antechamber.features.accounts.model import LinkStatus, LoggedIn
from antechamber.settings import load
from antechamber.wiring.storage import Storage, open_storage
from tests.faults.databases import StoppablePostgres
from tests.faults.newcomer import PASSWORD
from tests.faults.processes import clean_environment

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.timeout(300)]

_BY = Actor(ActorKind.UNAUTHENTICATED, None, "203.0.113.7")
_ROUNDS = 6
_MANY = 3
_LONGEST = 1.0


class Place:
    """A data folder, and the database that every process of the test uses."""

    def __init__(self, data: Path, variables: dict[str, str]) -> None:
        self.data = data
        self.variables = variables

    def newcomer(self, secret: str, email: str) -> "Newcomer":
        """Return a process that is ready to use a link."""
        return Newcomer(self, secret, email)


class Newcomer:
    """A process that uses a link when told to."""

    def __init__(self, place: Place, secret: str, email: str) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.newcomer", str(place.data), email],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environment(**place.variables),
        )
        self._say(secret)
        assert self._heard() == "ready"

    def go(self) -> None:
        """Let it begin."""
        self._say("")

    def end(self) -> str:
        """Return how it ended."""
        outcome = self._heard()
        assert self.popen.wait(60) == 0
        self._close()
        return outcome

    def kill(self) -> None:
        """Kill it, wherever it is."""
        self.popen.kill()
        self.popen.wait()
        self._close()

    def _say(self, line: str) -> None:
        assert self.popen.stdin is not None
        self.popen.stdin.write(f"{line}\n")
        self.popen.stdin.flush()

    def _heard(self) -> str:
        assert self.popen.stdout is not None
        return self.popen.stdout.readline().strip()

    def _close(self) -> None:
        for pipe in (self.popen.stdin, self.popen.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """One of each kind of database."""
    if request.param == "sqlite":
        yield Place(tmp_path, {})
        return
    postgres = StoppablePostgres()
    monkeypatch.setenv("ANTE_SERVER_DATABASE_URL", postgres.url)
    yield Place(tmp_path, {"ANTE_SERVER_DATABASE_URL": postgres.url})
    postgres.remove()


@pytest.fixture
async def storage(place: Place) -> AsyncIterator[Storage]:
    """The same database from the test's own process."""
    opened = open_storage(load({"data": place.data}).settings)
    await opened.prepare()
    yield opened
    await opened.database.close()


async def link(storage: Storage) -> tuple[OrganizationId, str]:
    """Return a new organisation and its set-up link's secret."""
    made = await storage.founder.found("Faults", None, admin_key=False, api_key=False)
    return made.organization_id, made.setup_secret.reveal()


async def inside(storage: Storage, organization_id: OrganizationId) -> list[str]:
    """Return the addresses of the members, each of whom must have a password."""
    async with storage.database.read() as unit:
        found = await storage.members.by_role(unit, organization_id, list(OrganizationRole))
        for member in found:
            assert await storage.passwords.is_set(unit, member.id)
    return [member.email for member in found]


async def test_of_several_processes_that_use_a_link_at_once_one_gets_in(place: Place, storage: Storage) -> None:
    organization_id, secret = await link(storage)
    newcomers = [place.newcomer(secret, f"person{number}@example.com") for number in range(_MANY)]
    for newcomer in newcomers:
        newcomer.go()
    ends = [newcomer.end() for newcomer in newcomers]
    assert sorted(ends) == ["in"] + ["link_used"] * (_MANY - 1)
    assert len(await inside(storage, organization_id)) == 1


async def test_killed_amid_the_use_of_a_link_it_was_used_whole_or_not_at_all(place: Place, storage: Storage) -> None:
    dice = random.Random(7)
    for number in range(_ROUNDS):
        organization_id, secret = await link(storage)
        email = f"person{number}@example.com"
        newcomer = place.newcomer(secret, email)
        newcomer.go()
        # beyond what it takes, so that some have ended
        time.sleep(dice.uniform(0, _LONGEST))  # noqa: ASYNC251 - nothing else goes on here
        newcomer.kill()
        welcome = await storage.accounts.welcome(secret)
        assert welcome is not None
        members = await inside(storage, organization_id)
        assert members == ([email] if welcome.status is LinkStatus.USED else [])
        await check_way_in(storage, secret, email)
        assert (await storage.activities.verify(organization_id)).problem is None


async def check_way_in(storage: Storage, secret: str, email: str) -> None:
    """Whatever happened: who has the link and the password gets in."""
    welcome = await storage.accounts.welcome(secret)
    assert welcome is not None
    if welcome.status is LinkStatus.OPEN:
        entered = await storage.accounts.use_setup_link(secret, email, "", PASSWORD, _BY)
    else:
        entered = await storage.logins.log_in(email, PASSWORD, _BY)
    assert isinstance(entered, LoggedIn)
    assert await storage.sessions.resolve(entered.secret.reveal()) is not None
