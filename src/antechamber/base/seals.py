"""Sealing: how a secret that must be used again is stored, where one that is only compared is a keyed hash."""

from enum import StrEnum
from typing import Protocol

from antechamber.base.secret import Secret


class SealError(Exception):
    """What is stored can't be opened: another key sealed it, or for another place, or it was changed."""


class SealedColumn(StrEnum):
    """Every column that holds what is sealed, as `table.column`: the one list.

    Whoever seals says for which of them; `ante secrets reseal` goes through all. Its table has the columns `id`, a
    text that is its key, and `organization_id`.
    """

    TELEMETRY_HEADERS = "telemetry_destinations.sealed_headers"
    WEBHOOK_SECRET = "webhook_endpoints.secret"  # noqa: S105 - a name, not a secret


class Seals(Protocol):
    """Seals texts under the server's master key."""

    def seal(self, text: str, column: SealedColumn, row_id: str) -> bytes:
        """Return a text sealed for a column of a row: nowhere else can it be opened."""
        ...

    def open(self, sealed: bytes, column: SealedColumn, row_id: str) -> Secret:
        """Return the text that was sealed for that place; SealError."""
        ...
