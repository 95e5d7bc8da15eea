"""Counts as Claude Code does, and exports through OpenTelemetry's own exporters; prints what they said.

Set up by the variables that a person sets: OTEL_EXPORTER_OTLP_{PROTOCOL,ENDPOINT,HEADERS,COMPRESSION} and
OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE.
"""

import json
import os
import sys
from typing import Any

from opentelemetry.exporter.otlp.json.http.metric_exporter import OTLPMetricExporter as JsonExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as ProtobufExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

EXPORTERS = {"http/protobuf": ProtobufExporter, "http/json": JsonExporter}


def main() -> None:
    told: list[str] = []
    kind = EXPORTERS[os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"]]

    class Twice(kind):  # type: ignore[misc, valid-type]
        """Exports everything twice, as one does who never saw the first answer."""

        def export(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the library gives
            told.append(super().export(*arguments, **options).name)
            last = super().export(*arguments, **options)
            told.append(last.name)
            return last

    reader = PeriodicExportingMetricReader(Twice(), export_interval_millis=3_600_000)
    resource = Resource.create({"service.name": "claude-code", "service.version": "2.1.295"})
    provider = MeterProvider([reader], resource=resource)
    meter = provider.get_meter("com.anthropic.claude_code", "2.1.295")
    standard = {
        "session.id": "s1",
        "terminal.type": "iTerm.app",
        "user.email": "somebody-else@example.com",
    }
    sessions = meter.create_counter("claude_code.session.count")
    lines = meter.create_counter("claude_code.lines_of_code.count")
    decisions = meter.create_counter("claude_code.code_edit_tool.decision")
    costs = meter.create_counter("claude_code.cost.usage", unit="USD")
    sessions.add(1, {**standard, "start_type": "fresh"})
    for _ in range(2):
        lines.add(10.0, {**standard, "type": "added"})
        lines.add(4, {**standard, "type": "removed"})
        decisions.add(1, {**standard, "tool_name": "Write", "decision": "accept", "language": "Python"})
        costs.add(0.5, {**standard, "model": "claude-opus-4-8"})
        provider.force_flush()
    provider.shutdown()
    json.dump(told, sys.stdout)


main()
