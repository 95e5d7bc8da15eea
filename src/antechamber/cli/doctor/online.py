"""Whether the server can be reached and takes the credential. Knows the server only over the wire."""

import email.utils
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

from antechamber.base.clock import MICROSECONDS
from antechamber.cli.connection import open_server
from antechamber.cli.doctor.findings import Check
from antechamber.cli.doctor.names import certificate_end, name_checks
from antechamber.cli.settings import Invocation
from antechamber.cli.world import World
from antechamber.client.credentials import Access
from antechamber.client.failures import ServerRefused, ServerUnreachable
from antechamber.client.http import VERSION, Answer, Server
from antechamber.client.sources import OPENAI

_SKEW_SECONDS: Final = 60
_SERVER_FAILED: Final = 500
_FEW_DAYS: Final = 14
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_UNREACHABLE: Final = {
    "refused": "start it (`ante serve`), or give the right address with --base-url",
    "tls": "trust its certificate with ANTE_CA_FILE, or use the address it is issued for",
    "timeout": "check the address, a firewall or a proxy in between",
    "reset": "something in between cut the connection: check proxies",
    "protocol": "what answers there speaks no HTTP: check port and scheme",
}


def proxy_check(access: Access, world: World) -> Check:
    """Say which proxy stands between, and whether it should."""
    proxies = world.environment.proxies()
    parts = urlsplit(access.base_url.value)
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None:
        return Check("proxy", "ok", "none")
    shown = urlsplit(proxy)
    detail = f"{shown.scheme}://{shown.hostname}:{shown.port}, not for {proxies.get('no') or 'nothing'}"
    if parts.hostname in _LOOPBACK and (parts.hostname or "") not in proxies.get("no", ""):
        return Check("proxy", "warning", detail, f"the server is on this machine: add {parts.hostname} to NO_PROXY")
    return Check("proxy", "note", detail)


def online_checks(access: Access, invocation: Invocation) -> Iterator[Check]:
    """Reach the server, compare clocks, use the credential."""
    with open_server(invocation.world, invocation.settings, access) as server:
        server.max_retries = 0
        yield from name_checks(access.base_url.value)
        answer, check = _attempt(
            "reachable", lambda: server.call("GET", "/models" if access.kind == OPENAI else "/health/live")
        )
        yield check
        if answer is None and check.status == "failure":
            yield from (Check(name, "skipped", "not reachable") for name in ("tls", "clock", "version", "authorised"))
            return
        yield _tls_check(access, invocation.world)
        yield _clock_check(answer, invocation.world)
        yield from _credential_checks(access, server)


def _attempt(name: str, call: Callable[[], Answer]) -> tuple[Answer | None, Check]:
    try:
        answer = call()
    except ServerRefused as error:
        # another's server need not have our health check
        is_there = error.status < _SERVER_FAILED
        return None, Check(name, "ok" if is_there else "warning", f"answers {error.status}: {error.message}")
    except ServerUnreachable as error:
        return None, Check(name, "failure", f"{error.kind}: {error.note}", _UNREACHABLE.get(error.kind, ""))
    return answer, Check(name, "ok", f"answers {answer.status}")


def _tls_check(access: Access, world: World) -> Check:
    parts = urlsplit(access.base_url.value)
    if parts.scheme == "https":
        ends_at = certificate_end(parts.hostname or "", parts.port or 443, world.environment.ca_file())
        if ends_at is None:
            return Check("tls", "ok", "certificate accepted")
        days = int((ends_at - world.clock.now() / MICROSECONDS) // 86_400)
        detail = f"certificate accepted, good for {days} more days"
        return Check("tls", "warning" if days < _FEW_DAYS else "ok", detail, "renew it" if days < _FEW_DAYS else "")
    if parts.hostname in _LOOPBACK:
        return Check("tls", "note", "plain http on this machine")
    return Check("tls", "warning", "plain http to another machine", "secrets travel readable: use https")


def _clock_check(answer: Answer | None, world: World) -> Check:
    try:
        moment = email.utils.parsedate_to_datetime((answer.headers if answer else {})["date"])
    except (KeyError, ValueError):
        return Check("clock", "skipped", "the server gave no Date")
    skew = world.clock.now() / MICROSECONDS - moment.timestamp()
    if abs(skew) > _SKEW_SECONDS:
        direction = "ahead of" if skew > 0 else "behind"
        detail = f"{abs(skew):.0f} s {direction} the server"
        return Check("clock", "failure", detail, "tokens will look expired or not yet valid: set this machine's clock")
    return Check("clock", "ok", "agrees with the server's")


def _credential_checks(access: Access, server: Server) -> Iterator[Check]:
    if access.credential is None:
        yield Check("version", "skipped", "no credential")
        yield Check("authorised", "skipped", "no credential")
        return
    # Admin keys may not use models, other keys may not read the organization.
    is_admin = access.credential.value.startswith("sk-ant-admin")
    path = "/v1/organizations/me" if is_admin else "/models" if access.kind == OPENAI else "/v1/models"
    try:
        answer = server.call("GET", path, query=[("limit", 1)] if path == "/v1/models" else [])
    except ServerRefused as error:
        rejected = "anthropic-version" in error.message
        yield Check("version", "failure" if rejected else "ok", error.message if rejected else VERSION)
        advice = f"the credential from {access.credential.source} is not accepted: make a new one"
        yield Check("authorised", "failure", f"{error.status}: {error.message}", advice)
    except ServerUnreachable as error:
        yield Check("authorised", "failure", f"{error.kind}: {error.note}", _UNREACHABLE.get(error.kind, ""))
    else:
        yield Check("version", "ok", VERSION)
        organization = answer.headers.get("anthropic-organization-id")
        yield Check("authorised", "ok", f"organization {organization}" if organization else "accepted")
