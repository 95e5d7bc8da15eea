"""Access tokens in the database."""

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.clock import MICROSECONDS
from antechamber.base.errors import InvalidRequest
from antechamber.base.principal import AccessToken
from antechamber.base.secret import Secret, digest
from antechamber.database.engine import Database
from antechamber.features.oauth.sql import SqlTokens
from tests.contracts.tenants import MINE, NOON, PEPPER, services

STORE = SqlTokens()


def key_of(secret: Secret) -> bytes:
    return digest(PEPPER.reveal().encode(), secret.reveal())


async def test_a_token_opens_as_it_was_minted(database: Database) -> None:
    token, secret = await services(database).tokens.mint(MINE, "org:admin", 60, OPERATOR)
    expected = AccessToken(token.id, MINE, "org:admin", NOON + 60 * MICROSECONDS)
    async with database.read() as unit:
        assert await STORE.resolve_principal(unit, key_of(secret)) == expected
        assert await STORE.resolve_principal(unit, key_of(Secret("other"))) is None
        assert await STORE.sweep_principals(unit, NOON, 9) == {key_of(secret): expected}
    assert secret.reveal().startswith("sk-ant-oat01-")


async def test_only_tokens_that_still_live_are_swept_up(database: Database) -> None:
    made = services(database)
    token, _ = await made.tokens.mint(MINE, "org:admin", 60, OPERATOR)
    async with database.read() as unit:
        assert len(await STORE.sweep_principals(unit, token.expires_at - 1, 9)) == 1
        assert await STORE.sweep_principals(unit, token.expires_at, 9) == {}


@pytest.mark.parametrize(("scope", "seconds"), [("org:admin", 59), ("org:admin", 86_401), ("all", 60), ("", 60)])
async def test_what_may_not_be_minted_is_not_kept(database: Database, scope: str, seconds: int) -> None:
    with pytest.raises(InvalidRequest):
        await services(database).tokens.mint(MINE, scope, seconds, OPERATOR)
    async with database.read() as unit:
        assert await STORE.sweep_principals(unit, 0, 9) == {}
