"""One exchange with a provider: relay its answer, watch it go by, and settle the ledger whatever happens.

The commit point is the first chunk: before it, a failure becomes an error answer with its own status; after it, an
`error` event ends the stream, and nothing is ever asked for a second time.
"""

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Final

from antechamber.base.clock import Clock
from antechamber.base.errors import InternalError, Overloaded, TimedOut, Unavailable, WireError
from antechamber.base.outbound import OutboundError, OutboundResponse
from antechamber.features.gateway.model import Provider, UpstreamProblem
from antechamber.features.gateway.ports import Dialect, Reply, Ticket, Upstreams
from antechamber.features.gateway.service.call import Call
from antechamber.features.gateway.service.headers import answer_headers, is_event_stream, request_headers
from antechamber.features.gateway.service.refusals import error_for_problem, error_for_status
from antechamber.features.usage.model import Ending, Outcome, context_window
from antechamber.features.usage.ports import OpenEntry

_STOPPING: Final = "The server is stopping; send the request again."
_LAST_WORD_SECONDS: Final = 1.0
_CUT: Final = "protocol"
_EMPTY_STREAM: Final = "the stream ended before its first byte"
_UNFINISHED_STREAM: Final = "the stream ended without its last event"
_FIRST_ERROR: Final = 400
_CONFLICT: Final = 409
_SHOULD_RETRY: Final = b"x-should-retry"
_CALLER_LEFT: Final = 499
_MICROSECONDS: Final = 1_000_000
_ENDINGS: Final = {
    "refused": Ending.UPSTREAM_REFUSED,
    "tls": Ending.UPSTREAM_REFUSED,
    "timeout": Ending.UPSTREAM_TIMEOUT,
    "reset": Ending.UPSTREAM_RESET,
    "protocol": Ending.UPSTREAM_TRUNCATED,
}


