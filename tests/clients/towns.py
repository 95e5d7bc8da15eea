"""An organisation with people, keys and traffic, for clients that administer it."""

import json
import subprocess
import sys
import time
from typing import Any

from tests.live import LiveServer

# generation of the anthropic package, its version as names have it, the API version that it speaks
GENERATIONS = {"anthropic-2": ("2-11-0", "2026-10-21"), "anthropic-1": ("1-17-0", "2023-06-01")}
SPACES = ("stable", "beta")
PATIENCE_SECONDS = 10


def operate(server: LiveServer, *words: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    command = [sys.executable, "-m", "antechamber", *words, "--data", str(server.data), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)


def post(server: LiveServer, path: str, body: object, key: str | None = None) -> Any:  # noqa: ANN401 - whatever JSON holds
    headers = {"x-api-key": key or server.admin_key, "anthropic-version": "2026-10-21"}
    answer = server.ask("POST", path, headers, json.dumps(body))
    assert answer.status == 200, answer.body
    return answer.json()


def settle(server: LiveServer) -> LiveServer:
    """Add two admins, three people and a key for each generation, and some traffic to the ledger."""
    for name in ("boss", "chief"):
        operate(server, "people", "add", f"{name}@example.com", "--role", "admin")
    for mark, _ in GENERATIONS.values():
        for name in ("stays", *SPACES):
            operate(server, "people", "add", f"{mark}-{name}@example.com")
        post(server, "/v1/organizations/api_keys", {"name": f"{mark} key"})
    message = {"model": "sim-1", "max_tokens": 20, "messages": [{"role": "user", "content": "hi"}]}
    for _ in range(3):
        post(server, "/v1/messages", message, server.api_key)
    wait_for_usage(server)
    return server


def wait_for_usage(server: LiveServer) -> None:
    headers = {"x-api-key": server.admin_key, "anthropic-version": "2023-06-01"}
    target = f"/v1/organizations/usage_report/messages?starting_at={time.strftime('%Y-%m-%dT00:00:00Z', time.gmtime())}"
    until = time.monotonic() + PATIENCE_SECONDS
    while not any(bucket["results"] for bucket in server.ask("GET", target, headers).json()["data"]):
        assert time.monotonic() < until, "no usage was reported"
        time.sleep(0.1)
