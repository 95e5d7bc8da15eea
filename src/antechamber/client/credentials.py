"""Which credential and which server are in force, and what they shadow (wire-auth.md 1.5)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from antechamber.client.environment import Environment
from antechamber.client.profiles import Profile, load_profile

DEFAULT_BASE_URL: Final = "http://127.0.0.1:8787"
OAUTH_BETA: Final = "oauth-2025-04-20"


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller said outright, which wins over variables and files."""

    base_url: str | None = None
    api_key: str | None = None
    auth_token: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where it comes from."""

    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the server and as whom; `kind` is `api_key`, `auth_token`, `profile` or None.

    `shadowed` names the sources that hold a credential, too, but lose.
    """

    base_url: Found
    credential: Found | None
    kind: str | None
    profile: Profile | None
    workspace_id: str | None
    shadowed: tuple[str, ...]
    shadowed_urls: tuple[str, ...] = field(default=())

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers that say who calls."""
        if self.credential is None:
            return []
        workspace = [("anthropic-workspace-id", self.workspace_id)] if self.workspace_id else []
        if self.kind == "api_key":
            return [("x-api-key", self.credential.value), *workspace]
        return [
            ("authorization", f"Bearer {self.credential.value}"),
            # The wire marks OAuth tokens with a beta; other secrets may come as Bearer without it.
            *([("anthropic-beta", OAUTH_BETA)] if self.credential.value.startswith("sk-ant-oat") else []),
            *workspace,
        ]


def find_access(
    given: Given,
    environment: Environment,
    load: Callable[[Environment, str | None], Profile | None] = load_profile,
    *,
    administration: bool = False,
) -> Access:
    """Choose server and credential; ProfileUnusable if a profile that matters cannot be read.

    For `administration` the admin key's variable goes before every other variable: the API key beside it would only
    be refused.
    """
    profile = load(environment, given.profile)
    candidates = [
        ("api_key", _given("--api-key", given.api_key)),
        *([("auth_token", _given("--auth-token", given.auth_token))] if administration else []),
        *([("api_key", _variable(environment, "ANTHROPIC_ADMIN_KEY"))] if administration else []),
        ("api_key", _variable(environment, "ANTHROPIC_API_KEY")),
        ("auth_token", _given("--auth-token", given.auth_token)),
        ("auth_token", _variable(environment, "ANTHROPIC_AUTH_TOKEN")),
        ("profile", _token(profile)),
    ]
    present = list(dict.fromkeys((kind, found) for kind, found in candidates if found is not None))
    kind, credential = present[0] if present else (None, None)
    urls = [
        found
        for found in (
            _given("--base-url", given.base_url),
            _variable(environment, "ANTE_BASE_URL"),
            _variable(environment, "ANTHROPIC_BASE_URL"),
            _given(f"profile {profile.name}", profile.base_url) if profile else None,
            Found(DEFAULT_BASE_URL, "default"),
        )
        if found is not None
    ]
    return Access(
        base_url=Found(urls[0].value.rstrip("/"), urls[0].source),
        credential=credential,
        kind=kind,
        profile=profile,
        workspace_id=environment.get("ANTHROPIC_WORKSPACE_ID") or (profile.workspace_id if profile else None),
        shadowed=tuple(found.source for _, found in present[1:]),
        shadowed_urls=tuple(found.source for found in urls[1:-1]),
    )


def _given(source: str, value: str | None) -> Found | None:
    return Found(value, source) if value else None


def _variable(environment: Environment, name: str) -> Found | None:
    return _given(name, environment.get(name))


def _token(profile: Profile | None) -> Found | None:
    return _given(f"profile {profile.name}", profile.access_token) if profile else None
