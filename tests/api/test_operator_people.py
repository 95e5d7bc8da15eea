"""How the operator helps people in and out of browsers, through the same acts as the socket's."""

import pytest

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.features.accounts.model import LoggedIn
from antechamber.wiring.administration import ACTS
from tests.api.conftest import House

ADA = "ada@example.com"
PASSWORD = "korrekt pferd batterie"
BY = Actor(ActorKind.UNAUTHENTICATED, None, "203.0.113.7", "Firefox/140")


async def let_in(house: House) -> LoggedIn:
    """Add a person, and let them in by the operator's link."""
    storage = house.app.storage
    await ACTS["people.add"](storage, {"email": ADA, "role": "developer"})
    link = await ACTS["people.password_link"](storage, {"email": ADA})
    place, _, secret = link["url"].partition("?token=")
    assert place == f"{storage.settings.base_url()}/password"
    assert link["email"] == ADA
    entered = await storage.passwords.use_link(secret, PASSWORD, BY)
    assert isinstance(entered, LoggedIn)
    return entered


async def test_the_operator_lets_a_person_set_a_password(house: House) -> None:
    await let_in(house)
    assert isinstance(await house.app.storage.logins.log_in(ADA, PASSWORD, BY), LoggedIn)


async def test_the_operator_lists_and_ends_a_persons_sessions(house: House) -> None:
    storage = house.app.storage
    first = await let_in(house)
    second = await storage.logins.log_in(ADA, PASSWORD, BY)
    assert isinstance(second, LoggedIn)
    listed = (await ACTS["people.sessions"](storage, {"email": ADA}))["data"]
    assert {each["id"] for each in listed} == {first.session.id, second.session.id}
    assert set(listed[0]) == {
        "id", "type", "created_at", "last_seen_at", "expires_at", "ip_address", "user_agent",
    }  # fmt: skip
    assert first.secret.reveal() not in str(listed)
    asked = {"email": ADA, "session_id": first.session.id}
    assert await ACTS["people.revoke_sessions"](storage, asked) == {"revoked": 1}
    assert await storage.sessions.resolve(first.secret.reveal()) is None
    with pytest.raises(NotFound):
        await ACTS["people.revoke_sessions"](storage, asked)
    assert await ACTS["people.revoke_sessions"](storage, {"email": ADA}) == {"revoked": 1}
    assert await ACTS["people.revoke_sessions"](storage, {"email": ADA}) == {"revoked": 0}


@pytest.mark.parametrize("act", ["people.password_link", "people.sessions", "people.revoke_sessions"])
async def test_somebody_who_is_no_member_has_none_of_it(house: House, act: str) -> None:
    with pytest.raises(InvalidRequest):
        await ACTS[act](house.app.storage, {"email": "nobody@example.com"})
