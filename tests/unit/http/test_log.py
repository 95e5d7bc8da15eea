"""Logs: one JSON line a request, and no secret in any of them."""

import io
import json
import logging

import pytest
import structlog

from antechamber.base.chance import SeededChance
from antechamber.base.clock import ManualClock
from antechamber.base.ids import ApiKeyId, OrganizationId, TokenId, WorkspaceId
from antechamber.base.principal import AccessToken, ApiKey
from antechamber.base.secret import SecretKind, mint_secret
from antechamber.http.context import Context
from antechamber.http.log import AccessLog, configure_logs
from antechamber.http.metrics import Metrics

SECRET = mint_secret(SecretKind.API_KEY, SeededChance(1)).reveal()


def context(path: str = "/v1/messages") -> Context:
    return Context(request_id="req_1", started=1.0, method="POST", path=path)


async def test_a_request_leaves_one_line_with_all_that_is_known() -> None:
    stream, clock = io.BytesIO(), ManualClock(1_500_000)
    log = AccessLog(clock, stream)
    seen = context()
    seen.principal = ApiKey(ApiKeyId("apikey_1"), OrganizationId("org"), WorkspaceId("wrkspc_1"), True, None, None)
    seen.status, seen.model, seen.input_tokens, seen.output_tokens = 200, "sim-1", 5, 7
    log.write(seen)
    assert stream.getvalue() == b""
    log.flush()
    log.flush()
    assert json.loads(stream.getvalue()) == {
        "timestamp": "1970-01-01T00:00:01.500000Z",
        "event": "request",
        "request_id": "req_1",
        "method": "POST",
        "path": "/v1/messages",
        "status": 200,
        "milliseconds": 500.0,
        "organization_id": "org",
        "workspace_id": "wrkspc_1",
        "key_id": "apikey_1",
        "model": "sim-1",
        "input_tokens": 5,
        "output_tokens": 7,
    }


async def test_a_token_is_named_by_its_id_and_nobody_by_none() -> None:
    seen = context()
    assert seen.credential_id() is None
    seen.principal = AccessToken(TokenId("token_1"), OrganizationId("org"), "org:admin", None)
    assert seen.credential_id() == "token_1"
    names = [name for name, _ in seen.identity_headers()]
    assert names == [b"request-id", b"anthropic-organization-id"]


async def test_no_secret_gets_into_a_line() -> None:
    stream = io.BytesIO()
    log = AccessLog(ManualClock(), stream)
    seen = context(f"/v1/models/{SECRET}")
    seen.model, seen.note = SECRET, f"provider said {SECRET}"
    log.write(seen)
    log.flush()
    assert SECRET.encode() not in stream.getvalue()
    assert json.loads(stream.getvalue())["path"] == "/v1/models/sk-***"


@pytest.mark.parametrize(
    "values",
    [
        {"note": f"x {SECRET}"},
        {"listed": [SECRET, {"deep": (SECRET,)}]},
        {"error": ValueError(SECRET)},
        {"raw": SECRET.encode()},
        {SECRET: 1},
    ],
)
def test_no_secret_gets_into_any_other_log(values: dict[str, object]) -> None:
    stream = io.StringIO()
    configure_logs("info", stream)
    try:
        structlog.get_logger("test").warning(f"event {SECRET}", **values)
        try:
            int(SECRET)
        except ValueError:
            structlog.get_logger("test").exception("failed")
            logging.getLogger("library").exception("key %s", SECRET)
    finally:
        configure_logs("info")
    assert "event sk-***" in stream.getvalue()
    assert "library" in stream.getvalue()
    assert SECRET not in stream.getvalue()


async def test_metrics_count_requests_seconds_and_tokens_without_a_callers_words() -> None:
    metrics = Metrics(ManualClock(1_200_000))
    metrics.gauge("open_requests", "Open", lambda: 3)
    for path, status in (("/v1/messages", 200), ("/v1/messages", 200), ("/canary", 404)):
        seen = context(path)
        seen.status, seen.input_tokens, seen.output_tokens = status, 5, 7
        metrics.observe(seen)
    body, kind = metrics.expose()
    lines = body.decode().splitlines()
    assert kind.startswith("text/plain")
    assert "canary" not in body.decode()
    for line in (
        'antechamber_requests_total{route="/v1/messages",status="200"} 2.0',
        'antechamber_requests_total{route="other",status="404"} 1.0',
        'antechamber_request_seconds_bucket{le="0.1",route="/v1/messages"} 0.0',
        'antechamber_request_seconds_bucket{le="0.25",route="/v1/messages"} 2.0',
        'antechamber_request_seconds_bucket{le="+Inf",route="/v1/messages"} 2.0',
        'antechamber_request_seconds_count{route="/v1/messages"} 2.0',
        'antechamber_tokens_total{direction="input"} 15.0',
        'antechamber_tokens_total{direction="output"} 21.0',
        "antechamber_open_requests 3.0",
    ):
        assert line in lines
