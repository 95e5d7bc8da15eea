"""Keys that the operator makes, through the same acts as the socket's."""

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.base.permissions import OrganizationRole
from antechamber.wiring.administration import ACTS
from tests.api.conftest import House
from tests.api.keyring import ADMIN_KEYS, Keyring


async def test_the_operator_makes_an_admin_key_that_expires(house: House) -> None:
    keyring = Keyring(house)
    asked = {"name": "ops", "scopes": ["read:admin_keys"], "expires_in_seconds": 60}
    made = await ACTS["admin_key.make"](keyring.storage, asked)
    await keyring.settle()
    shown = await keyring.get(f"{ADMIN_KEYS}/{made['id']}", secret=made["secret"])
    assert (shown["name"], shown["scopes"], shown["created_by"]) == ("ops", ["read:admin_keys"], None)
    assert shown["expires_at"] is not None
    with pytest.raises(InvalidRequest, match=r"^scopes: "):
        await ACTS["admin_key.make"](keyring.storage, {"name": "ops", "scopes": ["everything"]})


async def test_the_operator_makes_a_claude_code_key_for_who_may_use_it(house: House) -> None:
    keyring = Keyring(house)
    coder = await keyring.join("coder@example.com", OrganizationRole.CLAUDE_CODE_USER)
    await keyring.join("user@example.com", OrganizationRole.USER)
    made = await ACTS["claude_code_key.make"](keyring.storage, {"email": "coder@example.com"})
    await keyring.settle()
    assert made["user_id"] == coder
    assert (await keyring.ask("GET", "/v1/models", secret=made["secret"])).status == 200
    for email in ("user@example.com", "nobody@example.com"):
        with pytest.raises(InvalidRequest, match="is not a member"):
            await ACTS["claude_code_key.make"](keyring.storage, {"email": email})
