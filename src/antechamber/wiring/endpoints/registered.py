"""What is registered: every endpoint with its permission, for the goldens and the generated reference."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from antechamber.base.permissions import Kind, Permission, holders
from antechamber.http.needs import permission_of
from antechamber.settings import load
from antechamber.wiring.application import Application
from antechamber.wiring.endpoints.building import every_route


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint as the goldens list it."""

    method: str
    path: str
    permission: Permission
    who: tuple[Kind, ...]


def registered_routes() -> list[Route]:
    """Return every registered endpoint of an application that serves nothing."""
    with unserved() as application:
        return _routes(application)


@contextmanager
def unserved() -> Iterator[Application]:
    """Make an application that serves nothing, and leaves nothing."""
    with tempfile.TemporaryDirectory() as folder:
        application = Application(load({"data": Path(folder)}))
        try:
            yield application
        finally:
            application.spool.close(durable=False)


def _routes(application: Application) -> list[Route]:
    found = [Route(raw.method, raw.path, raw.permission, tuple(holders(raw.permission))) for raw in application.raw]
    for route in every_route(application):
        permission = permission_of(route)
        if permission is None:
            message = f"{route.path} declares no permission"
            raise RuntimeError(message)
        who = tuple(holders(permission))
        found.extend(Route(method, route.path, permission, who) for method in sorted(route.methods or ()))
    return sorted(found, key=lambda route: (route.path, route.method))
