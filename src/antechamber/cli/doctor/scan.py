"""`ante doctor --scan`: keys that lie in files under version control, or did once."""

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from antechamber.cli.doctor.findings import Check
from antechamber.cli.doctor.secrets_in_text import secrets_in

_SECONDS: Final = 30
_LARGEST_FILE: Final = 4 << 20
_MOST_HISTORY: Final = 512 << 20
_MOST_SHOWN: Final = 20
_ROTATE: Final = "the key is known to whoever has a copy: retire it first (ante api-keys archive), then remove it"


def scan_checks(folder: Path) -> Iterator[Check]:
    """Look through the tracked files of the repository around the folder, then through what its history holds."""
    root = _git(folder, "rev-parse", "--show-toplevel")
    if root is None:
        yield Check("scan", "skipped", f"{folder} is in no git repository, or git is not installed")
        return
    top = Path(root.decode("utf-8", "surrogateescape").strip())
    tracked = list(_tracked(top))
    present = [check for _, check in tracked]
    yield from present[:_MOST_SHOWN]
    past = list(_history(top, {name for name, _ in tracked}))
    yield from past[:_MOST_SHOWN]
    hidden = max(len(present) - _MOST_SHOWN, 0) + max(len(past) - _MOST_SHOWN, 0)
    if hidden:
        yield Check("scan", "failure", f"{hidden} more like these")
    if not present and not past:
        yield Check("scan", "ok", f"no key in the tracked files of {top} nor in their history")


def _git(folder: Path, *words: str, told: bytes | None = None) -> bytes | None:
    try:
        ran = subprocess.run(  # noqa: S603 - no shell, words of our own
            ["git", "-C", str(folder), *words],  # noqa: S607 - whichever git the person uses
            input=told,
            stdin=None if told is not None else subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout


def _tracked(top: Path) -> Iterator[tuple[str, Check]]:
    names = (_git(top, "ls-files", "-z") or b"").split(b"\0")
    for name in filter(None, names):
        path = top / name.decode("utf-8", "surrogateescape")
        shown = path.relative_to(top).as_posix().encode("utf-8", "replace").decode()
        try:
            if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST_FILE:
                continue
            content = path.read_bytes()
        except OSError:
            continue
        for line, kind, text in secrets_in(content):
            detail = f"{shown}:{line} has {kind}: {text}"
            yield shown, Check("scan", "failure", detail, _ROTATE, f"git rm --cached {shlex.quote(shown)}")


def _history(top: Path, present: set[str]) -> Iterator[Check]:
    """Yield what lies in blobs of any commit, but not where the work tree has it, too."""
    listed = _git(top, "rev-list", "--objects", "--all")
    places = dict(line.split(b" ", 1) for line in (listed or b"").splitlines() if b" " in line)
    sizes = _git(top, "cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)", told=b"\n".join(places))
    wanted, total = [], 0
    for line in (sizes or b"").splitlines():
        blob, sort, size = (*line.split(b" "), b"0", b"0")[:3]
        if sort == b"blob" and 0 < int(size) <= _LARGEST_FILE and total + int(size) <= _MOST_HISTORY:
            wanted.append(blob)
            total += int(size)
    contents = _git(top, "cat-file", "--batch", told=b"\n".join(wanted)) if wanted else b""
    seen: set[tuple[str, str]] = set()
    for name, content in _batch(contents or b""):
        shown = places.get(name, name).decode("utf-8", "replace")
        for _, kind, text in secrets_in(content):
            if shown not in present and (shown, text) not in seen:
                seen.add((shown, text))
                detail = f"{shown} had {kind} in an earlier commit: {text}"
                yield Check("scan", "failure", detail, _ROTATE, f"git log --all --oneline -- {shlex.quote(shown)}")


def _batch(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Read what `git cat-file --batch` writes: `name type size`, a line break, the bytes, a line break."""
    at = 0
    while (end := content.find(b"\n", at)) != -1:
        name, kind, size = (*content[at:end].split(b" "), b"", b"")[:3]
        if kind == b"missing" or not size.isdigit():
            at = end + 1
            continue
        start = end + 1
        yield name, content[start : start + int(size)]
        at = start + int(size) + 1
