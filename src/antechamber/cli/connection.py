"""A server to call, made from the global flags, the environment and the profile."""

from antechamber.base.outbound import Headers, OutboundOptions
from antechamber.cli.settings import Invocation, Settings
from antechamber.cli.world import World
from antechamber.client.credentials import Access, find_access
from antechamber.client.http import USER_AGENT, Server, Static, Timing
from antechamber.client.posting import Poster, Reply, open_poster
from antechamber.client.signing import Credentials

_SECRET_HEADERS = frozenset({"authorization", "x-api-key", "proxy-authorization", "cookie", "set-cookie"})
_SHOWN = 12


def connect(invocation: Invocation, *, credentialed: bool = True, administration: bool = False) -> Server:
    """Open the server in force; without credentials when `credentialed` is false, as an admin for `administration`."""
    world, settings = invocation.world, invocation.settings
    access = find_access(settings.given(), world.environment, administration=administration)
    if credentialed:
        tell_choice(access, world)
    return open_server(world, settings, access.rooted(), credentialed=credentialed)


def tell_choice(access: Access, world: World) -> None:
    """Say on stderr what the credential in force shadows, and what a .env file may not do."""
    chosen = access.credential
    # Who names a credential on the command line, or sets the admin key's own variable, knows what it shadows.
    known = chosen is None or chosen.source.startswith("--") or chosen.source == "ANTHROPIC_ADMIN_KEY"
    if access.shadowed and chosen is not None and not known:
        world.stderr.write(f"note: using {chosen.source}; also set: {', '.join(access.shadowed)}\n")
    world.stderr.write("".join(f"note: {note}\n" for note in access.notes))


def open_server(world: World, settings: Settings, access: Access, *, credentialed: bool = True) -> Server:
    """Open a server for an access that was found already."""
    server = Server(
        base_url=access.base_url.value,
        outbound=world.connect(outbound_options(world, settings)),
        timing=Timing(world.clock, world.chance, world.sleep),
        credentials=sign(world, settings, access) if credentialed else Static(),
    )
    if settings.debug:
        server.watcher = _Tracer(world)
    return server


def sign(world: World, settings: Settings, access: Access) -> Credentials:
    """Return what signs the calls of an access, and keeps its token fresh meanwhile."""
    return Credentials(access, world.environment, open_post(world, settings), world.clock)


def open_post(world: World, settings: Settings) -> Poster:
    """Return what token requests are made with; --debug shows where they go and how they end, never what is in them."""
    post = open_poster(world.connect, outbound_options(world, settings))
    if not settings.debug:
        return post

    def traced(url: str, headers: Headers, body: bytes) -> Reply:
        world.stderr.write(f"> POST {url} ({len(body)} bytes, not shown)\n")
        reply = post(url, headers, body)
        world.stderr.write(f"< {reply.status}, request id {reply.headers.get('request-id', 'none')}\n")
        return reply

    return traced


def outbound_options(world: World, settings: Settings) -> OutboundOptions:
    """Return how to connect: proxies and certificates of the environment, and --timeout."""
    return OutboundOptions(
        connect_seconds=min(settings.timeout or 10.0, 10.0),
        read_seconds=settings.timeout or 600.0,
        ca_file=world.environment.ca_file(),
        proxies=world.environment.proxies(),
        user_agent=USER_AGENT,
    )


def masked(name: str, value: str) -> str:
    """Return a header's value with any secret cut to its first characters."""
    if name.lower() not in _SECRET_HEADERS:
        return value
    scheme, space, secret = value.rpartition(" ")
    return f"{scheme}{space}{secret[:_SHOWN]}… ({len(secret)} characters)"


class _Tracer:
    def __init__(self, world: World) -> None:
        self._stderr = world.stderr

    def sent(self, method: str, url: str, headers: Headers, body: bytes | None) -> None:
        """Show a request."""
        lines = [f"> {method} {url}", *(f"> {name}: {masked(name, value)}" for name, value in headers)]
        if body is not None:
            lines.append(f"> ({len(body)} bytes) {body[:2000].decode('utf-8', 'replace')}")
        self._stderr.write("\n".join(lines) + "\n")

    def received(self, status: int, headers: Headers, seconds: float) -> None:
        """Show an answer's head."""
        lines = [f"< {status} after {seconds * 1000:.0f} ms"]
        lines += [f"< {name}: {masked(name, value)}" for name, value in headers]
        self._stderr.write("\n".join(lines) + "\n")
