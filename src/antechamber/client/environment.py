"""The client's environment variables: the only place that reads them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Name -> what it does; the reference page is made from this table.
VARIABLES: Final[Mapping[str, str]] = {
    "ANTE_BASE_URL": "Server to talk to; wins over ANTHROPIC_BASE_URL.",
    "ANTE_CA_FILE": "PEM file of certificates to trust beside the system's; SSL_CERT_FILE is read, too.",
    "ANTHROPIC_ADMIN_KEY": "Admin key, which the commands of the organisation use before any other variable.",
    "ANTHROPIC_API_KEY": "API key, sent as x-api-key.",
    "ANTHROPIC_AUTH_TOKEN": "Token, sent as Authorization: Bearer; an API key wins over it.",
    "ANTHROPIC_BASE_URL": "Server to talk to, as the SDKs read it.",
    "ANTHROPIC_CONFIG_DIR": "Folder of the profiles.",
    "ANTHROPIC_PROFILE": "Profile to use when --profile is not given.",
    "ANTHROPIC_WORKSPACE_ID": "Workspace to act in, sent as anthropic-workspace-id.",
    "HTTPS_PROXY": "Proxy for https servers; HTTP_PROXY and ALL_PROXY likewise.",
    "NO_PROXY": "Comma-separated hosts to reach without a proxy.",
    "NO_COLOR": "No colours when set to anything.",
    "FORCE_COLOR": "0: no colours, anything else: colours even when the output is no terminal.",
}
_PROXIES: Final = {"http": "HTTP_PROXY", "https": "HTTPS_PROXY", "all": "ALL_PROXY", "no": "NO_PROXY"}


@dataclass(frozen=True, slots=True)
class Environment:
    """Variables and the home folder as they were when the program started."""

    variables: Mapping[str, str]
    home: Path
    windows: bool = False

    def get(self, name: str) -> str | None:
        """Return the value; a variable that is empty counts as not set."""
        return self.variables.get(name) or None

    def first(self, *names: str) -> tuple[str, str] | None:
        """Return name and value of the first that is set."""
        return next(((name, value) for name in names if (value := self.get(name))), None)

    def proxies(self) -> dict[str, str]:
        """Return the proxies in force, keys as OutboundOptions has them; lower-case names win, as in curl."""
        found = {key: self.get(name.lower()) or self.get(name) for key, name in _PROXIES.items()}
        return {key: value for key, value in found.items() if value}

    def ca_file(self) -> str | None:
        """Return the file of extra certificates."""
        found = self.first("ANTE_CA_FILE", "SSL_CERT_FILE")
        return found[1] if found else None


def read_environment() -> Environment:
    """Read the process's environment, once."""
    return Environment(variables=dict(os.environ), home=Path.home(), windows=os.name == "nt")
