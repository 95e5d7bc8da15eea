"""Spans as an OTLP ExportTraceServiceRequest; loaded when there is something to send."""

from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2

from antechamber.features.telemetry.model.spans import Attribute, Span, Status

_SERVICE: Final = "antechamber"
_STATUS: Final = {
    Status.UNSET: trace_pb2.Status.STATUS_CODE_UNSET,
    Status.OK: trace_pb2.Status.STATUS_CODE_OK,
    Status.ERROR: trace_pb2.Status.STATUS_CODE_ERROR,
}


def encode(spans: Sequence[Span], version: str) -> bytes:
    """Return the request that carries them, as spans of this server."""
    resource = Resource(attributes=_pairs({"service.name": _SERVICE, "service.version": version}))
    scope = InstrumentationScope(name=_SERVICE, version=version)
    scoped = trace_pb2.ScopeSpans(scope=scope, spans=[_span(span) for span in spans])
    whole = trace_pb2.ResourceSpans(resource=resource, scope_spans=[scoped])
    return ExportTraceServiceRequest(resource_spans=[whole]).SerializeToString()


def _span(span: Span) -> trace_pb2.Span:
    return trace_pb2.Span(
        trace_id=span.trace_id,
        span_id=span.span_id,
        name=span.name,
        kind=trace_pb2.Span.SPAN_KIND_SERVER,
        start_time_unix_nano=span.started_ns,
        end_time_unix_nano=span.ended_ns,
        attributes=_pairs(span.attributes),
        status=trace_pb2.Status(code=_STATUS[span.status]),
    )


def _pairs(attributes: Mapping[str, Attribute]) -> list[KeyValue]:
    return [KeyValue(key=name, value=_value(value)) for name, value in attributes.items()]


def _value(value: Attribute) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, tuple):
        return AnyValue(array_value=ArrayValue(values=[_value(each) for each in value]))
    return AnyValue(string_value=value)
