"""What an engine is asked for, and how its answers are read."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.adapters.sandboxes.docker import bodies, engine, seccomp
from antechamber.adapters.sandboxes.docker.calls import Calls, EngineError
from antechamber.adapters.sandboxes.docker.links import Engine
from antechamber.features.environments.model.sandbox import Command, Limits, SandboxError, SandboxGone, SandboxSpec

HOUSE = bodies.House("owner", seccomp="{}")
IMAGE = bodies.Image("antechamber/base:tag", (("/usr/bin", "/usr/bin"),))
TIOCSTI, TIOCLINUX = 0x5412, 0x541C


def held(**limits: float) -> dict[str, object]:
    spec = SandboxSpec("s", "o", limits=Limits(**limits))  # type: ignore[arg-type]
    found: dict[str, object] = bodies.container(spec, IMAGE, HOUSE)["HostConfig"]
    return found


def test_a_container_has_no_network_of_the_engines_and_no_right_but_eleven() -> None:
    told = held()
    assert told["NetworkMode"] == "none"
    assert told["CapDrop"] == ["ALL"]
    assert len(told["CapAdd"]) == 11  # type: ignore[arg-type]
    assert told["SecurityOpt"] == ["no-new-privileges", "seccomp={}"]
    assert told["Binds"] == ["/usr/bin:/usr/bin:ro"]
    assert "/sys" in told["MaskedPaths"]  # type: ignore[operator]


def test_limits_are_the_specs_and_swap_is_none() -> None:
    told = held(memory_bytes=1 << 28, cpus=0.5, pids=7, file_bytes=9)
    assert (told["Memory"], told["MemorySwap"]) == (1 << 28, 1 << 28)
    assert told["NanoCpus"] == 500_000_000
    assert told["PidsLimit"] == 7
    assert {"Name": "fsize", "Soft": 9, "Hard": 9} in told["Ulimits"]  # type: ignore[operator]


def test_memory_that_poses_as_files_is_half_of_memory_at_most() -> None:
    told = held(memory_bytes=64 << 20)["Tmpfs"]
    assert isinstance(told, dict)
    assert f"size={32 << 20}" in told["/tmp"]


def test_a_program_is_its_own_arguments_behind_the_reaper() -> None:
    told = bodies.execution(Command(("sh", "-c", "$(id)")), "mark", {"A": "b"})
    assert told["Cmd"] == [bodies.REAPER, "-s", "--", "sh", "-c", "$(id)"]
    assert told["Env"] == ["A=b", f"{bodies.MARK}=mark"]


def test_the_callers_labels_come_back_and_no_others() -> None:
    spec = SandboxSpec("s", "o", labels={"session": "1", "antechamber.owner": "mine"})
    told = bodies.labels(spec, HOUSE)
    assert told[bodies.OWNER] == "owner"
    assert bodies.own_labels(told) == {"session": "1", "antechamber.owner": "mine"}


@given(st.integers(0, 0xFFFFFFFF) | st.integers(0x5400, 0x54FF), st.integers(0, 0xFFFFFFFF))
def test_of_all_ioctls_the_filter_leaves_two_out_whatever_is_above_them(number: int, above: int) -> None:
    rules = [rule for rule in json.loads(seccomp.profile("x86_64"))["syscalls"] if rule["names"] == ["ioctl"]]
    asked = above << 32 | number
    allowed = any(asked & part["value"] == part["valueTwo"] for rule in rules for part in rule["args"])
    assert allowed == (number not in {TIOCSTI, TIOCLINUX})


def test_an_engine_that_knows_no_answer_of_its_own_says_that_the_kernel_lacks_what_libraries_fall_back_from() -> None:
    told = json.loads(seccomp.profile("x86_64"))
    [lacking] = [rule for rule in told["syscalls"] if "clone3" in rule["names"]]
    assert (lacking["action"], lacking["errnoRet"]) == ("SCMP_ACT_ERRNO", 38)
    # and nothing that the profile says something of
    others = {name for rule in told["syscalls"] if rule is not lacking for name in rule["names"]}
    assert not others & set(lacking["names"])


def test_a_processor_without_a_profile_gets_the_engines() -> None:
    assert seccomp.profile("riscv64") == ""
    assert json.loads(seccomp.profile("aarch64"))["architectures"] == ["SCMP_ARCH_AARCH64"]


@asynccontextmanager
async def answering(path: Path, answer: bytes) -> AsyncIterator[Calls]:
    """An engine that says the same to everything."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, path)
    async with server:
        yield Calls(Engine(f"unix://{path}"))


def http(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def test_a_refusal_is_told_in_the_engines_words(tmp_path: Path) -> None:
    async with answering(tmp_path / "s", http("500 Oops", b'{"message": "no space"}')) as calls:
        with pytest.raises(EngineError, match="500: no space"):
            await calls.json("GET", "/info")
    async with answering(tmp_path / "t", http("502 Oops", b"<html>")) as calls:
        with pytest.raises(EngineError, match="<html>"):
            await calls.json("GET", "/info")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", b"nonsense\r\n\r\n"])
async def test_an_answer_that_breaks_off_is_an_error(tmp_path: Path, answer: bytes) -> None:
    async with answering(tmp_path / "s", answer) as calls:
        with pytest.raises(SandboxError):
            await calls.json("GET", "/info")


async def test_what_is_not_there_is_none_gone_or_nothing(tmp_path: Path) -> None:
    async with answering(tmp_path / "s", http("404 Not Found", b'{"message": "no such container"}')) as calls:
        assert await engine.inspect(calls, "one") is None
        with pytest.raises(SandboxGone):
            await engine.execute(calls, "one", {"Tty": False})
        quiet: tuple[Callable[[Calls, str], Awaitable[None]], ...] = (engine.end, engine.remove)
        for work in quiet:
            await work(calls, "one")
