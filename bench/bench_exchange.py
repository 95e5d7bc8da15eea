"""CPU per exchange of an assertion, and exchanges per second on one core; its peer is a page of the same server.

The server is bound to one core. Eight connections each send an assertion that is fresh, signed beforehand with a key
that the issuer was given inline, and get a token: signature, rule, replay store, token, history and audit log, on
SQLite. The peer, `GET /v1/organizations/me` by a token, is what any request of the control plane costs.
"""

import asyncio
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.load import HOST, Connection, connected, run
from bench.readings import Figure, Report, cpu_seconds, options
from bench.servers import ante, environment, free_port, running, wait_ready
from tests.issuers import Signer

CLIENTS = 8
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ROOT = "/v1/organizations"
SETTLE_SECONDS = 1.0
TARGET_MILLISECONDS = 3.0
TARGET_PER_SECOND = 200.0


@dataclass(frozen=True, slots=True)
class Workload:
    """A server, and what an exchange there needs."""

    pid: int
    port: int
    admin: str
    organization_id: str
    rule_id: str
    signer: Signer


def post(port: int, token: str, path: str, body: dict[str, Any]) -> str:
    """Make something, and return its id."""
    headers = {"authorization": f"Bearer {token}", "anthropic-version": "2026-10-21"}
    with closing(http.client.HTTPConnection(HOST, port, timeout=30)) as link:
        link.request("POST", path, json.dumps(body), {**headers, "content-type": "application/json"})
        answer = link.getresponse()
        told = json.loads(answer.read())
    assert answer.status == 200, told
    return str(told["id"])


def told(*arguments: str | Path) -> dict[str, Any]:
    """Run one of our commands, and return its JSON."""
    line = ante(*arguments, "--json")
    done = subprocess.run(line, check=True, capture_output=True, env=environment())
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def prepare(stack: ExitStack, algorithm: str) -> Workload:
    """Start a server on one core, and let it trust a signer."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ante-bench-")))
    data = folder / "data"
    founded = told("init", "--organization", "Bench", "--admin-email", "bench@example.com", "--data", data)
    port = free_port()
    line = ante("serve", "--port", str(port), "--data", data)
    core = max(os.sched_getaffinity(0))
    pid = stack.enter_context(running(["taskset", "--cpu-list", str(core), *line], port, folder / "ours.log"))
    wait_ready(port)
    admin = str(told("token", "mint", "--scope", "org:admin", "--data", data)["access_token"])
    signer = Signer(algorithm=algorithm)
    account = post(port, admin, f"{ROOT}/service_accounts", {"name": "bench"})
    keys = {"type": "inline", "keys": signer.jwks}
    body = {"name": "bench", "issuer_url": signer.url, "jwks": keys}
    issuer = post(port, admin, f"{ROOT}/federation_issuers", body)
    rule = {
        "name": "bench",
        "issuer_id": issuer,
        "match": {"subject_prefix": "work*", "condition": 'claims.env == "prod"'},
        "target": {"type": "service_account", "service_account_id": account},
        "oauth_scope": "workspace:developer",
        "applies_to_all_workspaces": True,
    }
    rule_id = post(port, admin, f"{ROOT}/federation_rules", rule)
    return Workload(pid, port, admin, str(founded["organization_id"]), rule_id, signer)


def exchange(workload: Workload) -> bytes:
    """Return the bytes of an exchange, of an assertion of its own."""
    fields = {
        "grant_type": GRANT,
        "assertion": workload.signer.sign(aud=f"http://{HOST}:{workload.port}", env="prod"),
        "federation_rule_id": workload.rule_id,
        "organization_id": workload.organization_id,
    }
    return _request("POST", "/v1/oauth/token", json.dumps(fields).encode(), "")


def page(workload: Workload) -> bytes:
    """Return the bytes of the peer's request."""
    return _request("GET", f"{ROOT}/me", b"", f"authorization: Bearer {workload.admin}\r\n")


def _request(method: str, path: str, body: bytes, more: str) -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
        f"anthropic-version: 2026-10-21\r\n{more}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def drive(port: int, requests: list[bytes]) -> None:
    """Send them all, each connection the next when its last was answered."""
    waiting = list(requests)

    async def client() -> None:
        async with connected(port, Connection) as connection:
            while waiting:
                status = await connection.exchange(waiting.pop())
                assert status == 200, (status, bytes(connection.body))

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


def measure(workload: Workload, requests: list[bytes]) -> tuple[float, float]:
    """Return milliseconds on CPU each, what is written behind them included, and how many came in a second."""
    before, began = cpu_seconds(workload.pid), time.perf_counter()
    run(drive(workload.port, requests))
    took = time.perf_counter() - began
    time.sleep(SETTLE_SECONDS)
    return (cpu_seconds(workload.pid) - before) / len(requests) * 1e3, len(requests) / took


def main() -> None:
    chosen = options(__doc__)
    report = Report(chosen)
    rounds, count = (2, 300) if chosen.quick else (5, 2000)
    for algorithm in ("RS256", "ES256"):
        with ExitStack() as stack:
            workload = prepare(stack, algorithm)
            run(drive(workload.port, [exchange(workload) for _ in range(200)]))
            for _ in range(rounds):
                cost, rate = measure(workload, [exchange(workload) for _ in range(count)])
                report.note(f"exchange, {algorithm}", cost, "ms")
                report.note(f"exchanges per second, {algorithm}", rate, "1/s")
                report.note(f"page, {algorithm}", measure(workload, [page(workload)] * count)[0], "ms")
        ours, peer = report.median(f"exchange, {algorithm}"), report.median(f"page, {algorithm}")
        name = f"CPU per exchange of an assertion, {algorithm}"
        report.add(Figure(name, "ms", ours, peer, target=TARGET_MILLISECONDS, peer_name="page"))
        rate = 1000 / report.median(f"exchanges per second, {algorithm}")
        name = f"time per exchange on one core, {algorithm}"
        report.add(Figure(name, "ms", rate, target=1000 / TARGET_PER_SECOND))
    report.print()


if __name__ == "__main__":
    main()
