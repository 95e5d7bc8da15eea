"""What every runtime keeps of a sandbox that stops, is copied or ends: more of the promises of test_contract.py."""

import asyncio

import pytest

from antechamber.features.environments.model.sandbox import (
    Command,
    Limits,
    SandboxError,
    SandboxGone,
    SandboxInfo,
    SandboxSpec,
)
from antechamber.features.environments.ports.sandboxes import Sandbox
from tests.sandboxes.running import ORGANIZATION, Runtime, collect, once, run, sleepers

pytestmark = pytest.mark.sandbox


async def test_two_sandboxes_do_not_see_each_others_writes(runtime: Runtime) -> None:
    async with runtime.room() as one, runtime.room() as two:
        await one.write("/workspace/secret", once(b"mine"))
        await run(one, "rm", "/etc/shells")
        with pytest.raises(FileNotFoundError):
            await collect(two.read("/workspace/secret"))
        assert await collect(two.read("/etc/shells"))


async def test_a_stopped_sandbox_goes_on_where_its_files_were(runtime: Runtime) -> None:
    async with runtime.room(labels={"kind": "test"}) as room:
        await room.write("/workspace/file", once(b"kept"))
        await run(room, "sh", "-c", "setsid sleep 994 >/dev/null 2>&1 </dev/null &")
        await room.stop()
        with pytest.raises(SandboxGone):
            await run(room, "true")
        assert await runtime.sandboxes.find(room.id) is None
        [info] = [info for info in await runtime.sandboxes.listing({"kind": "test"}) if info.id == room.id]
        assert info.state == "stopped"
        again = await runtime.sandboxes.create(runtime.spec(room.id, labels={"kind": "test"}))
        assert await collect(again.read("/workspace/file")) == b"kept"
        assert await sleepers(again, "994") == 0


async def test_a_snapshot_brings_back_files_links_owners_and_what_was_removed(runtime: Runtime) -> None:
    async with runtime.room() as room:
        script = (
            "umask 077; mkdir d; echo one >d/file; ln -s file d/link; ln d/file d/hard; chown 33:33 d/file;"
            " chmod 4755 d/file; rm /etc/shells; echo changed >>/etc/profile"
        )
        assert (await run(room, "sh", "-c", script)).err == b""
        name = await room.snapshot()
        await run(room, "sh", "-c", "echo two >d/file")
    async with runtime.room(restore=name) as restored:
        said = await run(
            restored, "sh", "-c", "cat d/link; stat -c '%u %g %a %h' d/file; tail -n1 /etc/profile; ls /etc/shells"
        )
        assert said.text == "one\n33 33 4755 2\nchanged\n"
        assert b"shells" in said.err


async def test_a_snapshot_that_is_not_there_starts_nothing(runtime: Runtime) -> None:
    spec = runtime.spec(runtime.name(), restore="snapshots/none.tar.zst")
    with pytest.raises(SandboxError):
        await runtime.sandboxes.create(spec)
    assert await runtime.sandboxes.find(spec.id) is None


async def test_a_sealed_layer_is_under_other_sandboxes_and_goes_when_none_uses_it(runtime: Runtime) -> None:
    digest = runtime.name()
    maker = await runtime.sandboxes.create(runtime.spec(runtime.name()))
    await run(maker, "sh", "-c", "mkdir -p /usr/local/bin; echo tool >/usr/local/bin/tool; rm /etc/shells")
    layer = await runtime.sandboxes.seal(maker.id, digest)
    assert (layer.digest, layer.organization_id) == (digest, ORGANIZATION)
    assert await runtime.sandboxes.find(maker.id) is None
    async with runtime.room(layers=(digest,)) as one, runtime.room(layers=(digest,)) as two:
        await run(one, "sh", "-c", "echo mine >/usr/local/bin/tool")
        said = await run(two, "sh", "-c", "cat /usr/local/bin/tool; ls /etc/shells")
        assert said.text == "tool\n"
        assert said.status.code != 0
        assert not await runtime.sandboxes.drop_layer(ORGANIZATION, digest)
        assert digest in {found.digest for found in await runtime.sandboxes.layers(ORGANIZATION)}
    assert await runtime.sandboxes.drop_layer(ORGANIZATION, digest)
    assert digest not in {found.digest for found in await runtime.sandboxes.layers()}
    assert not await runtime.sandboxes.drop_layer(ORGANIZATION, digest)


