"""The OCI runtime's commands: create, start, exec and delete, each a short-lived process."""

import asyncio
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.oci import kernel
from antechamber.adapters.sandboxes.oci.bundle import PATH
from antechamber.adapters.sandboxes.oci.children import Child, Children
from antechamber.adapters.sandboxes.oci.options import OciOptions
from antechamber.features.environments.model.sandbox import SandboxError

_ENVIRONMENT: Final = {"PATH": PATH, "LC_ALL": "C"}
_MESSAGE_BYTES: Final = 2000
_PAUSE: Final = 0.0005
_TURNS: Final = 40
# At each start they copy themselves, so that no sandbox can write the program that enters it, and start the copy.
_COPY_THEMSELVES: Final = ("crun", "runc")
_GATE: Final = "exec.fifo"
# gVisor's own network would not see the listeners in the sandbox's namespace, which is all that it can reach by the
# kernel's; and what programs write must lie in the upper layer, not in a file of gVisor's
_MORE: Final = {"runsc": ("--network=host", "--overlay2=none")}
# others can't do without
_WITHOUT_GROUPS: Final = {"crun": ("--cgroup-manager", "disabled"), "runsc": ("--ignore-cgroups",)}


@dataclass(frozen=True, slots=True)
class Pipes:
    """Both ends of a program's three streams."""

    ours: tuple[int, int, int]
    theirs: tuple[int, int, int]

    def close_theirs(self) -> None:
        """Close what the program has now."""
        for descriptor in self.theirs:
            os.close(descriptor)

    def close_ours(self) -> None:
        """Close what we have of it."""
        for descriptor in self.ours:
            os.close(descriptor)


def open_pipes() -> Pipes:
    """Make three pipes; ours do not block. Never a device of this machine: a runtime takes its streams as its own."""
    into, out, errors = os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)
    ours = (into[1], out[0], errors[0])
    for descriptor in ours:
        os.set_blocking(descriptor, False)
    return Pipes(ours, (into[0], out[1], errors[1]))


