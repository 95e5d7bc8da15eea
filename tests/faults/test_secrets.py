"""Canaries in everything that a caller, an operator or an upstream says: none sings where it must not."""

import asyncio
import contextlib
import re
from collections.abc import Callable

import pytest

from tests.faults.accounts import query, rows_for
from tests.faults.calls import CHAT, COMPLETE, MESSAGES, ask, body_for
from tests.faults.conftest import Rig
from tests.faults.processes import UPSTREAM_KEY
from tests.unit.simulated.caller import Caller, request

pytestmark = pytest.mark.faults

_PEPPER = "pepper-CANARYpepper0123456789abcdef"


class Canaries:
    """Texts that look like secrets, each unlike any other."""

    def __init__(self) -> None:
        self.made: dict[str, str] = {}

    def key(self, place: str) -> str:
        """Return what looks like an API key, named after where it is put."""
        return self._make(place, "sk-ant-api03-{}AAAAabcdefghijklmnopqrstuvwxyz")

    def bearer(self, place: str) -> str:
        return self._make(place, "sk-ant-oat01-{}BBBBabcdefghijklmnopqrstuvwxyz")

    def text(self, place: str) -> str:
        """Return what looks like nothing at all."""
        return self._make(place, "{}-hunter2-correct-horse")

    def _make(self, place: str, form: str) -> str:
        made = form.format("CANARY" + "".join(re.findall("[a-z0-9]", place)))
        self.made[place] = made
        return made


async def _send_headers(rig: Rig, canaries: Canaries) -> list[bytes]:
    """Send a canary in every header, in credentials that are none, and beside one that is good."""
    bodies = []
    for name in ("x-api-key", "authorization", "X-Api-Key"):
        for path in (MESSAGES, CHAT, "/v1/models", "/v1/organizations/usage_report/messages", "/nowhere"):
            secret = canaries.key(f"{name} {path}")
            value = f"Bearer {secret}" if name == "authorization" else secret
            caller = Caller(rig.server.port)
            method = "GET" if path.startswith(("/v1/models", "/v1/org", "/nowhere")) else "POST"
            headers = {name: value, "anthropic-version": "2023-06-01"}
            reply = await caller.ask(path, {} if method == "POST" else None, headers, method)
            caller.close()
            assert reply.status in {401, 404}
            bodies.append(reply.body)
    strange = {
        name: canaries.text(f"header {name}")
        for name in ("cookie", "proxy_authorization", "x_secret_token", "x_auth_token", "anthropic_organization_id",
                     "openai_organization", "user_agent", "referer", "x_forwarded_for", "anthropic_beta")
    }  # fmt: skip
    for path in (MESSAGES, CHAT, COMPLETE):
        reply = await ask(
            rig.server, path, body_for(path, "hello"), authorization=f"Bearer {canaries.bearer(path)}", **strange
        )
        assert reply.status == 200
        bodies.append(reply.body)
    odd = await ask(rig.server, MESSAGES, {}, anthropic_version=canaries.text("version"))
    assert odd.status == 400
    return bodies


async def _send_bodies(rig: Rig, canaries: Canaries) -> list[bytes]:
    """Send canaries as prompts and in fields, in requests that are served and in ones that are refused."""
    bodies = []
    for path in (MESSAGES, CHAT, COMPLETE):
        for stream in (True, False):
            prompt = canaries.text(f"prompt {path} {stream}")
            await ask(rig.server, path, body_for(path, prompt, stream=stream))
            body = body_for(path, canaries.text(f"failing {path} {stream}"), stream=stream)
            for controls in ("status=529", "status=401", "error=first", "reset=first", "truncate=2", "error=2"):
                await ask(rig.server, path, body, f"events=5; {controls}")
        secret = canaries.key(f"model {path}")
        reply = await ask(rig.server, path, body_for(path, "hello", secret))
        assert reply.status == 404
        bodies.append(reply.body)
        secret = canaries.key(f"field {path}")
        for field in ("max_tokens", "max_tokens_to_sample", "messages", "prompt", "stream", "model", secret):
            for value in (secret, [secret], {secret: secret}):
                reply = await ask(rig.server, path, {**body_for(path, "hello", stream=False), field: value})
                # A legacy prompt is one string: what is served then is the model's answer to it, which may quote it.
                if reply.status != 200:
                    bodies.append(reply.body)
        reply = await ask(rig.server, path, b'{"model": "' + secret.encode())
        bodies.append(reply.body)
    return bodies


