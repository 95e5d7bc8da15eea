"""The shapes of usage on the wire."""

from antechamber.features.usage.wire.usage_report import (
    FAST_MODE_BETA,
    FILTERS,
    Range,
    ReportBody,
    line,
    read_query,
    show,
)

__all__ = ["FAST_MODE_BETA", "FILTERS", "Range", "ReportBody", "line", "read_query", "show"]
