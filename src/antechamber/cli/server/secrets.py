"""`ante secrets`: what is stored sealed, under which key."""

import sys
from pathlib import Path

import click

from antechamber.cli.groups import Group
from antechamber.cli.server.options import config_option, data_option, failures_told, json_option, print_json
from antechamber.wiring.operations import read_settings
from antechamber.wiring.operations import reseal as reseal_all


@click.group("secrets", cls=Group)
def command() -> None:
    """Change the key that stored secrets are sealed under."""


@command.command("reseal")
@click.option("--dry-run", is_flag=True, help="Change nothing, open every secret and count.")
@data_option
@config_option
@json_option
def reseal(config: Path | None, *, dry_run: bool, as_json: bool, data: Path | None) -> None:
    """Seal every stored secret anew under the newest master key; older ones open nothing afterwards.

    The newest is the first of ANTE_SERVER_MASTER_KEY or the first line of DATA/secrets/master_keys, with those before
    it behind it. Works beside a running server and may be stopped and run again. Nothing changes while one secret
    cannot be opened.
    """
    with failures_told():
        found = reseal_all(read_settings(config, {"data": data}), _tell, dry_run=dry_run)
    if as_json:
        print_json(found)
        return
    verb = "would be sealed anew" if dry_run else "sealed anew"
    for name, each in found["columns"].items():
        click.echo(f"{name}: {each['resealed']} of {each['secrets']} {verb}")


def _tell(seen: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{seen} of {total} secrets", nl=seen == total, err=True)
