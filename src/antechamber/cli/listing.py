"""Lists that page themselves."""

from collections.abc import Iterable, Iterator
from itertools import islice

from antechamber.base.outbound import Headers
from antechamber.cli.connection import connect
from antechamber.cli.output import Printer
from antechamber.cli.settings import Invocation
from antechamber.client.http import Query, Server, items_of


def print_list(
    invocation: Invocation, path: str, query: Query, headers: Headers = (), *, administration: bool = False
) -> None:
    """Write every entry of a list, up to --max-items; `raw` writes exactly one page."""
    printer = Printer(invocation.world, invocation.settings)
    with connect(invocation, administration=administration) as server:
        if printer.format == "raw":
            printer.body(server.call("GET", path, query=query, headers=headers).body)
        else:
            printer.items(islice(entries(server, path, query, headers), invocation.settings.max_items))


def entries(server: Server, path: str, query: Query, headers: Headers = ()) -> Iterator[object]:
    """Yield a list's entries, asking for pages as they are needed."""
    for page in server.pages(path, query=query, headers=headers):
        yield from items_of(page)


def parameters(**given: object) -> Iterable[tuple[str, object]]:
    """Return query parameters without those that were not given."""
    return [(name, value) for name, value in given.items() if value not in (None, ())]
