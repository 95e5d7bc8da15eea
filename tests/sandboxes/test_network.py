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


@pytest.fixture(scope="module")
async def narrow(place: Station, outside: World) -> dict[str, str]:
    """What came of the probes where only listed hosts are reached."""
    async with room(place, "probes-limited", outside.limited) as sandbox:
        return await probe(sandbox, outside, list(network.TABLE))


@pytest.fixture(scope="module")
async def wide(place: Station, outside: World) -> dict[str, str]:
    """The same where everything is open."""
    async with room(place, "probes-unrestricted", outside.unrestricted) as sandbox:
        return await probe(sandbox, outside, list(network.UNRESTRICTED))


@pytest.mark.parametrize("number", network.TABLE)
async def test_a_limited_network_leads_only_where_it_may(narrow: dict[str, str], number: str) -> None:
    what, wanted = network.TABLE[number]
    assert narrow[number] == wanted, what


@pytest.mark.parametrize("number", network.UNRESTRICTED)
async def test_an_unrestricted_network_leads_to_the_public_alone(wide: dict[str, str], number: str) -> None:
    what, wanted = network.UNRESTRICTED[number]
    assert wide[number] == wanted, what


async def test_what_is_refused_is_not_dialled_and_everything_is_logged(place: Station, outside: World) -> None:
    before = outside.origin.connections
    async with room(place, "logged", outside.limited) as sandbox:
        await probe(sandbox, outside, list(network.TABLE))
    # N1 and N24
    assert outside.origin.connections == before + 2
    log = await place.egress_log.read("logged")
    assert [line["sequence"] for line in log] == list(range(1, len(log) + 1))
    assert {line["decision"] for line in log} == {"allow", "deny", "end"}
    denied = {line["rule"] for line in log if line["decision"] == "deny"}
    assert denied >= {
        "allowed_hosts",
        "direct_address",
        "https_only",
        "not_tls",
        "port",
        "private_address",
        "sni_mismatch",
    }


async def test_programs_find_proxy_and_names_by_files_and_variables(place: Station, outside: World) -> None:
    async with room(place, "files", outside.limited) as sandbox:
        known = await run(sandbox, "/usr/bin/python3", "-c", LOOK_UP, ALLOWED)
        assert known.text.startswith("198.1"), known.err
        assert (await run(sandbox, "/usr/bin/python3", "-c", LOOK_UP, OTHER)).status.code == 1
        shown = await run(sandbox, "/usr/bin/env")
        assert "HTTPS_PROXY=http://127.0.0.1:3128" in shown.text


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
    policy = replace(
        outside.limited,
        injections=(Injection(ALLOWED, "Authorization", "Bearer of-the-vault", (outside.origin.port,)),),
    )
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
