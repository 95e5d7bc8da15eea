"""Asks a house's endpoints of environments as a workspace's programs do."""

import json
from typing import Any, Final

from tests.api.conftest import House
from tests.asgi import Answer, call

ROOT: Final = "/v1/environments"
BETA: Final = "managed-agents-2026-04-01"
# a well-formed id of nothing, but for its prefix
NOTHING: Final = "01" + "1" * 22
EMPTY: Final = {
    "type": "packages", "apt": [], "cargo": [], "gem": [], "go": [], "npm": [], "pip": []
}  # fmt: skip


class Room:
    """A workspace as one of its keys sees it."""

    def __init__(self, house: House, key: str | None = None) -> None:
        self.house = house
        self.key = key or house.api_key

    async def ask(self, method: str, path: str = ROOT, body: object = None, **headers: str | None) -> Answer:
        """Send a request; `body` None sends none, bytes go as they are, a header that is None is left out."""
        sent: dict[str, str | None] = {
            "x-api-key": self.key,
            "anthropic-version": "2023-06-01",
            "anthropic-beta": BETA,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        kept = {name: value for name, value in sent.items() if value is not None}
        return await call(self.house.app.shell, method, path, headers=kept, body=raw)

    async def get(self, path: str = ROOT) -> Any:  # noqa: ANN401 - JSON
        answer = await self.ask("GET", path)
        assert answer.status == 200, answer.body
        return answer.json()

    async def make(self, name: str = "python-dev", config: object = None, **fields: object) -> dict[str, Any]:
        answer = await self.ask("POST", ROOT, {"name": name, "config": config, **fields})
        assert answer.status == 200, answer.body
        made: dict[str, Any] = answer.json()
        return made

    async def update(self, environment: dict[str, Any], **fields: object) -> Answer:
        return await self.ask("POST", f"{ROOT}/{environment['id']}", fields)

    async def archive(self, environment: dict[str, Any]) -> Answer:
        return await self.ask("POST", f"{ROOT}/{environment['id']}/archive")

    async def delete(self, environment: dict[str, Any]) -> Answer:
        return await self.ask("DELETE", f"{ROOT}/{environment['id']}")

    async def names(self, query: str = "") -> list[str]:
        return [environment["name"] for environment in (await self.get(f"{ROOT}{query}"))["data"]]


def refused(answer: Answer, status: int, kind: str, words: str = "", code: str | None = None) -> dict[str, Any]:
    assert answer.status == status, answer.body
    error: dict[str, Any] = answer.json()["error"]
    assert error["type"] == kind, error
    assert words in error["message"], error
    assert error.get("details", {}).get("error_code") == code, error
    return error


def invalid(answer: Answer, words: str = "", code: str | None = None) -> dict[str, Any]:
    return refused(answer, 400, "invalid_request_error", words, code)
