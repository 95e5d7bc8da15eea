"""`ante token`: what opens the server for its operator."""

from pathlib import Path

import click

from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.cli.durations import Duration
from antechamber.cli.groups import Group
from antechamber.cli.server.options import config_option, data_option, failures_told, json_option, print_json
from antechamber.wiring.operations import administer, read_settings


@click.group("token", cls=Group)
def command() -> None:
    """Mint access tokens as the server's operator."""


@command.command("mint")
@click.option("--scope", required=True, help="What the token may do, as org:admin; several in quotes.")
@click.option("--user", "email", metavar="EMAIL", help="A member, whose role limits the token; else it is nobody's.")
@click.option(
    "--ttl", "ttl_seconds", default="1h", type=Duration(), metavar="TIME", help="How long it opens: 30m, 1h, 1d."
)
@click.option("--organization-id", help="Which organization, when the server has several.")
@data_option
@config_option
@json_option
def mint(
    scope: str,
    email: str | None,
    ttl_seconds: int,
    organization_id: str | None,
    config: Path | None,
    *,
    as_json: bool,
    data: Path | None,
) -> None:
    """Print a token, once. It goes to stdout alone, so that a script can take it."""
    with failures_told():
        minted = administer(
            read_settings(config, {"data": data}),
            "token.mint",
            scope=scope,
            ttl_seconds=ttl_seconds,
            organization_id=organization_id,
            email=email,
        )
    expires = to_rfc3339(minted["expires_at"] // MICROSECONDS * MICROSECONDS)
    if as_json:
        print_json({**minted, "expires_at": expires, "token_type": "Bearer"})
        return
    click.echo(minted["access_token"])
    click.echo(f"scope {minted['scope']}, until {expires}; send it as Authorization: Bearer", err=True)
