"""Control groups of either version, on trees that look like the kernel's."""

from pathlib import Path

import pytest

from antechamber.adapters.sandboxes.oci.cgroups import Cgroups, Counts

FIRST = {
    "memory": {
        "memory.usage_in_bytes": "5000\n",
        "memory.max_usage_in_bytes": "9000\n",
        "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
    },
    "cpuacct": {"cpuacct.usage": "7000000\n"},
    "pids": {"pids.current": "4\n"},
}
SECOND = {
    "memory.current": "5000\n",
    "memory.peak": "9000\n",
    "memory.events": "low 0\noom 3\noom_kill 3\n",
    "cpu.stat": "usage_usec 7000\nuser_usec 1\n",
    "pids.current": "4\n",
    "cgroup.events": "populated 1\nfrozen 0\n",
}


@pytest.fixture
def first(tmp_path: Path) -> Path:
    for controller in ("cpu", "cpuacct", "memory", "pids", "freezer"):
        group = tmp_path / controller / "prefix" / "one"
        group.mkdir(parents=True)
        (tmp_path / controller / "tasks").write_text("")
        for name, text in FIRST.get(controller, {}).items():
            (group / name).write_text(text)
    return tmp_path


@pytest.fixture
def second(tmp_path: Path) -> Path:
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("")
    group = tmp_path / "prefix" / "one"
    group.mkdir(parents=True)
    for name, text in SECOND.items():
        (group / name).write_text(text)
    return tmp_path


def test_a_machine_without_groups_enforces_nothing_and_says_so(tmp_path: Path) -> None:
    none = Cgroups("prefix", tmp_path)
    assert none.version == 0
    assert none.missing == ("cpu", "memory", "pids")
    assert none.path("one") is None
    assert none.counts("one") == Counts()
    assert not none.freeze("one", frozen=True)


def test_the_first_version_counts_by_controller(first: Path) -> None:
    groups = Cgroups("prefix", first)
    assert (groups.version, groups.missing, groups.path("one")) == (1, (), "/prefix/one")
    assert groups.counts("one") == Counts(5000, 9000, 7000, 4, 3)


def test_the_second_version_counts_in_one_group(second: Path) -> None:
    groups = Cgroups("prefix", second)
    assert (groups.version, groups.missing, groups.path("one")) == (2, (), "/prefix/one")
    assert groups.counts("one") == Counts(5000, 9000, 7000, 4, 3)
    assert not groups.is_frozen("one")
    assert groups.freeze("one", frozen=True)
    assert (second / "prefix/one/cgroup.freeze").read_text() == "1"


def test_a_controller_that_is_not_given_is_missing(second: Path) -> None:
    (second / "cgroup.controllers").write_text("cpu pids\n")
    assert Cgroups("prefix", second).missing == ("memory",)


def test_a_sandbox_that_is_gone_counts_nothing(first: Path) -> None:
    assert Cgroups("prefix", first).counts("two") == Counts()


def test_freezing_writes_to_the_freezer(first: Path) -> None:
    groups = Cgroups("prefix", first)
    assert groups.freeze("one", frozen=True)
    assert (first / "freezer/prefix/one/freezer.state").read_text() == "FROZEN"
    assert groups.freeze("one", frozen=False)
    assert (first / "freezer/prefix/one/freezer.state").read_text() == "THAWED"


def test_dropping_removes_empty_groups_alone(first: Path) -> None:
    (first / "cpu/prefix/two").mkdir()
    Cgroups("prefix", first).drop()
    assert not (first / "cpu/prefix").exists()
    assert (first / "memory/prefix/one").exists()


MINE, OTHER, GONE = (f"antechamber-{name}" for name in ("1-a1", "1-b2", "2-c3"))


def test_what_a_killed_supervisor_of_another_folder_left_is_removed(second: Path) -> None:
    mine, other = Cgroups(MINE, second), Cgroups(OTHER, second)
    mine.hold()
    other.hold()
    (second / OTHER / "starting").mkdir()
    (second / GONE / "ended").mkdir(parents=True)
    (second / "antechamber.service").mkdir()
    mine.drop_abandoned()
    # of one that runs nothing goes, though nothing is in it yet; what is not ours is not looked at
    assert (second / MINE).is_dir()
    assert (second / OTHER / "starting").is_dir()
    assert (second / "antechamber.service").is_dir()
    assert not (second / GONE).exists()
    other.drop()
    assert not (second / OTHER).exists()
    mine.drop()


def test_of_an_abandoned_group_what_is_in_use_stays(first: Path) -> None:
    for controller in ("cpu", "memory", "pids"):
        (first / controller / GONE / "ended").mkdir(parents=True)
    # as the kernel does, a folder with something in it is not removed
    (first / "memory" / GONE / "ended" / "tasks").write_text("1\n")
    mine = Cgroups(MINE, first)
    mine.hold()
    mine.drop_abandoned()
    assert not (first / "cpu" / GONE).exists()
    assert not (first / "pids" / GONE).exists()
    assert (first / "memory" / GONE / "ended").is_dir()
    mine.drop()


def test_without_groups_there_is_nothing_to_hold(tmp_path: Path) -> None:
    none = Cgroups(MINE, tmp_path)
    none.hold()
    none.drop_abandoned()
    none.drop()
    assert list(tmp_path.iterdir()) == []
