"""The server's process, from its settings to its exit."""

import asyncio
import dataclasses
import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from antechamber.base.page import IdCursor
from antechamber.features.apikeys.model import KeyFilter, Status
from antechamber.http.log import configure_logs
from antechamber.settings import Loaded
from antechamber.wiring.application import Application
from antechamber.wiring.failures import USAGE, OperationError, told
from antechamber.wiring.first_run import Founded
from antechamber.wiring.serving import ListenError, Serving, claim_port
from antechamber.wiring.storage import Storage, open_storage

_YOUNG_OBJECTS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Started:
    """What is to be told of a server that has begun to listen; secrets are those made by this start."""

    base_url: str
    data: Path
    models: tuple[str, ...]
    setup_url: str | None
    api_key: str | None
    admin_key: str | None
    key_hint: str | None


def serve(loaded: Loaded, *, demo: bool, new_key: bool, tell: Callable[[Started], None]) -> None:
    """Run the server until it is told to stop; `tell` is called when it listens."""
    configure_logs(loaded.settings.log_level)
    try:
        port = claim_port(loaded.settings.host, loaded.settings.port)
    except ListenError as error:
        raise OperationError(str(error), USAGE) from error
    loaded = dataclasses.replace(loaded, settings=dataclasses.replace(loaded.settings, port=port))
    uvloop.install()
    with told():
        asyncio.run(_serve(loaded, demo=demo, new_key=new_key, tell=tell))


async def _serve(loaded: Loaded, *, demo: bool, new_key: bool, tell: Callable[[Started], None]) -> None:
    storage = open_storage(loaded.settings)
    storage.folder.lock()
    await storage.prepare()
    key = None
    founded = await storage.founder.found_first("My Organization", None, admin_key=demo, api_key=demo or new_key)
    if founded is None and new_key:
        key = await storage.founder.another_api_key(await storage.sole_organization(None), "From --new-key")
    hint = await _key_hint(storage)

    def announce(application: Application) -> None:
        _keep_for_good()
        gc.set_threshold(_YOUNG_OBJECTS, 20, 20)
        application.control.on_built = _keep_for_good
        tell(_started(application, founded, key.reveal() if key else None, hint))

    await Serving(loaded, storage, announce).run()


def _keep_for_good() -> None:
    """Let the collector not look again at what has just been made: it stays as long as the process.

    The little of it that nobody needs stays, too: to look for that first takes as long as a tenth of the start.
    """
    gc.freeze()


async def _key_hint(storage: Storage) -> str | None:
    for organization in await storage.organizations.everyone():
        page = await storage.api_keys.listing(organization.id, IdCursor(limit=1), KeyFilter(Status.ACTIVE))
        if page.items:
            return page.items[0].hint
    return None


def _started(application: Application, founded: Founded | None, key: str | None, hint: str | None) -> Started:
    url = application.settings.base_url()
    if founded is not None and founded.api_key is not None:
        key = founded.api_key.reveal()
    return Started(
        base_url=url,
        data=application.settings.data,
        models=tuple(name for provider in application.gateway.catalogue.providers for name in provider.models),
        setup_url=f"{url}/setup?token={founded.setup_secret.reveal()}" if founded else None,
        api_key=key,
        admin_key=founded.admin_key.reveal() if founded and founded.admin_key else None,
        key_hint=hint,
    )
