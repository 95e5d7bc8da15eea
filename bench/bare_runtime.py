"""What crun takes by itself for the same bundle: run inside a supervisor's namespaces, by its text; standard library.

Arguments: the runtime's state folder, the folder of a sandbox of ours that runs, how many rounds, and more options of
the runtime. It lays the same layers anew, and prints the milliseconds of each round as JSON: `start` is `run --detach`
and the end of a first `exec true`, `exec` is another, `destroy` is `delete --force`. No network, no limits of a disk.
"""

import ctypes
import json
import os
import shutil
import sys
import time
from pathlib import Path

NOSUID_NODEV = 6
DETACH = 2


def crun(*arguments: str) -> None:
    """Run it with pipes for streams; CRUN fails loudly."""
    into, out = os.pipe(), os.pipe()
    streams = [(os.POSIX_SPAWN_DUP2, end, place) for place, end in ((0, into[0]), (1, out[1]), (2, out[1]))]
    line = ["crun", "--root", STATE, *OPTIONS, *arguments]
    pid = os.posix_spawn("/usr/bin/crun", line, {"PATH": "/usr/bin:/bin"}, file_actions=streams, setsid=True)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.set_blocking(out[0], False)
    try:
        said = os.read(out[0], 2000)
    except BlockingIOError:
        said = b""
    for end in (*into, *out):
        os.close(end)
    if code:
        sys.exit(f"{line}: {code}: {said.decode(errors='replace')}")


def timed(*commands: tuple[str, ...]) -> float:
    began = time.perf_counter()
    for command in commands:
        crun(*command)
    return (time.perf_counter() - began) * 1e3


def prepare(sandbox: Path, place: Path) -> None:
    """Make a bundle beside a sandbox's, on a copy of what its layers show, with namespaces of its own."""
    bundle = json.loads((sandbox / "config.json").read_bytes())
    root = bundle["linux"]["uidMappings"][0]["hostID"]
    for name in ("upper", "work", "merged"):
        (place / name).mkdir(parents=True)
        os.chown(place / name, root, root)
    lower = next((sandbox.parents[1] / "rootfs").glob("host-*"))
    options = f"lowerdir={lower},upperdir={place}/upper,workdir={place}/work"
    more = ",userxattr" if OPTIONS else ""
    target = os.fsencode(place / "merged")
    if LIBC.mount(b"overlay", target, b"overlay", NOSUID_NODEV, (options + more).encode()):
        sys.exit(os.strerror(ctypes.get_errno()))
    bundle["root"]["path"] = str(place / "merged")
    bundle["linux"]["namespaces"] = [{"type": each["type"]} for each in bundle["linux"]["namespaces"]]
    if "cgroupsPath" in bundle["linux"]:
        bundle["linux"]["cgroupsPath"] += "-alone"
    (place / "config.json").write_text(json.dumps(bundle))
    program = bundle["process"] | {"args": ["/bin/true"]}
    (place / "true.json").write_text(json.dumps(program))


STATE, SANDBOX, ROUNDS, *OPTIONS = sys.argv[1:]
LIBC = ctypes.CDLL(None, use_errno=True)
PLACE = Path(SANDBOX).with_name("alone")
prepare(Path(SANDBOX), PLACE)
try:
    RUN = ("run", "--detach", "--no-new-keyring", "--bundle", str(PLACE), "alone")
    TRUE = ("exec", "--process", str(PLACE / "true.json"), "alone")
    found: dict[str, list[float]] = {"start": [], "exec": [], "destroy": []}
    for _ in range(int(ROUNDS)):
        found["start"].append(timed(RUN, TRUE))
        found["exec"] += [timed(TRUE) for _ in range(3)]
        found["destroy"].append(timed(("delete", "--force", "alone")))
    print(json.dumps(found))
finally:
    LIBC.umount2(os.fsencode(PLACE / "merged"), DETACH)
    shutil.rmtree(PLACE, ignore_errors=True)
