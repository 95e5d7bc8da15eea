"""The server's name and certificate, seen without our HTTP client in between."""

import socket
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from antechamber.cli.doctor.findings import Check

_SECONDS: Final = 5


def name_checks(base_url: str) -> Iterator[Check]:
    """Say which addresses the server's name leads to; nothing of an address that is written as one."""
    host = urlsplit(base_url).hostname
    if not host or _is_address(host):
        return
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        advice = "check the spelling; a name inside a company may need its VPN"
        yield Check("name", "failure", f"{host} leads nowhere: {getattr(error, 'strerror', None) or error}", advice)
        return
    shown = ", ".join(sorted(found))
    if any(ip_address(address.partition("%")[0]).is_global for address in found):
        # wire-auth.md 6.2
        yield Check("name", "note", f"{host} is {shown}: Claude Code's gateway log-in takes private addresses only")
    else:
        yield Check("name", "ok", f"{host} is {shown}")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def certificate_end(host: str, port: int, ca_file: str | None) -> float | None:
    """Return when the server's certificate ends, in seconds since the epoch; None where that cannot be had."""
    try:
        context = ssl.create_default_context()
        if ca_file is not None:
            context.load_verify_locations(ca_file)
        with (
            socket.create_connection((host, port), timeout=_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            certificate = secure.getpeercert() or {}
    except (OSError, ValueError):
        return None
    ends = certificate.get("notAfter")
    return float(ssl.cert_time_to_seconds(ends)) if isinstance(ends, str) else None
