"""`ante simulate`: run the simulated upstream by itself."""

from pathlib import Path

import click

from antechamber.cli.groups import Command
from antechamber.cli.server.options import failures_told
from antechamber.wiring.simulating import simulate


@click.command("simulate", cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8789, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--truth", type=click.Path(path_type=Path), help="File to which what was really produced is appended.")
@click.option("--scenario", type=click.Path(exists=True, path_type=Path), help="Scenario file (TOML or JSON).")
@click.option("--seed", default="0", show_default=True, help="Seed of everything that varies.")
def command(host: str, port: int, truth: Path | None, scenario: Path | None, seed: str) -> None:
    """Run the simulated models as an upstream of their own, for tests and load."""

    def tell(bound: int) -> None:
        click.echo(f"Simulated models on http://{host}:{bound}", err=True)

    with failures_told():
        simulate(host, port, truth=truth, scenario=scenario, seed=seed, tell=tell)
