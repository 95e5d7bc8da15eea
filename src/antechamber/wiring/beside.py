"""What an operator does on a data folder itself, as when no server runs on it: loads what a server loads."""

import contextlib
from collections.abc import Mapping
from typing import Any

from antechamber.features.organizations.model import check_email, check_name
from antechamber.settings import Loaded
from antechamber.wiring.administration import ACTS, shown_founding
from antechamber.wiring.catalogue import build_catalogue
from antechamber.wiring.failures import OperationError, told
from antechamber.wiring.limit_tables import read_limit_tables
from antechamber.wiring.operations import MASK, run
from antechamber.wiring.policy import read_policy
from antechamber.wiring.prices import read_tables
from antechamber.wiring.storage import Storage, open_storage


def found(loaded: Loaded, organization: str, admin_email: str) -> Mapping[str, Any]:
    """Make the first organisation; returns what `ante init --json` prints, the secrets for the only time."""
    with told():
        name, email = check_name(organization), check_email(admin_email, "admin_email")
    return run(_found(loaded, name, email))


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


async def act_beside(loaded: Loaded, act: str, asked: Mapping[str, object]) -> Mapping[str, Any]:
    """Do one of the operator's acts; whoever can open the data folder is the operator."""
    async with _storage(loaded) as storage:
        await storage.prepare()
        return await ACTS[act](storage, asked)


def migrate(loaded: Loaded) -> tuple[str | None, str]:
    """Bring the database to this version's schema; returns where it was and where it is."""
    return run(_migrate(loaded))


async def _migrate(loaded: Loaded) -> tuple[str | None, str]:
    # Alembic is slow to import, and only this needs it.
    from antechamber.database.migrate import migrate as bring_up  # noqa: PLC0415

    async with _storage(loaded) as storage:
        return await bring_up(storage.database)


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
