"""The renderer of log-in pages: Jinja2 templates beside it, every value escaped, no scripts."""

from pathlib import Path
from typing import Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_environment: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
)


def render(template: str, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page that no cache keeps, whose address leaks to nobody."""
    return HTMLResponse(_environment.get_template(template).render(**values), status, _HEADERS)
