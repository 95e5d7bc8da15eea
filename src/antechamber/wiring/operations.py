"""What an operator does with a server from the command line, each as one call that either works or says why not.

A running server is only asked; `beside` has what is done without one, and loads what a server loads.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from antechamber.adapters.seals import MasterKeySeals
from antechamber.base.chance import SystemChance
from antechamber.base.seals import SealedColumn
from antechamber.base.secret import Secret
from antechamber.settings import Loaded, describe, load
from antechamber.wiring.data_folder import DataFolder
from antechamber.wiring.failures import OperationError, told
from antechamber.wiring.operator import ask_operator

Result = TypeVar("Result")

MASK: Final = "**********"


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Do it in a loop of its own; OperationError when it does not work."""
    with told():
        return asyncio.run(work)


def read_settings(config: Path | None, flags: Mapping[str, object]) -> Loaded:
    """Return the settings that flags, environment and file make."""
    with told():
        return load(flags, config)


def settings_table(loaded: Loaded) -> dict[str, tuple[object, str]]:
    """Return every setting's value, secrets masked, and where it came from."""
    return {name: (_shown(getattr(loaded.settings, name)), loaded.origins[name]) for name, *_ in describe()}


def _shown(value: object) -> object:
    if value is None or isinstance(value, int | float | str):
        return value
    return MASK if isinstance(value, Secret) else str(value)


def reload(loaded: Loaded) -> Mapping[str, Any]:
    """Make the running server read its catalogue anew; OperationError when none runs or it keeps the old one."""
    folder = loaded.settings.data
    try:
        answer = run(ask_operator(DataFolder(folder).operator_socket, "reload"))
    except OSError as error:
        message = f"no server runs on {folder} ({error.strerror}); start one with: ante serve"
        raise OperationError(message) from error
    if "error" in answer:
        message = f"the server keeps what it had: {answer['error']}"
        raise OperationError(message)
    result: Mapping[str, Any] = answer["result"]
    return result


def sandboxes(loaded: Loaded) -> Mapping[str, Any]:
    """Return what the runtime says of itself: the running server's, or one started for the question and ended."""
    return run(_sandboxes(loaded))


async def _sandboxes(loaded: Loaded) -> Mapping[str, Any]:
    try:
        answer = await ask_operator(DataFolder(loaded.settings.data).operator_socket, "sandboxes")
    except OSError:
        from antechamber.wiring.sandboxes import describe_apart  # noqa: PLC0415 - see above

        return await describe_apart(loaded)
    if "error" in answer:
        raise OperationError(answer["error"])
    result: Mapping[str, Any] = answer["result"]
    return result


def administer(loaded: Loaded, act: str, **asked: object) -> Mapping[str, Any]:
    """Do one of the operator's acts, through the running server, or beside it while none runs."""
    return run(_administer(loaded, act, asked))


async def _administer(loaded: Loaded, act: str, asked: Mapping[str, object]) -> Mapping[str, Any]:
    try:
        answer = await ask_operator(DataFolder(loaded.settings.data).operator_socket, act, **asked)
    except OSError:
        from antechamber.wiring.beside import act_beside  # noqa: PLC0415 - see above

        return await act_beside(loaded, act, asked)
    if "error" in answer:
        raise OperationError(answer["error"])
    result: Mapping[str, Any] = answer["result"]
    return result


def reseal(loaded: Loaded, tell: Callable[[int, int], None], *, dry_run: bool) -> Mapping[str, Any]:
    """Seal everything under the newest master key; `tell` hears how many of how many were looked at.

    Every value is opened before the first is changed; OperationError. Doing it again goes on where it was stopped.
    """
    return run(_reseal(loaded, tell, dry_run=dry_run))


async def _reseal(loaded: Loaded, tell: Callable[[int, int], None], *, dry_run: bool) -> Mapping[str, Any]:
    keys = loaded.settings.master_keys()
    key_id = MasterKeySeals(lambda: keys, SystemChance()).key_id if keys else None
    try:
        with told():
            found = await _walk(loaded, None, key_id=key_id, is_trial=True)
    except OperationError as error:
        message = f"{error}; nothing was changed"
        raise OperationError(message, error.code) from error
    total, stale = (sum(each[name] for each in found.values()) for name in ("secrets", "resealed"))
    if stale and not dry_run:
        found = await _walk(loaded, lambda seen: tell(seen, total), key_id=key_id, is_trial=False)
    resealed = sum(each["resealed"] for each in found.values())
    return {"dry_run": dry_run, "secrets": total, "resealed": resealed, "columns": found}


async def _walk(loaded: Loaded, tell: Callable[[int], None] | None, **asked: object) -> dict[str, dict[str, int]]:
    """Go through every column, slice by slice, and return the counts of each."""
    counts = {column.value: {"secrets": 0, "resealed": 0} for column in SealedColumn}
    for name, count in counts.items():
        after: str | None = ""
        while after is not None:
            answer = await _administer(loaded, "secrets.reseal", {"column": name, "after": after, **asked})
            for each in count:
                count[each] += answer[each]
            after = answer["after"]
            if tell is not None:
                tell(sum(each["secrets"] for each in counts.values()))
    return counts
