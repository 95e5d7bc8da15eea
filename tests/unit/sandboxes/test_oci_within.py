"""Programs that a runtime's own kernel runs: what its table says, and who belongs to whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.adapters.sandboxes.oci.runtime import parents_of
from antechamber.adapters.sandboxes.oci.within import below

# of runsc, with programs that ended a moment ago
TABLE = """UID       PID       PPID      C         TTY       STIME     TIME      CMD
0         1         0         0         ?         01:36     10ms      init
0         2         0         0         ?         01:36     10ms      reaper
0         3         2         5         ?         01:36     20ms      sh
1000      14        3         4         pts/0     Nov21     1m2.5s    sleep
"""


def test_a_table_of_processes_names_their_parents() -> None:
    assert parents_of(TABLE) == {1: 0, 2: 0, 3: 2, 14: 3}


@pytest.mark.parametrize("text", ["", "\n", "loading container: file does not exist", "PID PPID\n1 0"])
def test_another_answer_is_no_table(text: str) -> None:
    assert parents_of(text) == {}


def test_descendants_are_those_below_and_no_other_program() -> None:
    parents = parents_of(TABLE) | {20: 0, 21: 20, 15: 14}
    assert sorted(below(2, parents)) == [3, 14, 15]
    assert below(15, parents) == []
    assert below(99, parents) == []


@given(st.dictionaries(st.integers(1, 30), st.integers(0, 30)), st.integers(1, 30))
def test_each_descendant_is_named_once_and_has_its_parent_among_them(parents: dict[int, int], root: int) -> None:
    found = below(root, parents)
    assert len(found) == len(set(found))
    assert root not in found
    assert all(parents[pid] in {root, *found} for pid in found)
    assert all(pid in found or pid == root for pid, parent in parents.items() if parent in {root, *found})
