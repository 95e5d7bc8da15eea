"""What an operator does with a server from the command line, each as one call that either works or says why not."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from antechamber.base.errors import InvalidRequest, WireError
from antechamber.base.secret import Secret
from antechamber.database.schema import UnknownSchemaError
from antechamber.features.gateway.service.catalogue import CatalogueError
from antechamber.features.organizations.model import check_email, check_name
from antechamber.settings import Loaded, SettingsError, describe, load
from antechamber.wiring.administration import ACTS, shown_founding
from antechamber.wiring.catalogue import build_catalogue
from antechamber.wiring.data_folder import DataFolder, DataFolderError
from antechamber.wiring.limit_tables import read_limit_tables
from antechamber.wiring.operator import ask_operator
from antechamber.wiring.policy import read_policy
from antechamber.wiring.prices import read_tables
from antechamber.wiring.sandboxes import describe_apart
from antechamber.wiring.storage import Storage, open_storage

Result = TypeVar("Result")

USAGE: Final = 2
FAILED: Final = 1
MASK: Final = "**********"


class OperationError(Exception):
    """It did not work: `str()` is a sentence for the operator, `code` the command's exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turn everything that an operator can put right into an OperationError."""
    try:
        yield
    except (SettingsError, CatalogueError) as error:
        raise OperationError(str(error), USAGE) from error
    except (DataFolderError, UnknownSchemaError) as error:
        raise OperationError(str(error)) from error
    except InvalidRequest as error:
        raise OperationError(error.message, USAGE) from error
    except WireError as error:
        note = f" ({error.note})" if error.note else ""
        raise OperationError(error.message + note) from error


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    with told():
        return asyncio.run(work)


def read_settings(config: Path | None, flags: Mapping[str, object]) -> Loaded:
    """Return the settings that flags, environment and file make."""
    with told():
        return load(flags, config)


def found(loaded: Loaded, organization: str, admin_email: str) -> Mapping[str, Any]:
    """Make the first organisation; returns what `ante init --json` prints, the secrets for the only time."""
    with told():
        name, email = check_name(organization), check_email(admin_email, "admin_email")
    return _run(_found(loaded, name, email))


async def _found(loaded: Loaded, name: str, email: str) -> Mapping[str, Any]:
    async with _storage(loaded) as storage:
        await storage.prepare()
        made = await storage.founder.found_first(name, email, admin_key=True, api_key=True)
        if made is None:
            message = "this server has an organization already; its keys were shown when it was made"
            raise OperationError(message)
        return shown_founding(storage, made)


@contextlib.asynccontextmanager
async def _storage(loaded: Loaded) -> Any:  # noqa: ANN401 - contextlib types the generator, not the manager
    storage: Storage = open_storage(loaded.settings)
    try:
        yield storage
    finally:
        await storage.database.close()


def migrate(loaded: Loaded) -> tuple[str | None, str]:
    """Bring the database to this version's schema; returns where it was and where it is."""
    return _run(_migrate(loaded))


async def _migrate(loaded: Loaded) -> tuple[str | None, str]:
    # Alembic is slow to import, and only this needs it.
    from antechamber.database.migrate import migrate as bring_up  # noqa: PLC0415

    async with _storage(loaded) as storage:
        return await bring_up(storage.database)


def settings_table(loaded: Loaded) -> dict[str, tuple[object, str]]:
    """Return every setting's value, secrets masked, and where it came from."""
    return {name: (_shown(getattr(loaded.settings, name)), loaded.origins[name]) for name, *_ in describe()}


def _shown(value: object) -> object:
    if value is None or isinstance(value, int | float | str):
        return value
    return MASK if isinstance(value, Secret) else str(value)


def provider_table(loaded: Loaded) -> list[dict[str, Any]]:
    """Return the providers that the settings make, keys masked; limits and prices of the file are checked, too."""
    with told():
        catalogue = build_catalogue(loaded, "(in this process)")
        read_limit_tables(loaded, catalogue)
        read_tables(loaded)
        read_policy(loaded)
    return [
        {
            "name": provider.name,
            "kind": provider.kind.value,
            "base_url": provider.base_url,
            "api_key": MASK if provider.api_key else None,
            "models": list(provider.models),
        }
        for provider in catalogue.providers
    ]


def reload(loaded: Loaded) -> Mapping[str, Any]:
    """Make the running server read its catalogue anew; OperationError when none runs or it keeps the old one."""
    folder = loaded.settings.data
    try:
        answer = _run(ask_operator(DataFolder(folder).operator_socket, "reload"))
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
    return _run(_sandboxes(loaded))


async def _sandboxes(loaded: Loaded) -> Mapping[str, Any]:
    try:
        answer = await ask_operator(DataFolder(loaded.settings.data).operator_socket, "sandboxes")
    except OSError:
        return await describe_apart(loaded)
    if "error" in answer:
        raise OperationError(answer["error"])
    result: Mapping[str, Any] = answer["result"]
    return result


def administer(loaded: Loaded, act: str, **asked: object) -> Mapping[str, Any]:
    """Do one of the operator's acts, through the running server, or beside it while none runs."""
    return _run(_administer(loaded, act, asked))


async def _administer(loaded: Loaded, act: str, asked: Mapping[str, object]) -> Mapping[str, Any]:
    try:
        answer = await ask_operator(DataFolder(loaded.settings.data).operator_socket, act, **asked)
    except OSError:
        # whoever can open the data folder is the operator
        async with _storage(loaded) as storage:
            await storage.prepare()
            return await ACTS[act](storage, asked)
    if "error" in answer:
        raise OperationError(answer["error"])
    result: Mapping[str, Any] = answer["result"]
    return result
