"""Flags that write an environment's `config`: packages by manager, and what of the network is open."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., object])

# in the order in which they run (wire-agents.md 2)
MANAGERS: Final = ("apt", "cargo", "gem", "go", "npm", "pip")
_PINS: Final = {
    "apt": "jq",
    "cargo": "ripgrep@14.1.1",
    "gem": "rails:7.1.0",
    "go": "golang.org/x/tools/cmd/goimports@latest",
    "npm": "express@4.21.2",
    "pip": "pandas==2.2.0",
}


def config_options(command: Decorated) -> Decorated:
    """Add them."""
    options = [
        click.option(f"--{manager}", multiple=True, metavar="PACKAGE", help=f"A package as {_PINS[manager]}; repeat.")
        for manager in MANAGERS
    ]
    options += [
        click.option("--network", type=click.Choice(["unrestricted", "limited"]), help="What can be reached."),
        click.option("--allow-host", "hosts", multiple=True, metavar="HOST",
                     help="A host, or *.example.com; limits the network to those given."),
        click.option("--allow-package-managers/--no-allow-package-managers", default=None,
                     help="In a limited network: the registries, too."),
        click.option("--allow-mcp-servers/--no-allow-mcp-servers", default=None,
                     help="In a limited network: the agent's own MCP servers, too."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def apply_config(body: dict[str, object], flags: Mapping[str, object]) -> dict[str, object]:
    """Return a body with these flags laid over its `config`; nothing changes if none was given."""
    packages = {manager: list(given) for manager in MANAGERS if isinstance(given := flags[manager], tuple) and given}
    networking = _networking(flags)
    if not packages and not networking:
        return body
    config = _object(body.get("config"))
    config.setdefault("type", "cloud")
    if packages:
        config["packages"] = {**_object(config.get("packages")), **packages}
    if networking:
        config["networking"] = {**_object(config.get("networking")), **networking}
    return {**body, "config": config}


def _networking(flags: Mapping[str, object]) -> dict[str, object]:
    knobs = {name: flags[name] for name in ("allow_package_managers", "allow_mcp_servers") if flags[name] is not None}
    if flags["hosts"]:
        knobs["allowed_hosts"] = list(flags["hosts"]) if isinstance(flags["hosts"], tuple) else []
    kind = flags["network"]
    if kind == "unrestricted" and knobs:
        message = "--allow-host, --allow-package-managers and --allow-mcp-servers are for --network limited"
        raise click.UsageError(message)
    if kind is None and not knobs:
        return {}
    return {"type": kind or "limited", **knobs}


def _object(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}