class Runtime:
    """One OCI runtime, with its state in a folder of ours."""

    def __init__(self, options: OciOptions, children: Children, *, limits: bool) -> None:
        """`limits`: this machine has control groups for us; SandboxError if the program is not there."""
        found = shutil.which(options.runtime, path=PATH)
        if found is None:
            message = f"the OCI runtime {options.runtime} is not installed: apt-get install {options.runtime}"
            raise SandboxError(message)
        self.name = Path(found).name
        if options.rootless and self.name == "runc":
            message = "runc makes no sandboxes for a user who is not root: set sandbox_runtime to crun"
            raise SandboxError(message)
        self._program = _sealed(Path(found)) if self.name in _COPY_THEMSELVES else found
        self._stays = self.name == "crun"
        self.state = options.folder / "run" / self.name
        self._children = children
        self._options = ["--root", str(self.state), *_MORE.get(self.name, ())]
        if not limits:
            self._options += _WITHOUT_GROUPS.get(self.name, ())

    @property
    def joins(self) -> bool:
        """Whether it makes sandboxes in namespaces of users and networks that are there already."""
        return self.name in _COPY_THEMSELVES

    @property
    def waits(self) -> bool:
        """Whether it reads what to start last of all, so that a command can be made to wait there (spares.py)."""
        return self.name == "crun"

    @property
    def is_gvisor(self) -> bool:
        """Whether programs run on gVisor's own kernel, so that this machine's does not know them (within.py)."""
        return self.name == "runsc"

    async def version(self) -> str:
        """Return the first line of what it says of itself."""
        code, text = await self._run("--version")
        return text.splitlines()[0].removeprefix(f"{self.name} version ") if code == 0 and text else "unknown"

    async def create(self, sandbox_id: str, bundle: Path) -> Child:
        """Make a sandbox whose first program waits, and return that; SandboxError with the runtime's words."""
        pid_file = bundle / "pid"
        pid_file.unlink(missing_ok=True)
        # a user who is not root may have 200 keyrings, and the filter lets no sandbox at them anyway
        more = ["--no-new-keyring"] if self.name in _COPY_THEMSELVES else []
        await self._must("create", *more, "--bundle", str(bundle), "--pid-file", str(pid_file), sandbox_id)
        return Child(_number(pid_file))

    async def start(self, sandbox_id: str, first: Child) -> None:
        """Let its first program begin, and wait until it has: before that the runtime can start no other."""
        before = _program_of(first.pid)
        if not self._open_gate(sandbox_id):
            await self._must("start", sandbox_id)
        if not self.joins:
            return  # what this machine's kernel sees of it is no program of the sandbox, and `start` has waited
        for _ in range(_TURNS):
            if _program_of(first.pid) != before:
                return
            await asyncio.sleep(0)
        while first.code is None and _program_of(first.pid) == before:  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(_PAUSE)

    def _open_gate(self, sandbox_id: str) -> bool:
        """Do what `crun start` does, without a process for it: write to the pipe at which the first program waits."""
        gate = self.state / sandbox_id / _GATE
        if self.name != "crun":
            return False
        try:
            descriptor = os.open(gate, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:  # another version of it may do otherwise
            return False
        try:
            # first: while it is there, the sandbox counts as one that was not started
            gate.unlink()
            os.write(descriptor, b"0")
        finally:
            os.close(descriptor)
        return True

    def execute(self, sandbox_id: str, pipes: Pipes, process: Path, pid_file: Path, console: str | None) -> Child:
        """Start a program; the returned child ends as it does, with 128 + the signal that ended it."""
        more = [] if console is None else ["--console-socket", console]
        if console is not None and not self._stays:
            more.append("--detach")
        if self.is_gvisor:
            number = ["--internal-pid-file", str(pid_file), "--pid-file", str(_outside(pid_file))]
        else:
            number = ["--pid-file", str(pid_file)]
        arguments = ["exec", "--process", str(process), *number, *more, sandbox_id]
        return self._spawn(arguments, pipes, expendable=True)

    async def settle(self, child: Child, pid_file: Path) -> Child:
        """Return what ends as a program with a terminal does, `child` being what `execute` returned; SandboxError."""
        if self._stays:
            return child
        # It does not wait for a program whose terminal it gave away; left alone, that becomes this process's child.
        if await child.wait() != 0:
            message = f"{self.name} could not start the program with a terminal"
            raise SandboxError(message)
        return Child(_number(_outside(pid_file) if self.is_gvisor else pid_file))

    async def processes(self, sandbox_id: str) -> dict[int, int]:
        """Return the parent of each process of a sandbox, both as its own kernel numbers them; none once it ended."""
        return parents_of((await self._run("ps", sandbox_id))[1])

    async def signal(self, sandbox_id: str, pid: int, number: int) -> None:
        """Send a signal to a process by that number; nothing happens if it has ended."""
        await self._run("kill", "--pid", str(pid), sandbox_id, str(number))

    async def delete(self, sandbox_id: str, *, force: bool = False) -> None:
        """Forget a sandbox whose first program has ended, or with `force` end it; nothing if it is not there."""
        await self._run("delete", *(["--force"] if force else []), sandbox_id)
        shutil.rmtree(self.state / sandbox_id, ignore_errors=True)

    async def forget_all(self) -> None:
        """Forget what an earlier supervisor ran: its processes died with it (bootstrap.py), their groups did not."""
        self.state.mkdir(parents=True, exist_ok=True)
        for sandbox_id in [path.name for path in self.state.iterdir() if path.is_dir()]:
            await self.delete(sandbox_id, force=True)

    async def _must(self, verb: str, *arguments: str) -> None:
        code, text = await self._run(verb, *arguments)
        if code != 0:
            message = f"{self.name} could not {verb} the sandbox: {_clean(text)}"
            raise SandboxError(message)

    async def _run(self, *arguments: str) -> tuple[int, str]:
        """Run to the end; both streams are read once, at the end, since a first program inherits them."""
        pipes = open_pipes()
        try:
            child = self._spawn(arguments, pipes)
            code = await child.wait()
            return code, (_left(pipes.ours[1]) + _left(pipes.ours[2])).decode(errors="replace")
        finally:
            pipes.close_ours()

    def _spawn(self, arguments: "list[str] | tuple[str, ...]", pipes: Pipes, *, expendable: bool = False) -> Child:
        try:
            return self._children.spawn(
                self._program, [*self._options, *arguments], pipes.theirs, _ENVIRONMENT, expendable=expendable
            )
        finally:
            pipes.close_theirs()


def _sealed(program: Path) -> str:
    """Return the path of a copy that nobody can change, made once; the program itself where such may not be started."""
    descriptor = kernel.sealed_copy(program)
    path = f"/proc/self/fd/{descriptor}"
    return path if os.access(path, os.X_OK) else str(program)


def _program_of(pid: int) -> bytes:
    """Return the name of what a process runs now."""
    try:
        return Path(f"/proc/{pid}/comm").read_bytes()
    except OSError:
        return b""


def parents_of(table: str) -> dict[int, int]:
    """Return the parent of each process of the table that `runsc ps` prints; none of anything else that it says."""
    lines = [line.split() for line in table.splitlines()]
    if not lines or lines[0][1:3] != ["PID", "PPID"]:
        return {}
    return {int(line[1]): int(line[2]) for line in lines[1:] if line}


def _outside(pid_file: Path) -> Path:
    """Return the file in which gVisor says which process of this machine waits for a program."""
    return pid_file.with_suffix(".waits")


def _number(pid_file: Path) -> int:
    return int(pid_file.read_text(encoding="ascii"))


def _left(descriptor: int) -> bytes:
    with suppress(BlockingIOError):
        return os.read(descriptor, _MESSAGE_BYTES)
    return b""


def _clean(text: str) -> str:
    """Return what a runtime wrote without times and line ends."""
    lines = [re.sub(r'^(\S+Z: |time="\S+" level=error msg=)', "", line).strip() for line in text.splitlines()]
    return "; ".join(line for line in lines if line) or "it did not say why"
