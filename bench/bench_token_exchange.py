"""Refreshes of access tokens: CPU for each, and how many a server answers in a second on one core.

The whole server in this process, asked as a client asks it (a JSON body at `POST /v1/oauth/token`), without a socket.
CPU is of all threads, the database's among them. Two hundred people are logged in, and each refreshes in turn with the
token of the time before; then eight do so at once, as fast as the answers come. Targets: 3 ms of CPU, 200 a second.
The peer is `GET /v1/organizations/me`, a request that only reads.
"""

import asyncio
import base64
import json
import os
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from antechamber.base.actor import OPERATOR
from antechamber.base.ids import WorkspaceId
from antechamber.base.permissions import OrganizationRole
from antechamber.features.oauth.model import AuthorizationRequest
from antechamber.features.oauth.model.clients import ANT
from antechamber.http.log import configure_logs
from antechamber.settings import load
from antechamber.wiring.application import Application
from antechamber.wiring.first_run import Founded
from antechamber.wiring.storage import open_storage
from bench.readings import Figure, Report, options
from tests.asgi import call

PEOPLE = 200
AT_ONCE = 8
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
REDIRECT = "http://localhost:5000/callback"
TARGET_MS = 3.0
TARGET_RATE = 200.0


class Exchanges:
    """A server and the refresh tokens of its people."""

    def __init__(self, app: Application, founded: Founded) -> None:
        self._app = app
        self._founded = founded
        self.tokens: list[str] = []

    async def log_in(self, count: int) -> None:
        """Have as many people log in."""
        storage = self._app.storage
        organization_id, workspace_id = self._founded.organization_id, WorkspaceId(self._founded.workspace_id)
        for number in range(count):
            email = f"person{number}@example.com"
            member = await storage.members.add(organization_id, email, "Person", OrganizationRole.DEVELOPER, OPERATOR)
            query = {
                "client_id": ANT,
                "redirect_uri": REDIRECT,
                "response_type": "code",
                "code_challenge": CHALLENGE,
                "code_challenge_method": "S256",
            }
            request = await storage.oauth.authorizations.read(query.items())
            assert isinstance(request, AuthorizationRequest)
            location = await storage.oauth.authorizations.approve(
                member.id, request, organization_id, workspace_id, OPERATOR
            )
            code = parse_qs(urlsplit(location).query)["code"][0]
            fields = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
            self.tokens.append(await self._ask({**fields, "redirect_uri": REDIRECT}))

    async def refresh(self, number: int) -> None:
        """Refresh one person's, and keep what follows."""
        fields = {"grant_type": "refresh_token", "refresh_token": self.tokens[number]}
        self.tokens[number] = await self._ask(fields)

    async def read(self) -> None:
        """Ask for what only reads."""
        assert self._founded.admin_key is not None
        headers = {"x-api-key": self._founded.admin_key.reveal(), "anthropic-version": "2026-10-21"}
        answer = await call(self._app.shell, "GET", "/v1/organizations/me", headers=headers)
        assert answer.status == 200, answer.body

    async def _ask(self, fields: dict[str, str]) -> str:
        body = json.dumps({**fields, "client_id": ANT}).encode()
        headers = {"content-type": "application/json", "anthropic-beta": "oauth-2025-04-20"}
        answer = await call(self._app.shell, "POST", "/v1/oauth/token", headers=headers, body=body)
        assert answer.status == 200, answer.body
        return str(answer.json()["refresh_token"])


async def measure(exchanges: Exchanges, report: Report, rounds: int) -> None:
    await exchanges.log_in(PEOPLE)
    for _ in range(rounds):
        before = time.process_time()
        for number in range(PEOPLE):
            await exchanges.refresh(number)
        report.note("refresh, one after another", (time.process_time() - before) / PEOPLE * 1e3, "ms")
        before = time.process_time()
        for _ in range(PEOPLE):
            await exchanges.read()
        report.note("read, one after another", (time.process_time() - before) / PEOPLE * 1e3, "ms")
        started = time.monotonic()
        await asyncio.gather(*(_line(exchanges, first) for first in range(AT_ONCE)))
        report.note("refreshes a second, eight at once", PEOPLE / (time.monotonic() - started), "/s")


async def _line(exchanges: Exchanges, first: int) -> None:
    for number in range(first, PEOPLE, AT_ONCE):
        await exchanges.refresh(number)


async def main() -> None:
    chosen = options(__doc__)
    report = Report(chosen)
    # the rate is that of one core, whatever the machine has
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    configure_logs("error")
    with tempfile.TemporaryDirectory() as folder:
        loaded = load({"data": Path(folder), "simulated": "on"})
        storage = open_storage(loaded.settings)
        await storage.prepare()
        founded = await storage.founder.found("Acme", None, admin_key=True, api_key=False)
        app = Application(loaded, storage)
        await app.start()
        try:
            await measure(Exchanges(app, founded), report, 3 if chosen.quick else 7)
        finally:
            await app.stop()
    ours, peer = report.median("refresh, one after another"), report.median("read, one after another")
    report.add(Figure("CPU of a refresh", "ms", ours, peer, target=TARGET_MS, peer_name="read"))
    each = 1000 / report.median("refreshes a second, eight at once")
    report.add(Figure("time for each, eight at once on one core", "ms", each, target=1000 / TARGET_RATE))
    report.print()


if __name__ == "__main__":
    uvloop.run(main())  # as the server has it
