"""`ante auth status`: which credential, server and workspace are in force, and why; local unless told to verify."""

from typing import TYPE_CHECKING

import click

from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.cli.auth.standing import Standing, find_standing
from antechamber.cli.auth.status_text import ADMIN_KEY, coloured, shown, write_status
from antechamber.cli.exits import Exit
from antechamber.cli.groups import Command
from antechamber.cli.output import Printer
from antechamber.cli.settings import Invocation, json_option
from antechamber.client.sources import Source

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command("status", cls=Command)
@click.option("--verify", is_flag=True, help="Ask the server whether it accepts the credential; sets the exit code.")
@click.option("--exit-code", is_flag=True, help="End with 3 if there is no credential that could work.")
@json_option
@click.pass_obj
def command(invocation: Invocation, *, verify: bool, exit_code: bool) -> int:
    """Show which credential and workspace are in force, and why.

    Looks at flags, variables and files, and asks nobody: without --verify or --exit-code the command always succeeds.
    Rows marked `(active) *` are in force; those below them are shadowed.
    """
    world = invocation.world
    standing = find_standing(invocation.settings, world)
    printer = Printer(world, invocation.settings)
    verdict: Mapping[str, object] | None = None
    code = Exit.OK
    if verify:
        from antechamber.cli.auth.verifying import verify as ask_server  # noqa: PLC0415 - brings the network's code

        verdict, code = ask_server(standing.access, invocation)
    if printer.format == "auto" and invocation.settings.transform is None:
        width = world.width() if world.stdout.isatty() else 1000
        text = write_status(standing, width)
        wanted = world.wants_colour(world.stdout, refused=bool(invocation.settings.no_color))
        printer.text(coloured(text) if wanted else text)
        if verdict is not None:
            printer.text(f"\nVerified\n  {verdict['text']}")
    else:
        value = as_value(standing)
        told = None if verdict is None else {name: verdict[name] for name in verdict if name != "text"}
        printer.value({**value, "verified": told})
    if exit_code and code is Exit.OK and not standing.is_good:
        return Exit.AUTHENTICATION
    return code


def as_value(standing: Standing) -> dict[str, object]:
    """Return the same for programs; secrets are cut."""
    access, profile, active = standing.access, standing.profile, standing.active
    ends = standing.expires_at
    dotenv = standing.environment.dotenv
    return {
        "logged_in": standing.is_good,
        "problem": standing.problem,
        "active": None if active is None else _source(active, is_active=True),
        "sources": [_source(source, is_active=source is active) for source in standing.sources],
        "shadowed": [source.name for source in standing.shadowed],
        "profile": {
            "name": standing.profile_name,
            "source": standing.profile_via,
            "config_path": str(standing.config_file),
            "credentials_path": str(standing.credentials_file),
        },
        "config_dir": str(standing.folder),
        "base_url": {"value": access.base_url.value, "source": access.base_url.source},
        "account_email": profile.account_email if profile else None,
        "organization": {
            "id": profile.token_organization_uuid if profile else None,
            "name": profile.token_organization_name if profile else None,
            "profile_organization_id": profile.organization_id if profile else None,
        },
        "workspace": {
            "id": (profile.token_workspace_id if profile else None) or access.workspace_id,
            "name": profile.token_workspace_name if profile else None,
            "profile_workspace_id": profile.workspace_id if profile else None,
            "drift": standing.drifts,
        },
        "scopes": (profile.token_scope or profile.scope or "").split() if profile else [],
        "expires_at": None if ends is None else to_rfc3339(ends * MICROSECONDS),
        "expires_in": None if ends is None else ends - standing.now,
        "renews": standing.can_renew,
        "dotenv": None
        if dotenv is None
        else {
            "path": str(dotenv.path),
            "is_trusted": dotenv.is_trusted,
            "sets": sorted(standing.environment.filled),
        },
        "administration": ADMIN_KEY if standing.environment.get(ADMIN_KEY) else None,
        "notes": list(access.notes),
    }


def _source(source: Source, *, is_active: bool) -> dict[str, object]:
    return {
        "kind": source.kind,
        "name": source.name,
        "via": source.via,
        "file": None if source.file is None else str(source.file),
        "type": source.profile.kind if source.profile else None,
        "secret": shown(source.secret) if source.secret else None,
        "is_active": is_active,
        "problem": source.problem,
    }
