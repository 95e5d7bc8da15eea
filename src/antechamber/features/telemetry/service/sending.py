"""Sending spans to a destination as it is kept: its headers are opened for as long as that takes."""

from collections.abc import Sequence
from typing import Final

import structlog

from antechamber.base.seals import SealError
from antechamber.features.telemetry.model.spans import Span
from antechamber.features.telemetry.model.standing import Failure, Trouble
from antechamber.features.telemetry.ports import Exporter, Stored, Target
from antechamber.features.telemetry.service.stores import HeaderSeals

_UNREADABLE: Final = Failure(Trouble.PASSING, "stored headers cannot be opened")
_log = structlog.get_logger("telemetry")


class Sender:
    """Sends, once."""

    def __init__(self, seals: HeaderSeals, exporter: Exporter) -> None:
        self._seals = seals
        self._exporter = exporter

    async def send(self, known: Stored, spans: Sequence[Span]) -> Failure | None:
        """Return what went wrong, None if the destination has taken them."""
        destination = known.destination
        try:
            headers = self._seals.open(destination.id, known.sealed)
        except SealError as error:
            _log.warning("headers of a destination cannot be opened", note=str(error))
            return _UNREADABLE
        return await self._exporter.export(Target(destination.address, headers), spans)
