"""`ante sandboxes`: what the runtime on the server's machine can do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from antechamber.cli.groups import Group
from antechamber.cli.server.images import images
from antechamber.cli.server.options import config_option, data_option, failures_told, json_option, print_json
from antechamber.wiring.operations import read_settings, sandboxes

_LIMITS: Final = {
    "memory_limit": "memory",
    "cpu_limit": "CPU",
    "pids_limit": "processes",
    "disk_limit": "disk",
}


@click.group("sandboxes", cls=Group)
def command() -> None:
    """See what sandboxes this machine can run, and make the bases they stand on."""


command.add_command(images)


@command.command("capabilities")
@data_option
@config_option
@json_option
def capabilities(config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """Say what the runtime enforces here and what it cannot, by trying; starts nothing that stays."""
    with failures_told():
        told = sandboxes(read_settings(config, {"data": data}))
    if as_json:
        print_json(told)
    elif "problem" in told:
        click.echo(told["problem"])
    else:
        _show(told["capabilities"])


def _show(found: Mapping[str, Any]) -> None:
    who = "as a user" if found["rootless"] else "as root"
    click.echo(f"{found['runtime']} {found['version']}, {who}; isolation: {found['isolation']}")
    held = [name for field, name in _LIMITS.items() if found[field]]
    click.echo(f"limits: {', '.join(held) or 'none'}")
    network = "transparent (every program)" if found["transparent_network"] else "for programs that use a proxy"
    click.echo(f"limited network: {network}")
    click.echo(f"snapshots: {'yes' if found['snapshots'] else 'no'}")
    for missing in found["missing"]:
        click.echo(f"missing: {missing}")
