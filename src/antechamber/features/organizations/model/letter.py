"""What is sent by mail, and how sending fails."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in plain text; `id` is the same at each attempt to send it."""

    id: str
    recipient: str
    subject: str
    text: str


class MailNotSentError(Exception):
    """A letter did not go out; `str()` says why and holds no secret."""
