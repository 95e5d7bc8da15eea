"""A whole application in this process, before an upstream that records."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from antechamber.settings import load
from antechamber.wiring.application import Application
from antechamber.wiring.first_run import Founded
from antechamber.wiring.storage import open_storage
from tests.api.recorder import Recorder
from tests.asgi import Answer, call
from tests.founding import lay_founded
from tests.templates import share_statements

PROVIDERS = """
[[providers]]
name = "recorder"
kind = "anthropic"
base_url = "{url}"
api_key = "sk-provider"
models = ["claude-*", "real"]
headers = {{ x-team = "a" }}

[[providers]]
name = "chats"
kind = "openai"
base_url = "{url}/v1"
api_key = "sk-chats"
models = ["gpt-*"]

[aliases]
best = "real"
"""


@dataclass
class House:
    """A running application, its keys and the upstream behind it."""

    app: Application
    founded: Founded
    recorder: Recorder

    @property
    def api_key(self) -> str:
        assert self.founded.api_key is not None
        return self.founded.api_key.reveal()

    async def post(self, body: bytes | list[bytes], target: str = "/v1/messages", **headers: str) -> Answer:
        sent = {"x-api-key": self.api_key, "anthropic-version": "2023-06-01"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await call(self.app.shell, "POST", target, headers=sent, body=body)


@asynccontextmanager
async def open_house(folder: Path, **settings: object) -> AsyncIterator[House]:
    """Run a house in a folder until the block ends; `settings` are those that differ."""
    recorder = Recorder()
    await recorder.start()
    config = folder / "server.toml"
    config.write_text(PROVIDERS.format(url=recorder.url), encoding="utf-8")
    # what the API says of containers needs none of this machine's
    usual = {"data": folder / "data", "simulated": "on", "sandbox_runtime": "memory"}
    loaded = dataclasses.replace(load({**usual, **settings}, config), environment={})
    founded = lay_founded(folder / "data")
    storage = open_storage(loaded.settings)
    share_statements(storage.database)
    app = Application(loaded, storage)
    await app.start()
    yield House(app, founded, recorder)
    await app.stop()
    await recorder.stop()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened
