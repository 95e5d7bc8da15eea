"""The use-cases of usage: the ledger that is written, the reports that are read."""

from antechamber.features.usage.ports import OpenEntry
from antechamber.features.usage.service.analytics import Analytics
from antechamber.features.usage.service.claude_code import ClaudeCodeMetrics, ClaudeCodeReports
from antechamber.features.usage.service.ledger import Ledger
from antechamber.features.usage.service.reports import UsageReports
from antechamber.features.usage.service.repricing import Repriced, Repricing

__all__ = [
    "Analytics",
    "ClaudeCodeMetrics",
    "ClaudeCodeReports",
    "Ledger",
    "OpenEntry",
    "Repriced",
    "Repricing",
    "UsageReports",
]
