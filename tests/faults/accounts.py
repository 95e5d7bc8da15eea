"""The ledger held against the truth."""

import sqlite3
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.faults.processes import wait_for

Record = Mapping[str, Any]
BUCKETS = {"uncached_input": "input_tokens", "cache_write_5m": "cache_5m", "cache_write_1h": "cache_1h",
           "cache_read": "cache_read", "output": "produced"}  # fmt: skip
_SUMMED = (*BUCKETS, "web_search_requests", "web_fetch_requests", "code_execution_requests")


def query(data: Path, statement: str) -> list[dict[str, Any]]:
    """Return what the database of a data folder answers."""
    with closing(sqlite3.connect(f"file:{data / 'antechamber.db'}?mode=ro", uri=True, timeout=10)) as link:
        link.row_factory = sqlite3.Row
        return [dict(row) for row in link.execute(statement)]


def rows_of(data: Path) -> dict[str, dict[str, Any]]:
    """Return the ledger's rows by request id."""
    return {row["request_id"]: row for row in query(data, "SELECT * FROM usage_rows")}


def rows_for(data: Path, wanted: Collection[str], seconds: float = 15.0) -> dict[str, dict[str, Any]]:
    """Return the rows once all that are wanted have come."""
    wait_for(lambda: set(wanted) <= rows_of(data).keys(), f"{len(wanted)} rows in the ledger", seconds)
    return rows_of(data)


def row_for(data: Path, request_id: str) -> dict[str, Any]:
    """Return one request's row once it has come."""
    return rows_for(data, {request_id})[request_id]


def check_exact(row: Record, truth: Record) -> None:
    """Check that a row has all four buckets as they really were."""
    ours = {name: row[name] for name in BUCKETS}
    theirs = {name: truth[real] for name, real in BUCKETS.items()}
    assert ours == theirs, (row, truth)
    assert not row["estimated"], row


def check_cut(row: Record, truth: Record, delivered: int) -> None:
    """Check the bounds of a request that was cut: delivered <= ours <= produced."""
    assert row["estimated"], row
    assert delivered <= row["output"] <= truth["produced"], (delivered, row["output"], truth)
    ours = sum(row[name] for name in BUCKETS if name != "output")
    theirs = sum(truth[real] for name, real in BUCKETS.items() if name != "output")
    assert ours == theirs, (row, truth)


def check_roll_ups(data: Path) -> None:
    """Check that the roll-ups count every row once."""
    summed = ", ".join(f"SUM({name}) AS {name}" for name in _SUMMED)
    [rows] = query(data, f"SELECT COUNT(*) AS requests, {summed} FROM usage_rows")  # noqa: S608 - our own names
    for width in ("1d", "1h", "1m"):
        [sums] = query(
            data,
            f"SELECT SUM(requests) AS requests, {summed} FROM usage_rollups WHERE width = '{width}'",  # noqa: S608
        )
        assert sums == rows, width
