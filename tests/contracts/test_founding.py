"""The first organisation is founded once, however many try at the same moment."""

import asyncio
from pathlib import Path

from sqlalchemy.engine import URL

from antechamber.settings import load
from antechamber.wiring.storage import Storage, open_storage


def node(address: URL, folder: Path) -> Storage:
    url = address.set(drivername=address.get_backend_name()).render_as_string(hide_password=False)
    return open_storage(load({"data": folder, "database_url": url, "pepper": "same"}).settings)


async def test_of_many_who_found_the_first_organization_at_once_one_does(database_address: URL, tmp_path: Path) -> None:
    nodes = [node(database_address, tmp_path / str(number)) for number in range(4)]
    made = await asyncio.gather(*(one.founder.found_first("Acme", None, admin_key=True, api_key=True) for one in nodes))
    assert [founded is None for founded in made].count(False) == 1
    assert len(await nodes[0].organizations.everyone()) == 1
    for one in nodes:
        await one.database.close()
