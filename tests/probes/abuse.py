"""What a program in a sandbox may try against the machine; runs inside, by the sandbox's own Python, and tells.

One line of JSON for each attempt: `probe` (A5 ...), `tried`, `held`, `told`. Arguments of system calls are such that
one that was let through would fail for them, and do nothing: EPERM and ENOSYS are the filter's own words.
"""

import contextlib
import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import signal
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)

FILTERED = {errno.EPERM, errno.ENOSYS}
CLOSED = {errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOENT, errno.ENOSYS, errno.EIO, errno.ENXIO}
BAD = ctypes.c_void_p(1)
NOWHERE = 1 << 20
NEW_USER = 0x10000000
X32 = 0x40000000

# their numbers on x86_64 and on aarch64
CALLS = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "clone3": (435, 435),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "settimeofday": (164, 170),
    "syslog": (103, 116),
    "quotactl": (179, 60),
    "acct": (163, 89),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
}

Found = Iterator[tuple[str, bool, str]]


def named(number: int) -> str:
    return errno.errorcode.get(number, str(number))


def call(name: str, *arguments: object) -> tuple[str, bool, str]:
    """Make a system call that must be refused before its arguments are looked at."""
    number = CALLS[name][platform.machine() == "aarch64"]
    ctypes.set_errno(0)
    result = libc.syscall(number, *arguments)
    told = ctypes.get_errno()
    return name, result == -1 and told in FILTERED, named(told) if result == -1 else f"returned {result}"


def attempt(tried: str, work: Callable[[], object], fine: set[int] = CLOSED) -> tuple[str, bool, str]:
    """Do what must fail with an error of the operating system."""
    try:
        result = work()
    except OSError as error:
        return tried, error.errno in fine, named(error.errno or 0)
    return tried, False, f"worked: {result!r}"[:200]


def write_to(path: str) -> Callable[[], int]:
    def work() -> int:
        descriptor = os.open(path, os.O_WRONLY)
        try:
            return os.write(descriptor, b"0\n")
        finally:
            os.close(descriptor)

    return work


def kernel_settings() -> Found:
    for name in ("kernel/core_pattern", "kernel/modprobe", "kernel/hostname", "vm/overcommit_memory", "fs/file-max"):
        yield attempt(name, write_to(f"/proc/sys/{name}"))
    yield attempt("uevent_helper", write_to("/sys/kernel/uevent_helper"))


def kernel_doors() -> Found:
    yield attempt("sysrq-trigger", write_to("/proc/sysrq-trigger"))
    for name in ("kcore", "kallsyms", "kmsg", "timer_list", "keys", "sched_debug"):
        path = Path("/proc") / name
        try:
            with path.open("rb") as opened:
                told = opened.read(64)
        except OSError as error:
            yield name, True, named(error.errno or 0)
        else:
            yield name, told == b"", f"{told!r}"


def mounts() -> Found:
    yield call("mount", BAD, BAD, BAD, 0, 0)
    yield call("umount2", BAD, 0)
    yield call("pivot_root", BAD, BAD)
    yield call("open_tree", -1, BAD, 0)
    yield call("move_mount", -1, BAD, -1, BAD, 0)
    yield call("fsopen", BAD, 0)
    yield call("mount_setattr", -1, BAD, 0, BAD, 0)
    yield attempt("umount of a mask", lambda: _checked(libc.umount2(b"/proc/kcore", 2)))
    yield attempt("remount /proc/sys", lambda: _checked(libc.mount(b"none", b"/proc/sys", None, 32, None)))


