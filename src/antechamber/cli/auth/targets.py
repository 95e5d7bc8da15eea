"""What a log-in is for: server, console, client, scope, workspace and profile, each from its first source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from antechamber.client.authorize import CLIENT_ID, DEFAULT_SCOPE
from antechamber.client.credentials import DEFAULT_BASE_URL
from antechamber.client.profiles import DEFAULT_ISSUER

if TYPE_CHECKING:
    from antechamber.client.environment import Environment
    from antechamber.client.store import ProfileStore


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was said on the command line, None where nothing was."""

    base_url: str | None = None
    console_url: str | None = None
    profile: str | None = None
    client_id: str | None = None
    scope: str | None = None
    workspace_id: str | None = None
    organization_id: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A log-in that can begin; `config` is what a new profile's file says."""

    profile: str
    profile_source: str
    base_url: str
    console_url: str
    client_id: str
    scope: str
    workspace_id: str | None
    organization_id: str | None
    config: Mapping[str, object] = field(default_factory=dict)


def find_target(wishes: Wishes, environment: "Environment", store: "ProfileStore") -> Target:
    """Fill in from variables and the profile (wire-auth.md 1.1); UsageError where they contradict each other.

    A new profile always names its server: other programs that read it have another default.
    """
    profile, source = store.active(wishes.profile)
    known = store.config(profile) if store.has(profile) else {}
    authentication = _object(known.get("authentication"))
    _check_kind(profile, authentication)
    base_url = _base_url(profile, known, wishes, environment)
    console_url = wishes.console_url or environment.get("ANTHROPIC_CONSOLE_URL") or _text(authentication, "console_url")
    client_id = wishes.client_id or environment.get("ANTHROPIC_OAUTH_CLIENT_ID") or _text(authentication, "client_id")
    workspace_id = wishes.workspace_id or _text(known, "workspace_id") or environment.get("ANTHROPIC_WORKSPACE_ID")
    organization_id = (
        wishes.organization_id or environment.get("ANTHROPIC_ORGANIZATION_ID") or _text(known, "organization_id")
    )
    return Target(
        profile=profile,
        profile_source=source,
        base_url=base_url,
        console_url=(console_url or base_url).rstrip("/"),
        client_id=client_id or CLIENT_ID,
        scope=wishes.scope or environment.get("ANTHROPIC_SCOPE") or _text(authentication, "scope") or DEFAULT_SCOPE,
        workspace_id=workspace_id,
        organization_id=organization_id,
        config=_config(base_url, client_id or CLIENT_ID, wishes, console_url),
    )


def _base_url(profile: str, known: Mapping[str, object], wishes: Wishes, environment: "Environment") -> str:
    """Return the server; UsageError if the profile's credentials would go to another one than made them."""
    said = (wishes.base_url or _said(environment) or "").rstrip("/")
    if not known:
        return said or DEFAULT_BASE_URL
    kept = (_text(known, "base_url") or DEFAULT_ISSUER).rstrip("/")
    if (said and said != kept) or (not said and not _text(known, "base_url")):
        wanted = said or DEFAULT_BASE_URL
        unnamed = "" if _text(known, "base_url") else " (it names no server, which means that one)"
        message = (
            f"profile {profile!r} is for {kept}{unnamed}, not for {wanted}. Keep this log-in beside it with "
            f"--profile NAME, or change that one: ante profile set base_url {wanted} --profile {profile}"
        )
        raise click.UsageError(message)
    return kept


def _config(base_url: str, client_id: str, wishes: Wishes, console_url: str | None) -> dict[str, object]:
    """Return what a new profile says: its server and client, and else only what was asked for outright."""
    own: dict[str, str | None] = {
        "base_url": base_url,
        "client_id": client_id,
        "scope": wishes.scope,
        "console_url": console_url.rstrip("/") if console_url and console_url.rstrip("/") != base_url else None,
        "workspace_id": wishes.workspace_id,
        "organization_id": wishes.organization_id,
    }
    return {name: value for name, value in own.items() if value}


def _check_kind(profile: str, authentication: Mapping[str, object]) -> None:
    kind = _text(authentication, "type")
    if kind not in {None, "user_oauth"}:
        message = f"profile {profile!r} is of type {kind}, which needs no log-in: name another with --profile"
        raise click.UsageError(message)


def _said(environment: "Environment") -> str | None:
    """Return the server that a variable names; a project's .env file names one only if its folder is trusted."""
    for name in ("ANTE_BASE_URL", "ANTHROPIC_BASE_URL"):
        file = environment.file_of(name)
        if (value := environment.get(name)) and (file is None or file.is_trusted):
            return value
    return None


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(values: Mapping[str, object], key: str) -> str | None:
    value = values.get(key)
    return value if isinstance(value, str) and value else None
