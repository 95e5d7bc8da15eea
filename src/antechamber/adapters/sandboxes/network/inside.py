"""What of its network a sandbox sees as files and variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from antechamber.features.environments.model.sandbox import AUTHORITY_FILE, NetworkMode, NetworkPolicy

PROXY_PORT: Final = 3128
RESOLVER: Final = "198.18.0.1"
_PROXY: Final = f"http://127.0.0.1:{PROXY_PORT}"
_HERE: Final = "localhost,127.0.0.0/8,127.0.0.1,::1"


@dataclass(frozen=True, slots=True)
class Preparation:
    """Variables for every program and files (absolute path -> content) to lay into a sandbox before it starts.

    `authority_pem` is the certificate of those hosts whose TLS the proxy ends; None if there are none. It is one of
    `files` too; who has a bundle of certificates for the sandbox appends it there.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    authority_pem: str | None = None


def prepare(policy: NetworkPolicy, authority_pem: str | None) -> Preparation:
    """Return what a sandbox needs to find the proxy and the names that it may reach."""
    hosts = b"127.0.0.1 localhost sandbox\n::1 localhost sandbox\n"
    if policy.mode is NetworkMode.NONE:
        return Preparation(files={"/etc/resolv.conf": b"# no network\n", "/etc/hosts": hosts})
    environment = {
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _PROXY),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), _HERE),
    }
    files = {"/etc/resolv.conf": f"nameserver {RESOLVER}\noptions timeout:5 attempts:2\n".encode(), "/etc/hosts": hosts}
    if authority_pem is not None:
        environment["NODE_EXTRA_CA_CERTS"] = AUTHORITY_FILE
        files[AUTHORITY_FILE] = authority_pem.encode()
    return Preparation(environment, files, authority_pem)
