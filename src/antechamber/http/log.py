"""Logs: one JSON line a request, written in batches, and structlog for all the rest; secrets never."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import MutableMapping
from typing import IO, Any, Final

import msgspec
import structlog

from antechamber.base.clock import Clock, to_rfc3339
from antechamber.base.principal import workspace_of
from antechamber.base.secret import redact
from antechamber.http.context import Context

_FLUSH_SECONDS: Final = 0.05
_to_json: Final = structlog.processors.JSONRenderer(default=str)


def _render(logger: object, name: str, event: MutableMapping[str, Any]) -> str:
    # The whole line is redacted, as a secret may stand in a list, an exception or a name as well.
    return redact(str(_to_json(logger, name, event)))


class _Sink:
    """A stream whose failures are nobody else's: a full disk under the log fails no request and loses no row."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write, if it can be."""
        with contextlib.suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        """Write what is buffered, if it can be."""
        with contextlib.suppress(OSError):
            self._stream.flush()


class _Redacting(logging.Formatter):
    """What libraries log, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, traceback included."""
        return redact(super().format(record))


def configure_logs(level: str, stream: IO[str] | None = None) -> None:
    """Send structured logs to a stream (stderr unless given), one JSON object a line."""
    output = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=_Sink(output)),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(_Redacting("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class _Line(msgspec.Struct, omit_defaults=True):
    timestamp: str
    event: str
    request_id: str
    method: str
    path: str
    status: int
    milliseconds: float
    address: str | None = None
    organization_id: str | None = None
    workspace_id: str | None = None
    key_id: str | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    error: str | None = None
    note: str | None = None


class AccessLog:
    """Writes the line of each request; lines that end within 50 ms of each other go out together."""

    def __init__(self, clock: Clock, stream: IO[bytes] | None = None) -> None:
        self._clock = clock
        self._stream = stream or sys.stderr.buffer
        self._encode = msgspec.json.Encoder().encode
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def write(self, context: Context) -> None:
        """Note a request that has ended."""
        principal = context.principal
        line = _Line(
            timestamp=to_rfc3339(self._clock.now()),
            event="request",
            request_id=context.request_id,
            method=context.method,
            path=redact(context.path),
            status=context.status,
            milliseconds=round((self._clock.monotonic() - context.started) * 1000, 2),
            address=context.address,
            organization_id=principal.organization_id if principal else None,
            workspace_id=workspace_of(principal) if principal else None,
            key_id=context.credential_id(),
            model=redact(context.model) if context.model else None,
            input_tokens=context.input_tokens,
            output_tokens=context.output_tokens,
            error=context.error,
            note=redact(context.note) if context.note else None,
        )
        self._lines.append(self._encode(line))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what is waiting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        if lines:
            with contextlib.suppress(OSError):
                self._stream.write(b"\n".join(lines) + b"\n")
                self._stream.flush()
