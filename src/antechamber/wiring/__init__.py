"""The only place that builds things: settings become adapters, adapters services, services the application."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from antechamber.wiring.endpoints.registered import Route

if "structlog" not in sys.modules and "rich" not in sys.modules:
    # structlog colours tracebacks with rich where that is installed, as it is for our command: 4 MB that no server uses
    sys.modules["rich"] = None  # type: ignore[assignment] # the documented way to hide a module
    import structlog  # noqa: F401 - see above

    del sys.modules["rich"]


def routes() -> "list[Route]":
    """Return every registered endpoint, for the goldens and the generated reference; serves nothing."""
    # Commands that only touch the database import this package too, and are spared the application's modules.
    from antechamber.wiring.endpoints.registered import registered_routes  # noqa: PLC0415

    return registered_routes()
