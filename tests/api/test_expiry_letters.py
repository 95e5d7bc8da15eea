"""A server mails what its keys' ends ask for: a due notice becomes a letter without anybody's call."""

import asyncio
import time

from sqlalchemy import update

from antechamber.base.actor import OPERATOR
from antechamber.base.ids import OrganizationId
from antechamber.base.permissions import OrganizationRole
from antechamber.database.engine import connection
from antechamber.features.apikeys.model import DAY, Draft
from antechamber.features.apikeys.sql.expiry_notices import api_key_expiry_notices
from tests.api.conftest import House

SECONDS = 20


async def test_a_running_server_announces_the_end_of_a_key(house: House) -> None:
    storage, organization_id = house.app.storage, OrganizationId(house.founded.organization_id)
    await storage.members.add(organization_id, "ada@example.com", "Ada", OrganizationRole.ADMIN, OPERATOR)
    draft = Draft("nightly job", expires_at=storage.clock.now() + 30 * DAY)
    await storage.api_keys.create(organization_id, draft, OPERATOR)
    async with storage.database.begin() as unit:
        await connection(unit).execute(update(api_key_expiry_notices).values(mail_due_at=0))
    house.app.mailing.wake()
    until = time.monotonic() + SECONDS
    letters: list[bytes] = []
    while not letters and time.monotonic() < until:
        await asyncio.sleep(0.05)
        folder = storage.folder.mail
        letters = [path.read_bytes() for path in folder.glob("*.eml")] if folder.is_dir() else []
    (letter,) = letters
    assert b"To: ada@example.com" in letter
    assert b'The API key "nightly job" of' in letter
