"""Every row of the network table of docs/security.md, tried inside real sandboxes on each kind of runtime."""

import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from antechamber.features.environments.model.sandbox import (
    Command,
    Injection,
    NetworkMode,
    NetworkPolicy,
    SandboxSpec,
)
from antechamber.features.environments.ports.sandboxes import Sandbox
from tests.dockerd import Dockerd
from tests.probes import network
from tests.sandboxes.egress import ALLOWED, OTHER, World, world
from tests.sandboxes.running import ORGANIZATION, finish, run
from tests.sandboxing import Station, station

pytestmark = [pytest.mark.sandbox, pytest.mark.anyio]
KINDS = ("oci-root", "oci-rootless", "docker")
SCRIPT = Path(network.__file__).read_text(encoding="utf-8")
LOOK_UP = "import socket,sys\nprint(socket.getaddrinfo(sys.argv[1], 443, type=socket.SOCK_STREAM)[0][4][0])"


@pytest.fixture(scope="module")
def outside() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest, outside: World) -> Iterator[Station]:
    told = outside.configuration
    egress = {name: told[name] for name in ("control_plane", "blocked", "hosts")} | {"private": outside.private}
    with contextlib.ExitStack() as stack:
        parts: dict[str, Any] = {}
        if request.param == "docker":
            engine = Dockerd().start()
            stack.callback(engine.stop)
            parts = {"runtime": "docker", "docker_url": engine.url}
        yield stack.enter_context(station(request.param, egress=egress, **parts))


@contextlib.asynccontextmanager
async def room(place: Station, name: str, policy: NetworkPolicy) -> AsyncIterator[Sandbox]:
    try:
        yield await place.sandboxes.create(SandboxSpec(name, ORGANIZATION, network=policy))
    finally:
        await place.sandboxes.remove(name)


async def probe(sandbox: Sandbox, outside: World, numbers: list[str]) -> dict[str, str]:
    process = await sandbox.execute(Command(("/usr/bin/python3", "-c", SCRIPT, outside.facts(numbers))))
    await process.close_input()
    said = await finish(process)
    assert said.status.code == 0, said.err.decode()
    found: dict[str, str] = json.loads(said.out)
    return found


async def test_limited_networks_lead_where_they_may(place: Station, outside: World) -> None:
    before = outside.origin.connections
    async with room(place, "limited", outside.limited) as sandbox:
        found = await probe(sandbox, outside, list(network.TABLE))
        assert found == {number: wanted for number, (_, wanted) in network.TABLE.items()}
        assert outside.origin.connections == before + 2
        # the files that were laid in lead a program that knows of no proxy there as well
        known = await run(sandbox, "/usr/bin/python3", "-c", LOOK_UP, ALLOWED)
        assert known.text.startswith("198.1"), known.err
        assert (await run(sandbox, "/usr/bin/python3", "-c", LOOK_UP, OTHER)).status.code == 1
        shown = await run(sandbox, "/usr/bin/env")
        assert "HTTPS_PROXY=http://127.0.0.1:3128" in shown.text
    log = await place.egress_log.read("limited")
    assert [line["sequence"] for line in log] == sorted({line["sequence"] for line in log})  # type: ignore[type-var]
    assert {line["decision"] for line in log} == {"allow", "deny", "end"}


async def test_unrestricted_networks_lead_everywhere_but_to_what_is_private(place: Station, outside: World) -> None:
    async with room(place, "unrestricted", outside.unrestricted) as sandbox:
        found = await probe(sandbox, outside, list(network.UNRESTRICTED))
    assert found == {number: wanted for number, (_, wanted) in network.UNRESTRICTED.items()}


async def test_sandboxes_without_network_have_loopback_alone(place: Station, outside: World) -> None:
    async with room(place, "none", NetworkPolicy(NetworkMode.NONE)) as sandbox:
        found = await probe(sandbox, outside, ["N10", "N13", "N21", "N41"])
    assert found == {"N10": "ENETUNREACH", "N13": "no way", "N21": "ECONNREFUSED", "N41": "works"}


async def test_two_sandboxes_do_not_reach_one_another(place: Station, outside: World) -> None:
    serve = "import socket\ns=socket.create_server(('0.0.0.0',8000))\nprint('up',flush=True)\nsocket.socket.accept(s)"
    reach = "import socket\nsocket.create_connection(('127.0.0.1',8000),5)"
    async with room(place, "one", outside.unrestricted) as one, room(place, "two", outside.unrestricted) as two:
        server = await one.execute(Command(("/usr/bin/python3", "-c", serve)))
        assert await anext(aiter(server.stdout)) == b"up\n"
        assert b"refused" in (await run(two, "/usr/bin/python3", "-c", reach)).err
        assert (await run(one, "/usr/bin/python3", "-c", reach)).status.code == 0
        await server.wait()


async def test_the_authority_of_injected_hosts_is_believed_inside_alone(place: Station, outside: World) -> None:
    policy = replace(outside.limited, injections=(Injection(ALLOWED, "Authorization", "Bearer of-the-vault"),))
    script = (
        "import ssl,sys,urllib.request as u\n"
        "c=ssl.create_default_context(cafile='/etc/antechamber/egress-ca.pem')\n"
        "try: print(u.urlopen(sys.argv[1],context=c,timeout=30).status)\n"
        "except u.HTTPError as e: print(e.code, e.read())"
    )
    async with room(place, "injected", policy) as sandbox:
        said = await run(sandbox, "/usr/bin/python3", "-c", script, f"https://{ALLOWED}:{outside.origin.port}/vault")
        # the egress process believes only the authorities of the system, and so not that of the tests
        assert b"unreachable" in said.out, (said.out, said.err)
        assert b"of-the-vault" not in (await run(sandbox, "/usr/bin/env")).out
    denied = [line for line in await place.egress_log.read("injected") if line["decision"] == "deny"]
    assert denied[-1]["rule"] == "unreachable"


async def test_a_proxy_that_was_killed_serves_the_same_sandboxes_again(place: Station, outside: World) -> None:
    async with room(place, "again", outside.limited) as sandbox:
        assert await probe(sandbox, outside, ["N1"]) == {"N1": "works"}
        place.kill_egress()
        place.start_egress()
        found: dict[str, str] = {}
        while found.get("N1") != "works":
            found = await probe(sandbox, outside, ["N1"])
