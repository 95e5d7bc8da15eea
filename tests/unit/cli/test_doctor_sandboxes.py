"""What the doctor says of this machine's sandboxes, on machines made up of files."""

import os
import pwd
from pathlib import Path

import pytest

from antechamber.cli.doctor.findings import Check
from antechamber.cli.doctor.sandboxes import sandbox_checks
from antechamber.client.environment import Environment

ME = pwd.getpwuid(os.getuid()).pw_name


class Machine:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.put("proc/sys/user/max_user_namespaces", "65536\n")
        self.put("proc/self/cgroup", "0::/user.slice\n")
        for name in ("subuid", "subgid"):
            self.put(f"etc/{name}", f"somebody:100000:65536\n{ME}:165536:65536\n")
        for name in ("crun", "catatonit", "tini-static", "newuidmap"):
            self.put(f"bin/{name}", "#!/bin/sh\n").chmod(0o755)

    def put(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def look(self, *, is_root: bool = False) -> list[Check]:
        return list(
            sandbox_checks(Environment({"PATH": str(self.root / "bin")}, self.root), machine=self.root, is_root=is_root)
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_another_system_says_nothing(tmp_path: Path) -> None:
    assert list(sandbox_checks(Environment({"PATH": ""}, tmp_path), machine=tmp_path / "none")) == []


def test_what_is_not_installed_comes_with_the_line_that_installs_it(machine: Machine) -> None:
    (machine.root / "bin" / "crun").unlink()
    (machine.root / "bin" / "tini-static").unlink()
    (found,) = machine.look()
    assert (found.status, found.fix) == ("note", "apt-get install crun tini")


def test_a_user_needs_the_range_of_ids(machine: Machine) -> None:
    machine.put("etc/subuid", f"{ME}:100000:1000\n")
    (found,) = machine.look()
    assert found.fix.startswith("usermod --add-subuids")
    assert found.fix.endswith(ME)


def test_a_machine_that_forbids_namespaces_says_which_setting_does(machine: Machine) -> None:
    machine.put("proc/sys/user/max_user_namespaces", "0\n")
    machine.put("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n")
    assert [found.fix.partition("=")[0] for found in machine.look()] == [
        "sysctl user.max_user_namespaces",
        "sysctl kernel.apparmor_restrict_unprivileged_userns",
    ]


def test_a_user_without_a_control_group_learns_what_is_not_limited(machine: Machine) -> None:
    for release, unlimited in (("6.1.0-42-amd64", "memory and CPU of each"), ("5.10.0", "memory, CPU and processes")):
        machine.put("proc/sys/kernel/osrelease", f"{release}\n")
        (found,) = machine.look()
        assert f"nothing limits {unlimited}" in found.detail
        assert "Delegate=yes" in found.advice
    machine.put("sys/fs/cgroup/user.slice/cgroup.procs", "")
    assert machine.look()[0].status == "ok"


def test_root_can_limit_everything(machine: Machine) -> None:
    (found,) = machine.look(is_root=True)
    assert (found.status, "disk" in found.detail) == ("ok", True)


def test_nothing_of_it_is_ever_a_failure(machine: Machine) -> None:
    for path in (machine.root / "bin").iterdir():
        path.unlink()
    assert {found.status for found in machine.look()} == {"note"}
