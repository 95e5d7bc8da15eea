"""Files of a sandbox, reached by programs that run inside it: no path of it is ever opened out here."""

import errno
import posixpath
from collections.abc import AsyncIterator
from typing import Final, NoReturn

from antechamber.features.environments.model.sandbox import Command, Entry
from antechamber.features.environments.ports.sandboxes import Process, Sandbox

_MISSING: Final = 44
_FOLDER: Final = 45
_CLOSED: Final = 46
_NO_FOLDER: Final = 47
_ODD: Final = 48
_FULL: Final = 49
_MICROSECONDS: Final = 1_000_000
_SPEECH: Final = {"LC_ALL": "C"}
_KINDS: Final = {"f": "file", "d": "folder", "l": "link"}

_CHECKED: Final = (
    f'[ -d "$1" ] && exit {_FOLDER}; [ -e "$1" ] || exit {_MISSING};'
    f' [ -f "$1" ] || exit {_ODD}; [ -r "$1" ] || exit {_CLOSED};'
)
_READ: Final = f'{_CHECKED} exec tail -c "+$2" -- "$1"'
_READ_PART: Final = f'{_CHECKED} tail -c "+$2" -- "$1" | head -c "$3"'
_WRITE: Final = (
    f'[ -d "$1" ] && exit {_FOLDER}; mkdir -p -- "$2" || exit {_NO_FOLDER};'
    'new="$2/.$$.part"; trap \'rm -f -- "$new"\' EXIT;'
    f' cat >"$new" || exit {_FULL}; chmod "$3" "$new" && mv -f -T -- "$new" "$1" || exit {_CLOSED}'
)
_LIST: Final = (
    f'[ -e "$1" ] || exit {_MISSING}; [ -d "$1" ] || exit {_NO_FOLDER};'
    " exec find \"$1/\" -mindepth 1 -maxdepth 1 -printf '%f\\0%y\\0%s\\0%m\\0%T@\\0'"
)


async def read(sandbox: Sandbox, path: str, offset: int, limit: int | None) -> AsyncIterator[bytes]:
    """Yield a file's bytes; FileNotFoundError, IsADirectoryError, PermissionError."""
    start = str(offset + 1)
    argv = _shell(_READ, path, start) if limit is None else _shell(_READ_PART, path, start, str(limit))
    process = await sandbox.execute(Command(argv, cwd="/", environment=_SPEECH))
    await process.close_input()
    ended = False
    try:
        async for chunk in process.stdout:
            yield chunk
        ended = True
    finally:
        if not ended:
            await process.signal(9)
    await _check(process, path)


async def write(sandbox: Sandbox, path: str, chunks: AsyncIterator[bytes], mode: int) -> None:
    """Write a file whole; NotADirectoryError, IsADirectoryError, OSError(ENOSPC)."""
    argv = _shell(_WRITE, path, posixpath.dirname(path) or "/", f"{mode:o}")
    process = await sandbox.execute(Command(argv, cwd="/", environment=_SPEECH))
    try:
        async for chunk in chunks:
            await process.write(chunk)
        await process.close_input()
    except BrokenPipeError:
        pass  # it ended early, and its code says why
    except BaseException:
        await process.signal(9)
        raise
    await _check(process, path)


async def listing(sandbox: Sandbox, path: str) -> list[Entry]:
    """Return what lies in a folder, by name; FileNotFoundError, NotADirectoryError."""
    process = await sandbox.execute(Command(_shell(_LIST, path), cwd="/", environment=_SPEECH))
    await process.close_input()
    told = b"".join([chunk async for chunk in process.stdout])
    await _check(process, path)
    words = [word.decode(errors="surrogateescape") for word in told.split(b"\0")[:-1]]
    rows = zip(*[iter(words)] * 5, strict=True)
    return sorted((_entry(*row) for row in rows), key=lambda entry: entry.name)


def _entry(name: str, kind: str, size: str, mode: str, modified: str) -> Entry:
    return Entry(name, _KINDS.get(kind, "other"), int(size), int(mode, 8), round(float(modified) * _MICROSECONDS))


def _shell(script: str, *arguments: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", script, "file", *arguments)


async def _check(process: Process, path: str) -> None:
    told = b"".join([chunk async for chunk in process.stderr])
    status = await process.wait()
    if status.code:
        _fail(status.code, told.decode(errors="replace"), path)


def _fail(code: int, told: str, path: str) -> NoReturn:
    if "No space left" in told:
        raise OSError(errno.ENOSPC, "no space left in the sandbox", path)
    if code == _MISSING:
        raise FileNotFoundError(errno.ENOENT, "no such file in the sandbox", path)
    if code == _FOLDER:
        raise IsADirectoryError(errno.EISDIR, "a folder in the sandbox", path)
    if code == _NO_FOLDER:
        raise NotADirectoryError(errno.ENOTDIR, "not a folder in the sandbox", path)
    if code == _CLOSED or "denied" in told:
        raise PermissionError(errno.EACCES, "not permitted in the sandbox", path)
    raise OSError(errno.EIO, told.strip().splitlines()[-1] if told.strip() else f"ended with {code}", path)
