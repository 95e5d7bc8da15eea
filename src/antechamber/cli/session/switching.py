"""`/auth`: another way of authenticating, without leaving the session."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from antechamber.cli.auth.logging_in import LoginOptions, describe, log_in, warnings
from antechamber.cli.auth.targets import Wishes
from antechamber.cli.session.backends import Backend
from antechamber.cli.session.terminal import Terminal
from antechamber.cli.settings import Settings
from antechamber.cli.world import World
from antechamber.client.credentials import DEFAULT_BASE_URL, OPENAI_BASE_URL, Access, Found, Given, find_access
from antechamber.client.environment import Environment
from antechamber.client.sources import OPENAI
from antechamber.client.store import ProfileStore

_CHOICES: Final = (
    "Log in to a server with the browser",
    "Log in to a server with a one-time code on another device",
    "An API key",
    "An OpenAI-compatible provider",
    "A profile that is on this machine",
)
# what would win over what a person picks here
_CREDENTIALS: Final = frozenset(
    {
        "ANTHROPIC_ADMIN_KEY",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_FEDERATION_RULE_ID",
        "ANTHROPIC_IDENTITY_TOKEN",
        "ANTHROPIC_IDENTITY_TOKEN_FILE",
        "ANTHROPIC_PROFILE",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "OPENAI_MODEL",
    }
)
_SERVERS: Final = frozenset({"ANTE_BASE_URL", "ANTHROPIC_BASE_URL"})


@dataclass(frozen=True, slots=True)
class Switchboard:
    """Leads a person to an access; `backend` makes what answers for one."""

    world: World
    settings: Settings
    terminal: Terminal
    backend: Callable[[Access], Backend]

    def pick(self, current: Access) -> Access | None:
        """Ask which way, and go it; None if the person leaves it. CredentialUnusable, ServerUnreachable."""
        picked = self.terminal.choose("How do you want to authenticate?", _CHOICES)
        if picked is None:
            return None
        ways = (self._browser, self._device, self._key, self._provider, self._profile)
        return ways[picked](current)

    def _browser(self, current: Access) -> Access | None:
        return self._log_in(current, device=False)

    def _device(self, current: Access) -> Access | None:
        return self._log_in(current, device=True)

    def _log_in(self, current: Access, *, device: bool) -> Access:
        base_url = self.terminal.ask("Server", _server(current))
        name = self.terminal.ask("Profile to keep it in", self._free_name(base_url))
        options = LoginOptions(Wishes(base_url=base_url, profile=name), device=device)
        with self.terminal.lent():
            outcome = log_in(options, self.world, self.settings, self.terminal.say, self.terminal.confirm)
        for line in describe(outcome):
            self.terminal.say(line)
        environment = self._without(_CREDENTIALS | _SERVERS)
        for line in warnings(outcome, environment, ProfileStore(environment)):
            self.terminal.say(f"note: {line}")
        return find_access(Given(profile=outcome.written.name), environment)

    def _free_name(self, base_url: str) -> str:
        """Return the active profile's name if it is for that server or not there, else one made of the server's."""
        store = ProfileStore(self.world.environment)
        name, _ = store.active(self.settings.profile)
        known = {each.name: each.base_url for each in store.listing()}
        if name not in known or (known[name] or "").rstrip("/") == base_url.rstrip("/"):
            return name
        host = base_url.partition("://")[2].partition("/")[0].replace(":", "-")
        return "".join(letter for letter in host if letter.isalnum() or letter in "-._") or name

    def _key(self, current: Access) -> Access | None:
        base_url = self.terminal.ask("Server", _server(current))
        key = self.terminal.ask_hidden("API key (not shown)")
        if not key:
            return None
        self.terminal.say("Kept for this session only. To keep it: ANTHROPIC_API_KEY in ~/.ante/.env")
        found = find_access(Given(base_url=base_url, api_key=key), self._without(_CREDENTIALS | _SERVERS))
        return _typed(found)

    def _provider(self, current: Access) -> Access | None:
        known = current.base_url.value if current.kind == OPENAI else None
        get = self.world.environment.get
        base_url = self.terminal.ask("Base URL, with the version", known or get("OPENAI_BASE_URL") or OPENAI_BASE_URL)
        key = self.terminal.ask_hidden("API key (not shown)")
        model = self.terminal.ask("Model (empty: the first it lists)", get("OPENAI_MODEL") or "")
        if not key:
            return None
        self.terminal.say("Kept for this session only. To keep it: OPENAI_API_KEY in ~/.ante/.env")
        chosen = {"OPENAI_API_KEY": key, "OPENAI_BASE_URL": base_url, "OPENAI_MODEL": model}
        return _typed(find_access(Given(), self._alone(chosen)))

    def _profile(self, current: Access) -> Access | None:
        del current
        names = ProfileStore(self.world.environment).names()
        if not names:
            self.terminal.say("There are no profiles yet.")
            return None
        picked = self.terminal.choose("Which profile?", names)
        if picked is None:
            return None
        return find_access(Given(profile=names[picked]), self._without(_CREDENTIALS | _SERVERS))

    def _without(self, names: frozenset[str]) -> Environment:
        environment = self.world.environment
        kept = {name: value for name, value in environment.variables.items() if name not in names}
        return dataclasses.replace(environment, variables=kept, notes=())

    def _alone(self, variables: dict[str, str]) -> Environment:
        """Return an environment in which these decide: no profile is looked for either."""
        bare = self._without(_CREDENTIALS | _SERVERS)
        nowhere = {"ANTHROPIC_CONFIG_DIR": str(bare.home / ".config" / "antechamber" / "no-profiles")}
        return dataclasses.replace(
            bare, variables={**bare.variables, **nowhere, **variables}, dotenv=None, filled=frozenset()
        )


def _typed(access: Access) -> Access:
    """Return an access whose sources are named as the person knows them."""
    if access.credential is None:
        return access
    return dataclasses.replace(
        access,
        base_url=Found(access.base_url.value, "what you typed"),
        credential=Found(access.credential.value, "the key you typed"),
    )


def _server(current: Access) -> str:
    is_platform = current.kind != OPENAI
    return current.base_url.value if is_platform else DEFAULT_BASE_URL
