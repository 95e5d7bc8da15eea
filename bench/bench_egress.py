"""What the egress proxy costs: bytes a second through it, and how much later a new connection is answered.

A client in a network namespace of its own reaches a server on loopback through the egress process, beside the same
client without either, over TLS both times. Needs root, for the namespace. Three processes share the machine's cores in
the first case, two in the second.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from antechamber.adapters.sandboxes.network import Doors, EgressClient
from antechamber.features.environments.model.sandbox import HostRule, NetworkMode, NetworkPolicy
from bench.readings import Figure, Report, cpu_seconds, median, options
from tests.issuers import Authority
from tests.sandboxes.egress import egress_process

NAME = "bench.example"

SERVER = """
import socket, ssl, sys, threading
chain, key, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(chain, key)
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
print(listener.getsockname()[1], flush=True)
block = bytes(1 << 18)
def serve(plain):
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(plain, server_side=True) as inner:
            asked = inner.recv(64)
            left = size if asked.startswith(b"bulk") else 1
            while left > 0:
                inner.sendall(block[:left])
                left -= len(block)
    except OSError:
        pass
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""

CLIENT = """
import json, socket, ssl, sys, time
told = json.loads(sys.argv[1])
context = ssl.create_default_context(cafile=told["pem"])
buffer = bytearray(1 << 18)
def ask():
    start = time.perf_counter()
    plain = socket.create_connection(tuple(told["address"]))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if told["through"]:
        plain.sendall(b"CONNECT %s HTTP/1.1\\r\\n\\r\\n" % told["through"].encode())
        while not plain.recv(4096).endswith(b"\\r\\n\\r\\n"):
            pass
    with context.wrap_socket(plain, server_hostname="bench.example") as inner:
        inner.sendall(told["what"].encode())
        while inner.recv_into(buffer):
            pass
    return (time.perf_counter() - start) * 1000
ask()
print(json.dumps([ask() for _ in range(told["count"])]))
"""


@contextlib.contextmanager
def running(*command: str, stdin: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True, slots=True)
class Chosen:
    """How much is measured."""

    rounds: int
    connections: int
    megabytes: int


@dataclass(frozen=True, slots=True)
class Way:
    """One of the two ways to the server: by which command, and what the client is told."""

    enter: tuple[str, ...]
    told: dict[str, object]

    async def ask(self, what: str, count: int) -> list[float]:
        """Return how long the client took each time, in ms."""
        return await asyncio.to_thread(self._ask, {**self.told, "what": what, "count": count})

    def _ask(self, told: dict[str, object]) -> list[float]:
        command = [*self.enter, sys.executable, "-c", CLIENT, json.dumps(told)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        found: list[float] = json.loads(done.stdout)
        return found


async def take(report: Report, chosen: Chosen, proxied: Way, direct: Way, pid: int) -> None:
    """Take one round, both ways."""
    before = cpu_seconds(pid)
    connection = await proxied.ask("one", chosen.connections)
    between = cpu_seconds(pid)
    bulk = await proxied.ask("bulk", 1)
    after = cpu_seconds(pid)
    hundreds = chosen.megabytes / 100
    report.note("connection, proxy", median(connection), "ms")
    report.note("connection, direct", median(await direct.ask("one", chosen.connections)), "ms")
    report.note("connection, CPU of the proxy", (between - before) * 1000 / (len(connection) + 1), "ms")
    report.note("100 MB, proxy", median(bulk) / hundreds, "ms")
    report.note("100 MB, direct", median(await direct.ask("bulk", 1)) / hundreds, "ms")
    # the client has warmed up with as much again
    report.note("100 MB, CPU of the proxy", (after - between) * 1000 / hundreds / 2, "ms")


async def measure(folder: Path, report: Report, chosen: Chosen) -> None:
    """Make server, namespace and proxy, and take the rounds."""
    authority = Authority()
    chain, key = authority.write(folder, NAME)
    pem = folder / "ca.pem"
    pem.write_text(authority.pem)
    configuration = {
        "socket": str(folder / "s"),
        "log_folder": str(folder / "log"),
        "hosts": {NAME: "127.0.0.1"},
        "private": [{"network": "127.0.0.0/8"}],
    }
    with (
        running(sys.executable, "-c", SERVER, str(chain), str(key), str(chosen.megabytes * 1_000_000)) as server,
        running("unshare", "-n", "sh", "-c", "echo; read x", stdin=subprocess.PIPE) as apart,
        egress_process(configuration) as egress,
    ):
        assert server.stdout is not None
        assert apart.stdout is not None
        port = int(server.stdout.readline())
        apart.stdout.readline()
        client = EgressClient(folder / "s")
        await client.start()
        try:
            policy = NetworkPolicy(NetworkMode.LIMITED, (HostRule(NAME, "allowed_hosts", (443, port)),))
            await client.attach(Doors.of_process(apart.pid), "bench", policy)
            enter = ("nsenter", "-t", str(apart.pid), "-n")
            told: dict[str, object] = {"pem": str(pem)}
            proxied = Way(enter, {**told, "address": ("127.0.0.1", 3128), "through": f"{NAME}:{port}"})
            direct = Way((), {**told, "address": ("127.0.0.1", port), "through": ""})
            for _ in range(chosen.rounds):
                await take(report, chosen, proxied, direct, egress.pid)
        finally:
            await client.stop()


def main() -> None:
    given = options(__doc__)
    report = Report(given)
    chosen = Chosen(2, 50, 100) if given.quick else Chosen(5, 200, 500)
    with tempfile.TemporaryDirectory(prefix="ante-bench-") as folder:
        asyncio.run(measure(Path(folder), report, chosen))
    added = report.median("connection, proxy") - report.median("connection, direct")
    report.add(Figure("Added per new connection, p50", "ms", added, target=2.0))
    report.add(Figure("CPU of the proxy per connection", "ms", report.median("connection, CPU of the proxy")))
    # the target is 250 MB/s
    bulk, direct = report.median("100 MB, proxy"), report.median("100 MB, direct")
    report.add(Figure("100 MB over TLS", "ms", bulk, direct, target=400, peer_name="direct"))
    report.add(Figure("CPU of the proxy per 100 MB", "ms", report.median("100 MB, CPU of the proxy")))
    report.print()


if __name__ == "__main__":
    main()
