"""What every runtime of sandboxes does, whichever it is: the promises of features/environments/ports/sandboxes.py."""

import asyncio
import hashlib

import pytest

from antechamber.features.environments.model.sandbox import Command
from antechamber.features.environments.ports.sandboxes import Process, Sandbox
from tests.sandboxes.running import Runtime, collect, finish, once, run, sleepers

pytestmark = [pytest.mark.sandbox, pytest.mark.long]


async def test_a_program_gets_its_arguments_as_they_are(room: Sandbox) -> None:
    arguments = ("a b", "$(id)", "`id`", "; id", "'\"", "", "*", "-n")
    said = await run(room, "/usr/bin/printf", "%s\\n", *arguments)
    assert said.out.decode().split("\n")[:-1] == list(arguments)


async def test_output_and_errors_come_apart_and_each_in_order(room: Sandbox) -> None:
    said = await run(room, "sh", "-c", "for i in 1 2 3; do echo out $i; echo err $i >&2; done")
    assert said.out == b"out 1\nout 2\nout 3\n"
    assert said.err == b"err 1\nerr 2\nerr 3\n"


async def test_output_comes_while_the_program_runs(room: Sandbox) -> None:
    process = await room.execute(Command(("sh", "-c", "echo first; read line; echo got $line")))
    stream = process.stdout
    assert await anext(stream) == b"first\n"
    await process.write(b"this\n")
    assert await collect(stream) == b"got this\n"
    assert (await process.wait()).code == 0


@pytest.mark.parametrize("code", [0, 1, 42, 126, 137, 255])
async def test_a_programs_exit_code_is_its_own(room: Sandbox, code: int) -> None:
    status = (await run(room, "sh", "-c", f"exit {code}")).status
    assert status.code == code
    assert not status.oom
    assert not status.timed_out


@pytest.mark.parametrize("number", [6, 9, 11, 15])
async def test_a_signal_shows_as_128_and_its_number(room: Sandbox, number: int) -> None:
    status = (await run(room, "sh", "-c", f"kill -{number} $$")).status
    assert (status.code, status.signal) == (128 + number, number)


async def test_a_program_that_is_not_there_ends_with_127(room: Sandbox) -> None:
    assert (await run(room, "no-such-program")).status.code == 127


async def test_a_file_that_is_no_program_ends_with_126(room: Sandbox) -> None:
    assert (await run(room, "/etc/passwd")).status.code == 126


async def test_a_program_may_have_threads(room: Sandbox) -> None:
    script = "import threading as t; own = [t.Thread(target=print, args=(n,)) for n in range(3)]\nfor each in own:"
    assert (await run(room, "python3", "-c", f"{script} each.start(); each.join()")).text == "0\n1\n2\n"


async def test_ten_megabytes_of_input_arrive_and_end(room: Sandbox) -> None:
    content = bytes(range(256)) * 40_000
    said = await run(room, "sha256sum", given=content)
    assert said.text.split()[0] == hashlib.sha256(content).hexdigest()


async def test_ten_megabytes_of_output_arrive(room: Sandbox) -> None:
    said = await run(room, "head", "-c", "10000000", "/dev/zero")
    assert said.out == bytes(10_000_000)


async def test_what_reads_no_more_input_breaks_the_pipe(room: Sandbox) -> None:
    process = await room.execute(Command(("true",)))
    await process.wait()
    with pytest.raises(BrokenPipeError):
        await write_on(process)


async def test_a_program_has_the_folder_the_variables_and_the_user_of_its_command(room: Sandbox) -> None:
    where = await run(
        room, "sh", "-c", 'pwd; echo "$GREETING"; id -u', cwd="/var/lib", environment={"GREETING": "a  b"}
    )
    assert where.text == "/var/lib\na  b\n0\n"
    assert (await run(room, "id", "-u", user="nobody")).text == "65534\n"


async def test_a_sandbox_has_the_variables_of_its_spec(runtime: Runtime) -> None:
    async with runtime.room(environment={"FROM_SPEC": "1", "BOTH": "spec"}) as room:
        said = await run(room, "sh", "-c", "echo $FROM_SPEC $BOTH", environment={"BOTH": "command"})
        assert said.text == "1 command\n"


async def test_a_sandbox_has_the_files_of_its_spec_and_its_own_name(runtime: Runtime) -> None:
    async with runtime.room(files={"/etc/antechamber/note": b"here"}, hostname="den") as room:
        said = await run(room, "sh", "-c", "cat /etc/antechamber/note; echo; uname -n")
        assert said.text == "here\nden\n"


async def test_a_terminal_has_its_size_takes_another_and_ends(room: Sandbox) -> None:
    process = await room.execute(
        Command(("sh", "-c", "stty size; read line; stty size"), tty=True, rows=30, columns=100)
    )
    stream = process.stdout
    seen = b""
    while b"30 100" not in seen:
        seen += await anext(stream)
    await process.resize(40, 120)
    await process.write(b"\n")
    seen += await collect(stream)
    assert b"40 120" in seen
    assert (await process.wait()).code == 0


async def test_a_signal_reaches_the_program(room: Sandbox) -> None:
    process = await room.execute(
        Command(("sh", "-c", "trap 'echo caught; exit 7' TERM; echo ready; while :; do sleep 0.1; done"))
    )
    stream = process.stdout
    assert await anext(stream) == b"ready\n"
    await process.signal(15)
    assert await collect(stream) == b"caught\n"
    assert (await process.wait()).code == 7


