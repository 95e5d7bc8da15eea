"""CPU that the simulated upstream takes: per whole answer, per streamed event, and with 500 paced streams.

Run: python bench/simulated_upstream.py [--loop asyncio|uvloop]. The server runs in a child process whose CPU time is
read from the kernel before and after; the load comes from this one.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from pathlib import Path

import msgspec

SERVER = """
import asyncio, sys
from antechamber.adapters.providers.simulated.server import serve_simulated
from antechamber.base.clock import SystemClock
if sys.argv[1] == "uvloop":
    import uvloop as loops
else:
    loops = asyncio
say = lambda port: print(port, flush=True)
loops.run(serve_simulated("127.0.0.1", 0, clock=SystemClock(), ready=say))
"""
PADDING = "Some context that the person pasted before asking. " * 40


def request(prompt: str, *, stream: bool) -> bytes:
    body = msgspec.json.encode(
        {
            "model": "sim-1",
            "max_tokens": 1_000_000,
            "stream": stream,
            "messages": [{"role": "user", "content": prompt}],
        }
    )
    head = (
        "POST /v1/messages HTTP/1.1\r\nhost: sim\r\nx-api-key: k\r\nanthropic-version: 2023-06-01\r\n"
        f"content-type: application/json\r\naccept: */*\r\nuser-agent: bench\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def cpu_seconds(pid: int) -> float:
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


async def whole_answers(port: int, clients: int, each: int) -> None:
    payload = request(PADDING + "What is 6 * 7?", stream=False)

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(each):
            writer.write(payload)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))


async def streams(port: int, clients: int, prompt: str) -> list[float]:
    """Read streams to their ends; return the gaps between reads."""
    payload = request(prompt, stream=True)
    gaps: list[float] = []  # without the wait for the connection and the first event

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(payload)
        tail, last = await reader.readuntil(b"content_block_start"), time.perf_counter()
        while not tail.endswith(b"0\r\n\r\n"):
            data = await reader.read(262144)
            assert data, "the stream was cut"
            now = time.perf_counter()
            gaps.append(now - last)
            last, tail = now, (tail + data)[-16:]
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return gaps


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--loop", default="uvloop", choices=["asyncio", "uvloop"])
    loop = parser.parse_args().loop
    with subprocess.Popen([sys.executable, "-c", SERVER, loop], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            port = int(server.stdout.readline())
            asyncio.run(whole_answers(port, 8, 50))
            measure(server.pid, port, loop)
        finally:
            server.terminate()


def measure(pid: int, port: int, loop: str) -> None:
    before = cpu_seconds(pid)
    asyncio.run(whole_answers(port, 16, 500))
    print(f"{loop}: whole answer      {(cpu_seconds(pid) - before) / 8000 * 1e6:6.1f} us CPU")
    for chunking in ("auto", "event", "many"):
        before = cpu_seconds(pid)
        asyncio.run(streams(port, 10, f"[sim events=20000 chunking={chunking}]"))
        print(f"{loop}: event, {chunking:<10} {(cpu_seconds(pid) - before) / 200_000 * 1e6:6.2f} us CPU")
    before = cpu_seconds(pid)
    gaps = sorted(asyncio.run(streams(port, 500, "[sim events=100 events_per_second=20]")))
    used = cpu_seconds(pid) - before
    late = gaps[int(len(gaps) * 0.99)] * 1000 - 50
    print(f"{loop}: event, 500 paced  {used / 50_000 * 1e6:6.2f} us CPU; gap p99 {late:+.1f} ms from 50 ms")


if __name__ == "__main__":
    main()
