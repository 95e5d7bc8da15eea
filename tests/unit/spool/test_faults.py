"""The spool under kill -9 and on a full disk, for real."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from antechamber.adapters.spool import FileSpool
from antechamber.features.usage.model import Ending
from tests.unit.spool.conftest import read_all

pytestmark = pytest.mark.faults
PROGRAM = Path(__file__).parent / "victim.py"


def start(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(PROGRAM), *arguments], stdout=subprocess.PIPE)


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.3])
def test_a_kill_loses_and_doubles_nothing(
    seconds: float, tmp_path: Path, folder: Path, open_spool: Callable[..., FileSpool]
) -> None:
    journal = tmp_path / "journal"
    victim = start("work", str(folder), str(journal))
    assert victim.stdout is not None
    victim.stdout.read(1)
    time.sleep(seconds)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    victim.stdout.close()

    # what the victim says it had done: one byte-exact line each, written before (i, d) or after (o, e) the call
    began: set[int] = set()
    opened: set[int] = set()
    delivered: Counter[int] = Counter()
    produced: Counter[int] = Counter()
    ended: set[int] = set()
    for line in journal.read_bytes().split(b"\n")[:-1]:
        kind, number, count = line.split()
        if kind == b"i":
            began.add(int(number))
        elif kind == b"o":
            opened.add(int(number))
        elif kind == b"p":
            produced[int(number)] = int(count)
        elif kind == b"d":
            delivered[int(number)] = int(count)
        elif kind == b"e":
            ended.add(int(number))
    rows = [row for estate in open_spool().estates() for row in read_all(estate, 100)]
    by_number = {int(row.intent.request_id.removeprefix("req_01")): row for row in rows}
    assert len(by_number) == len(rows)
    assert opened <= set(by_number) <= began
    assert len(ended) > 10
    for one, row in by_number.items():
        assert delivered[one] <= row.outcome.usage.output <= produced[one]
        if one in ended:
            assert row.outcome.ended is Ending.COMPLETE
        assert row.outcome.estimated == (row.outcome.ended is Ending.LOST)


@pytest.mark.parametrize("limit", ["tmpfs", "file_size"])
def test_on_a_full_disk_requests_are_refused_and_none_is_unmetered(limit: str, folder: Path) -> None:
    alone = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    command = [*(alone if limit == "tmpfs" else []), sys.executable, str(PROGRAM), limit, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stderr
    opened, settled, read, again = map(int, done.stdout.split())
    if limit == "tmpfs":
        assert opened > 10
        assert again > 10
    assert opened == settled == read