async def _send_addresses(rig: Rig, canaries: Canaries) -> list[bytes]:
    """Send canaries in paths and queries."""
    bodies = []
    for path in (
        f"{MESSAGES}?api_key={canaries.key('query')}",
        f"{MESSAGES}?key={canaries.text('plain query')}",
        f"{MESSAGES}/{canaries.key('path')}",
        f"/v1/models/{canaries.key('model path')}",
        f"/v1/organizations/usage_report/messages?starting_at={canaries.key('report')}",
        f"/setup?token={canaries.text('setup')}",
        f"/{canaries.key('root')}",
        f"//{canaries.bearer('authority')}@host/",
    ):
        method = "POST" if path.startswith(f"{MESSAGES}?") else "GET"
        body = body_for(MESSAGES, "hello") if method == "POST" else None
        reply = await ask(rig.server, path, body, method=method)
        bodies.append(reply.body)
    return bodies


async def _let_upstream_speak(rig: Rig, canaries: Canaries) -> list[bytes]:
    """Have the upstream put canaries into its errors; what it says of our key comes back to no caller."""
    bodies = []
    for path in (MESSAGES, CHAT, COMPLETE):
        for controls in ("status=401", "status=400", "status=529", "error=first", "events=5; error=2"):
            secret = canaries.key(f"upstream {path} {controls}")
            reply = await ask(rig.server, path, body_for(path, "hello"), f"{controls}; message=bad key {secret}")
            if "401" in controls:
                bodies.append(reply.body)
    return bodies


def _everything_written(rig: Rig) -> dict[str, bytes]:
    found = {"the log": rig.server.log.read_bytes()}
    for path in sorted(rig.server.data.rglob("*")):
        if path.is_file() and "secrets" not in path.relative_to(rig.server.data).parts:
            with contextlib.suppress(FileNotFoundError):
                found[str(path)] = path.read_bytes()
    return found


async def test_no_canary_is_heard(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig({"ANTE_SERVER_PEPPER": _PEPPER}, log_level="debug")
    canaries = Canaries()
    answers = [
        *await _send_headers(rig, canaries),
        *await _send_bodies(rig, canaries),
        *await _send_addresses(rig, canaries),
        *await _let_upstream_speak(rig, canaries),
    ]
    tagged = {**body_for(MESSAGES, "hello"), "metadata": {"user_id": "end-user-CANARY"}}
    reply = await ask(rig.server, MESSAGES, tagged)
    rows_for(rig.server.data, {reply.headers["request-id"], *rig.upstream.settled()})
    metrics = await ask(rig.server, "/metrics", method="GET")
    assert b"antechamber_requests" in metrics.body

    secrets = {**canaries.made, "upstream key": UPSTREAM_KEY, "pepper": _PEPPER,
               "api key": rig.server.key, "admin key": rig.server.admin_key}  # fmt: skip
    places = {**_everything_written(rig), "/metrics": metrics.body, "answers": b"\n".join(answers)}
    assert len(places) > 4
    heard = [
        (name, where) for where, data in places.items() for name, secret in secrets.items() if secret.encode() in data
    ]
    assert not heard, heard
    # the tag of an end user is for the operator's own reports, and stands in the database only
    assert query(rig.server.data, "SELECT end_user FROM usage_rows WHERE end_user IS NOT NULL") == [
        {"end_user": "end-user-CANARY"}
    ]
    tag = b"end-user-CANARY"
    inside = ("antechamber.db", "/spool/")
    assert not [where for where, data in places.items() if tag in data and not any(part in where for part in inside)]
    # nothing of a secret is left when the server has stopped, in what it writes last
    assert await asyncio.to_thread(rig.server.stop) == 0
    for where, data in _everything_written(rig).items():
        assert not [name for name, secret in secrets.items() if secret.encode() in data], where


def test_what_lies_in_the_folder_is_for_its_owner_only(rig: Rig) -> None:
    for path in [rig.server.data, *rig.server.data.rglob("*")]:
        assert not path.stat().st_mode & 0o077, path


async def test_a_request_that_is_smuggled_in_a_body_is_none(rig: Rig) -> None:
    inner = request(MESSAGES, body_for(MESSAGES, "inner"), {"x-api-key": "stolen"})
    reply = await ask(rig.server, MESSAGES, inner)
    assert reply.status == 400
