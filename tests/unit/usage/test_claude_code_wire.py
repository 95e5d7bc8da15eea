"""OTLP in both encodings, within bounds; the report's date."""

import gzip
import json
import zlib

import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from antechamber.base.errors import InvalidRequest, RequestTooLarge
from antechamber.features.usage.wire import claude_code as wire
from antechamber.features.usage.wire import telemetry
from tests.unit.usage.samples import DAY, NOON
from tests.unit.usage.telemetry import encoded, export, told

SAID = export(
    told("session.count", 1, NOON, session__id="s", terminal__type="tmux"),
    told("lines_of_code.count", 12, NOON, session__id="s", type="added"),
    told("cost.usage", 0.25, NOON, session__id="s", model="claude-opus-4-8"),
    resource={"service.name": "claude-code", "terminal.type": "vscode"},
)


def test_both_encodings_say_the_same() -> None:
    in_json = telemetry.read_points(encoded(SAID), telemetry.JSON)
    packed = Parse(encoded(SAID), ExportMetricsServiceRequest()).SerializeToString()
    assert telemetry.read_points(packed, telemetry.PROTOBUF) == in_json
    assert [point.metric for point in in_json] == ["claude_code.session.count", "claude_code.lines_of_code.count"]
    session, lines = in_json
    assert (session.value, session.at, session.started_at) == (1, NOON * 1000, NOON * 1000 - 60 * 10**9)
    assert session.attributes["terminal.type"] == "tmux"
    assert lines.attributes["terminal.type"] == "vscode"
    assert not session.cumulative


def test_whole_numbers_and_other_kinds_of_attributes_are_read() -> None:
    body = export(told("commit.count", 1, NOON), temporality=2)
    (point,) = body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["sum"]["dataPoints"]
    del point["asDouble"]
    point["asInt"] = "7"
    point["attributes"] = [
        {"key": "flag", "value": {"boolValue": True}},
        {"key": "number", "value": {"intValue": "3"}},
        {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "x"}]}}},
        {"key": "nothing", "value": {}},
    ]
    (read,) = telemetry.read_points(encoded(body), telemetry.JSON)
    assert (read.value, read.cumulative) == (7, True)
    assert read.attributes["flag"] == "true"
    assert read.attributes["number"] == "3"
    assert "x" in read.attributes["list"]
    assert read.attributes["nothing"] == ""


def test_a_gauge_of_that_name_counts_nothing() -> None:
    body = export(told("commit.count", 1, NOON))
    metric = body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]
    metric["gauge"] = metric.pop("sum")
    del metric["gauge"]["aggregationTemporality"], metric["gauge"]["isMonotonic"]
    assert telemetry.read_points(encoded(body), telemetry.JSON) == []


@pytest.mark.parametrize("body", [b"{", b'{"resourceMetrics": 3}', b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_export_is_refused_in_json(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="not an OTLP ExportMetricsServiceRequest in application/json"):
        telemetry.read_points(body, telemetry.JSON)


@pytest.mark.parametrize("body", [b"{}", b"\xff\xff\xff", b"\x0a\xff"])
def test_a_body_that_is_no_export_is_refused_in_protobuf(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="not an OTLP ExportMetricsServiceRequest in application/x-protobuf"):
        telemetry.read_points(body, telemetry.PROTOBUF)


@pytest.mark.parametrize("named", ["", "text/plain", "application/grpc"])
def test_any_other_content_type_is_refused(named: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^content-type: must be application/x-protobuf"):
        telemetry.media_type(named)
    assert telemetry.media_type("Application/JSON; charset=utf-8") == telemetry.JSON


def test_packed_bodies_are_unpacked() -> None:
    assert telemetry.unpack(gzip.compress(b"abc"), "gzip") == b"abc"
    assert telemetry.unpack(zlib.compress(b"abc"), " Deflate ") == b"abc"
    assert telemetry.unpack(b"abc", "") == telemetry.unpack(b"abc", "identity") == b"abc"


def test_a_small_body_that_unpacks_to_a_large_one_is_refused() -> None:
    bomb = gzip.compress(b"\0" * (telemetry.LARGEST_UNPACKED + 1))
    assert len(bomb) < 100_000
    with pytest.raises(RequestTooLarge, match="16 MB once it is unpacked"):
        telemetry.unpack(bomb, "gzip")


@pytest.mark.parametrize("body", [b"", b"abc", gzip.compress(b"abcdefgh", mtime=0)[:-9]])
def test_a_body_that_is_not_packed_as_it_says_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="not gzip"):
        telemetry.unpack(body, "gzip")


def test_an_unknown_packing_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"^content-encoding: 'br' is not one of"):
        telemetry.unpack(b"", "br")


def test_the_answer_speaks_the_encoding_of_the_request() -> None:
    assert telemetry.answer(telemetry.PROTOBUF) == b""
    assert telemetry.answer(telemetry.JSON) == b"{}"
    partial = {"partialSuccess": {"rejectedDataPoints": "2", "errorMessage": "why"}}
    assert json.loads(telemetry.answer(telemetry.JSON, 2, "why")) == partial
    response = ExportMetricsServiceResponse.FromString(telemetry.answer(telemetry.PROTOBUF, 2, "why"))
    assert (response.partial_success.rejected_data_points, response.partial_success.error_message) == (2, "why")


def test_a_day_is_a_date() -> None:
    assert wire.read_day("2025-12-01") == NOON - DAY // 2


@pytest.mark.parametrize("text", ["", "2025-12-1", "2025-13-01", "2025-12-01T00:00:00Z", "20251201", "٢٠٢٥-12-01"])
def test_anything_else_is_not(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is not a date such as 2026-01-31"):
        wire.read_day(text)
