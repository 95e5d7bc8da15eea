"""`ante serve`: run the server."""

import shutil
import sys
from pathlib import Path

import click

from antechamber import __version__
from antechamber.cli.groups import Command
from antechamber.cli.server.options import config_option, data_option, failures_told
from antechamber.wiring.operations import read_settings
from antechamber.wiring.running import Started, serve

_INTERRUPTED = 130
_SHOWN_MODELS = 4


@click.command("serve", cls=Command)
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
    with failures_told():
        try:
            serve(read_settings(config, flags), demo=demo, new_key=new_key, tell=_tell)
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED)


def _tell(started: Started) -> None:
    models = ", ".join(started.models[:_SHOWN_MODELS])
    lines = ["", f"  Antechamber {__version__} is up", "", f"  Console   {started.base_url}/"]
    lines += [f"  Data      {started.data}"]
    lines += [f"  Models    {models or 'none: write [[providers]] into a file and give --config'}"]
    if started.setup_url is not None:
        lines += ["", "  Set-up link for the first admin, good once and for seven days:", f"  {started.setup_url}"]
    if started.api_key is not None:
        lines += ["", "  Shown this once:", f"  API key    {started.api_key}"]
    if started.admin_key is not None:
        lines += [f"  Admin key  {started.admin_key}"]
    if started.api_key is None and started.key_hint is not None:
        lines += ["", f"  The API key {started.key_hint} was shown when it was made; for another add --new-key."]
    lines += ["", "  Try:", *_tries(started), ""]
    click.echo("\n".join(lines), err=True)


def _own_name() -> str:
    """Return how this command is called from here: by its name if the shell finds it, else by its path."""
    own = Path(sys.argv[0])
    if own.name != "ante" or shutil.which("ante") == str(own):
        return "ante"
    return str(own.relative_to(Path.cwd())) if own.is_relative_to(Path.cwd()) else str(own)


def _tries(started: Started) -> list[str]:
    insecure = " -k" if started.base_url.startswith("https://localhost") else ""
    key = started.api_key or "sk-ant-api03-..."
    return [
        f"  export ANTHROPIC_BASE_URL={started.base_url} ANTHROPIC_API_KEY={key}",
        f'  {_own_name()} messages create --model sim-1 --max-tokens 200 --prompt "Hello"',
        f'  curl{insecure} $ANTHROPIC_BASE_URL/v1/models -H "Authorization: Bearer $ANTHROPIC_API_KEY"',
    ]
