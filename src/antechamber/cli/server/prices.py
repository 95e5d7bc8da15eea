"""`ante prices`: show what a model costs, and price past requests anew."""

import sys
from pathlib import Path

import click

from antechamber.cli.groups import Group
from antechamber.cli.server.options import config_option, data_option, failures_told, json_option, print_json
from antechamber.cli.tables import table
from antechamber.wiring.operations import read_settings
from antechamber.wiring.repricing import price_names, reapply, show_price, unpriced


@click.group("prices", cls=Group)
def command() -> None:
    """Show prices, or price past requests anew."""


@command.command("show")
@click.argument("model")
@click.option("--provider", help="The provider's name; without it, the one that serves the model.")
@data_option
@config_option
@json_option
def show(model: str, provider: str | None, config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """Print what a model costs now, and which list says so; `fallback` is a guess."""
    with failures_told():
        found = show_price(read_settings(config, {"data": data}), model, provider)
    if as_json:
        print_json(found)
        return
    click.echo(f"{model}: {found['source']}, {found['version']}; dollars per million tokens, or per thousand searches")
    for name in price_names():
        steps = "".join(f"   above {step['above']}: {_dollars(step[name])}" for step in found["steps"])
        click.echo(f"  {name:16} {_dollars(found['usd'][name])}{steps}")


def _dollars(nano: int) -> str:
    whole, rest = divmod(nano, 1_000_000_000)
    return f"{whole}.{f'{rest:09d}'.rstrip('0').ljust(2, '0')}"


@command.command("unpriced")
@click.option("--from", "since", required=True, help="First day, as 2026-01-31, UTC.")
@click.option("--organization-id", help="Only this organization; without it all of them.")
@data_option
@config_option
@json_option
def unpriced_models(
    since: str, organization_id: str | None, config: Path | None, *, as_json: bool, data: Path | None
) -> None:
    """List the models that no list names: their requests were priced by the fallback, which is a guess.

    Write `[[prices]]` for each, then `ante prices apply`.
    """
    with failures_told():
        found = unpriced(read_settings(config, {"data": data}), since, organization_id)
    if as_json:
        print_json(found)
        return
    rows = [
        (name, each["model"], each["unpriced_requests"], each["requests"])
        for name, models in found["organizations"].items()
        for each in models
    ]
    if rows:
        click.echo(table(("organization", "model", "by the fallback", "requests"), rows))
    else:
        click.echo("every model has a price")


@command.command("apply")
@click.option("--from", "since", required=True, help="First day, as 2026-01-31, UTC.")
@click.option("--dry-run", is_flag=True, help="Change nothing, print what would change.")
@click.option("--organization-id", help="Only this organization; without it all of them.")
@data_option
@config_option
@json_option
def apply(
    since: str, organization_id: str | None, config: Path | None, *, dry_run: bool, as_json: bool, data: Path | None
) -> None:
    """Price requests from a day on anew, by the prices now in force; prints the differences in cents.

    Rows and reports change together, in slices, beside a running server; doing it twice changes nothing more.
    """
    with failures_told():
        loaded = read_settings(config, {"data": data})
        found = reapply(loaded, since, organization_id, dry_run=dry_run, tell=_tell)
    if as_json:
        print_json(found)
        return
    for name, each in found["organizations"].items():
        click.echo(f"{name}: {each['changed']} of {each['rows']} requests, {each['difference']} cents")
        rows = [
            (model, one["rows"], one["changed"], one["before"], one["after"], one["difference"])
            for model, one in each["models"].items()
        ]
        if rows:
            click.echo(table(("model", "requests", "changed", "before, cents", "after, cents", "difference"), rows))


def _tell(rows: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{rows} requests", nl=False, err=True)
