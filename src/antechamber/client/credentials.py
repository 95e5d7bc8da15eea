"""Which credential and which server are in force, and what they shadow (wire-auth.md 1.5)."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from antechamber.client.environment import Environment
from antechamber.client.failures import CredentialUnusable
from antechamber.client.federation import Federation
from antechamber.client.profiles import DEFAULT_ISSUER, Profile, ProfileUnusable
from antechamber.client.sources import API_KEY, OPENAI, PROFILE, Given, LoadProfile, Source, list_sources

__all__ = ["DEFAULT_BASE_URL", "OAUTH_BETA", "OPENAI_BASE_URL", "Access", "Found", "Given", "find_access"]

DEFAULT_BASE_URL: Final = "http://127.0.0.1:8787"
OPENAI_BASE_URL: Final = "https://api.openai.com/v1"
OAUTH_BETA: Final = "oauth-2025-04-20"


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where it comes from: a flag, a variable, a profile."""

    value: str = field(repr=False)
    source: str


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the server and as whom.

    `kind` is that of the winning source: `api_key`, `auth_token`, `profile`, `federation`, `openai`, or None.
    `credential` holds what is known without asking anybody: for federation, and a profile that has no token yet, an
    empty value. `sources` are all that are there, in winning order, `active` the one that won; `shadowed` names the
    sources that hold a credential, too, but lose. `model` is what OPENAI_MODEL says. `notes` are for a person.
    """

    base_url: Found
    credential: Found | None
    kind: str | None
    profile: Profile | None
    workspace_id: str | None
    shadowed: tuple[str, ...]
    shadowed_urls: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    active: Source | None = None
    federation: Federation | None = None
    notes: tuple[str, ...] = ()
    model: str | None = None

    @property
    def is_exchanged(self) -> bool:
        """True if the token is got by federation, which binds it to its workspace."""
        return self.federation is not None

    def rooted(self) -> "Access":
        """Return the same with a base URL for paths that have their version (`/v1/…`), as ours have."""
        if self.kind != OPENAI:
            return self
        url = Found(self.base_url.value.removesuffix("/v1"), self.base_url.source)
        return replace(self, base_url=url)

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers that say who calls, as far as they are known without asking anybody."""
        if self.credential is None or not self.credential.value:
            return []
        return self.headers_for(self.credential.value)

    def headers_for(self, secret: str, *, is_key: bool | None = None) -> list[tuple[str, str]]:
        """Return the headers that say who calls, with this key or token."""
        workspace = [("anthropic-workspace-id", self.workspace_id)] if self.workspace_id else []
        if self.kind == API_KEY if is_key is None else is_key:
            return [("x-api-key", secret), *workspace]
        return [
            ("authorization", f"Bearer {secret}"),
            # The wire marks OAuth tokens with a beta; other secrets may come as Bearer without it.
            *([("anthropic-beta", OAUTH_BETA)] if secret.startswith("sk-ant-oat") else []),
            *workspace,
        ]


def find_access(
    given: Given,
    environment: Environment,
    load: LoadProfile | None = None,
    *,
    administration: bool = False,
    strict: bool = True,
) -> Access:
    """Choose server and credential, without the network.

    Raises CredentialUnusable (ProfileUnusable of a profile) if what would be used cannot be; without `strict` its
    source's `problem` says so, and there is no credential. For `administration` the admin key's variable goes before
    every other variable: the API key beside it would only be refused.
    """
    sources = tuple(list_sources(given, environment, load, administration=administration))
    active = next((source for source in sources if source.is_usable or source.is_fatal), None)
    if active is not None and not active.is_usable:
        if strict:
            raise _problem(active)
        active = None
    profile = next((source.profile for source in sources if source.profile is not None), None)
    urls, refused = _urls(given, environment, active, profile)
    usable = [source.name for source in sources if source.is_usable and source is not active and source.kind != OPENAI]
    return Access(
        base_url=Found(urls[0].value.rstrip("/"), urls[0].source),
        credential=Found(active.secret.reveal() if active.secret else "", active.name) if active else None,
        kind=active.kind if active else None,
        profile=profile,
        workspace_id=_workspace(environment, active),
        shadowed=tuple(dict.fromkeys(usable)) if active else (),
        shadowed_urls=tuple(found.source for found in urls[1:-1]),
        sources=sources,
        active=active,
        federation=active.federation if active else None,
        notes=(*environment.notes, *refused),
        model=environment.get("OPENAI_MODEL") if active and active.kind == OPENAI else None,
    )


def _problem(source: Source) -> CredentialUnusable:
    kind = ProfileUnusable if source.kind == PROFILE else CredentialUnusable
    return kind(source.problem or "")


def _workspace(environment: Environment, active: Source | None) -> str | None:
    if active is None or active.kind == OPENAI or active.federation is not None:
        # What an exchange gives is bound to its workspace, and a header would only be compared with it.
        return None
    own = active.profile.workspace_id if active.profile else None
    return own or environment.get("ANTHROPIC_WORKSPACE_ID")


def _urls(
    given: Given, environment: Environment, active: Source | None, profile: Profile | None
) -> tuple[list[Found], list[str]]:
    """Return the servers named, the one in force first, and what is to be said of those that are not allowed."""
    candidates: list[tuple[str, str | None, Path | None]] = [("--base-url", given.base_url, None)]
    variables = ["OPENAI_BASE_URL"] if active and active.kind == OPENAI else ["ANTE_BASE_URL", "ANTHROPIC_BASE_URL"]
    notes: list[str] = []
    for name in variables:
        value, file = environment.get(name), environment.file_of(name)
        if value and file and not file.is_trusted and not _is_of_file(active, environment, file.path):
            whose = f"{active.name}, which is not from there" if active else "a log-in"
            notes.append(f"{file.path} sets {name}, not used for {whose}: `ante trust {file.folder}` allows it")
            continue
        candidates.append((name, value, file.path if file else None))
    if profile is not None and not (active and active.kind == OPENAI):
        candidates.append((f"profile {profile.name}", profile.base_url, None))
    candidates.append(("default", _default(active), None))
    return [Found(value, source) for source, value, _ in candidates if value], notes


def _is_of_file(active: Source | None, environment: Environment, path: Path) -> bool:
    if active is None:
        return False
    if active.federation is not None and active.profile is None:
        # The identity token is what must not go astray, whatever file names the rule.
        names = [
            name for name in ("ANTHROPIC_IDENTITY_TOKEN_FILE", "ANTHROPIC_IDENTITY_TOKEN") if environment.get(name)
        ]
        return all((file := environment.file_of(name)) is not None and file.path == path for name in names)
    return active.file == path


def _default(active: Source | None) -> str:
    if active is not None and active.kind == OPENAI:
        return OPENAI_BASE_URL
    if active is not None and active.profile is not None and active.kind == PROFILE:
        return DEFAULT_ISSUER
    return DEFAULT_BASE_URL
