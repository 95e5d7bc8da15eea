"""The flags that every command takes, before its name or after."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import click

from antechamber.client.credentials import Given

if TYPE_CHECKING:
    from antechamber.cli.world import World

FORMATS: Final = ("auto", "json", "jsonl", "yaml", "pretty", "raw")


@dataclass(frozen=True, slots=True)
class Settings:
    """The flags as given; None where not."""

    base_url: str | None = None
    api_key: str | None = None
    auth_token: str | None = None
    profile: str | None = None
    format: str | None = None
    format_error: str | None = None
    transform: str | None = None
    transform_error: str | None = None
    raw_output: bool | None = None
    debug: bool | None = None
    max_items: int | None = None
    timeout: float | None = None
    no_color: bool | None = None

    def given(self) -> Given:
        """Return what bears on access."""
        return Given(self.base_url, self.api_key, self.auth_token, self.profile)


def _option(flag: str, text: str, **how: object) -> click.Option:
    names = flag.split()
    return click.Option(names, help=text, expose_value=False, callback=_remember, **how)  # type: ignore[arg-type]


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    # Given twice, the flag nearest to the command's end wins; click sees the outer ones first.
    if value is not None and context.obj is not None and parameter.name is not None:
        context.obj.remember(parameter.name, value)


def _profile_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from antechamber.client.store import ProfileStore  # noqa: PLC0415 - only while a shell completes

    del parameter
    names = ProfileStore(context.obj.world.environment).names()
    return [name for name in names if name.startswith(incomplete)]


def global_options() -> list[click.Option]:
    """Return the options, anew for each command, in the order of the help."""
    return [
        _option("--base-url", "Server to talk to.", metavar="URL"),
        _option("--api-key", "API key to use.", metavar="KEY"),
        _option("--auth-token", "Bearer token to use.", metavar="TOKEN"),
        _option("--profile", "Profile to use.", metavar="NAME", shell_complete=_profile_names),
        _option("--format", "How results are written.", type=click.Choice(FORMATS)),
        _option("--format-error", "Also write the error's body, like this.", type=click.Choice(FORMATS)),
        _option("--transform", "Show only what this path leads to (`ante help transform`).", metavar="PATH"),
        _option("--transform-error", "The same for error bodies.", metavar="PATH"),
        _option("--raw-output -r", "Write strings without quotes.", is_flag=True, default=None),
        _option("--debug", "Write requests and answers to stderr, secrets masked.", is_flag=True, default=None),
        _option("--max-items", "At most so many entries of a list.", type=click.IntRange(min=0), metavar="N"),
        _option("--timeout", "Longest silence of the server.", type=click.FloatRange(min=0.001), metavar="SECONDS"),
        _option("--no-color", "No colours.", is_flag=True, default=None),
    ]


def _as_json(context: click.Context, parameter: click.Parameter, value: object) -> None:
    del parameter
    if value and context.obj is not None:
        context.obj.remember("format", "json")


json_option: Final = click.option(
    "--json", "as_json", is_flag=True, expose_value=False, callback=_as_json, help="The same as --format json."
)

GLOBAL_NAMES: Final = frozenset(field.name for field in fields(Settings))


class Invocation:
    """One run of the command: the world, and the global flags seen so far."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self._seen: dict[str, object] = {}

    def remember(self, name: str, value: object) -> None:
        """Keep a global flag."""
        self._seen[name] = value

    @property
    def settings(self) -> Settings:
        """The global flags."""
        return Settings(**self._seen)  # type: ignore[arg-type]
