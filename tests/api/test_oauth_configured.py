"""Clients of the server's file, from its start on and after it was read anew."""

import dataclasses
from pathlib import Path

import pytest

from antechamber.features.gateway.service.catalogue import CatalogueError
from antechamber.settings import SettingsError, load
from antechamber.wiring.application import Application
from antechamber.wiring.storage import open_storage

CLIENT = """
[[oauth_clients]]
id = "{id}"
name = "App"
redirect_uris = ["{redirect}"]
"""
PROVIDER = """
[[providers]]
name = "elsewhere"
kind = "openai"
base_url = "https://models.example"
ca_file = "/none"
"""


async def test_the_files_clients_are_there_from_the_start_and_replaced_by_a_reload(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text(CLIENT.format(id="first", redirect="https://app.example/cb"), encoding="utf-8")
    loaded = dataclasses.replace(load({"data": tmp_path / "data", "simulated": "on"}, file), environment={})
    storage = open_storage(loaded.settings)
    await storage.prepare()
    app = Application(loaded, storage)
    await app.start()
    try:
        clients = storage.oauth.clients
        assert await clients.find("first") is not None
        file.write_text(CLIENT.format(id="second", redirect="https://app.example/cb"), encoding="utf-8")
        await app.reload()
        assert await clients.find("first") is None
        assert await clients.find("second") is not None
        file.write_text(CLIENT.format(id="third", redirect="http://app.example/cb"), encoding="utf-8")
        with pytest.raises(SettingsError, match="oauth_clients"):
            await app.reload()
        assert await clients.find("second") is not None
        # good clients beside a provider whose connections cannot be opened
        file.write_text(CLIENT.format(id="fourth", redirect="https://app.example/cb") + PROVIDER, encoding="utf-8")
        with pytest.raises(CatalogueError, match="ca_file /none"):
            await app.reload()
        assert await clients.find("second") is not None
        assert await clients.find("fourth") is None
    finally:
        await app.stop()


async def test_a_server_does_not_start_on_a_client_that_cannot_be(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text(CLIENT.format(id="app", redirect="ftp://app.example/"), encoding="utf-8")
    loaded = load({"data": tmp_path / "data", "simulated": "on"}, file)
    storage = open_storage(loaded.settings)
    with pytest.raises(SettingsError, match="redirect_uris"):
        Application(loaded, storage)
    await storage.database.close()
