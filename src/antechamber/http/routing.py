"""Routers whose routes are worked out when they are first asked for, not when the server starts."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import compile_path, get_name


class LateRoute(APIRoute):
    """A route that knows its path and methods at once, and the rest from the first look at it on.

    Reading a handler's signature and making validators of its types takes FastAPI about two milliseconds a route,
    which a start would wait for a few hundred times.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - FastAPI's
        self._late: tuple[str, Callable[..., Any], dict[str, Any]] | None = (path, endpoint, options)
        self.path = path
        self.endpoint = endpoint
        self.name = options.get("name") or get_name(endpoint)
        self.methods = {method.upper() for method in options.get("methods") or ("GET",)}
        self.include_in_schema = options.get("include_in_schema", True)
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever FastAPI keeps there
        """Work the route out, as something of it that is not there yet is asked for."""
        late = self.__dict__.get("_late")
        if late is None:
            raise AttributeError(name)
        self._late = None
        path, endpoint, options = late
        super().__init__(path, endpoint, **options)
        return getattr(self, name)


class Router(APIRouter):
    """FastAPI's router, with late routes unless another class is named."""

    def __init__(self, *, route_class: type[APIRoute] = LateRoute, **options: Any) -> None:  # noqa: ANN401 - FastAPI's
        super().__init__(route_class=route_class, **options)