class Exchange:
    """A request on its way: made for one request, run once."""

    def __init__(
        self,
        upstreams: Upstreams,
        dialect: Dialect,
        clock: Clock,
        call: Call,
        provider: Provider,
        entry: OpenEntry,
        ticket: Ticket,
        estimated: int,
    ) -> None:
        self._upstreams = upstreams
        self._dialect = dialect
        self._clock = clock
        self._call = call
        self._provider = provider
        self._entry = entry
        self._ticket = ticket
        self._scanner = dialect.scanner()
        self._scanner.tally.uncached_input = estimated
        self._started = clock.monotonic()
        self._first: float | None = None
        self._status = 0
        self._ended = Ending.COMPLETE
        self._committed = False
        self._streaming = False
        self._response: OutboundResponse | None = None

    async def run(self, body: bytes, reply: Reply) -> None:
        """Send, relay and settle; raises a WireError only while nothing has been sent to the caller."""
        try:
            await self._relay(body, reply)
        except OutboundError as error:
            await self._on_break(error, reply)
        except WireError as error:
            self._refuse(error, reply)
            raise
        except asyncio.CancelledError:
            self._ended = Ending.CALLER_LEFT if self._call.left else Ending.LOST
            if not self._committed:
                self._status = _CALLER_LEFT if self._call.left else 0
            elif self._streaming and not self._call.left:
                await self._say_stopping(reply)
            raise
        finally:
            if self._response is not None:
                await self._response.close()
            await self._settle()

    async def _relay(self, body: bytes, reply: Reply) -> None:
        call = self._call
        headers = request_headers(call.headers, call.request_id)
        self._response = response = await self._upstreams.send(self._provider, "POST", call.target, headers, body)
        if response.status >= _FIRST_ERROR:
            await self._relay_refusal(response, reply)
        elif is_event_stream(response.headers):
            await self._relay_stream(response, reply)
        else:
            await self._relay_whole(response, reply)

    async def _relay_refusal(self, response: OutboundResponse, reply: Reply) -> None:
        """Pass an error body on as it is: clients match on its words (gateway.md 1)."""
        self._nothing_used()
        self._ended = Ending.UPSTREAM_ERROR
        body = await response.body()
        problem = self._dialect.problem(body)
        refusal = error_for_status(response.status, problem, self._provider.name)
        if refusal is not None:
            raise refusal
        self._call.error = problem.type if problem else None
        await self._send_whole(response, body, reply)

    async def _relay_whole(self, response: OutboundResponse, reply: Reply) -> None:
        body = await response.body()
        self._first = self._clock.monotonic()
        self._scanner.whole(body)
        problem = None if self._scanner.tally.exact else self._dialect.problem(body)
        if problem is not None:
            self._refuse_for(problem)
        if not self._scanner.finished:
            self._ended = Ending.UPSTREAM_ERROR
            message = "The model provider's answer could not be read."
            raise InternalError(message, note=f"{self._provider.name}: 200 with an unreadable body", should_retry=True)
        self._entry.progress(self._scanner.tally)
        await self._send_whole(response, body, reply)

    async def _send_whole(self, response: OutboundResponse, body: bytes, reply: Reply) -> None:
        self._commit(response)
        headers = [
            *answer_headers(response.headers, self._call.answer_headers),
            (b"content-length", str(len(body)).encode()),
        ]
        if response.status == _CONFLICT:
            # SDKs repeat a 409 unless told that it does not help (wire-admin.md 1.2).
            headers = [pair for pair in headers if pair[0] != _SHOULD_RETRY]
            headers.append((_SHOULD_RETRY, b"false"))
        await reply.start(response.status, headers)
        await reply.end(body)

    async def _relay_stream(self, response: OutboundResponse, reply: Reply) -> None:
        scanner, tally, entry = self._scanner, self._scanner.tally, self._entry
        chunk = await response.chunk()
        if chunk is None:
            raise OutboundError(_CUT, _EMPTY_STREAM)
        self._first = self._clock.monotonic()
        scanner.feed(chunk)
        if scanner.problem is not None and not scanner.begun:
            self._refuse_for(scanner.problem)
        entry.progress(tally)
        self._commit(response)
        self._streaming = True
        await reply.start(response.status, answer_headers(response.headers, self._call.answer_headers))
        write, feed, progress, grow = reply.write, scanner.feed, entry.progress, entry.grow
        shown = scanner.shown if self._call.adds_usage else None

        def pass_on(piece: bytes) -> Awaitable[None] | None:
            if feed(piece):
                grow(tally.output)
            else:
                progress(tally)
            visible = piece if shown is None else shown(piece)
            return write(visible) if visible else None

        visible = chunk if shown is None else shown(chunk)
        if visible:
            await write(visible)
        await response.pour(pass_on)
        if scanner.problem is not None:
            self._ended = Ending.UPSTREAM_ERROR
            self._call.error = scanner.problem.type
        elif not (scanner.finished or (self._dialect.openai and tally.stop_reason)):
            raise OutboundError(_CUT, _UNFINISHED_STREAM)
        await reply.end(b"" if shown is None else shown(b"", last=True))

    def _refuse_for(self, problem: UpstreamProblem) -> None:
        """Turn an error that came inside a 200, whole or as its first event, into the answer it should have been."""
        self._nothing_used()
        self._ended = Ending.UPSTREAM_ERROR
        raise error_for_problem(problem, self._provider.name)

    async def _on_break(self, error: OutboundError, reply: Reply) -> None:
        self._ended = _ENDINGS[error.kind]
        if error.kind in {"refused", "tls"}:
            self._nothing_used()
        self._call.note = f"{self._provider.name}: {error.kind}: {error.note}"
        refusal = _explain(error, self._call.note)
        if not self._committed:
            self._refuse(refusal, reply)
            raise refusal from error
        self._call.error = refusal.type
        await reply.end(self._dialect.error_event(refusal.type, refusal.message, self._call.request_id))

    async def _say_stopping(self, reply: Reply) -> None:
        """End a stream that the server's stop cuts with an error event, unless its caller does not read."""
        self._call.error = Overloaded.type
        event = self._dialect.error_event(Overloaded.type, _STOPPING, self._call.request_id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORD_SECONDS):
                await reply.end(event)

    def _commit(self, response: OutboundResponse) -> None:
        self._committed = True
        self._status = response.status

    def _refuse(self, refusal: WireError, reply: Reply) -> None:
        self._call.error = refusal.type
        self._status = reply.status_of(refusal)

    def _nothing_used(self) -> None:
        self._scanner.tally.uncached_input = 0
        self._scanner.tally.exact = True

    async def _settle(self) -> None:
        tally = self._scanner.tally
        now = self._clock.monotonic()
        first = self._first
        self._call.input_tokens = tally.total_input
        self._call.output_tokens = tally.output
        outcome = Outcome(
            usage=tally,
            status=self._status,
            service_tier=tally.service_tier or "standard",
            inference_geo=tally.inference_geo or "not_available",
            speed=tally.speed or "standard",
            context_window=context_window(tally.total_input),
            stop_reason=tally.stop_reason,
            duration_us=round((now - self._started) * _MICROSECONDS),
            first_token_us=None if first is None else round((first - self._started) * _MICROSECONDS),
            ended=self._ended,
            estimated=not tally.exact,
        )
        self._entry.settle(outcome)
        # at once, with nothing in between: whoever reads the ledger knows then up to which request it goes
        await self._ticket.release(tally)


def _explain(error: OutboundError, note: str) -> WireError:
    if error.kind == "timeout":
        return TimedOut("The model provider did not answer in time.", note=note, should_retry=True)
    if error.kind in {"refused", "tls"}:
        return Unavailable("The model provider could not be reached.", note=note, retry_after=1)
    if error.kind == "reset":
        return Unavailable("The connection to the model provider was lost.", note=note)
    return Unavailable("The model provider's answer was cut off.", note=note)