async def test_a_layer_brings_no_variables_of_the_sandbox_that_made_it(runtime: Runtime) -> None:
    digest = runtime.name()
    maker = await runtime.sandboxes.create(runtime.spec(runtime.name(), environment={"OF_THE_MAKER": "1"}))
    assert "OF_THE_MAKER=1" in (await run(maker, "env")).text
    await runtime.sandboxes.seal(maker.id, digest)
    async with runtime.room(layers=(digest,)) as room:
        assert "OF_THE_MAKER" not in (await run(room, "env")).text
    assert await runtime.sandboxes.drop_layer(ORGANIZATION, digest)


async def test_a_sandbox_that_starts_again_has_the_variables_of_its_new_spec(runtime: Runtime) -> None:
    async with runtime.room(environment={"WHEN": "before"}) as room:
        await room.stop()
        again = await runtime.sandboxes.create(runtime.spec(room.id, environment={"WHEN": "after"}))
        assert (await run(again, "sh", "-c", "echo $WHEN")).text == "after\n"


async def test_another_organizations_layer_is_not_there(runtime: Runtime) -> None:
    digest = runtime.name()
    maker = await runtime.sandboxes.create(runtime.spec(runtime.name()))
    await runtime.sandboxes.seal(maker.id, digest)
    foreign = SandboxSpec(runtime.name(), "8b2e5a3c-0000-4000-8000-000000000002", layers=(digest,))
    with pytest.raises(SandboxError):
        await runtime.sandboxes.create(foreign)
    assert not await runtime.sandboxes.drop_layer(foreign.organization_id, digest)
    assert await runtime.sandboxes.drop_layer(ORGANIZATION, digest)


async def test_what_is_missing_is_named_and_nothing_is_left(runtime: Runtime) -> None:
    for wrong in (runtime.spec(runtime.name(), base="none-such"), runtime.spec(runtime.name(), layers=("0" * 64,))):
        with pytest.raises(SandboxError):
            await runtime.sandboxes.create(wrong)
        assert wrong.id not in {info.id for info in await runtime.sandboxes.listing()}


async def test_a_sandbox_is_there_once(runtime: Runtime, room: Sandbox) -> None:
    with pytest.raises(SandboxError):
        await runtime.sandboxes.create(runtime.spec(room.id))
    assert (await run(room, "echo", "alive")).text == "alive\n"


async def test_a_destroyed_sandbox_is_nowhere_and_its_name_is_free(runtime: Runtime) -> None:
    room = await runtime.sandboxes.create(runtime.spec(runtime.name()))
    process = await room.execute(Command(("sleep", "993")))
    await room.write("/workspace/file", once(b"lost"))
    await room.destroy()
    assert (await process.wait()).code != 0
    assert room.id not in {info.id for info in await runtime.sandboxes.listing()}
    await runtime.sandboxes.remove(room.id)
    again = await runtime.sandboxes.create(runtime.spec(room.id))
    with pytest.raises(FileNotFoundError):
        await collect(again.read("/workspace/file"))
    await again.destroy()


async def test_a_sandbox_ends_when_its_time_is_up_and_keeps_its_files(runtime: Runtime) -> None:
    async with runtime.room(limits=Limits(wall_seconds=2)) as room:
        process = await room.execute(Command(("sleep", "992")))
        assert (await process.wait()).code != 0
        async with asyncio.timeout(20):
            while await runtime.sandboxes.find(room.id) is not None:  # noqa: ASYNC110 - another process ends it
                await asyncio.sleep(0.05)
            while (info := await _info(runtime, room.id)).state != "stopped":  # noqa: ASYNC110 - the same
                await asyncio.sleep(0.05)
        assert info.ended_for == "time"
        again = await runtime.sandboxes.create(runtime.spec(room.id))
        assert (await _info(runtime, room.id)).ended_for is None
        await again.stop()
        assert (await _info(runtime, room.id)).ended_for is None


async def _info(runtime: Runtime, sandbox_id: str) -> SandboxInfo:
    return next(info for info in await runtime.sandboxes.listing() if info.id == sandbox_id)
