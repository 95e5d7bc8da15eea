"""OTLP/HTTP: the metrics of a request in either encoding, and the answer to it (opentelemetry.io/docs/specs/otlp)."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from google.protobuf.json_format import MessageToJson, Parse, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from antechamber.base.errors import InvalidRequest, RequestTooLarge
from antechamber.features.usage.model.claude_code import COUNTED, Point

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
# an export of one process is a few kilobytes; these are for collectors that gather many
LARGEST_BODY: Final = 4 << 20
LARGEST_UNPACKED: Final = 16 << 20
_LONGEST_VALUE: Final = 256
_AUTO: Final = zlib.MAX_WBITS | 32  # gzip or zlib, as its header says
_PACKED: Final = frozenset({"gzip", "deflate"})


def media_type(value: str) -> str:
    """Return which of the two encodings a content-type names; InvalidRequest for any other."""
    named = value.partition(";")[0].strip().lower()
    if named not in {PROTOBUF, JSON}:
        message = f"content-type: must be {PROTOBUF} (OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf) or {JSON} (http/json)"
        raise InvalidRequest(message)
    return named


def unpack(body: bytes, content_encoding: str) -> bytes:
    """Return a body as it was before its encoding; InvalidRequest, RequestTooLarge beyond 16 MiB."""
    named = content_encoding.strip().lower()
    if named in {"", "identity"}:
        return body
    if named not in _PACKED:
        message = f"content-encoding: {content_encoding[:40]!r} is not one of gzip, deflate, identity"
        raise InvalidRequest(message)
    reader = zlib.decompressobj(_AUTO)
    try:
        unpacked = reader.decompress(body, LARGEST_UNPACKED + 1)
    except zlib.error:
        unpacked = b""
    if len(unpacked) > LARGEST_UNPACKED:
        message = f"Request exceeds the maximum size of {LARGEST_UNPACKED >> 20} MB once it is unpacked."
        raise RequestTooLarge(message)
    if not reader.eof:
        message = f"The body is not {named}, as content-encoding says, or it broke off."
        raise InvalidRequest(message)
    return unpacked


def read_points(body: bytes, encoding: str) -> list[Point]:
    """Return the points of every counted sum of an ExportMetricsServiceRequest; InvalidRequest if it is none."""
    request = ExportMetricsServiceRequest()
    try:
        if encoding == PROTOBUF:
            request.ParseFromString(body)
        else:
            Parse(body, request, ignore_unknown_fields=True)
    except (DecodeError, ParseError, UnicodeDecodeError, RecursionError, ValueError):
        message = f"The body is not an OTLP ExportMetricsServiceRequest in {encoding}."
        raise InvalidRequest(message) from None
    return list(_points(request))


def answer(encoding: str, refused: int = 0, why: str = "") -> bytes:
    """Return an ExportMetricsServiceResponse; with `partial_success` when points were refused."""
    response = ExportMetricsServiceResponse()
    if refused:
        response.partial_success.rejected_data_points = refused
        response.partial_success.error_message = why
    return response.SerializeToString() if encoding == PROTOBUF else MessageToJson(response, indent=None).encode()


def _points(request: ExportMetricsServiceRequest) -> Iterator[Point]:
    for resource in request.resource_metrics:
        of_resource = dict(_attributes(resource.resource.attributes))
        for scope in resource.scope_metrics:
            stream = f"{scope.scope.name} {scope.scope.version}"
            for metric in scope.metrics:
                if metric.name in COUNTED:
                    yield from _points_of(metric, of_resource, stream)


def _points_of(metric: Metric, of_resource: dict[str, str], stream: str) -> Iterator[Point]:
    # whatever is not a sum has no points here, and a gauge of that name counts nothing
    cumulative = metric.sum.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    for point in metric.sum.data_points:
        yield Point(
            metric=metric.name,
            attributes={**of_resource, **dict(_attributes(point.attributes))},
            started_at=point.start_time_unix_nano,
            at=point.time_unix_nano,
            value=point.as_int if point.WhichOneof("value") == "as_int" else point.as_double,
            cumulative=cumulative,
            stream=stream,
        )


def _attributes(pairs: Iterable[KeyValue]) -> Iterator[tuple[str, str]]:
    for pair in pairs:
        yield pair.key[:_LONGEST_VALUE], _text(pair.value)[:_LONGEST_VALUE]


def _text(value: AnyValue) -> str:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind == "bool_value":
        return "true" if value.bool_value else ""
    if kind == "int_value":
        return str(value.int_value)
    # lists and maps are no part of what is counted, but of what tells one series from another
    return "" if kind is None else str(value)
