"""The simulated models as a process of their own, from their options to their exit."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import uvloop

from antechamber.adapters.providers.simulated.scenarios import ScenarioFileError
from antechamber.adapters.providers.simulated.server import serve_simulated
from antechamber.base.clock import SystemClock
from antechamber.wiring.failures import FAILED, USAGE, OperationError


def simulate(
    host: str, port: int, *, truth: Path | None, scenario: Path | None, seed: str, tell: Callable[[int], None]
) -> None:
    """Run the simulated models as an upstream of their own until interrupted; `tell` learns the port."""
    uvloop.install()
    work = serve_simulated(host, port, clock=SystemClock(), seed=seed, truth=truth, scenario_file=scenario, ready=tell)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(work)
    except ScenarioFileError as error:
        raise OperationError(str(error), USAGE) from error
    except OSError as error:
        message = f"{host}:{port}: cannot be listened on: {error.strerror}"
        raise OperationError(message, FAILED) from error
