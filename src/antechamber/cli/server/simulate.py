"""`ante simulate`: run the simulated upstream by itself."""

import asyncio
import contextlib
from pathlib import Path

import click

from antechamber.adapters.providers.simulated.server import serve_simulated
from antechamber.base.clock import SystemClock


@click.command("simulate")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8789, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--truth", type=click.Path(path_type=Path), help="File to which what was really produced is appended.")
@click.option("--scenario", type=click.Path(exists=True, path_type=Path), help="Scenario file (TOML or JSON).")
@click.option("--seed", default="0", show_default=True, help="Seed of everything that varies.")
def command(host: str, port: int, truth: Path | None, scenario: Path | None, seed: str) -> None:
    """Run the simulated models as an upstream of their own, for tests and load."""

    def ready(bound: int) -> None:
        click.echo(f"Simulated models on http://{host}:{bound}", err=True)

    work = serve_simulated(host, port, clock=SystemClock(), seed=seed, truth=truth, scenario_file=scenario, ready=ready)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(work)
