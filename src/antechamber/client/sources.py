"""Every place that a credential may come from, in the order in which they win."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from antechamber.base.secret import Secret
from antechamber.client.environment import Environment
from antechamber.client.failures import CredentialUnusable
from antechamber.client.federation import Federation, Partial, of_profile, of_variables
from antechamber.client.profiles import OIDC_FEDERATION, Profile, active_name, config_folder, read_profile

API_KEY: Final = "api_key"
AUTH_TOKEN: Final = "auth_token"  # noqa: S105 - a kind, no secret
PROFILE: Final = "profile"
FEDERATION: Final = "federation"
OPENAI: Final = "openai"
LoadProfile: TypeAlias = Callable[[Environment, str | None], Profile | None]


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller said outright, which wins over variables and files."""

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    auth_token: str | None = field(default=None, repr=False)
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A place that holds a credential, or would if it were whole.

    `kind` is `api_key`, `auth_token`, `profile`, `federation` or `openai`; `name` is the flag, variable or profile;
    `via` says how a profile was chosen; `file` is the .env file that a variable stands in. `problem` says why it cannot
    be used, and `secret` is None where a token is only asked for when it is needed.
    """

    kind: str
    name: str
    secret: Secret | None = None
    via: str | None = None
    file: Path | None = None
    profile: Profile | None = None
    federation: Federation | None = None
    problem: str | None = None
    is_fatal: bool = False

    @property
    def is_usable(self) -> bool:
        """True if it holds what is needed to call."""
        return self.problem is None


def list_sources(
    given: Given, environment: Environment, load: LoadProfile | None = None, *, administration: bool = False
) -> Iterator[Source]:
    """Yield every source that is there, the winning order first to last.

    One with a `problem` is passed over, unless `is_fatal`: it was asked for, or is what a person would expect in use.
    """
    yield from _flag("--api-key", API_KEY, given.api_key)
    yield from _flag("--auth-token", AUTH_TOKEN, given.auth_token)
    if administration:
        yield from _variable(environment, "ANTHROPIC_ADMIN_KEY", API_KEY)
    yield from _variable(environment, "ANTHROPIC_API_KEY", API_KEY)
    yield from _variable(environment, "ANTHROPIC_AUTH_TOKEN", AUTH_TOKEN)
    found = _profile(given, environment, load)
    is_chosen = bool(given.profile or environment.get("ANTHROPIC_PROFILE"))
    if found is not None and is_chosen:
        yield found
    variables = _federation(environment, found)
    if variables is not None:
        yield variables
    if found is not None and not is_chosen:
        yield found
    if not administration:
        yield from _variable(environment, "OPENAI_API_KEY", OPENAI)


def _flag(name: str, kind: str, value: str | None) -> Iterator[Source]:
    if value:
        yield Source(kind, name, Secret(value))


def _variable(environment: Environment, name: str, kind: str) -> Iterator[Source]:
    value = environment.get(name)
    if value:
        file = environment.file_of(name)
        yield Source(kind, name, Secret(value), file=file.path if file else None)


def _profile(given: Given, environment: Environment, load: LoadProfile | None) -> Source | None:
    name, via = active_name(environment, given.profile)
    label = f"profile {name}"
    try:
        profile = (load or _load)(environment, given.profile)
    except CredentialUnusable as error:
        return Source(PROFILE, label, via=via, problem=str(error), is_fatal=True)
    if profile is None:
        if via == "default":
            return None
        return Source(PROFILE, label, via=via, problem=_missing(environment, name, via), is_fatal=True)
    if profile.kind == OIDC_FEDERATION:
        return _federation_profile(profile, environment, label, via)
    if profile.access_token is None and not profile.credential_process:
        problem = f"profile {name!r} is not logged in: ante auth login --profile {name}"
        is_chosen = via in {"--profile", "ANTHROPIC_PROFILE"}
        return Source(PROFILE, label, via=via, profile=profile, problem=problem, is_fatal=is_chosen)
    return Source(PROFILE, label, profile.access_token, via=via, profile=profile)


def _load(environment: Environment, chosen: str | None) -> Profile | None:
    name, via = active_name(environment, chosen)
    return read_profile(config_folder(environment), name, via)


def _missing(environment: Environment, name: str, via: str) -> str:
    folder = config_folder(environment)
    return f"profile {name!r} (from {via}) does not exist in {folder}; `ante profile list` shows those that do"


def _federation_profile(profile: Profile, environment: Environment, label: str, via: str) -> Source:
    try:
        found = of_profile(profile, environment)
    except CredentialUnusable as error:
        return Source(PROFILE, label, via=via, profile=profile, problem=str(error), is_fatal=True)
    if isinstance(found, Partial):
        problem = f"{profile.config_path} lacks {', '.join(found.missing)}"
        return Source(PROFILE, label, via=via, profile=profile, problem=problem, is_fatal=True)
    return Source(PROFILE, label, profile.access_token, via=via, profile=profile, federation=found)


def _federation(environment: Environment, profile: Source | None) -> Source | None:
    found = of_variables(environment)
    if found is None:
        return None
    if isinstance(found, Federation):
        return Source(FEDERATION, "federation variables", federation=found)
    completes = profile is not None and profile.profile is not None and profile.profile.kind == OIDC_FEDERATION
    problem = f"federation variables are set in part: {', '.join(found.missing)} not"
    # A federation profile may leave its identity token to the variable.
    return Source(FEDERATION, "federation variables", problem=problem, is_fatal=not completes)
