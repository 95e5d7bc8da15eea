"""The client's environment variables: the only place that reads them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    "ANTHROPIC_CONSOLE_URL": "Where `ante auth login` opens the browser, when that is not the server itself.",
    "ANTHROPIC_ENVIRONMENT_ID": "Environment whose work `ante worker` takes.",
    "ANTHROPIC_ENVIRONMENT_KEY": "Key of that environment, which `ante worker` and the SDKs' workers take work with.",
    "ANTHROPIC_FEDERATION_RULE_ID": "Federation rule by which an identity token becomes an access token.",
    "ANTHROPIC_IDENTITY_TOKEN": "Identity token (a JWT) to exchange; better a file, which can be renewed.",
    "ANTHROPIC_IDENTITY_TOKEN_FILE": "File with the identity token, read again for each exchange.",
    "ANTHROPIC_MODEL": "The model that `ante chat` asks when --model is not given.",
    "ANTHROPIC_OAUTH_CLIENT_ID": "OAuth client that `ante auth login` is; antechamber-cli when not set.",
    "ANTHROPIC_ORGANIZATION_ID": "Organization to log in to, and whose federation rule is used.",
    "ANTHROPIC_PROFILE": "Profile to use when --profile is not given.",
    "ANTHROPIC_SCOPE": "Scopes to log in with, separated by spaces.",
    "ANTHROPIC_SERVICE_ACCOUNT_ID": "Service account that the federation rule must lead to.",
    "ANTHROPIC_SESSION_ID": "Session of the item that `ante worker run` serves.",
    "ANTHROPIC_WORKER_ID": "What a worker calls itself to the queue; host name and random letters when not set.",
    "ANTHROPIC_WORKSPACE_ID": "Workspace to act in, sent as anthropic-workspace-id, and asked for in an exchange.",
    "ANTHROPIC_WORK_ID": "The item that `ante worker run` serves.",
    "ANTHROPIC_WORK_SECRET": "What the poll that took the item said as its `secret`.",
    "BROWSER": "Program that `ante auth login` opens its page with, over SSH, too.",
    "HTTPS_PROXY": "Proxy for https servers; HTTP_PROXY and ALL_PROXY likewise.",
    "NO_PROXY": "Comma-separated hosts to reach without a proxy.",
    "NO_COLOR": "No colours when set to anything.",
    "FORCE_COLOR": "0: no colours, anything else: colours even when the output is no terminal.",
    "OPENAI_API_KEY": "Key of an OpenAI-compatible provider, used when nothing else is set.",
    "OPENAI_BASE_URL": "Its address, with the version: https://api.openai.com/v1 when not set.",
    "OPENAI_MODEL": "The model to ask there.",
}
_PROXIES: Final = {"http": "HTTP_PROXY", "https": "HTTPS_PROXY", "all": "ALL_PROXY", "no": "NO_PROXY"}


@dataclass(frozen=True, slots=True)
class EnvFile:
    """The .env file in force.

    `values` is what it may set, `refused` maps the names that it may not set to the reason, `broken_lines` counts
    from 1. `folder` is what `ante trust` names; a file of the home folder is no project's and always trusted.
    """

    path: Path
    folder: Path
    is_project: bool
    is_trusted: bool
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    refused: Mapping[str, str] = field(default_factory=dict)
    broken_lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Environment:
    """Variables and the home folder as they were when the program started.

    `dotenv` is the file that filled in what was not set, `filled` the names that it did, `notes` what a person should
    hear of it.
    """

    variables: Mapping[str, str] = field(repr=False)
    home: Path
    windows: bool = False
    dotenv: EnvFile | None = None
    filled: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        """Return the value; a variable that is empty counts as not set."""
        return self.variables.get(name) or None

    def first(self, *names: str) -> tuple[str, str] | None:
        """Return name and value of the first that is set."""
        return next(((name, value) for name in names if (value := self.get(name))), None)

    def file_of(self, name: str) -> EnvFile | None:
        """Return the .env file that a variable comes from; None if it was set by whoever started the program."""
        return self.dotenv if name in self.filled else None

    def proxies(self) -> dict[str, str]:
        """Return the proxies in force, keys as OutboundOptions has them; lower-case names win, as in curl."""
        found = {key: self.get(name.lower()) or self.get(name) for key, name in _PROXIES.items()}
        return {key: value for key, value in found.items() if value}

    def ca_file(self) -> str | None:
        """Return the file of extra certificates."""
        found = self.first("ANTE_CA_FILE", "SSL_CERT_FILE")
        return found[1] if found else None


def read_environment() -> Environment:
    """Read the process's environment, once; `dotenv.load_environment` adds what a .env file says."""
    return Environment(variables=dict(os.environ), home=Path.home(), windows=os.name == "nt")
