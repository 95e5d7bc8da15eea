"""Where this machine's own clients fetch packages, read at run time, as an operator would set it for a server."""

import ipaddress
import json
import os
import re
import shutil
import socket
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from antechamber.features.environments.model.registries import Registries
from antechamber.settings import Loaded, Settings
from antechamber.wiring.registries import mirror_of, read_registries

_BUNDLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


def _say(*command: str) -> str:
    """Return what a client says of its own configuration; nothing where it is not there, or has none."""
    if shutil.which(command[0]) is None:
        return ""
    ended = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, timeout=60)
    text = ended.stdout.strip() if ended.returncode == 0 else ""
    return "" if text == "undefined" else text


def _authorities() -> str:
    named = [os.environ.get(name, "") for name in _BUNDLES]
    found = [name for name in (*named, "/etc/ssl/certs/ca-certificates.crt") if name and Path(name).is_file()]
    return found[0]


def _cargo() -> dict[str, Any]:
    for name in ("config.toml", "config"):
        path = Path(os.environ.get("CARGO_HOME", "~/.cargo")).expanduser() / name
        if path.is_file() and (found := re.search(r'registry\s*=\s*"sparse\+(https?://[^"]+)"', path.read_text())):
            return {"index_url": found.group(1)}
    return {}


def _apt() -> dict[str, Any]:
    """Return the mirror of this machine, which has other releases too."""
    texts = [path.read_text() for path in Path("/etc/apt/sources.list.d").glob("*.sources")]
    texts += [path.read_text() for path in (Path("/etc/apt/sources.list"),) if path.is_file()]
    found = re.search(r"(?m)^(?:URIs:\s*|deb (?:\[[^\]]*\] )?)(https?://\S+/debian)/?\s", "\n".join(texts))
    return {"index_url": found.group(1)} if found else {}


@cache
def table() -> dict[str, Any]:
    """Return `[registries]` of a server on this machine."""
    made: dict[str, Any] = {"ca_file": _authorities(), "apt": _apt(), "cargo": _cargo(), "npm": {}, "pip": {}, "go": {}}
    if index := os.environ.get("PIP_INDEX_URL") or _say("pip", "config", "get", "global.index-url"):
        made["pip"] = {"index_url": index}
    if registry := _say("npm", "config", "get", "registry"):
        made["npm"] = {"index_url": registry}
    told = json.loads(_say("go", "env", "-json", "GOPROXY", "GOSUMDB") or "{}")
    made["go"] = {
        name: told[key] for name, key in (("index_url", "GOPROXY"), ("checksums", "GOSUMDB")) if told.get(key)
    }
    return {name: entry for name, entry in made.items() if entry}


def loaded(**tables: object) -> Loaded:
    """Return the settings of such a server, with these tables instead of the machine's own."""
    return Loaded(Settings(), {}, {"registries": {**table(), **tables}}, None, {})


def bare(tables: dict[str, Any]) -> Registries:
    """Return the registries of a server that has these alone, and nothing of the machine's own."""
    return read_registries(Loaded(Settings(), {}, {"registries": tables}, None, {}))


def registries(**tables: object) -> Registries:
    return read_registries(loaded(**tables))


def mirror() -> str | None:
    return mirror_of(loaded())


@cache
def private() -> tuple[dict[str, str], ...]:
    """Return `[egress] private` of such a server: what the hosts stand for here, where that is not public."""
    found = {}
    for rule in registries().rules():
        try:
            answers = socket.getaddrinfo(rule.host, 443, type=socket.SOCK_STREAM)
        except OSError:
            continue  # a host that this machine has no need of
        for *_, address in answers:
            if not ipaddress.ip_address(address[0]).is_global:
                found[f"{address[0]} {rule.host}"] = {"network": str(address[0]), "host": rule.host}
    return tuple(found.values())
