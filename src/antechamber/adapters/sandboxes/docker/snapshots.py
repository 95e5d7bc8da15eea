"""Snapshots of a container: what differs from its image, packed and unpacked by its own tar, as blobs.

A snapshot is one tar: the names of removed files in its first member, then everything that was added or changed.
Packing inside means that links, owners and permissions are the container's, and that its memory is charged.
"""

import io
import tarfile
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from backports.zstd import ZstdCompressor, ZstdDecompressor

from antechamber.adapters.sandboxes.docker.bodies import FOLDER
from antechamber.base.chance import Chance
from antechamber.features.environments.model.sandbox import Command, SandboxError
from antechamber.features.environments.ports.blobs import Blobs, NoBlob
from antechamber.features.environments.ports.sandboxes import Process, Sandbox

_REMOVED: Final = 2
_LIST: Final = ".antechamber-removed"
# what is mounted there is the engine's or lives in memory
_NOT_KEPT: Final = ("/dev", "/proc", "/sys", "/tmp", FOLDER, "/etc/hostname", "/etc/hosts", "/etc/resolv.conf")  # noqa: S108 - inside
_NAME_BYTES: Final = 16
_ANY_BYTES: Final = "surrogateescape"
_LEVEL: Final = 1
_PACK: Final = (
    "tar",
    "--create",
    "--file=-",
    "--directory=/",
    "--no-recursion",
    "--null",
    "--files-from=-",
    "--xattrs",
)
_UNPACK: Final = (
    "tar",
    "--extract",
    "--file=-",
    "--directory=/",
    "--numeric-owner",
    "--preserve-permissions",
    "--xattrs",
)
_CLEAR: Final = ("/bin/sh", "-c", 'xargs -0 -r rm -rf -- <"/$0"; rm -f "/$0"', _LIST)


async def keep(blobs: Blobs, sandbox: Sandbox, changes: Sequence[Mapping[str, Any]], chance: Chance) -> str:
    """Keep what a container changed, and return the snapshot's name; SandboxError."""
    there = [change for change in changes if not _is_left_out(change["Path"])]
    kept = [change["Path"] for change in there if change["Kind"] != _REMOVED]
    removed = [change["Path"] for change in there if change["Kind"] == _REMOVED]
    process = await sandbox.execute(Command(_PACK, cwd="/"))
    await process.write("".join(f".{path}\0" for path in kept).encode(errors=_ANY_BYTES))
    await process.close_input()
    name = f"snapshots/{chance.draw(_NAME_BYTES).hex()}.tar.zst"

    async def packed() -> AsyncIterator[bytes]:
        compressor = ZstdCompressor(level=_LEVEL)
        yield compressor.compress(_first_member("".join(f"{path}\0" for path in removed).encode(errors=_ANY_BYTES)))
        async for chunk in process.stdout:
            yield compressor.compress(chunk)
        yield compressor.flush()
        await _check(process, "kept")

    await blobs.put(name, packed())
    return name


async def restore(blobs: Blobs, sandbox: Sandbox, name: str) -> None:
    """Bring a container to what a snapshot holds; SandboxError."""
    process = await sandbox.execute(Command(_UNPACK, cwd="/"))
    decompressor = ZstdDecompressor()
    try:
        async for chunk in blobs.read(name):
            await process.write(decompressor.decompress(chunk))
    except BrokenPipeError:
        pass  # it ended early, and tells why
    except NoBlob as error:
        await process.signal(9)
        message = f"there is no snapshot {name}"
        raise SandboxError(message) from error
    await process.close_input()
    await _check(process, "restored")
    clearing = await sandbox.execute(Command(_CLEAR, cwd="/"))
    await clearing.close_input()
    await _check(clearing, "restored")


def _is_left_out(path: str) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in _NOT_KEPT)


def _first_member(content: bytes) -> bytes:
    target = io.BytesIO()
    info = tarfile.TarInfo(_LIST)
    info.size = len(content)
    # without the end of an archive, so that another can follow
    target.write(info.tobuf(tarfile.GNU_FORMAT))
    target.write(content)
    target.write(bytes(-len(content) % tarfile.BLOCKSIZE))
    return target.getvalue()


async def _check(process: Process, done: str) -> None:
    told = b"".join([chunk async for chunk in process.stderr])
    status = await process.wait()
    if status.code:
        last = told.decode(errors="replace").strip().splitlines()[-1:] or [f"tar ended with {status.code}"]
        message = f"the sandbox's files could not be {done}: {last[0]}"
        raise SandboxError(message)
