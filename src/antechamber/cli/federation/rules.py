"""`ante federation rules`: whose assertions stand for which service account, where and for what."""

from collections.abc import Mapping
from typing import Final

import click

from antechamber.cli.bearer import add_archive, add_get, call, file_option, list_options, named, read_body, show_list
from antechamber.cli.durations import Duration
from antechamber.cli.groups import Group
from antechamber.cli.paths import segment
from antechamber.cli.resources import ORGANIZATION, Column, Decorated, confirm, moment, need, yes_option
from antechamber.cli.settings import Invocation

_PATH: Final = f"{ORGANIZATION}/federation_rules"


def _target(entry: Mapping[str, object]) -> object:
    target = entry.get("target")
    return target.get("service_account_name") if isinstance(target, Mapping) else None


def _subject(entry: Mapping[str, object]) -> object:
    match = entry.get("match")
    return match.get("subject_prefix") if isinstance(match, Mapping) else None


def _scope(entry: Mapping[str, object]) -> object:
    return str(entry.get("oauth_scope") or "").replace("workspace:", "")


_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("name", named),
    ("issuer", "issuer_name"),
    ("subject", _subject),
    ("account", _target),
    ("scope", _scope),
)
_PLACES: Final[tuple[Column, ...]] = (
    ("workspace", "workspace_id"),
    ("name", "workspace_name"),
    ("enabled", moment("created_at")),
)


@click.group(cls=Group)
def rules() -> None:
    """Make, change and archive rules; find out with `ante federation history` why one did not match."""


@rules.group("workspaces", cls=Group)
def workspaces() -> None:
    """See and change the workspaces that a rule is enabled for."""


def _claims(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, str] | None:
    claims: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            message = "write name=value"
            raise click.BadParameter(message)
        claims[name] = value
    return claims or None


def _rule_options(command: Decorated) -> Decorated:
    for option in reversed((
        click.option("--subject", metavar="TEXT", help="The assertion's `sub`; its beginning, if this ends in *."),
        click.option("--audience", metavar="TEXT", help="One of its `aud`; without it, this server's own address."),
        click.option(
            "--claim", "claims", multiple=True, callback=_claims, metavar="NAME=VALUE",
            help="A claim that it must have; may be repeated.",
        ),
        click.option("--condition", metavar="CEL", help="What must hold of its `claims`."),
        click.option("--service-account-id", metavar="ID", help="Whom it stands for."),
        click.option("--scope", "oauth_scope", metavar="SCOPES", help="What its tokens may do."),
        click.option("--workspace-id", metavar="ID", help="Where it is enabled; more with `rules workspaces add`."),
        click.option(
            "--all-workspaces/--no-all-workspaces", "applies_to_all_workspaces", default=None,
            help="Enabled everywhere, in workspaces to come too.",
        ),
        click.option(
            "--token-lifetime", "token_lifetime_seconds", type=Duration(), metavar="TIME",
            help="How long its tokens live, 1m to 1d.  [default: 1h]",
        ),
        click.option("--description", metavar="TEXT", help="What it is for."),
        file_option,
    )):  # fmt: skip
        command = option(command)
    return command


@rules.command("create")
@click.argument("name", required=False)
@click.option("--issuer-id", metavar="ID", help="Whose assertions it takes.")
@_rule_options
@click.pass_obj
def create(invocation: Invocation, /, **fields: object) -> None:
    """Make a rule. Its tokens may do workspace:developer unless --scope says otherwise."""
    body = {"oauth_scope": "workspace:developer", **_body(invocation, fields)}
    call(invocation, "POST", _PATH, body)


@rules.command("list")
@click.option("--issuer-id", metavar="ID", help="Only rules of this issuer.")
@list_options
@click.pass_obj
def list_rules(invocation: Invocation, /, **query: object) -> None:
    """List rules, newest first."""
    show_list(invocation, _PATH, _COLUMNS, list(query.items()))


add_get(rules, _PATH, "federation_rule_id", "Show one rule.")


@rules.command("update")
@click.argument("federation_rule_id")
@click.option("--name", help="The new name.")
@_rule_options
@click.pass_obj
def update(invocation: Invocation, /, federation_rule_id: str, **fields: object) -> None:
    """Change a rule; what it matches (subject, audience, claims, condition) is replaced whole. Its issuer stays."""
    body = need(_body(invocation, fields), "--name, --subject, --scope, --workspace-id …, or --file")
    call(invocation, "POST", f"{_PATH}/{segment(federation_rule_id)}", body)


add_archive(rules, _PATH, "federation_rule_id", "it gives no more tokens; those that it gave live on")


@workspaces.command("list")
@click.argument("federation_rule_id")
@click.pass_obj
def list_workspaces(invocation: Invocation, federation_rule_id: str) -> None:
    """List the workspaces that a rule is enabled for by name."""
    show_list(invocation, f"{_PATH}/{segment(federation_rule_id)}/workspaces", _PLACES)


@workspaces.command("add")
@click.argument("federation_rule_id")
@click.argument("workspace_id")
@click.pass_obj
def add(invocation: Invocation, federation_rule_id: str, workspace_id: str) -> None:
    """Enable a rule for a workspace; its service account must be a member there."""
    call(invocation, "POST", f"{_PATH}/{segment(federation_rule_id)}/workspaces", {"workspace_id": workspace_id})


@workspaces.command("remove")
@click.argument("federation_rule_id")
@click.argument("workspace_id")
@yes_option
@click.pass_obj
def remove(invocation: Invocation, federation_rule_id: str, workspace_id: str, *, yes: bool) -> None:
    """Take a workspace from a rule."""
    confirm(invocation, f"Take {workspace_id} from {federation_rule_id}?", yes=yes)
    call(invocation, "DELETE", f"{_PATH}/{segment(federation_rule_id)}/workspaces/{segment(workspace_id)}")


_MATCH: Final = {"subject": "subject_prefix", "audience": "audience", "claims": "claims", "condition": "condition"}
_PLAIN: Final = (
    "name", "issuer_id", "oauth_scope", "workspace_id", "applies_to_all_workspaces", "token_lifetime_seconds",
    "description",
)  # fmt: skip


def _body(invocation: Invocation, fields: Mapping[str, object]) -> dict[str, object]:
    """Return the body of a file and of flags."""
    file = fields["file"]
    body = read_body(invocation, file if isinstance(file, str) else None)
    body.update({name: fields[name] for name in _PLAIN if fields.get(name) is not None})
    match = {wire: fields[flag] for flag, wire in _MATCH.items() if fields[flag] is not None}
    if match:
        body["match"] = match
    if fields["service_account_id"] is not None:
        body["target"] = {"type": "service_account", "service_account_id": fields["service_account_id"]}
    return body
