"""The log of a sandbox: what is written, how much at most, and how it is read."""

import json
import os
from pathlib import Path

import pytest

from antechamber.adapters.egress.journal import Journal
from antechamber.adapters.egress.log import FolderEgressLog, log_file, older_file, sweep
from antechamber.adapters.egress.policy import Denied
from antechamber.base.clock import ManualClock

pytestmark = pytest.mark.anyio
DENIED = Denied("allowed_hosts", "a.example is not one of the hosts that this environment allows.")


async def test_decisions_are_read_in_their_order_from_where_one_left_off(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "sesn_1", ManualClock(1_700_000_000_000_000), 1 << 20)
    number = journal.allow("connect", "a.example", 443, "pip", "1.2.3.4")
    journal.end(number, "connect", "a.example", 443, 10, 20, None)
    journal.deny("dns", "b.example", 53, DENIED)
    journal.close()
    log = FolderEgressLog(tmp_path)
    first, second, third = await log.read("sesn_1")
    assert first == {
        "sequence": 1, "at": "2023-11-14T22:13:20Z", "decision": "allow", "kind": "connect", "host": "a.example",
        "port": 443, "rule": "pip", "address": "1.2.3.4",
    }  # fmt: skip
    assert (second["of"], second["sent"], second["received"]) == (1, 10, 20)
    assert (third["rule"], third["message"]) == ("allowed_hosts", DENIED.message)
    assert await log.read("sesn_1", after=1, limit=1) == [second]
    assert await log.read("sesn_2") == []
    assert (log_file(tmp_path, "sesn_1").stat().st_mode & 0o777) == 0o600


async def test_numbers_go_on_after_a_new_start_and_half_a_line(tmp_path: Path) -> None:
    for _ in range(2):
        journal = Journal(tmp_path, "sesn_1", ManualClock(), 1 << 20)
        journal.deny("dns", "b.example", 53, DENIED)
        journal.close()
    with log_file(tmp_path, "sesn_1").open("ab") as file:
        file.write(b'{"sequence": 3, "at"')
    assert [line["sequence"] for line in await FolderEgressLog(tmp_path).read("sesn_1")] == [1, 2]


async def test_a_flood_is_counted_instead_of_written(tmp_path: Path) -> None:
    clock = ManualClock()
    journal = Journal(tmp_path, "sesn_1", clock, 1 << 20)
    for _ in range(5000):
        journal.deny("dns", "b.example", 53, DENIED)
    clock.advance(1)
    journal.deny("dns", "c.example", 53, DENIED)
    journal.close()
    lines = await FolderEgressLog(tmp_path).read("sesn_1", limit=10_000)
    assert len(lines) == 2001
    assert (lines[-1]["sequence"], lines[-1]["suppressed"]) == (5001, 3000)


async def test_files_are_never_larger_than_allowed(tmp_path: Path) -> None:
    clock = ManualClock()
    journal = Journal(tmp_path, "sesn_1", clock, 40_000)
    for _ in range(1000):
        clock.advance(1)
        journal.deny("connect", "x" * 5000, 443, DENIED)
    journal.close()
    assert log_file(tmp_path, "sesn_1").stat().st_size <= 20_000
    assert older_file(tmp_path, "sesn_1").stat().st_size <= 20_000
    log = FolderEgressLog(tmp_path)
    numbers = [line["sequence"] for line in await log.read("sesn_1", limit=10_000)]
    assert numbers == list(range(1000 - len(numbers) + 1, 1001))
    await log.remove("sesn_1")
    assert await log.read("sesn_1") == []


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "x" * 200, "a\x00"])
async def test_a_log_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no id"):
        await FolderEgressLog(tmp_path).read(name)


def test_old_logs_go_but_those_of_sandboxes_that_run(tmp_path: Path) -> None:
    now = 1_700_000_000_000_000
    for name, days in (
        ("old.jsonl", 40),
        ("old.jsonl.1", 50),
        ("running.jsonl", 40),
        ("new.jsonl", 1),
        ("else.txt", 99),
    ):
        (tmp_path / name).touch()
        at = now // 1_000_000 - days * 86_400
        os.utime(tmp_path / name, (at, at))
    sweep(tmp_path, {"running"}, now - 30 * 86_400 * 1_000_000)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["else.txt", "new.jsonl", "running.jsonl"]


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "sesn_1", ManualClock(), 1 << 20)
    full = os.open("/dev/full", os.O_WRONLY)
    os.close(journal._descriptor)
    journal._descriptor = full
    journal.deny("dns", "b.example", 53, DENIED)
    journal.close()
    again = Journal(tmp_path, "sesn_1", ManualClock(), 1 << 20)
    again._suppressed = 1
    again.deny("dns", "b.example", 53, DENIED)
    again.close()
    (line,) = log_file(tmp_path, "sesn_1").read_text().splitlines()
    assert json.loads(line)["suppressed"] == 1
