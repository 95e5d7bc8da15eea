"""What only an engine of the Docker API has: TLS, others' containers beside ours, images out of our own base trees."""

import asyncio
import hashlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from antechamber.adapters.sandboxes.configuration import SupervisorConfiguration
from antechamber.adapters.sandboxes.docker import DockerSandboxes
from antechamber.features.environments.model.sandbox import (
    Command,
    Limits,
    NetworkMode,
    NetworkPolicy,
    SandboxError,
    SandboxGone,
)
from tests.dockerd import Dockerd
from tests.sandboxes.running import Runtime, collect, once, run

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def engine() -> Iterator[Dockerd]:
    started = Dockerd(over_tls=True).start()
    yield started
    started.stop()


def configuration(folder: Path, url: str, tls: Path | None = None) -> SupervisorConfiguration:
    return SupervisorConfiguration(
        folder=str(folder),
        socket=str(folder / "socket"),
        blobs=str(folder / "blobs"),
        cache=str(folder / "cache"),
        docker_url=url,
        docker_tls=str(tls or ""),
    )


@pytest.fixture
async def secure(engine: Dockerd, tmp_path: Path) -> AsyncIterator[Runtime]:
    sandboxes = DockerSandboxes(configuration(tmp_path, engine.tls_url, engine.tls_folder))
    await sandboxes.start()
    yield Runtime("docker", sandboxes)
    await sandboxes.close()


async def test_over_tls_input_ends_while_output_goes_on(secure: Runtime) -> None:
    content = bytes(range(256)) * 20_000
    async with secure.room() as room:
        said = await run(room, "sh", "-c", "sha256sum; echo more; head -c 300000 /dev/zero", given=content)
        digest, rest = said.out.split(b"\n", 1)
        assert digest.split()[0].decode() == hashlib.sha256(content).hexdigest()
        assert rest == b"more\n" + bytes(300_000)


async def test_an_engine_with_tls_takes_nobody_without_its_certificate(engine: Dockerd, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / "ca.pem").write_bytes((engine.tls_folder / "ca.pem").read_bytes())
    with pytest.raises(SandboxError):
        await DockerSandboxes(configuration(tmp_path, engine.tls_url, stranger)).start()


async def test_an_engine_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"none\.sock"):
        await DockerSandboxes(configuration(tmp_path, f"unix://{tmp_path}/none.sock")).start()


async def test_two_installations_on_one_engine_do_not_see_each_other(engine: Dockerd, tmp_path: Path) -> None:
    one, two = (DockerSandboxes(configuration(tmp_path / name, engine.url)) for name in ("one", "two"))
    for each in (one, two):
        await each.start()
    try:
        async with Runtime("docker", one).room() as room:
            assert await two.listing() == []
            await two.remove(room.id)
            assert (await run(room, "echo", "alive")).text == "alive\n"
    finally:
        await one.close()
        await two.close()


async def test_what_a_killed_supervisor_left_is_ended_and_its_files_go_on(engine: Dockerd, tmp_path: Path) -> None:
    first = DockerSandboxes(configuration(tmp_path, engine.url))
    await first.start()
    spec = Runtime("docker", first).spec("left")
    room = await first.create(spec)
    await room.write("/workspace/file", once(b"kept"))
    sleeping = await room.execute(Command(("sleep", "989")))
    second = DockerSandboxes(configuration(tmp_path, engine.url))
    await second.start()
    try:
        assert [info.state for info in await second.listing()] == ["stopped"]
        assert (await sleeping.wait()).code != 0
        again = await second.create(spec)
        assert await collect(again.read("/workspace/file")) == b"kept"
        await second.remove(spec.id)
    finally:
        await first.close()
        await second.close()


async def test_a_container_that_others_end_is_gone_and_can_start_again(engine: Dockerd, tmp_path: Path) -> None:
    sandboxes = DockerSandboxes(configuration(tmp_path, engine.url))
    await sandboxes.start()
    try:
        room = await sandboxes.create(Runtime("docker", sandboxes).spec("ended"))
        process = await room.execute(Command(("sleep", "988")))
        ended = ["docker", "--host", engine.url, "kill", room.container]
        await asyncio.to_thread(subprocess.run, ended, check=True, capture_output=True)
        assert (await process.wait()).code != 0
        with pytest.raises(SandboxGone):
            await run(room, "true")
        again = await sandboxes.create(room.spec)
        assert (await run(again, "echo", "back")).text == "back\n"
        await again.destroy()
    finally:
        await sandboxes.close()


async def test_without_an_egress_proxy_no_sandbox_has_a_network(secure: Runtime) -> None:
    spec = secure.spec("online", network=NetworkPolicy(NetworkMode.UNRESTRICTED))
    with pytest.raises(SandboxError, match="egress"):
        await secure.sandboxes.create(spec)
    assert await secure.sandboxes.listing() == []


async def test_the_engine_is_asked_for_the_limits_of_the_spec(engine: Dockerd, tmp_path: Path) -> None:
    sandboxes = DockerSandboxes(configuration(tmp_path, engine.url))
    await sandboxes.start()
    try:
        limits = Limits(memory_bytes=128 << 20, cpus=0.5, pids=32, open_files=256)
        async with Runtime("docker", sandboxes).room(limits=limits) as room:
            said = await run(room, "sh", "-c", "ulimit -n; ulimit -c; cat /proc/self/status")
            assert said.text.startswith("256\n0\n")
            assert "Seccomp:\t2\n" in said.text
            assert "NoNewPrivs:\t1\n" in said.text
            assert "CapBnd:\t00000000800405fb\n" in said.text
    finally:
        await sandboxes.close()
