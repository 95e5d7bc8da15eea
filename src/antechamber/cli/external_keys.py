"""`ante external-keys`: customers' keys in their own key management services."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import click

from antechamber.cli.exits import Exit
from antechamber.cli.groups import Group
from antechamber.cli.output import Printer
from antechamber.cli.paths import segment
from antechamber.cli.resources import (
    ORGANIZATION,
    Column,
    add_retrieve,
    ask,
    call,
    confirm,
    given,
    moment,
    need,
    show_list,
    yes_option,
)
from antechamber.cli.settings import Invocation

Decorated = TypeVar("Decorated", bound=Callable[..., object])

_PATH: Final = f"{ORGANIZATION}/external_keys"
# the flags of each cloud, by their fields; the first of them says that it is this cloud
_CLOUDS: Final[Mapping[str, Mapping[str, str]]] = {
    "aws": {"kms_arn": "kms_arn"},
    "gcp": {"crypto_key": "key_name"},
    "azure": {
        "vault_uri": "vault_uri",
        "vault_key": "key_name",
        "tenant_id": "tenant_id",
        "client_id": "client_id",
    },
}
_FLAGS: Final = "--kms-arn, --crypto-key or --vault-uri with --vault-key and --tenant-id"


def _field(name: str, field: str) -> Callable[[Mapping[str, object]], object]:
    """Return a column that shows a field of an object in an entry."""

    def show(entry: Mapping[str, object]) -> object:
        inner = entry.get(name)
        return inner.get(field) if isinstance(inner, Mapping) else None

    return show


_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("name", "display_name"),
    ("cloud", _field("provider_config", "type")),
    ("used", _field("attachment", "type")),
    ("created", moment("created_at")),
)


@click.group(cls=Group)
def command() -> None:
    """Make, change and try the keys that customers keep themselves."""


def _key_options(function: Decorated) -> Decorated:
    for option in (
        click.option("--client-id", metavar="UUID", help="Azure: the application, if it is not the platform's."),
        click.option("--tenant-id", metavar="UUID", help="Azure: the directory."),
        click.option("--vault-key", metavar="NAME", help="Azure: the key's name in the vault."),
        click.option("--vault-uri", metavar="URL", help="Azure: the vault or managed HSM."),
        click.option("--crypto-key", metavar="NAME", help="Google Cloud: the key's full resource name."),
        click.option("--kms-arn", metavar="ARN", help="AWS: the key's full ARN."),
        click.option("--display-name", metavar="NAME", help="What people call it."),
    ):
        function = option(function)
    return function


def _body(display_name: object, flags: Mapping[str, object]) -> dict[str, object]:
    """Return what was said of a key; UsageError for flags of two clouds."""
    named = [cloud for cloud, fields in _CLOUDS.items() if any(flags.get(flag) is not None for flag in fields)]
    if len(named) > 1:
        message = f"name one key: {_FLAGS}"
        raise click.UsageError(message)
    body = given(display_name=display_name)
    for cloud in named:
        fields = {field: flags.get(flag) for flag, field in _CLOUDS[cloud].items()}
        body["provider_config"] = {"type": cloud, **given(**fields)}
    return body


@command.command("create")
@_key_options
@click.pass_obj
def create(invocation: Invocation, /, display_name: str | None, **flags: object) -> None:
    """Make an external key of AWS KMS, Google Cloud KMS or Azure Key Vault."""
    body = _body(display_name, flags)
    if "provider_config" not in body:
        message = f"name the key: {_FLAGS}"
        raise click.UsageError(message)
    call(invocation, "POST", _PATH, body)


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), help="Entries a page.")
@click.pass_obj
def list_keys(invocation: Invocation, limit: int | None) -> None:
    """List external keys, newest first."""
    show_list(invocation, _PATH, _COLUMNS, [("limit", limit)])


add_retrieve(command, _PATH, "external_key_id", "Show one external key.")


@command.command("update")
@click.argument("external_key_id")
@_key_options
@click.pass_obj
def update(invocation: Invocation, /, external_key_id: str, display_name: str | None, **flags: object) -> None:
    """Rename an external key, or reconfigure one that no workspace is tied to."""
    body = need(_body(display_name, flags), f"--display-name, {_FLAGS}")
    call(invocation, "POST", f"{_PATH}/{segment(external_key_id)}", body)


@command.command("validate")
@click.argument("external_key_id")
@click.pass_obj
def validate(invocation: Invocation, external_key_id: str) -> None:
    """Try an external key; exit code 1 if it does not work."""
    verdict = ask(invocation, "POST", f"{_PATH}/{segment(external_key_id)}/validate")
    printer = Printer(invocation.world, invocation.settings)
    if printer.is_for_humans:
        printer.text("the key works" if verdict.get("status") == "success" else f"failure: {verdict.get('error')}")
    else:
        printer.value(verdict)
    if verdict.get("status") != "success":
        raise click.exceptions.Exit(Exit.UNEXPECTED)


@command.command("delete")
@click.argument("external_key_id")
@yes_option
@click.pass_obj
def delete(invocation: Invocation, external_key_id: str, *, yes: bool) -> None:
    """Delete an external key that no workspace is tied to."""
    confirm(invocation, f"Delete the external key {external_key_id}?", yes=yes)
    call(invocation, "DELETE", f"{_PATH}/{segment(external_key_id)}")
