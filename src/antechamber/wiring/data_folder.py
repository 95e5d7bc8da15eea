"""The data folder: its parts, their modes, the one process that may use it, and the keys."""

import fcntl
import os
from pathlib import Path
from typing import Final

from antechamber.base.chance import Chance
from antechamber.base.secret import Secret

_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600
_KEY_BYTES: Final = 32


class DataFolderError(Exception):
    """The data folder can't be used; the message says why."""


class DataFolder:
    """Where everything that is stored lies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @property
    def operator_socket(self) -> Path:
        """Where the operator talks to a running server."""
        return self.path / "operator.sock"

    @property
    def secrets(self) -> Path:
        """Where keys lie, readable by the owner only."""
        return self.path / "secrets"

    @property
    def mail(self) -> Path:
        """Where letters lie while no mail server is set."""
        return self.path / "mail"

    def spool(self, node: str) -> Path:
        """Return a node's spool folder."""
        return self.path / "spool" / node

    def prepare(self) -> None:
        """Make the folder and its private parts; DataFolderError."""
        try:
            self.path.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            self.secrets.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            self.secrets.chmod(_PRIVATE_FOLDER)
            (self.path / "spool").mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
        except OSError as error:
            message = f"{self.path}: cannot be used as the data folder: {error.strerror}"
            raise DataFolderError(message) from error

    def lock(self) -> None:
        """Take the folder for this process until it ends; DataFolderError when another server has it."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(descriptor, 32).decode(errors="replace").strip()
            os.close(descriptor)
            message = f"{self.path}: another server (process {holder or 'unknown'}) uses this data folder"
            raise DataFolderError(message) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._lock = descriptor

    def unlock(self) -> None:
        """Give the folder back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def pepper(self, chance: Chance) -> Secret:
        """Return the key of stored hashes, made at first use and never overwritten; DataFolderError."""
        return Secret(self._key("pepper", "make every key anew", chance))

    def master_keys(self, chance: Chance) -> list[Secret]:
        """Return the keys of sealed secrets, a line each, the one that seals first; made at first use as the pepper."""
        return [Secret(key) for key in self._key("master_keys", "set every sealed secret anew", chance).split()]

    def _key(self, name: str, consequence: str, chance: Chance) -> str:
        path = self.secrets / name
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_FILE)
        except FileExistsError:
            if path.stat().st_mode & 0o077:
                message = f"{path}: others can read it; run: chmod 600 {path}"
                raise DataFolderError(message) from None
            text = path.read_text(encoding="ascii").strip()
            if not text:
                message = f"{path}: is empty: bring it back from a backup, or remove it and {consequence}"
                raise DataFolderError(message) from None
            return text
        with os.fdopen(descriptor, "w") as file:
            text = chance.draw(_KEY_BYTES).hex()
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        return text
