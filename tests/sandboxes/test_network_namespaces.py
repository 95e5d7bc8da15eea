"""The network of a sandbox without a sandbox: namespaces that hold nothing but a sleeping program."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from antechamber.adapters.sandboxes.network import Doors, EgressClient, NetworkError
from antechamber.features.environments.model.sandbox import NetworkMode, NetworkPolicy
from tests.probes import network
from tests.sandboxes.egress import ALLOWED, EgressProcess, World, egress_process, probe, world

pytestmark = [pytest.mark.sandbox, pytest.mark.anyio]
PYTHON = "/usr/bin/python3"
# what needs a sandbox's system call filter and capabilities has its place in test_network.py
LIMITED = [number for number in network.TABLE if number not in {"N17", "N18", "N19", "N20", "N23"}]


@pytest.fixture(scope="module")
def outside() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.fixture(scope="module")
def egress(outside: World) -> Iterator[EgressProcess]:
    with egress_process(outside.configuration) as process:
        yield process


@pytest.fixture
async def client(outside: World, egress: EgressProcess) -> AsyncIterator[EgressClient]:
    del egress
    made = EgressClient(outside.socket)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@contextlib.contextmanager
def namespaces(kind: str) -> Iterator[tuple[int, list[str]]]:
    """Yield a process with a network namespace of its own, and what enters it."""
    apart = ["-n", "-i"] if kind == "network" else ["-U", "-n", "-i"]
    process = subprocess.Popen(
        ["unshare", *apart, "sh", "-c", "echo; read x"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdout.readline()
        if kind == "user":
            for name in ("uid_map", "gid_map"):
                Path(f"/proc/{process.pid}/{name}").write_text("0 300000 65536")
        enter = ["nsenter", "-t", str(process.pid), "-n", *([] if kind == "network" else ["-U"])]
        yield process.pid, enter
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


@contextlib.contextmanager
def sleeper() -> Iterator[int]:
    """Yield a process in the namespaces of the tests."""
    process = subprocess.Popen(["sleep", "600"])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait(30)


@pytest.mark.parametrize("kind", ["network", "user"])
async def test_limited_networks_lead_where_they_may(kind: str, outside: World, client: EgressClient) -> None:
    before = outside.origin.connections
    with namespaces(kind) as (pid, enter):
        await client.attach(Doors.of_process(pid), f"limited-{kind}", outside.limited)
        found = await probe(*enter, PYTHON, network.__file__, outside.facts(LIMITED))
        await client.detach(f"limited-{kind}")
    assert found == {number: network.TABLE[number][1] for number in LIMITED}
    # N1 and N24; what was refused was not dialled
    assert outside.origin.connections == before + 2
    rules = {line["rule"] for line in outside.log(f"limited-{kind}") if line["decision"] == "deny"}
    assert rules >= {
        "allowed_hosts",
        "direct_address",
        "https_only",
        "not_tls",
        "port",
        "private_address",
        "sni_mismatch",
    }


@pytest.mark.parametrize("kind", ["network", "user"])
async def test_unrestricted_networks_lead_everywhere_but_to_what_is_private(
    kind: str, outside: World, client: EgressClient
) -> None:
    with namespaces(kind) as (pid, enter):
        await client.attach(Doors.of_process(pid), f"open-{kind}", outside.unrestricted)
        found = await probe(*enter, PYTHON, network.__file__, outside.facts(list(network.UNRESTRICTED)))
        await client.detach(f"open-{kind}")
    assert found == {number: wanted for number, (_, wanted) in network.UNRESTRICTED.items()}


async def test_no_network_is_loopback_alone(outside: World, client: EgressClient) -> None:
    with namespaces("user") as (pid, enter):
        await client.attach(Doors.of_process(pid), "none", NetworkPolicy(NetworkMode.NONE))
        found = await probe(*enter, PYTHON, network.__file__, outside.facts(["N10", "N13", "N41"]))
    assert found == {"N10": "ENETUNREACH", "N13": "no way", "N41": "works"}


async def test_a_proxy_that_was_killed_gets_its_sandboxes_again(
    outside: World, client: EgressClient, egress: EgressProcess
) -> None:
    with namespaces("user") as (pid, enter):
        await client.attach(Doors.of_process(pid), "again", outside.limited)
        assert await _until_works(enter, outside) == {"N1": "works", "N24": "works"}
        egress.kill()
        await asyncio.to_thread(egress.start)
        assert await _until_works(enter, outside) == {"N1": "works", "N24": "works"}
        await client.detach("again")
        assert await probe(*enter, PYTHON, network.__file__, outside.facts(["N1"])) == {"N1": "ECONNREFUSED"}


async def test_the_namespace_of_the_host_is_not_given_a_network(outside: World, client: EgressClient) -> None:
    with sleeper() as pid, pytest.raises(NetworkError, match="the network namespace of the host"):
        await client.attach(Doors.of_process(pid), "host", outside.limited)
    with pytest.raises(NetworkError, match="cannot be set up"):
        await client.attach(Doors.of_process(pid), "gone", outside.limited)


async def test_the_program_that_enters_networks_is_started_again_when_it_ends(
    outside: World, client: EgressClient
) -> None:
    await asyncio.gather(client.start(), client.start())
    process = client._entrance._process
    assert process is not None
    process.kill()
    await process.wait()
    with namespaces("user") as (pid, enter):
        async with asyncio.timeout(60):
            while not await _is_attached(client, pid, outside):
                pass
        assert await probe(*enter, PYTHON, network.__file__, outside.facts(["N1"])) == {"N1": "works"}


async def _is_attached(client: EgressClient, pid: int, outside: World) -> bool:
    try:
        await client.attach(Doors.of_process(pid), "entered-again", outside.limited)
    except NetworkError:
        # its end was not yet noticed
        return False
    return True


async def test_many_are_attached_at_once(outside: World, client: EgressClient) -> None:
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(namespaces("user")) for _ in range(12)]
        await asyncio.gather(*(client.attach(Doors.of_process(pid), f"many-{pid}", outside.limited) for pid, _ in made))
        for pid, enter in (made[0], made[-1]):
            assert await probe(*enter, PYTHON, network.__file__, outside.facts(["N1"])) == {"N1": "works"}
            assert any(line["host"] == ALLOWED for line in outside.log(f"many-{pid}"))
        await asyncio.gather(*(client.detach(f"many-{pid}") for pid, _ in made))


async def _until_works(enter: list[str], outside: World) -> dict[str, str]:
    found: dict[str, str] = {}
    async with asyncio.timeout(60):
        while "works" not in found.values():
            found = await probe(*enter, PYTHON, network.__file__, outside.facts(["N1", "N24"]))
            await asyncio.sleep(0.05)
    return found
