"""`ante serve`: run the server."""

import asyncio
import dataclasses
import sys
from pathlib import Path

import click

from antechamber import __version__
from antechamber.base.errors import WireError
from antechamber.cli.server.options import EXIT_USAGE, config_option, data_option, fail, read_settings
from antechamber.database.schema import UnknownSchemaError
from antechamber.features.gateway.service.catalogue import CatalogueError
from antechamber.http.log import configure_logs
from antechamber.settings import Loaded
from antechamber.wiring.application import Application
from antechamber.wiring.data_folder import DataFolderError
from antechamber.wiring.first_run import Founded
from antechamber.wiring.serving import ListenError, Serving, claim_port
from antechamber.wiring.storage import Storage, open_storage


@click.command("serve")
@data_option
@config_option
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.  [default: 8787]")
@click.option("--public-url", help="How callers reach this server.")
@click.option("--tls-cert", type=click.Path(dir_okay=False, path_type=Path), help="PEM certificate chain.")
@click.option("--tls-key", type=click.Path(dir_okay=False, path_type=Path), help="PEM private key.")
@click.option("--workers", type=int, help="Server processes; more than one needs PostgreSQL and shared counters.")
@click.option("--demo", is_flag=True, help="At first start make an API key too, and print what to try.")
@click.option("--new-key", is_flag=True, help="Make and print one more API key of the Default workspace.")
def command(config: Path | None, *, demo: bool, new_key: bool, **flags: object) -> None:
    """Run the server.

    On an empty database it makes an organization, its Default workspace and a one-time set-up link for the first
    admin. SIGTERM stops it after open requests have ended; SIGHUP reads providers and aliases anew.
    """
    loaded = read_settings(config, **flags)
    configure_logs(loaded.settings.log_level)
    try:
        port = claim_port(loaded.settings.host, loaded.settings.port)
        loaded = dataclasses.replace(loaded, settings=dataclasses.replace(loaded.settings, port=port))
        _install_uvloop()
        asyncio.run(_serve(loaded, demo=demo, new_key=new_key))
    except (CatalogueError, ListenError) as error:
        fail(str(error), EXIT_USAGE)
    except (DataFolderError, UnknownSchemaError) as error:
        fail(str(error))
    except WireError as error:
        fail(f"{error.message} {error.note}".strip())
    except KeyboardInterrupt:
        sys.exit(130)


def _install_uvloop() -> None:
    import uvloop  # noqa: PLC0415 - Linux only, and only here

    uvloop.install()


async def _serve(loaded: Loaded, *, demo: bool, new_key: bool) -> None:
    storage = open_storage(loaded.settings)
    storage.folder.lock()
    await storage.prepare()
    founded = None
    if await storage.founder.is_empty():
        founded = await storage.founder.found("My Organization", None, admin_key=demo, api_key=demo)
    key = None
    if new_key and founded is None:
        key = (await storage.founder.another_api_key(await storage.sole_organization(None), "From --new-key")).reveal()
    hint = await _key_hint(storage)

    def announce(application: Application) -> None:
        click.echo(_banner(application, founded, key, hint), err=True)

    await Serving(loaded, storage, announce).run()


async def _key_hint(storage: Storage) -> str | None:
    for organization in await storage.organizations.everyone():
        keys = await storage.keys.api_keys(organization.id)
        if keys:
            return keys[-1].hint
    return None


def _banner(application: Application, founded: Founded | None, key: str | None, hint: str | None) -> str:
    settings = application.settings
    url = settings.base_url()
    models = [name for provider in application.gateway.catalogue.providers for name in provider.models]
    lines = ["", f"  Antechamber {__version__} is up", "", f"  Console   {url}/", f"  Data      {settings.data}"]
    lines.append(f"  Models    {', '.join(models[:4]) or 'none: write [[providers]] into a file and give --config'}")
    if founded is not None:
        lines += ["", "  Set-up link for the first admin, good once and for seven days:"]
        lines.append(f"  {url}/setup?token={founded.setup_secret.reveal()}")
    if founded is not None and founded.api_key is not None:
        key = founded.api_key.reveal()
        lines += ["", "  The first API key and admin key, shown this once:", f"  API key    {key}"]
        if founded.admin_key is not None:
            lines.append(f"  Admin key  {founded.admin_key.reveal()}")
    elif key is not None:
        lines += ["", "  A new API key, shown this once:", f"  API key    {key}"]
    elif hint is not None:
        lines += ["", f"  The API key {hint} was shown when it was made; for another add --new-key."]
    lines += ["", "  Try:", *_tries(url, key or "$ANTHROPIC_API_KEY"), ""]
    return "\n".join(lines)


def _tries(url: str, key: str) -> list[str]:
    insecure = " -k" if url.startswith("https://localhost") else ""
    return [
        f"  export ANTHROPIC_BASE_URL={url} ANTHROPIC_API_KEY={key}",
        '  ante messages create --model sim-1 --max-tokens 200 --prompt "Hello"',
        f'  curl{insecure} $ANTHROPIC_BASE_URL/v1/models -H "Authorization: Bearer $ANTHROPIC_API_KEY"',
    ]
