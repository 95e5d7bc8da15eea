"""Modes of the files that hold secrets, and locks that nobody holds any more."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.cli.doctor.findings import Check
from antechamber.client.environment import Environment
from antechamber.client.profiles import config_folder

_STALE_SECONDS: Final = 60
_OTHERS: Final = 0o077
_OTHERS_WRITE: Final = 0o022
# of Claude Code, and of Qwen Code (wire-auth.md 5.2, 6.4)
_LOCKS: Final = ("credentials.lock", "credentials/.lock")


def folder_checks(environment: Environment, clock: Clock) -> Iterator[Check]:
    """Look at the folder of the profiles: who may read the secrets, and which locks lie about."""
    folder = config_folder(environment)
    if not folder.exists():
        yield Check("files", "ok", f"{folder} is not there yet; logging in makes it")
        return
    found = [] if environment.windows else [*_modes(folder)]
    found += [
        *_locks([folder / name for name in _LOCKS], clock),
        *_locks([environment.home / ".qwen/oauth_creds.lock"], clock),
    ]
    yield from found or [Check("files", "ok", f"{folder}: nobody else may read its secrets")]


def _modes(folder: Path) -> Iterator[Check]:
    secrets = folder / "credentials"
    if secrets.is_dir() and not secrets.is_symlink() and stat.S_IMODE(secrets.stat().st_mode) & _OTHERS:
        yield Check("files", "warning", f"others may look into {secrets}", fix=f"chmod 700 {secrets}")
    for path in sorted(secrets.glob("*.json")) if secrets.is_dir() else []:
        if path.is_symlink():
            yield Check(
                "files", "failure", f"{path} is a symbolic link, which clients refuse", "put the file itself there"
            )
        elif stat.S_IMODE(path.stat().st_mode) & _OTHERS:
            yield Check("files", "failure", f"others may read {path}, so clients refuse it", fix=f"chmod 600 {path}")
    configs = folder / "configs"
    for path in sorted(configs.glob("*.json")) if configs.is_dir() else []:
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & _OTHERS_WRITE:
            detail = f"others may change {path}, so the Python SDK refuses it"
            yield Check("files", "failure", detail, fix=f"chmod 644 {path}")


def _locks(paths: list[Path], clock: Clock) -> Iterator[Check]:
    for path in paths:
        try:
            age = clock.now() / MICROSECONDS - path.stat().st_mtime
        except OSError:
            continue
        if path.is_dir() and age > _STALE_SECONDS:
            detail = f"{path} was left behind {age:.0f} s ago: a client that refreshes waits for it"
            yield Check("files", "warning", detail, fix=f"rmdir {path}")
