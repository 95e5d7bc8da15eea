"""Cases of a driver: each runs once; what it returns, or how it failed, is printed as one JSON object."""

import asyncio
import inspect
import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

_CASES: dict[str, Callable[[], Any]] = {}


class AbsentError(Exception):
    """This generation of the library does not have what the case is about."""


def case(function: Callable[[], Any]) -> Callable[[], Any]:
    """Register a case under its function's name; it may be a coroutine function."""
    _CASES[function.__name__] = function
    return function


def run() -> None:
    """Run every case, or those that are named as arguments."""
    wanted = sys.argv[1:] or list(_CASES)
    json.dump({name: _outcome(_CASES[name]) for name in wanted}, sys.stdout, indent=1)


def _outcome(function: Callable[[], Any]) -> dict[str, Any]:
    try:
        value = asyncio.run(function()) if inspect.iscoroutinefunction(function) else function()
        json.dumps(value)
    except AbsentError as absent:
        return {"absent": str(absent)}
    except Exception:  # noqa: BLE001 - told to the test, which fails with it
        return {"failed": traceback.format_exc()}
    return {"value": value}
