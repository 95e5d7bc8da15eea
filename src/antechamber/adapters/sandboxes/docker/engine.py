"""What is asked of an engine about containers, each question one function."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from antechamber.adapters.sandboxes.docker import bodies
from antechamber.adapters.sandboxes.docker.calls import Calls, EngineError
from antechamber.adapters.sandboxes.docker.links import Link
from antechamber.features.environments.model.sandbox import SandboxGone

NOT_FOUND: Final = 404
CONFLICT: Final = 409
_FAILED: Final = 500


async def negotiate(calls: Calls) -> dict[str, Any]:
    """Speak the newest version that the engine does, and return what it says of itself."""
    told: dict[str, Any] = await calls.json("GET", "/version")
    calls.version = told["ApiVersion"]
    return told


async def inspect(calls: Calls, container: str, *, size: bool = False) -> dict[str, Any] | None:
    """Return what there is to know of a container, None if there is none."""
    query = {"size": "true"} if size else None
    try:
        told: dict[str, Any] = await calls.json("GET", f"/containers/{container}/json", query=query)
    except EngineError as error:
        if error.status == NOT_FOUND:
            return None
        raise
    return told


async def listing(calls: Calls, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the containers that carry all of these labels, ended ones too."""
    filters = filtered(label=[f"{name}={value}" for name, value in labels.items()])
    found: list[dict[str, Any]] = await calls.json("GET", "/containers/json", query={"all": "true", "filters": filters})
    return found


async def end(calls: Calls, container: str) -> None:
    """Kill a container and wait until it has ended; nothing happens if it had or is not there."""
    try:
        await calls.json("POST", f"/containers/{container}/kill")
    except EngineError as error:
        if error.status in {NOT_FOUND, CONFLICT}:
            return
        if error.status < _FAILED:
            raise
        # "did not receive an exit event": it is dying, and many processes take their time
    await calls.json("POST", f"/containers/{container}/wait")


async def remove(calls: Calls, container: str) -> None:
    """Remove a container with what it wrote, running or not."""
    try:
        await calls.json("DELETE", f"/containers/{container}", query={"force": "true", "v": "true"})
    except EngineError as error:
        if error.status not in {NOT_FOUND, CONFLICT}:
            raise


async def execute(calls: Calls, container: str, body: Mapping[str, Any]) -> tuple[str, Link, bytes]:
    """Start a program: the execution's id, the connection of its streams, what came on it already."""
    try:
        execution = (await calls.json("POST", f"/containers/{container}/exec", body))["Id"]
        link, early = await calls.hijack(f"/exec/{execution}/start", {"Detach": False, "Tty": body["Tty"]})
    except EngineError as error:
        # where it ends just then it is 500
        if error.status in {NOT_FOUND, CONFLICT} or "is not running" in str(error):
            message = "the sandbox is not running"
            raise SandboxGone(message) from error
        raise
    return execution, link, early


async def events(calls: Calls, owner: str) -> AsyncIterator[tuple[str, str]]:
    """Yield what happens to our containers: what, and the container's id."""
    filters = filtered(type=["container"], label=[f"{bodies.OWNER}={owner}"], event=["oom", "die"])
    async with calls.stream("GET", "/events", query={"filters": filters}) as answer:
        held = b""
        async for chunk in answer.chunks():
            *lines, held = (held + chunk).split(b"\n")
            for line in lines:
                if line.strip():
                    told = json.loads(line)
                    yield told["Action"], told["Actor"]["ID"]


def filtered(**wanted: list[str]) -> str:
    """Return filters as the engine takes them."""
    return json.dumps(wanted)
