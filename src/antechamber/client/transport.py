"""The outbound HTTP port: the server's upstream calls and the client's own go through here."""

from antechamber.base.outbound import Outbound, OutboundOptions
from antechamber.client.direct import DirectOutbound


def open_outbound(options: OutboundOptions) -> Outbound:
    """Open a pool of connections; OSError if the CA file cannot be read, ValueError if it or a proxy is malformed."""
    if options.http2 or any(value and scheme != "no" for scheme, value in (options.proxies or {}).items()):
        from antechamber.client.proxied import open_proxied  # noqa: PLC0415 - 20 ms and a thread, needed by few

        return open_proxied(options)
    return DirectOutbound(options)
