"""The only place that builds things: settings become adapters, adapters services, services the application."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from antechamber.wiring.application import Route


def routes() -> "list[Route]":
    """Return every registered endpoint, for the goldens and the generated reference; serves nothing."""
    # Commands that only touch the database import this package too, and are spared the application's modules.
    from antechamber.wiring.application import registered_routes  # noqa: PLC0415

    return registered_routes()
