"""Mail without a mail server: each letter is a file that only the operator can read."""

import asyncio
import os
from pathlib import Path
from typing import Final

import structlog

from antechamber.adapters.mail.message import compose
from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.features.organizations.model import Letter, MailNotSentError

_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600
# as long as an invite's link opens anything
_KEPT_SECONDS: Final = 21 * 86_400
_log = structlog.get_logger("mail")


class MailFolder:
    """Puts letters into a folder, named by their ids; those older than any link in them are removed on the way."""

    def __init__(self, path: Path, sender: str, clock: Clock) -> None:
        self._path = path
        self._sender = sender
        self._clock = clock

    async def send(self, letter: Letter) -> None:
        """Write the letter; MailNotSentError if the folder can't be written to."""
        try:
            path = await asyncio.to_thread(self._write, letter)
        except OSError as error:
            message = f"{self._path}: cannot be written to: {error.strerror}"
            raise MailNotSentError(message) from error
        # the path, never the text: a link in the log would open to whoever reads logs
        _log.info("no mail server is set, so the mail is a file", path=str(path))

    def _write(self, letter: Letter) -> Path:
        self._path.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        oldest = self._clock.now() / MICROSECONDS - _KEPT_SECONDS
        for old in self._path.glob("*.eml"):
            if old.stat().st_mtime < oldest:
                old.unlink(missing_ok=True)
        path = self._path / f"{letter.id}.eml"
        text = compose(letter, self._sender, self._clock.now()).as_bytes()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
        return path
