"""What the egress process is told: a line of JSON on its standard input, never arguments or environment.

A further line is another configuration, answered by one on its output. The end of that input is the end of the
process: who started it has gone.
"""

import msgspec


class PrivateNetwork(msgspec.Struct, frozen=True):
    """A network that is not public and may still be reached, by name; `host` None: by every allowed name."""

    network: str
    host: str | None = None


class EgressConfiguration(msgspec.Struct, frozen=True):
    """All of it.

    `socket` is the unix socket that supervisors attach sandboxes at, `log_folder` where decisions are written.
    `control_plane` are the server's own origins as `host:port`, which no sandbox reaches. `blocked` are hosts,
    `*.suffix` and networks that the operator lets nobody reach. `proxy` is a proxy that everything goes out by
    (`http://user:password@host:port`), but for the hosts of `no_proxy`. `hosts` are addresses of names, as /etc/hosts
    has them, before any other place is asked. `ca_file` is believed instead of the system's authorities where the
    proxy itself speaks TLS (injection, an https:// proxy), `registries_ca_file` beside it. Logs of sandboxes that are
    not attached are removed `log_days` after their last line.
    """

    socket: str
    log_folder: str
    control_plane: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    private: tuple[PrivateNetwork, ...] = ()
    proxy: str | None = None
    no_proxy: tuple[str, ...] = ()
    hosts: dict[str, str] = {}
    ca_file: str | None = None
    registries_ca_file: str | None = None
    most_connections: int = 512
    connections_per_second: int = 200
    log_bytes: int = 16 << 20
    log_days: int = 30

    def __repr__(self) -> str:
        # the address of a proxy may carry a password
        return f"EgressConfiguration({self.socket})"


class Taken(msgspec.Struct, frozen=True):
    """What came of a further configuration: it is in force, or why not, and the one before stays."""

    error: str | None = None
