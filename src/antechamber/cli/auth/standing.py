"""What is in force and what it shadows, found on this machine alone: no network, nothing refreshed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from antechamber.base.clock import MICROSECONDS
from antechamber.cli.settings import Settings
from antechamber.cli.world import World
from antechamber.client.credentials import Access, Found, find_access
from antechamber.client.environment import Environment
from antechamber.client.profiles import Profile, active_name, config_folder, config_path
from antechamber.client.sources import OPENAI, Source

# as the SDKs do: what ends within so many seconds counts as ended (wire-auth.md 2.2)
_LEEWAY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand; `now` in seconds since the epoch, `base_url` the flag's."""

    now: int
    environment: Environment
    profile_name: str
    profile_via: str
    folder: Path
    access: Access
    base_url: str | None

    @property
    def sources(self) -> Sequence[Source]:
        """Everything that holds a credential or should, the winning order first to last."""
        return self.access.sources

    @property
    def active(self) -> Source | None:
        """The source in force."""
        return self.access.active

    @property
    def problem(self) -> str | None:
        """Why there is none, though one was expected."""
        if self.active is not None:
            return None
        return next((source.problem for source in self.sources if source.is_fatal), None)

    @property
    def shadowed(self) -> Sequence[Source]:
        """What holds a credential, too, and loses."""
        return [source for source in self.sources if source is not self.active and source.is_usable]

    @property
    def profile(self) -> Profile | None:
        """The profile in force."""
        return self.active.profile if self.active else None

    @property
    def expires_at(self) -> int | None:
        """When the token in force ends, in seconds since the epoch; None if it does not, or that is not known."""
        profile = self.profile
        return profile.expires_at if profile is not None and profile.access_token is not None else None

    @property
    def can_renew(self) -> bool:
        """True if an expired token is followed by another without a person's doing."""
        profile, source = self.profile, self.active
        renews = profile is not None and (
            bool(profile.refresh_token and profile.client_id) or profile.is_static or bool(profile.credential_process)
        )
        return renews or (source is not None and source.federation is not None)

    @property
    def has_expired(self) -> bool:
        """True if the token in force has ended, or is about to."""
        return self.expires_at is not None and self.expires_at - _LEEWAY_SECONDS <= self.now

    @property
    def is_good(self) -> bool:
        """True if the next call has a credential, as far as this machine knows."""
        return self.active is not None and (not self.has_expired or self.can_renew)

    @property
    def drifts(self) -> bool:
        """True when the profile names another workspace than its token is bound to."""
        profile = self.profile
        wanted, bound = (profile.workspace_id, profile.token_workspace_id) if profile else (None, None)
        return bool(wanted and bound and wanted != bound)

    def urls(self) -> list[Found]:
        """Return every server that is named, the winning order first to last."""
        get, chosen = self.environment.get, self.access.profile
        is_openai = self.active is not None and self.active.kind == OPENAI
        own = ("OPENAI_BASE_URL",) if is_openai else ("ANTE_BASE_URL", "ANTHROPIC_BASE_URL")
        named: list[tuple[str, str | None]] = [("--base-url", self.base_url), *((name, get(name)) for name in own)]
        if chosen is not None and not is_openai:
            named.append((f"profile {chosen.name}", chosen.base_url))
        found = [Found(value, source) for source, value in named if value]
        return found if self.access.base_url.source != "default" else [self.access.base_url, *found]

    @property
    def config_file(self) -> Path:
        """Where the chosen profile's config is, or would be."""
        return config_path(self.folder, self.profile_name)

    @property
    def credentials_file(self) -> Path:
        """Where the chosen profile's credentials are, or would be."""
        chosen = self.access.profile
        return chosen.credentials_path if chosen else self.folder / "credentials" / f"{self.profile_name}.json"


def find_standing(settings: Settings, world: World) -> Standing:
    """Look at flags, variables and files; what cannot be used is told, not raised."""
    given, environment = settings.given(), world.environment
    name, via = active_name(environment, given.profile)
    return Standing(
        now=world.clock.now() // MICROSECONDS,
        environment=environment,
        profile_name=name,
        profile_via=via,
        folder=config_folder(environment),
        access=find_access(given, environment, strict=False),
        base_url=given.base_url,
    )
