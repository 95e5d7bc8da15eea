"""What is told of a delivery that failed: the kind of failure, and nothing of the network or the answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from antechamber.adapters.telemetry import GuardedAddresses, OtlpExporter
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId
from antechamber.base.secret import Secret
from antechamber.client.guard import Guard, GuardLimits, Resolve
from antechamber.features.telemetry.model.spans import trial_span
from antechamber.features.telemetry.model.standing import Failure, Trouble
from antechamber.features.telemetry.ports import Target
from tests.collectors import Answer, Collector, attributes
from tests.issuers import LocalIssuer

SPAN = trial_span(OrganizationId("org"), "mark", 5)
PUBLIC = "https://gateway.example.com/v1/traces"


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    opened = Collector()
    yield opened
    await asyncio.to_thread(opened.close)


async def export(guard: Guard, url: str = PUBLIC) -> Failure | None:
    target = Target(url, {"authorization": Secret("canary")})
    return await OtlpExporter(guard, "1").export(target, [SPAN])


def names(found: Sequence[str] | OSError) -> Resolve:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(0)
        if isinstance(found, OSError):
            raise found
        return found

    return resolve


@pytest.mark.parametrize(
    ("found", "trouble", "message"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), Trouble.ADDRESS, "invalid address"),
        (socket.gaierror(socket.EAI_AGAIN, "later"), Trouble.PASSING, "temporary DNS failure"),
        (socket.gaierror(socket.EAI_FAIL, "broken"), Trouble.PASSING, "temporary DNS failure"),
        (["127.0.0.1"], Trouble.ADDRESS, "invalid address"),
        (["10.1.2.3", "93.184.216.34"], Trouble.ADDRESS, "invalid address"),
        (["169.254.169.254"], Trouble.ADDRESS, "invalid address"),
        (["::ffff:10.0.0.1"], Trouble.ADDRESS, "invalid address"),
    ],
)
async def test_a_name_that_leads_nowhere_or_inside_is_told_as_such(
    found: Sequence[str] | OSError, trouble: Trouble, message: str
) -> None:
    assert await export(Guard(resolve=names(found))) == Failure(trouble, message)


async def test_an_address_that_the_operator_took_back_is_invalid(collector: Collector) -> None:
    assert await export(Guard(plain=True), f"{collector.url}/v1/traces") == Failure(Trouble.ADDRESS, "invalid address")
    assert collector.spans == []


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (400, Trouble.REFUSED),
        (401, Trouble.PASSING),
        (403, Trouble.PASSING),
        (404, Trouble.PASSING),
        (413, Trouble.REFUSED),
        (422, Trouble.REFUSED),
        (429, Trouble.PASSING),
        (500, Trouble.PASSING),
        (503, Trouble.PASSING),
    ],
)
async def test_a_status_says_whether_to_try_again(collector: Collector, status: int, trouble: Trouble) -> None:
    collector.always = Answer(status, {}, b"canary")
    guard = Guard([collector.url], plain=True)
    assert await export(guard, f"{collector.url}/v1/traces") == Failure(trouble, f"HTTP error (status {status})")


@pytest.mark.parametrize(("asked", "seconds"), [("7", 7), (" 120 ", 120), ("soon", 0), ("-1", 0), ("9" * 30, 0)])
async def test_a_wait_that_is_asked_for_is_read(collector: Collector, asked: str, seconds: int) -> None:
    collector.always = Answer(503, {"retry-after": asked})
    failure = await export(Guard([collector.url], plain=True), f"{collector.url}/v1/traces")
    assert failure is not None
    assert failure.retry_after_seconds == seconds


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_told_with_its_status_and_not_followed(collector: Collector, status: int) -> None:
    collector.always = Answer(status, {"location": f"{collector.url}/elsewhere"})
    failure = await export(Guard([collector.url], plain=True), f"{collector.url}/v1/traces")
    assert failure == Failure(Trouble.REDIRECT, f"redirect (status {status})")
    assert len(collector.refused) == 1


async def test_nobody_there_and_nobody_answering_are_told_apart(collector: Collector) -> None:
    url = collector.url
    guard = Guard([url], plain=True)
    await asyncio.to_thread(collector.close)
    assert await export(guard, f"{url}/v1/traces") == Failure(Trouble.PASSING, "connection failure")
    silent = socket.create_server(("127.0.0.1", 0))
    try:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        guard = Guard([url], plain=True, limits=GuardLimits(silent_seconds=0.2))
        assert await export(guard, f"{url}/v1/traces") == Failure(Trouble.PASSING, "timeout")
    finally:
        silent.close()


async def test_a_certificate_that_nobody_vouches_for_is_a_failure_of_tls(tmp_path: Path) -> None:
    served = LocalIssuer(tmp_path)
    try:
        failure = await export(Guard([served.url]), f"{served.url}/v1/traces")
    finally:
        await asyncio.to_thread(served.close)
    assert failure == Failure(Trouble.PASSING, "TLS failure")


async def test_what_is_sent_is_one_request_with_every_kind_of_attribute(collector: Collector) -> None:
    guard = Guard([collector.url], plain=True)
    assert await export(guard, f"{collector.url}/v1/traces") is None
    (came,) = collector.taken
    (span,) = came.spans
    assert (span.trace_id, span.span_id) == (SPAN.trace_id, SPAN.span_id)
    assert came.resource == {"service.name": "antechamber", "service.version": "1"}
    assert attributes(span.attributes) == {"anthropic.organization.id": "org"}


@pytest.mark.parametrize("url", ["http://gateway.example.com", "https://10.0.0.1", "https://localhost", "x"])
def test_an_address_that_can_never_be_sent_to_is_refused_by_its_field(url: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^endpoint_url: "):
        GuardedAddresses(Guard()).check("endpoint_url", url)