def namespaces() -> Found:
    for flag, name in ((NEW_USER, "user"), (0x20000, "mount"), (0x40000000, "network"), (0x20000000, "pid")):
        _, held, told = call("unshare", flag)
        yield f"unshare {name}", held, told
    yield call("clone3", BAD, 0)
    yield call("setns", -1, NEW_USER)
    pid = libc.syscall(56 if platform.machine() == "x86_64" else 220, NEW_USER | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    yield "clone user", pid == -1, f"returned {pid}"


def others() -> Found:
    yield call("ptrace", 16, 1, 0, 0)
    yield call("process_vm_readv", 1, BAD, 1, BAD, 1, 0)
    yield call("process_vm_writev", 1, BAD, 1, BAD, 1, 0)
    yield call("pidfd_getfd", -1, 0, 0)
    yield call("kcmp", 1, 1, 0, 0, 0)


def first_process() -> Found:
    try:
        told = Path("/proc/1/environ").read_bytes()
    except OSError as error:
        yield "environ", True, named(error.errno or 0)
    else:
        names = {part.partition(b"=")[0].decode() for part in told.split(b"\0") if part}
        yield (
            "environ",
            not {name for name in names if any(word in name for word in ("KEY", "TOKEN", "SECRET"))},
            f"{names}",
        )
    try:
        same = Path("/proc/1/root/.").stat().st_ino == Path("/").stat().st_ino
    except OSError as error:
        yield "root", True, named(error.errno or 0)
    else:
        yield "root", same, "the sandbox's own" if same else "another"
    try:
        held = {str(each.readlink()) for each in Path("/proc/1/fd").iterdir()}
    except OSError as error:
        yield "descriptors", True, named(error.errno or 0)
    else:
        fine = all(place.startswith(("pipe:", "socket:", "anon_inode:", "/dev/null")) for place in held)
        yield "descriptors", fine, f"{held}"


def kernel_interfaces() -> Found:
    yield call("bpf", 0, BAD, 0)
    yield call("perf_event_open", BAD, 0, -1, -1, 0)
    yield call("io_uring_setup", 1, BAD)
    yield call("userfaultfd", 0xFFFFFFFF)
    yield call("keyctl", 0xFFFFFF, 0, 0, 0, 0)
    yield call("add_key", BAD, BAD, BAD, 0, 0)
    yield call("request_key", BAD, BAD, BAD, 0)


def machine() -> Found:
    yield call("kexec_load", 0, 0, BAD, 0xFFFFFFFF)
    yield call("init_module", BAD, 0, BAD)
    yield call("finit_module", -1, BAD, 0)
    yield call("delete_module", BAD, 0)
    yield call("reboot", 0, 0, 0, BAD)
    yield call("swapon", BAD, 0)
    yield call("settimeofday", BAD, BAD)
    yield call("syslog", 99, BAD, -1)
    yield call("quotactl", 0, BAD, 0, BAD)
    yield call("acct", BAD)


def handles() -> Found:
    yield call("open_by_handle_at", -1, BAD, 0)
    yield call("name_to_handle_at", -1, BAD, BAD, BAD, 0)


def devices() -> Found:
    for name, kind, number in (
        ("mem", stat.S_IFCHR, os.makedev(1, 1)),
        ("null", stat.S_IFCHR, os.makedev(1, 3)),
        ("first disk", stat.S_IFBLK, os.makedev(8, 0)),
        ("virtual disk", stat.S_IFBLK, os.makedev(254, 0)),
        ("loop", stat.S_IFBLK, os.makedev(7, 0)),
    ):
        yield attempt(f"mknod {name}", partial(os.mknod, "/workspace/node", kind | 0o600, number))


def device_folder() -> Found:
    # our init is shown there, read-only, where the runtime is ours
    usual = {".antechamber", "console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm"}
    there = {each.name for each in Path("/dev").iterdir()}
    extra = there - usual - {"stderr", "stdin", "stdout", "tty", "urandom", "zero"}
    yield "what is there", not extra, f"{sorted(extra)}"
    disks = [name for name in there if stat.S_ISBLK(os.lstat(f"/dev/{name}").st_mode)]
    yield "disks", not disks, f"{disks}"
    for path in Path("/dev/.antechamber").glob("*"):
        yield attempt(str(path), partial(path.open, "r+b"), {errno.EROFS, errno.EACCES, errno.EPERM, errno.ETXTBSY})
    for name in ("kvm", "fuse", "net/tun", "mem", "loop-control"):
        yield attempt(name, partial(os.open, f"/dev/{name}", os.O_RDWR))


def cgroups() -> Found:
    for path in ("/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/cgroup.procs"):
        yield attempt(path, write_to(path))
    shown = sorted(str(each) for each in Path("/sys").glob("*"))
    yield "sysfs", not shown, f"{shown}"


def breakout(marker: str) -> Found:
    """The classic one: a folder kept open over a chroot, and up from there."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(OSError):
            Path("/workspace/jail").mkdir(exist_ok=True)
            kept = os.open("/", os.O_RDONLY)
            os.chroot("/workspace/jail")
            os.fchdir(kept)
            for _ in range(64):
                os.chdir("..")
            os.chroot(".")
        os._exit(1 if Path(marker).exists() else 0)
    _, status = os.waitpid(child, 0)
    yield "chroot", os.waitstatus_to_exitcode(status) == 0, "the sandbox's root"
    yield "paths up", not Path("/.." * 32 + marker).exists(), "the sandbox's root"


def sockets() -> Found:
    wrong = {errno.EPERM, errno.EACCES, errno.EAFNOSUPPORT, errno.ENOSYS, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT}
    kinds = {
        "raw": (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        "raw IPv6": (socket.AF_INET6, socket.SOCK_RAW, 58),
        "packet": (socket.AF_PACKET, socket.SOCK_RAW, 3),
        "vsock": (socket.AF_VSOCK, socket.SOCK_STREAM, 0),
        "alg": (socket.AF_ALG, socket.SOCK_SEQPACKET, 0),
        "bluetooth": (31, socket.SOCK_RAW, 1),
    }
    for name, kind in kinds.items():
        yield attempt(name, partial(socket.socket, *kind), wrong)


def addresses() -> Found:
    for address in ("169.254.169.254", "10.0.0.1", "192.168.0.1", "172.16.0.1", "100.64.0.1"):
        yield attempt(address, partial(_reach, socket.AF_INET, (address, 80)), UNREACHED)
    yield attempt("fd00:ec2::254", lambda: _reach(socket.AF_INET6, ("fd00:ec2::254", 80)), UNREACHED)


def neighbours(port: int, abstract: str) -> Found:
    yield attempt("loopback", lambda: _reach(socket.AF_INET, ("127.0.0.1", port)), UNREACHED)
    yield attempt("abstract socket", lambda: _reach(socket.AF_UNIX, f"\0{abstract}"), UNREACHED)


UNREACHED = {errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EPERM, errno.EADDRNOTAVAIL}


def _reach(family: int, address: object) -> str:
    with socket.socket(family, socket.SOCK_STREAM) as link:
        link.settimeout(5)
        link.connect(address)  # type: ignore[arg-type]
        # a proxy's listener may take the connection; only words from the other side are a breach
        link.sendall(b"GET / HTTP/1.0\r\nHost: probe\r\n\r\n")
        told = link.recv(64)
        if not told or told.startswith((b"HTTP/1.1 403", b"HTTP/1.0 403")):
            raise ConnectionRefusedError(errno.ECONNREFUSED, "closed without a word")
        return f"{told!r}"


def foreign_calls() -> Found:
    yield in_child("x32 getpid", lambda: libc.syscall(X32 | 39))
    yield in_child("i386 getpid", _i386_getpid)


def _i386_getpid() -> int:
    # mov eax, 20; int 0x80; ret
    code = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return int(ctypes.CFUNCTYPE(ctypes.c_int)(address)())


def in_child(tried: str, work: Callable[[], int]) -> tuple[str, bool, str]:
    """Try what may end the process; a number back that is somebody's id is a breach."""
    if platform.machine() != "x86_64":
        return tried, True, "no such calls on this processor"
    child = os.fork()
    if child == 0:
        result = work()
        os._exit(1 if result > 0 else 0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return tried, code != 1, signal.Signals(-code).name if code < 0 else "refused"


def terminal() -> Found:
    """With a terminal as standard input alone."""
    fine = {errno.EPERM, errno.ENOSYS, errno.EIO, errno.ENOTTY, errno.EINVAL, errno.EACCES}
    yield attempt("TIOCSTI", lambda: fcntl.ioctl(0, 0x5412, b"x"), fine)
    yield attempt("TIOCLINUX", lambda: fcntl.ioctl(0, 0x541C, b"\x02" * 16), fine)
    yield attempt("TIOCCONS", lambda: fcntl.ioctl(0, 0x541D), fine)


def _checked(result: int) -> int:
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")
    return result


def main(told: dict[str, object]) -> None:
    """Try all of it, and tell."""
    probes: dict[str, Found] = {
        "A5": kernel_settings(),
        "A6": kernel_doors(),
        "A7": mounts(),
        "A8": namespaces(),
        "A9": others(),
        "A10": first_process(),
        "A12": kernel_interfaces(),
        "A13": machine(),
        "A14": handles(),
        "A15": devices(),
        "A16": device_folder(),
        "A19": cgroups(),
        "A20": breakout(str(told["marker"])),
        "A21": sockets(),
        "A22": addresses(),
        "A23": neighbours(int(str(told["port"])), str(told["abstract"])),
        "A26": foreign_calls(),
    }
    if told.get("terminal"):
        probes = {"A17": terminal()}
    for probe, found in probes.items():
        for tried, held, said in found:
            print(json.dumps({"probe": probe, "tried": tried, "held": held, "told": said}), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
