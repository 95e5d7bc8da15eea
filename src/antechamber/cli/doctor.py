"""`ante doctor`: what is in force, and whether it works. Knows the server only over the wire."""

import email.utils
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

from antechamber import __version__
from antechamber.base.clock import MICROSECONDS
from antechamber.cli.connection import open_server
from antechamber.cli.exits import Exit
from antechamber.cli.groups import Command
from antechamber.cli.output import Printer
from antechamber.cli.settings import Invocation
from antechamber.cli.tables import table
from antechamber.cli.world import World
from antechamber.client.credentials import Access, find_access
from antechamber.client.failures import ServerRefused, ServerUnreachable
from antechamber.client.http import VERSION, Answer, Server

_SKEW_SECONDS: Final = 60
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_UNREACHABLE: Final = {
    "refused": "start it (`ante serve`), or give the right address with --base-url",
    "tls": "trust its certificate with ANTE_CA_FILE, or use the address it is issued for",
    "timeout": "check the address, a firewall or a proxy in between",
    "reset": "something in between cut the connection: check proxies",
    "protocol": "what answers there speaks no HTTP: check port and scheme",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `status` is `ok`, `note`, `warning`, `failure` or `skipped`."""

    name: str
    status: str
    detail: str
    advice: str = ""


@click.command("doctor", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON; the same as --format json.")
@click.pass_obj
def command(invocation: Invocation, *, as_json: bool) -> int:
    """Check address, TLS, proxies, credential and clock; exits 1 if something is wrong."""
    access = find_access(invocation.settings.given(), invocation.world.environment)
    findings = [*local_checks(access, invocation.world), *online_checks(access, invocation)]
    printer = Printer(invocation.world, invocation.settings)
    if as_json or printer.format != "auto":
        printer.value({"version": __version__, "checks": [asdict(finding) for finding in findings]})
    else:
        printer.text(table(["check", "status", "finding"], [[f.name, f.status, f.detail] for f in findings], width=120))
        for finding in findings:
            if finding.advice:
                printer.text(f"{finding.name}: {finding.advice}")
    failed = any(finding.status == "failure" for finding in findings)
    return Exit.UNEXPECTED if failed else Exit.OK


def local_checks(access: Access, world: World) -> Iterator[Check]:
    """Say what is in force and what it shadows, without the network."""
    yield Check("base url", "ok", f"{access.base_url.value} (from {access.base_url.source})", _losers(access))
    if access.credential is None:
        yield Check("credential", "failure", "none", "set ANTHROPIC_API_KEY, or give --api-key or --profile")
    else:
        shadows = f"shadows {', '.join(access.shadowed)}: unset what you do not mean" if access.shadowed else ""
        detail = f"{access.kind} from {access.credential.source}"
        yield Check("credential", "warning" if shadows else "ok", detail, shadows)
    if access.profile is not None:
        yield _profile_check(access.profile.name, access.profile.credentials_path, windows=world.environment.windows)
    yield _proxy_check(access, world)
    if (bundle := world.environment.ca_file()) is not None:
        there = Path(bundle).is_file()
        yield Check("ca file", "ok" if there else "failure", bundle, "" if there else "the file is not there")


def _losers(access: Access) -> str:
    return f"also set, but not used: {', '.join(access.shadowed_urls)}" if access.shadowed_urls else ""


def _profile_check(name: str, credentials: Path, *, windows: bool) -> Check:
    if windows or not credentials.exists():
        return Check("profile", "ok", name)
    mode = stat.S_IMODE(credentials.stat().st_mode)
    if mode & 0o077:
        return Check("profile", "warning", f"{name}: others may read {credentials}", f"chmod 600 {credentials}")
    return Check("profile", "ok", name)


def _proxy_check(access: Access, world: World) -> Check:
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
        answer, check = _attempt("reachable", lambda: server.call("GET", "/health/live"))
        yield check
        if answer is None and check.status == "failure":
            yield from (Check(name, "skipped", "not reachable") for name in ("tls", "clock", "version", "authorised"))
            return
        yield _tls_check(access)
        yield _clock_check(answer, invocation.world)
        yield from _credential_checks(access, server)


def _attempt(name: str, call: Callable[[], Answer]) -> tuple[Answer | None, Check]:
    try:
        answer = call()
    except ServerRefused as error:
        return None, Check(name, "warning", f"answers {error.status}: {error.message}")
    except ServerUnreachable as error:
        return None, Check(name, "failure", f"{error.kind}: {error.note}", _UNREACHABLE.get(error.kind, ""))
    return answer, Check(name, "ok", f"answers {answer.status}")


def _tls_check(access: Access) -> Check:
    parts = urlsplit(access.base_url.value)
    if parts.scheme == "https":
        return Check("tls", "ok", "certificate accepted")
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
    path = "/v1/organizations/me" if is_admin else "/v1/models"
    try:
        answer = server.call("GET", path, query=[] if is_admin else [("limit", 1)])
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
