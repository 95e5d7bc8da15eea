"""The tables of usage and the queries on them."""

from antechamber.features.usage.sql.claude_code import SqlClaudeCode
from antechamber.features.usage.sql.ledger import SqlUsage
from antechamber.features.usage.sql.repricing import SqlPrices
from antechamber.features.usage.sql.tables import usage_rollups, usage_rows, usage_sessions, usage_tagged

__all__ = ["SqlClaudeCode", "SqlPrices", "SqlUsage", "usage_rollups", "usage_rows", "usage_sessions", "usage_tagged"]
