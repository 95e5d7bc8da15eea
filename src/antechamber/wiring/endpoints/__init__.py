"""The control plane's routes joined to services: a module for each part, loaded when its paths are first asked for."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from antechamber.http.parts import Part, Parts

if TYPE_CHECKING:
    from antechamber.http.reply import Asgi
    from antechamber.wiring.application import Application

_ORGANIZATIONS: Final = "/v1/organizations"
# the modules beside this one, and whose paths they answer
PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "audit": ("/v1/compliance", f"{_ORGANIZATIONS}/compliance_settings"),
    "environments": (
        "/v1/agents",
        "/v1/environment_bases",
        "/v1/environment_layers",
        "/v1/environments",
        "/v1/sessions",
    ),
    "federation": (
        f"{_ORGANIZATIONS}/federation_history",
        f"{_ORGANIZATIONS}/federation_issuers",
        f"{_ORGANIZATIONS}/federation_rules",
        f"{_ORGANIZATIONS}/service_accounts",
        f"{_ORGANIZATIONS}/workspaces/*/service_accounts",
    ),
    "limits": (
        "/v1/usage",
        f"{_ORGANIZATIONS}/api_keys/*/rate_limits",
        f"{_ORGANIZATIONS}/quotas",
        f"{_ORGANIZATIONS}/rate_limits",
        f"{_ORGANIZATIONS}/spend_limit_increase_requests",
        f"{_ORGANIZATIONS}/spend_limits",
        f"{_ORGANIZATIONS}/users/*/rate_limits",
        f"{_ORGANIZATIONS}/workspaces/*/rate_limits",
    ),
    "oauth": ("/.well-known", "/oauth", "/v1/oauth"),
    "organizations": ("/v1/me", _ORGANIZATIONS),
    "pages": (
        "/",
        "/account",
        "/assets",
        "/device",
        "/invite",
        "/login",
        "/logout",
        "/oauth/authorize",
        "/oauth/code",
        "/password",
        "/setup",
        "/welcome",
    ),
    "policy": ("/managed",),
    "rbac": (
        f"{_ORGANIZATIONS}/external_keys",
        f"{_ORGANIZATIONS}/rbac_groups",
        f"{_ORGANIZATIONS}/rbac_roles",
    ),
    "reports": (
        f"{_ORGANIZATIONS}/analytics",
        f"{_ORGANIZATIONS}/cost_report",
        f"{_ORGANIZATIONS}/usage_report",
    ),
    "telemetry": (f"{_ORGANIZATIONS}/telemetry_destinations",),
    "webhooks": (f"{_ORGANIZATIONS}/webhooks",),
}


def control_plane(application: "Application") -> Parts:
    """Return every part, none of them loaded."""
    parts = [Part(paths, partial(_build, application, name)) for name, paths in PATHS.items()]
    return Parts(parts, partial(_build, application, None))


async def description(application: "Application") -> Mapping[str, Any]:
    """Return the OpenAPI document of all of them."""
    return await asyncio.to_thread(_describe, application)


def _build(application: "Application", name: str | None) -> "Asgi":
    from antechamber.wiring.endpoints.building import build  # noqa: PLC0415 - with the framework, and a part's own

    return build(application, name)


def _describe(application: "Application") -> Mapping[str, Any]:
    from antechamber.wiring.endpoints.building import openapi  # noqa: PLC0415 - as above

    return openapi(application)
