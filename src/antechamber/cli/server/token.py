"""`ante token`: what opens the server for its operator."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.cli.server.options import (
    config_option,
    data_option,
    fail,
    json_option,
    print_json,
    read_settings,
    run_async,
)
from antechamber.database.schema import UnknownSchemaError
from antechamber.settings import Loaded
from antechamber.wiring.data_folder import DataFolder, DataFolderError
from antechamber.wiring.operator import ask_operator
from antechamber.wiring.storage import open_storage

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@click.group("token")
def command() -> None:
    """Mint access tokens as the server's operator."""


def _seconds(_context: click.Context, _parameter: click.Parameter, text: str) -> int:
    found = re.fullmatch(r"(\d{1,6})([smhd]?)", text)
    if not found:
        message = "write a number and a unit, as 30m, 1h or 1d"
        raise click.BadParameter(message)
    return int(found[1]) * _UNITS[found[2] or "s"]


@command.command("mint")
@click.option("--scope", required=True, help="What the token may do: org:admin.")
@click.option("--ttl", "ttl_seconds", default="1h", callback=_seconds, help="How long it opens: 30m, 1h, 1d.")
@click.option("--organization-id", help="Which organization, when the server has several.")
@data_option
@config_option
@json_option
def mint(
    scope: str,
    ttl_seconds: int,
    organization_id: str | None,
    config: Path | None,
    *,
    as_json: bool,
    data: Path | None,
) -> None:
    """Print a token, once. It goes to stdout alone, so that a script can take it."""
    loaded = read_settings(config, data=data)
    try:
        minted = run_async(_mint(loaded, scope, ttl_seconds, organization_id))
    except (DataFolderError, UnknownSchemaError) as error:
        fail(str(error))
    expires = to_rfc3339(minted["expires_at"] // MICROSECONDS * MICROSECONDS)
    if as_json:
        print_json({**minted, "expires_at": expires, "token_type": "Bearer"})
        return
    click.echo(minted["access_token"])
    click.echo(f"scope {scope}, until {expires}; send it as Authorization: Bearer", err=True)


async def _mint(loaded: Loaded, scope: str, ttl_seconds: int, organization_id: str | None) -> Mapping[str, Any]:
    socket = DataFolder(loaded.settings.data).operator_socket
    try:
        answer = await ask_operator(
            socket, "token.mint", scope=scope, ttl_seconds=ttl_seconds, organization_id=organization_id
        )
    except OSError:
        return await _mint_beside(loaded, scope, ttl_seconds, organization_id)
    if "error" in answer:
        fail(answer["error"])
    minted: Mapping[str, Any] = answer["result"]
    return minted


async def _mint_beside(loaded: Loaded, scope: str, ttl_seconds: int, organization_id: str | None) -> Mapping[str, Any]:
    """Mint while no server runs: whoever can open the data folder is the operator."""
    storage = open_storage(loaded.settings)
    try:
        await storage.prepare()
        organization = await storage.sole_organization(organization_id)
        token, secret = await storage.tokens.mint(organization, scope, ttl_seconds)
    finally:
        await storage.database.close()
    return {
        "access_token": secret.reveal(),
        "expires_at": token.expires_at,
        "scope": token.scope,
        "organization_id": organization,
    }
