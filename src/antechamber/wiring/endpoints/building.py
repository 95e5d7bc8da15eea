"""Parts of the control plane, loaded: their routes, and what serves and describes these."""

import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from antechamber import __version__
from antechamber.http.control import api_routes, build_control, describe
from antechamber.wiring.endpoints import PATHS
from antechamber.wiring.endpoints.pages import browser

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI
    from fastapi.routing import APIRoute

    from antechamber.wiring.application import Application


def routers_of(application: "Application", name: str) -> "Sequence[APIRouter]":
    """Return the routers of a part, over the services of an application."""
    module = importlib.import_module(f"{__package__}.{name}")
    return cast("Sequence[APIRouter]", module.routers(application))


def build(application: "Application", name: str | None) -> "FastAPI":
    """Return what serves a part; None for paths that are nobody's."""
    routers = [] if name is None else routers_of(application, name)
    return build_control(routers, application.raw, browser(application.storage))


def every_route(application: "Application") -> "list[APIRoute]":
    """Return the routes of all parts."""
    return api_routes(router for name in PATHS for router in routers_of(application, name))


def openapi(application: "Application") -> Mapping[str, Any]:
    """Return the OpenAPI document of the whole API, the data plane's endpoints too."""
    return describe(every_route(application), application.raw, __version__)
