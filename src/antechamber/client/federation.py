"""Identity tokens and what they are exchanged by (wire-auth.md 2.3, RFC 7523)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from antechamber.base.secret import Secret
from antechamber.client.environment import Environment
from antechamber.client.failures import CredentialUnusable
from antechamber.client.processes import run_process
from antechamber.client.profiles import Profile

LONGEST_ASSERTION: Final = 16 * 1024
RULE: Final = "ANTHROPIC_FEDERATION_RULE_ID"
ORGANIZATION: Final = "ANTHROPIC_ORGANIZATION_ID"
SERVICE_ACCOUNT: Final = "ANTHROPIC_SERVICE_ACCOUNT_ID"
WORKSPACE: Final = "ANTHROPIC_WORKSPACE_ID"
TOKEN: Final = "ANTHROPIC_IDENTITY_TOKEN"  # noqa: S105 - a variable's name
TOKEN_FILE: Final = "ANTHROPIC_IDENTITY_TOKEN_FILE"  # noqa: S105 - the same


class IdentitySource(Protocol):
    """Where identity tokens come from."""

    @property
    def label(self) -> str:
        """The source's name for a person."""
        ...

    def read(self) -> Secret:
        """Return the token as it is now; CredentialUnusable if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class IdentityFile:
    """A file that something else keeps fresh: a projected Kubernetes token, a SPIFFE JWT-SVID, a CI job's token."""

    path: Path

    @property
    def label(self) -> str:
        """The file's path."""
        return str(self.path)

    def read(self) -> Secret:
        """Read the file anew; CredentialUnusable if it cannot be read, is empty or too large for a JWT."""
        try:
            with self.path.open("rb") as file:
                content = file.read(LONGEST_ASSERTION + 1)
        except OSError as error:
            message = f"identity token file {self.path}: {error.strerror}"
            raise CredentialUnusable(message) from None
        return _check(content, f"identity token file {self.path}")


@dataclass(frozen=True, slots=True)
class IdentityText:
    """A token that was handed over as it is."""

    token: Secret

    @property
    def label(self) -> str:
        """The variable that it comes from."""
        return TOKEN

    def read(self) -> Secret:
        """Return it; CredentialUnusable if it is too large for a JWT."""
        return _check(self.token.reveal().encode(), TOKEN)


@dataclass(frozen=True, slots=True)
class IdentityCommand:
    """A program that prints a token; a list of words, no shell reads it."""

    arguments: tuple[str, ...]

    @property
    def label(self) -> str:
        """The program's name."""
        return self.arguments[0]

    def read(self) -> Secret:
        """Run it; CredentialUnusable if it fails or prints nothing."""
        return _check(run_process(self.arguments).encode(), f"identity token of {self.arguments[0]}")


def _check(content: bytes, what: str) -> Secret:
    if len(content) > LONGEST_ASSERTION:
        message = f"{what}: over {LONGEST_ASSERTION} bytes, so it is no JWT (a key or a certificate?)"
        raise CredentialUnusable(message)
    try:
        text = content.decode("ascii").strip()
    except UnicodeDecodeError:
        message = f"{what}: no JWT"
        raise CredentialUnusable(message) from None
    if not text:
        message = f"{what}: empty"
        raise CredentialUnusable(message)
    return Secret(text)


@dataclass(frozen=True, slots=True)
class Federation:
    """Everything that an exchange needs; `filled` names the variables that filled in what a profile left out."""

    rule_id: str
    organization_id: str
    identity: IdentitySource
    service_account_id: str | None = None
    workspace_id: str | None = None
    filled: tuple[str, ...] = ()

    def fields(self) -> dict[str, str]:
        """Return the exchange's own fields; read the assertion apart."""
        found = {
            "federation_rule_id": self.rule_id,
            "organization_id": self.organization_id,
            "service_account_id": self.service_account_id,
            "workspace_id": self.workspace_id,
        }
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class Partial:
    """Federation that lacks something; `missing` names it."""

    missing: tuple[str, ...]


def of_variables(environment: Environment) -> Federation | Partial | None:
    """Read the federation variables; None without a rule and an identity token: an organization alone says nothing."""
    rule, organization = environment.get(RULE), environment.get(ORGANIZATION)
    identity = _identity_of_variables(environment)
    if rule is None and identity is None:
        return None
    if rule is None or organization is None or identity is None:
        wanted = ((RULE, rule), (ORGANIZATION, organization), (TOKEN_FILE, identity))
        return Partial(tuple(name for name, value in wanted if value is None))
    return Federation(
        rule, organization, identity, environment.get(SERVICE_ACCOUNT), environment.get(WORKSPACE), filled=(RULE,)
    )


def _identity_of_variables(environment: Environment) -> IdentitySource | None:
    if path := environment.get(TOKEN_FILE):
        return IdentityFile(Path(path))
    token = environment.get(TOKEN)
    return IdentityText(Secret(token)) if token else None


def of_profile(profile: Profile, environment: Environment) -> Federation | Partial:
    """Read a federation profile, filling what it leaves out from variables; ProfileUnusable's parent if it is wrong."""
    filled: list[str] = []

    def value(own: str | None, variable: str) -> str | None:
        if own is None and (found := environment.get(variable)) is not None:
            filled.append(variable)
            return found
        return own

    rule = value(profile.federation_rule_id, RULE)
    organization = value(profile.organization_id, ORGANIZATION)
    account = value(profile.service_account_id, SERVICE_ACCOUNT)
    workspace = value(profile.workspace_id, WORKSPACE)
    if profile.identity_token is not None:
        identity: IdentitySource | None = _identity_of_config(profile.identity_token, profile)
    else:
        identity = _identity_of_variables(environment)
        filled += [TOKEN_FILE] if identity is not None else []
    if rule is None or organization is None or identity is None:
        wanted = (("federation_rule_id", rule), ("organization_id", organization), ("identity_token", identity))
        return Partial(tuple(name for name, found in wanted if found is None))
    return Federation(rule, organization, identity, account, workspace, tuple(filled))


def _identity_of_config(config: Mapping[str, object], profile: Profile) -> IdentitySource:
    source, path, command = config.get("source"), config.get("path"), config.get("command")
    if source == "file" and isinstance(path, str) and path:
        return IdentityFile(Path(path))
    if source == "command" and isinstance(command, list) and command and all(isinstance(word, str) for word in command):
        return IdentityCommand(tuple(command))
    forms = '{"source": "file", "path": "…"} or {"source": "command", "command": ["…"]}'
    message = f"{profile.config_path}: identity_token is {forms}"
    raise CredentialUnusable(message)