async def test_a_timeout_ends_everything_that_the_program_started(room: Sandbox) -> None:
    script = "setsid sleep 998 & (sleep 998 &) ; nohup sleep 998 >/dev/null 2>&1 & exec sleep 998"
    said = await run(room, "sh", "-c", script, timeout_seconds=1)
    assert said.status.timed_out
    assert said.status.signal == 9
    assert await sleepers(room, "998") == 0


async def test_a_kill_ends_everything_that_the_program_started_and_nothing_else(room: Sandbox) -> None:
    other = await room.execute(Command(("sh", "-c", "echo up; exec sleep 997")))
    await anext(other.stdout)
    process = await room.execute(Command(("sh", "-c", "setsid sleep 996 & echo up; exec sleep 996")))
    await anext(process.stdout)
    await process.signal(9)
    assert (await process.wait()).signal == 9
    assert await sleepers(room, "996") == 0
    assert await sleepers(room, "997") == 1
    await other.signal(9)
    await other.wait()


async def test_what_runs_on_behind_a_program_outlives_it(room: Sandbox) -> None:
    await run(room, "sh", "-c", "setsid sleep 995 >/dev/null 2>&1 </dev/null & exit 0")
    assert await sleepers(room, "995") == 1


async def test_a_program_that_takes_too_much_memory_is_ended_and_the_sandbox_lives(
    runtime: Runtime, limited: Sandbox
) -> None:
    before = await limited.stats()
    said = await run(limited, "python3", "-c", "held = bytearray(400 << 20)")
    assert (await run(limited, "echo", "alive")).text == "alive\n"
    if (await runtime.sandboxes.capabilities()).memory_limit:
        assert (said.status.code, said.status.oom) == (137, True)
        assert before.oom_kills is not None
        assert (await limited.stats()).oom_kills == before.oom_kills + 1
    else:
        assert said.status.code != 0


async def test_a_file_is_written_whole_and_read_in_parts(room: Sandbox) -> None:
    content = bytes(range(256)) * 40_000
    await room.write("/workspace/deep/er/file", once(content), mode=0o640)
    assert await collect(room.read("/workspace/deep/er/file")) == content
    assert await collect(room.read("/workspace/deep/er/file", offset=250, limit=12)) == content[250:262]
    assert await collect(room.read("/workspace/deep/er/file", offset=len(content) + 5)) == b""
    [entry] = await room.listing("/workspace/deep/er")
    assert (entry.name, entry.kind, entry.size, entry.mode) == ("file", "file", len(content), 0o640)


async def test_a_folder_lists_what_lies_in_it_whatever_its_name(room: Sandbox) -> None:
    script = "mkdir -p /workspace/f/sub && cd /workspace/f && ln -s /nowhere link && touch -- 'a b' \"$0\""
    await run(room, "sh", "-c", script, "new\nline")
    found = {entry.name: entry.kind for entry in await room.listing("/workspace/f")}
    assert found == {"sub": "folder", "link": "link", "a b": "file", "new\nline": "file"}


async def test_what_is_not_there_or_of_another_kind_is_said_so(room: Sandbox) -> None:
    with pytest.raises(FileNotFoundError):
        await collect(room.read("/workspace/none"))
    with pytest.raises(IsADirectoryError):
        await collect(room.read("/etc"))
    with pytest.raises(FileNotFoundError):
        await room.listing("/workspace/none")
    with pytest.raises(NotADirectoryError):
        await room.listing("/etc/passwd")
    with pytest.raises(NotADirectoryError):
        await room.write("/etc/passwd/file", once(b""))


async def test_stats_tell_what_a_sandbox_takes(runtime: Runtime, limited: Sandbox) -> None:
    await run(limited, "sh", "-c", "head -c 3000000 /dev/urandom >/workspace/file")
    stats = await limited.stats()
    assert stats.pids == 1
    told = await runtime.sandboxes.capabilities()
    assert stats.memory_bytes is not None or not told.memory_limit
    assert stats.cpu_microseconds is not None or not told.cpu_limit
    assert stats.disk_bytes is not None
    assert stats.disk_bytes >= 3_000_000


@pytest.mark.timeout(240)
async def test_fifty_sandboxes_start_work_and_end_side_by_side(runtime: Runtime) -> None:
    gate = asyncio.Semaphore(8)

    async def one(number: int) -> str:
        async with gate, runtime.room() as room:
            return (await run(room, "sh", "-c", "tee number; rm number", given=str(number).encode())).text

    assert await asyncio.gather(*(one(number) for number in range(50))) == [str(number) for number in range(50)]


async def test_twenty_programs_run_side_by_side_in_one_sandbox(room: Sandbox) -> None:
    said = await asyncio.gather(*(run(room, "sh", "-c", f"cat; echo {number}", given=b"in") for number in range(20)))
    assert [each.text for each in said] == [f"in{number}\n" for number in range(20)]


async def test_the_runtime_says_what_it_is_and_which_bases_it_has(runtime: Runtime) -> None:
    told = await runtime.sandboxes.capabilities()
    assert told.runtime
    assert told.version
    bases = {base.name: base.state for base in await runtime.sandboxes.bases()}
    assert bases["host"] == "ready"


async def write_on(process: Process) -> None:
    for _ in range(200):
        await process.write(bytes(65_536))


async def test_finishing_reads_what_is_left(room: Sandbox) -> None:
    process = await room.execute(Command(("sh", "-c", "echo left")))
    await process.close_input()
    assert (await process.wait()).code == 0
    assert (await finish(process)).out == b"left\n"
