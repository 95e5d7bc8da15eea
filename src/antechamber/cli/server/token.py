"""`ante token`: what opens the server for its operator."""

import click

from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.cli.durations import Duration
from antechamber.cli.groups import Group
from antechamber.cli.server.options import do, operator_options, print_json


@click.group("token", cls=Group)
def command() -> None:
    """Mint access tokens as the server's operator."""


@command.command("mint")
@click.option("--scope", required=True, help="What the token may do, as org:admin; several in quotes.")
@click.option("--user", "email", metavar="EMAIL", help="A member, whose role limits the token; else it is nobody's.")
@click.option(
    "--ttl", "ttl_seconds", default="1h", type=Duration(), metavar="TIME", help="How long it opens: 30m, 1h, 1d."
)
@operator_options
def mint(scope: str, email: str | None, ttl_seconds: int, *, as_json: bool, **place: object) -> None:
    """Print a token, once. It goes to stdout alone, so that a script can take it."""
    minted = do("token.mint", place, scope=scope, ttl_seconds=ttl_seconds, email=email)
    expires = to_rfc3339(minted["expires_at"] // MICROSECONDS * MICROSECONDS)
    if as_json:
        print_json({**minted, "expires_at": expires, "token_type": "Bearer"})
        return
    click.echo(minted["access_token"])
    click.echo(f"scope {minted['scope']}, until {expires}; send it as Authorization: Bearer", err=True)
