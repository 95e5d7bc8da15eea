"""A program that the fault tests run: `work` is killed from outside, the others fill what they are given."""

import contextlib
import os
import resource
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from antechamber.adapters.spool import FileSpool
from antechamber.adapters.spool.files import Entry
from antechamber.base.errors import Overloaded
from antechamber.features.usage.model import TokenUsage
from tests.unit.usage.samples import intent, outcome

AT_ONCE = 50
CHUNKS = 8


def work(folder: Path, journal: Path) -> None:
    """Run requests in waves, and note each step in a file that outlives the kill as the spool must."""
    log = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    spool = FileSpool(folder, segment_bytes=128 * 1024)
    number = 0
    while True:
        wave = []
        for _ in range(AT_ONCE):
            number += 1
            os.write(log, b"i %d 0\n" % number)
            wave.append((number, spool.begin(intent(number, estimated_input=0))))
            os.write(log, b"o %d 0\n" % number)
        for chunk in range(1, CHUNKS + 1):
            for one, entry in wave:
                os.write(log, b"p %d %d\n" % (one, chunk))
                entry.progress(TokenUsage(output=chunk))
                os.write(log, b"d %d %d\n" % (one, chunk))
        for one, entry in wave:
            # every third stays open, as a long stream would
            if one % 3:
                entry.settle(outcome(TokenUsage(output=CHUNKS)))
                os.write(log, b"e %d 0\n" % one)
        if number == AT_ONCE:
            os.write(1, b"!")


def open_until_refused(spool: FileSpool) -> list[Entry]:
    entries: list[Entry] = []
    with contextlib.suppress(Overloaded):
        while True:
            entries.append(spool.begin(intent(len(entries))))
    return entries


def fill(folder: Path) -> None:
    """Open until refused, settle all, read all, and open again; prints the four counts."""
    spool = FileSpool(folder, segment_bytes=64 * 1024)
    entries = open_until_refused(spool)
    for entry in entries:
        entry.settle(outcome(stop_reason="x" * 200))
    read = 0
    while rows := spool.read(50):
        read += len(rows)
        spool.confirm()
    spool.release()
    spool.sync()
    again = 0
    with contextlib.suppress(Overloaded):
        while again < len(entries):
            spool.begin(intent(again)).settle(outcome())
            again += 1
    settled = spool.settled_count - again
    spool.close(durable=False)
    print(len(entries), settled, read, again)


def main() -> None:
    kind, folder = sys.argv[1], Path(sys.argv[2])
    if kind == "work":
        work(folder, Path(sys.argv[3]))
    elif kind == "tmpfs":
        folder.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], check=True)
        fill(folder)
    elif kind == "file_size":
        resource.setrlimit(resource.RLIMIT_FSIZE, (32 * 1024, 32 * 1024))
        fill(folder)


if __name__ == "__main__":
    main()
