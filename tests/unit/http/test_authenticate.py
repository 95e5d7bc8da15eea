"""Authentication: from memory, alike for everything that opens nothing, and never a 401 for an outage."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from antechamber.base.clock import MICROSECONDS, ManualClock
from antechamber.base.errors import AuthenticationFailed, InvalidRequest, Overloaded, Unavailable
from antechamber.base.ids import AdminKeyId, ApiKeyId, OrganizationId, WorkspaceId
from antechamber.base.principal import AdminKey, ApiKey, Principal
from antechamber.base.secret import Secret, digest
from antechamber.base.unit import Unit
from antechamber.http import authenticate
from antechamber.http.authenticate import Authenticator

PEPPER = "pepper"
ORGANIZATION = OrganizationId("o")
ALIVE = ApiKey(ApiKeyId("apikey_alive"), ORGANIZATION, WorkspaceId("w"), True, None, None)
MORTAL = AdminKey(AdminKeyId("adminkey_mortal"), ORGANIZATION, 10 * MICROSECONDS)
MISSING = "No credential was sent: put an API key in x-api-key or in Authorization: Bearer."


@dataclass
class Keys:
    """A feature that keeps secrets; `looks` are the digests that it was asked for one by one."""

    kept: dict[bytes, Principal] = field(default_factory=dict)
    looks: list[bytes] = field(default_factory=list)
    open: bool = True
    is_away: bool = False

    async def resolve_principal(self, _unit: Unit, digest: bytes) -> Principal | None:
        self.looks.append(digest)
        return self.kept.get(digest)

    async def sweep_principals(self, _unit: Unit) -> dict[bytes, Principal]:
        return dict(self.kept)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Unit]:
        if self.is_away:
            message = "The database is not reachable."
            raise Unavailable(message, note="refused")
        yield self

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Unit]:
        yield self


def key_of(text: str) -> bytes:
    return digest(PEPPER.encode(), text)


@pytest.fixture
def keys() -> Keys:
    return Keys({key_of("alive"): ALIVE, key_of("mortal"): MORTAL})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def authenticator(keys: Keys, clock: ManualClock) -> Authenticator:
    made = Authenticator([keys], keys, clock, Secret(PEPPER))
    await made.reload()
    return made


async def refused(authenticator: Authenticator, headers: dict[bytes, bytes]) -> str:
    with pytest.raises(AuthenticationFailed) as caught:
        await authenticator.authenticate(headers)
    return caught.value.message


@pytest.mark.parametrize(
    "headers",
    [
        {b"x-api-key": b"alive"},
        {b"x-api-key": b" alive "},
        {b"authorization": b"Bearer alive"},
        {b"authorization": b"bearer   alive "},
        {b"x-api-key": b"alive", b"authorization": b"Bearer wrong"},
        {b"x-api-key": b"", b"authorization": b"Bearer alive"},
    ],
)
async def test_a_known_secret_opens_in_either_header_without_the_database(
    authenticator: Authenticator, keys: Keys, headers: dict[bytes, bytes]
) -> None:
    keys.is_away = True
    assert await authenticator.authenticate(headers) is ALIVE


async def test_a_bad_x_api_key_beside_a_good_bearer_is_refused(authenticator: Authenticator) -> None:
    both = {b"x-api-key": b"wrong", b"authorization": b"Bearer alive"}
    assert await refused(authenticator, both) == "invalid x-api-key"


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, MISSING),
        ({b"authorization": b"alive"}, MISSING),
        ({b"authorization": b"Basic alive"}, MISSING),
        ({b"authorization": b"Bearer "}, MISSING),
        ({b"x-api-key": b"wrong"}, "invalid x-api-key"),
        ({b"x-api-key": b"\xff\xfe"}, "invalid x-api-key"),
        ({b"x-api-key": b"   "}, "invalid x-api-key"),
        ({b"x-api-key": b"x" * 4097}, "invalid x-api-key"),
        ({b"authorization": b"Bearer wrong"}, "Invalid bearer token"),
        ({b"authorization": b"Bearer " + b"x" * 4097}, "Invalid bearer token"),
    ],
)
async def test_what_opens_nothing_is_refused(
    authenticator: Authenticator, headers: dict[bytes, bytes], message: str
) -> None:
    assert await refused(authenticator, headers) == message


async def test_a_credential_of_a_workspace_may_name_it_or_none(authenticator: Authenticator) -> None:
    for named in (b"w", b" w "):
        assert await authenticator.authenticate({b"x-api-key": b"alive", b"anthropic-workspace-id": named}) is ALIVE
    for named in (b"v", b"", b"\xff"):
        with pytest.raises(InvalidRequest, match="anthropic-workspace-id: this credential belongs to w;") as caught:
            await authenticator.authenticate({b"x-api-key": b"alive", b"anthropic-workspace-id": named})
        assert caught.value.note.startswith("apikey_alive with ")
    assert await authenticator.authenticate({b"x-api-key": b"mortal", b"anthropic-workspace-id": b"v"}) is MORTAL
    # whoever sends no good secret learns of no workspace
    assert (
        await refused(authenticator, {b"x-api-key": b"wrong", b"anthropic-workspace-id": b"v"}) == "invalid x-api-key"
    )


async def test_a_secret_that_is_too_long_is_not_even_looked_up(authenticator: Authenticator, keys: Keys) -> None:
    await refused(authenticator, {b"x-api-key": b"x" * 4097})
    assert keys.looks == []


async def test_an_expired_key_is_refused_in_the_words_of_a_wrong_one(
    authenticator: Authenticator, clock: ManualClock
) -> None:
    clock.advance(9.999)
    assert await authenticator.authenticate({b"x-api-key": b"mortal"}) is MORTAL
    clock.advance(0.001)
    assert await refused(authenticator, {b"x-api-key": b"mortal"}) == "invalid x-api-key"


async def test_a_revoked_key_is_refused_after_the_reload_in_the_same_words(
    authenticator: Authenticator, keys: Keys
) -> None:
    keys.kept.clear()
    assert await authenticator.authenticate({b"x-api-key": b"alive"}) is ALIVE
    await authenticator.reload()
    assert await refused(authenticator, {b"x-api-key": b"alive"}) == "invalid x-api-key"


async def test_a_wrong_a_revoked_and_an_expired_key_take_the_same_way(
    authenticator: Authenticator, keys: Keys, clock: ManualClock
) -> None:
    del keys.kept[key_of("alive")]
    await authenticator.reload()
    clock.advance(11)
    for text in (b"wrong", b"alive", b"mortal"):
        for _ in range(2):
            await refused(authenticator, {b"x-api-key": text})
    assert keys.looks == [key_of("wrong"), key_of("alive"), key_of("mortal")]


async def test_a_key_that_memory_does_not_know_yet_is_asked_of_the_database_once(
    authenticator: Authenticator, keys: Keys
) -> None:
    keys.kept[key_of("new")] = ALIVE
    for _ in range(3):
        assert await authenticator.authenticate({b"x-api-key": b"new"}) is ALIVE
    assert keys.looks == [key_of("new")]


async def test_an_outage_is_529_for_the_unknown_and_nothing_for_the_known(
    authenticator: Authenticator, keys: Keys
) -> None:
    await refused(authenticator, {b"x-api-key": b"wrong"})
    keys.is_away = True
    assert await authenticator.authenticate({b"x-api-key": b"alive"}) is ALIVE
    with pytest.raises(Overloaded) as caught:
        await authenticator.authenticate({b"x-api-key": b"new"})
    assert (caught.value.retry_after, caught.value.note) == (1, "refused")
    assert await refused(authenticator, {b"x-api-key": b"wrong"}) == "invalid x-api-key"


async def test_a_stranger_is_welcome_once_the_credentials_have_changed(
    authenticator: Authenticator, keys: Keys
) -> None:
    await refused(authenticator, {b"x-api-key": b"new"})
    keys.kept[key_of("new")] = ALIVE
    await refused(authenticator, {b"x-api-key": b"new"})
    await authenticator.reload()
    assert await authenticator.authenticate({b"x-api-key": b"new"}) is ALIVE


async def test_as_many_strangers_are_remembered_as_fit_the_oldest_forgotten(
    authenticator: Authenticator, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authenticate, "_REMEMBERED_STRANGERS", 3)
    for number in range(10):
        await refused(authenticator, {b"x-api-key": b"%d" % number})
    assert len(authenticator._strangers) == 3
    keys.looks.clear()
    await refused(authenticator, {b"x-api-key": b"9"})
    assert keys.looks == []
    await refused(authenticator, {b"x-api-key": b"0"})
    assert keys.looks == [key_of("0")]


class Slow(Keys):
    """Keys whose look-ups wait: between the look and its return everything may change."""

    change: Authenticator | None = None

    async def resolve_principal(self, _unit: Unit, digest: bytes) -> Principal | None:
        found = self.kept.get(digest)
        if self.change is not None:
            self.kept = {} if self.kept else {digest: ALIVE}
            await self.change.reload()
        return found


async def test_a_key_that_is_revoked_while_it_is_looked_up_is_not_kept(clock: ManualClock) -> None:
    keys = Slow()
    authenticator = Authenticator([keys], keys, clock, Secret(PEPPER))
    await authenticator.reload()
    keys.kept, keys.change = {key_of("new"): ALIVE}, authenticator
    await authenticator.authenticate({b"x-api-key": b"new"})
    keys.change = None
    await refused(authenticator, {b"x-api-key": b"new"})


async def test_a_key_that_is_made_while_it_is_looked_up_is_no_stranger(clock: ManualClock) -> None:
    keys = Slow()
    authenticator = Authenticator([keys], keys, clock, Secret(PEPPER))
    await authenticator.reload()
    keys.change = authenticator
    await refused(authenticator, {b"x-api-key": b"new"})
    assert await authenticator.authenticate({b"x-api-key": b"new"}) is ALIVE


async def test_what_opened_is_told_once_for_its_last_use(authenticator: Authenticator, keys: Keys) -> None:
    await authenticator.authenticate({b"x-api-key": b"alive"})
    keys.kept[key_of("new")] = ALIVE
    for _ in range(2):
        await authenticator.authenticate({b"x-api-key": b"new"})
    await refused(authenticator, {b"x-api-key": b"wrong"})
    assert authenticator.take_used() == {key_of("alive"), key_of("new")}
    assert authenticator.take_used() == set()
