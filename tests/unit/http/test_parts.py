"""The control plane's parts: which paths are whose, and that each is built once and no sooner than it is asked."""

import asyncio
import inspect

from fastapi.dependencies.models import Dependant

from antechamber.http.control import api_routes
from antechamber.http.parts import Part, Parts
from antechamber.http.reply import Asgi, Message, Receive, Scope, Send
from antechamber.wiring.endpoints import PATHS
from antechamber.wiring.endpoints.building import every_route, routers_of
from antechamber.wiring.endpoints.registered import unserved


class Served:
    """Which parts were built, and which served."""

    def __init__(self) -> None:
        self.built: list[str] = []
        self.served: list[str] = []

    def part(self, name: str, *paths: str) -> Part:
        return Part(paths, lambda: self.build(name))

    def build(self, name: str) -> Asgi:
        self.built.append(name)

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            del scope, receive, send
            self.served.append(name)

        return serve


async def ask(parts: Parts, path: str) -> None:
    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        del message

    await parts({"type": "http", "path": path}, receive, send)


async def test_the_longest_path_decides_and_a_star_stands_for_one_segment() -> None:
    served = Served()
    parts = Parts(
        [served.part("all", "/v1/things"), served.part("limits", "/v1/things/*/limits"), served.part("home", "/")],
        lambda: served.build("nobody"),
    )
    for path in ("/v1/things", "/v1/things/a", "/v1/things/a/limits/b", "/v1/things/a/b/limits", "/", "/v1", "/x"):
        await ask(parts, path)
    assert served.served == ["all", "all", "limits", "all", "home", "nobody", "nobody"]


async def test_a_part_is_built_once_when_it_is_first_asked() -> None:
    served = Served()
    parts = Parts([served.part("one", "/one"), served.part("two", "/two")], lambda: served.build("nobody"))
    assert served.built == []
    await asyncio.gather(*(ask(parts, "/one") for _ in range(20)))
    assert served.built == ["one"]
    assert served.served == ["one"] * 20


def waiting(dependant: Dependant) -> list[str]:
    """Return what of a route FastAPI takes to a thread, as it is not asynchronous."""
    found = []
    for each in dependant.dependencies:
        call = each.call
        named = call if inspect.isroutine(call) else type(call).__call__
        found += [] if inspect.iscoroutinefunction(named) else [repr(call)]
        found += waiting(each)
    return found


def test_no_route_waits_for_a_thread() -> None:
    with unserved() as application:
        routes = every_route(application)
        assert {route.path for route in routes if not inspect.iscoroutinefunction(route.endpoint)} == set()
        assert {name for route in routes for name in waiting(route.dependant)} == set()


def test_every_route_is_reached_through_the_part_that_has_it() -> None:
    with unserved() as application:
        parts = application.control
        own = {id(parts.part_of(paths[0])): name for name, paths in PATHS.items()}
        found = {
            (name, route.path, own.get(id(parts.part_of(route.path))))
            for name in PATHS
            for route in api_routes(routers_of(application, name))
        }
    assert {entry for entry in found if entry[0] != entry[2]} == set()
