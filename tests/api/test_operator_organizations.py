"""Organisations that the operator makes beside the first, through the same acts as the socket's."""

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.wiring.administration import ACTS
from tests.api.conftest import House
from tests.api.limiting import Desk, desk

ME = "/v1/organizations/me"


async def test_the_operator_makes_another_organization_whose_keys_open_it_alone(house: House) -> None:
    asked = {"name": "Second", "admin_email": "boss@second.example"}
    made = await ACTS["organizations.create"](house.app.storage, asked)
    await house.app.changes.look()
    second = Desk(house, made["admin_key"], made["organization_id"])
    assert await second.get(ME) == {"id": made["organization_id"], "type": "organization", "name": "Second"}
    assert (await desk(house).get(ME))["id"] != made["organization_id"]
    assert made["setup_url"].rpartition("=")[2].startswith("sk-ant-setup01-")
    ids = [each["id"] for each in (await ACTS["organizations.list"](house.app.storage, {}))["data"]]
    assert ids == [desk(house).organization_id, made["organization_id"]]


async def test_an_organization_needs_a_name_and_its_admins_address(house: House) -> None:
    for asked in ({"name": "", "admin_email": "boss@second.example"}, {"name": "Second", "admin_email": "boss"}):
        with pytest.raises(InvalidRequest):
            await ACTS["organizations.create"](house.app.storage, asked)
