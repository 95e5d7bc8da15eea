"""Points and exports as Claude Code's exporter makes them."""

import json
from typing import Any

from antechamber.features.usage.model.claude_code import Point
from tests.unit.usage.samples import NOON

SECOND = 1_000_000_000


def point(metric: str, value: float = 1, *, seconds: float = 0, cumulative: bool = False, **attributes: str) -> Point:
    """Return a point that many seconds after noon; `session_id` and the like are attributes, `_` standing for `.`."""
    named = {name.replace("__", "."): text for name, text in attributes.items()}
    at = NOON * 1000 + round(seconds * SECOND)
    started_at = NOON * 1000 if cumulative else at - 60 * SECOND
    return Point(f"claude_code.{metric}", named, started_at, at, value, cumulative)


def export(*points: dict[str, Any], resource: dict[str, str] | None = None, temporality: int = 1) -> dict[str, Any]:
    """Return an ExportMetricsServiceRequest in JSON: each point a metric of its own."""
    metrics = [
        {
            "name": made["metric"],
            "sum": {
                "aggregationTemporality": temporality,
                "isMonotonic": True,
                "dataPoints": [
                    {
                        "attributes": attributes(made["attributes"]),
                        "startTimeUnixNano": str(made["at"] - 60 * SECOND),
                        "timeUnixNano": str(made["at"]),
                        "asDouble": made["value"],
                    }
                ],
            },
        }
        for made in points
    ]
    scope = {"name": "com.anthropic.claude_code", "version": "2.1.295"}
    of_resource = {"attributes": attributes(resource or {"service.name": "claude-code"})}
    return {"resourceMetrics": [{"resource": of_resource, "scopeMetrics": [{"scope": scope, "metrics": metrics}]}]}


def told(metric: str, value: float, at: int, **named: str) -> dict[str, Any]:
    """Return what `export` takes: a point at an instant in microseconds; `__` in a name stands for `.`."""
    given = {name.replace("__", "."): text for name, text in named.items()}
    return {"metric": f"claude_code.{metric}", "value": value, "at": at * 1000, "attributes": given}


def attributes(named: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in named.items()]


def encoded(request: dict[str, Any]) -> bytes:
    return json.dumps(request).encode()
