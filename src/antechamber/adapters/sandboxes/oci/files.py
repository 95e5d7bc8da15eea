"""Files of a sandbox, by programs inside it: a link can lead nowhere else, and what is read counts as the sandbox's.

The programs are fixed texts for /bin/sh; a path is their argument and never part of a text.
"""

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Final

from antechamber.base.chance import Chance
from antechamber.features.environments.model.sandbox import MEBIBYTE, Command, Entry, SandboxError
from antechamber.features.environments.ports.sandboxes import Process

Execute = Callable[[Command], Awaitable[Process]]
_PIECE: Final = MEBIBYTE
_SUFFIX_BYTES: Final = 8
_MESSAGE_BYTES: Final = 4096
_READ: Final = """
[ -d "$1" ] && exit 91
[ -e "$1" ] || { [ -L "$1" ] && exit 90; ls -d -- "$1" >/dev/null; exit 90; }
[ -f "$1" ] || exit 92
exec dd if="$1" bs=262144 iflag=skip_bytes,count_bytes status=none skip="$2" ${3:+count="$3"}
"""
_WRITE: Final = """
d=$(dirname -- "$1.") && mkdir -p -- "$d" || exit 1
[ -d "$1" ] && exit 91
umask 077
cat > "$2" && chmod "$3" -- "$2" && mv -fT -- "$2" "$1" || { rm -f -- "$2"; exit 1; }
"""
_LIST: Final = """
[ -d "$1" ] || { [ -e "$1" ] && exit 93; ls -d -- "$1" >/dev/null; exit 90; }
exec find "$1/" -mindepth 1 -maxdepth 1 -printf '%f\\0%y\\0%s\\0%m\\0%T@\\0'
"""
_REMOVE: Final = 'rm -f -- "$1"'
_CODES: Final = {90: errno.ENOENT, 91: errno.EISDIR, 92: errno.EINVAL, 93: errno.ENOTDIR}
_PHRASES: Final = {
    "No space left on device": errno.ENOSPC,
    "Disk quota exceeded": errno.ENOSPC,
    "File too large": errno.EFBIG,
    "File name too long": errno.ENAMETOOLONG,
    "Permission denied": errno.EACCES,
    "Not a directory": errno.ENOTDIR,
    "File exists": errno.ENOTDIR,
    "Is a directory": errno.EISDIR,
    "Read-only file system": errno.EROFS,
    "Operation not permitted": errno.EPERM,
    "Too many levels of symbolic links": errno.ELOOP,
    "No such file or directory": errno.ENOENT,
}
_KINDS: Final = {"f": "file", "d": "folder", "l": "link"}
_FIELDS: Final = 5


async def read(execute: Execute, path: str, offset: int, limit: int | None) -> AsyncGenerator[bytes, None]:
    """Yield what is in a regular file; OSError of what is in the way."""
    process = await execute(_command(_READ, path, str(offset), "" if limit is None else str(limit)))
    errors = asyncio.ensure_future(_gather(process.stderr))
    try:
        await process.close_input()
        async for chunk in process.stdout:
            yield chunk
        _check((await process.wait()).code, await errors, path)
    finally:
        errors.cancel()
        await process.signal(9)


async def write(execute: Execute, path: str, chunks: AsyncIterator[bytes], mode: int, chance: Chance) -> None:
    """Write a regular file whole; a source that fails leaves the old one, and nothing of the new."""
    fresh = f"{path}.{chance.draw(_SUFFIX_BYTES).hex()}"
    process = await execute(_command(_WRITE, path, fresh, f"{mode:o}"))
    errors = asyncio.ensure_future(_gather(process.stderr))
    is_whole = False
    try:
        with suppress(BrokenPipeError):
            async for chunk in chunks:
                await process.write(chunk)
        is_whole = True
        await process.close_input()
        _check((await process.wait()).code, await errors, path)
    finally:
        errors.cancel()
        if not is_whole:
            await process.signal(9)
            await (await execute(_command(_REMOVE, fresh))).wait()


async def listing(execute: Execute, path: str) -> list[Entry]:
    """Return what lies in a folder, by name."""
    process = await execute(_command(_LIST, path))
    await process.close_input()
    errors = asyncio.ensure_future(_gather(process.stderr))
    found = await _gather(process.stdout, None)
    _check((await process.wait()).code, await errors, path)
    words = found.split("\0")[:-1]
    entries = [_entry(*words[place : place + _FIELDS]) for place in range(0, len(words), _FIELDS)]
    return sorted(entries, key=lambda entry: entry.name)


def _entry(name: str, kind: str, size: str, mode: str, modified: str) -> Entry:
    seconds, _, fraction = modified.partition(".")
    return Entry(
        name, _KINDS.get(kind, "other"), int(size), int(mode, 8), int(seconds) * 1_000_000 + int(fraction[:6] or 0)
    )


def _command(text: str, path: str, *more: str) -> Command:
    if "\0" in path:
        message = "a path holds no NUL"
        raise ValueError(message)
    absolute = path if path.startswith("/") else f"/workspace/{path}"
    return Command(("/bin/sh", "-c", text, "sh", absolute, *more), cwd="/", environment={"LC_ALL": "C"})


async def _gather(chunks: AsyncIterator[bytes], most: int | None = _MESSAGE_BYTES) -> str:
    found = bytearray()
    async for chunk in chunks:
        if most is None or len(found) < most:
            found += chunk
    return found.decode("utf-8", "surrogateescape")


def _check(code: int, text: str, path: str) -> None:
    if code == 0:
        return
    number = next((number for phrase, number in _PHRASES.items() if phrase in text), None) or _CODES.get(code)
    if number is None:
        message = f"{path}: {text.strip()[:300] or f'the program for it ended with {code}'}"
        raise SandboxError(message)
    raise OSError(number, os.strerror(number), path)
