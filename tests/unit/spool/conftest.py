"""A spool that a test opens, ends and opens again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from antechamber.adapters.spool import FileSpool
from antechamber.features.usage.model import UsageRow
from antechamber.features.usage.ports import Source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "node-1"


@pytest.fixture
def open_spool(folder: Path) -> Iterator[Callable[..., FileSpool]]:
    """Open a spool; those that a test leaves open are closed as they are."""
    opened: list[FileSpool] = []

    def open_one(at: Path = folder, *, segment_bytes: int = 64 * 1024, quota_bytes: int = 2**20) -> FileSpool:
        spool = FileSpool(at, segment_bytes=segment_bytes, quota_bytes=quota_bytes, sync_seconds=0.005)
        opened.append(spool)
        return spool

    yield open_one
    for spool in opened:
        spool.close(durable=False)


def read_all(source: Source, limit: int = 7) -> list[UsageRow]:
    """Read and confirm until nothing is left."""
    rows: list[UsageRow] = []
    while batch := source.read(limit):
        rows += batch
        source.confirm()
    source.confirm()
    return rows
