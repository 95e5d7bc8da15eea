"""The bundle of a sandbox: what the runtime is told, and that nothing is told that would open it."""

import json
from pathlib import Path
from typing import Any

import pytest

from antechamber.adapters.sandboxes.oci import bundle
from antechamber.features.environments.model.sandbox import MEBIBYTE, Limits

LIMITS = Limits(memory_bytes=400 * MEBIBYTE, cpus=1.5, pids=64, disk_bytes=0, open_files=1000)


def config(**parts: object) -> dict[str, Any]:
    told: dict[str, Any] = {
        "root": "/somewhere/merged",
        "hostname": "den",
        "first_id": 200_000,
        "limits": LIMITS,
        "init": Path("/usr/bin/catatonit"),
        "reaper": Path("/usr/bin/tini-static"),
        "cgroup": "/antechamber/one",
    }
    found: dict[str, Any] = json.loads(bundle.render(bundle.Bundle(**{**told, **parts})))
    return found


def mounted(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["destination"]: each for each in found["mounts"]}


def test_every_namespace_is_the_sandboxs_own() -> None:
    kinds = {each["type"] for each in config()["linux"]["namespaces"]}
    assert kinds == {"pid", "ipc", "uts", "mount", "cgroup", "user", "network"}
    assert all("path" not in each for each in config()["linux"]["namespaces"])


def test_root_inside_is_nobody_of_the_machine() -> None:
    linux = config()["linux"]
    assert linux["uidMappings"] == linux["gidMappings"] == [{"containerID": 0, "hostID": 200_000, "size": 65_536}]


def test_no_program_gains_rights_or_hands_them_on() -> None:
    first = config()["process"]
    assert first["noNewPrivileges"]
    assert first["capabilities"]["inheritable"] == first["capabilities"]["ambient"] == []
    assert "CAP_SYS_ADMIN" not in first["capabilities"]["bounding"]
    assert "CAP_NET_ADMIN" not in first["capabilities"]["bounding"]
    assert len(first["capabilities"]["bounding"]) == 11


def test_who_is_not_root_has_no_rights_but_the_bounds() -> None:
    told = bundle.process(["id"], cwd="/", environment={}, user=(33, 33), rlimits=[])
    assert told["capabilities"]["effective"] == told["capabilities"]["permitted"] == []


def test_neither_sysfs_nor_control_groups_are_mounted() -> None:
    assert {each["type"] for each in config()["mounts"]} == {"proc", "tmpfs", "devpts", "bind"}


def test_folders_of_the_machine_are_shown_read_only() -> None:
    found = mounted(config(binds=((Path("/usr/lib"), "/usr/lib"),)))
    for place in ("/usr/lib", bundle.INIT, bundle.REAPER):
        assert set(found[place]["options"]) == {"bind", "ro", "nosuid", "nodev"}


def test_files_in_memory_leave_half_of_it_to_programs() -> None:
    assert "size=268435456" in mounted(config())["/tmp"]["options"] or LIMITS.memory_bytes < 512 * MEBIBYTE
    small = mounted(config(limits=Limits(memory_bytes=64 * MEBIBYTE)))
    assert f"size={32 * MEBIBYTE}" in small["/tmp"]["options"]
    assert f"size={32 * MEBIBYTE}" in small["/dev/shm"]["options"]


def test_limits_become_resources_of_the_group() -> None:
    assert config()["linux"]["resources"] == {
        "devices": [{"allow": False, "access": "rwm"}],
        "memory": {"limit": 400 * MEBIBYTE, "swap": 400 * MEBIBYTE},
        "pids": {"limit": 64},
        "cpu": {"period": 100_000, "quota": 150_000},
    }


def test_zero_is_no_limit() -> None:
    none = Limits(memory_bytes=0, cpus=0, pids=0)
    assert config(limits=none)["linux"]["resources"] == {"devices": [{"allow": False, "access": "rwm"}]}


def test_without_groups_each_process_is_limited_itself() -> None:
    found = config(cgroup=None)
    assert "resources" not in found["linux"]
    own = {each["type"]: each["hard"] for each in found["process"]["rlimits"]}
    # the runtime would be held to it as well, outside, where the processes of all sandboxes count
    assert "RLIMIT_NPROC" not in own
    assert own["RLIMIT_DATA"] == 400 * MEBIBYTE


def test_no_limit_of_a_process_is_above_what_the_machine_allows() -> None:
    found = bundle.rlimits(Limits(open_files=9000), alone=False, most={"RLIMIT_NOFILE": 1024})
    assert {"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024} in found


def test_a_terminal_has_its_size() -> None:
    told = bundle.process(["sh"], cwd="/", environment={}, user=(0, 0), rlimits=[], size=(24, 80))
    assert told["terminal"]
    assert told["consoleSize"] == {"height": 24, "width": 80}


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_profile_denies_what_a_sandbox_has_no_use_for(machine: str) -> None:
    profile = bundle.seccomp(machine)
    rules: dict[str, list[dict[str, Any]]] = {}
    for rule in profile["syscalls"]:
        for name in rule["names"]:
            rules.setdefault(name, []).append(rule)
    for name in (
        "bpf", "fsopen", "init_module", "io_uring_setup", "kexec_load", "keyctl", "mount", "move_mount",
        "open_by_handle_at", "perf_event_open", "pivot_root", "process_vm_readv", "ptrace", "reboot", "setns",
        "swapon", "umount2", "unshare", "userfaultfd",
    ):  # fmt: skip
        assert [rule["action"] for rule in rules[name]] == ["SCMP_ACT_ERRNO"], name
    assert "clone3" not in rules  # not there at all: libraries fall back to clone, whose flags can be seen
    assert profile["defaultErrnoRet"] == 38
    for name in ("clone", "socket"):
        assert all(rule["args"] for rule in rules[name])
    assert len(profile["architectures"]) == 1


def test_no_call_is_both_allowed_and_denied() -> None:
    for machine in ("x86_64", "aarch64"):
        plain = [rule for rule in bundle.seccomp(machine)["syscalls"] if not rule.get("args")]
        names = [name for rule in plain for name in rule["names"]]
        assert len(names) == len(set(names))


def test_an_unknown_architecture_has_no_profile() -> None:
    with pytest.raises(KeyError):
        bundle.seccomp("vax")
