"""Connections to providers: one pool each, kept while its settings stay the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from antechamber.base.outbound import Headers, Outbound, OutboundOptions, OutboundResponse
from antechamber.features.gateway.model import Catalogue, Provider, ProviderKind

Opener = Callable[[OutboundOptions], Outbound]

_BEARER: Final = frozenset({ProviderKind.OPENAI})


class HttpUpstreams:
    """Speaks HTTP to every provider; implements the gateway's `Upstreams`."""

    def __init__(self, open_outbound: Opener) -> None:
        self._open = open_outbound
        self._pools: dict[str, tuple[OutboundOptions, Outbound]] = {}
        self._authorities: dict[str, bytes] = {}

    def adopt(self, catalogue: Catalogue) -> None:
        """Open pools for new providers, or with another `ca_file`, and let go of those no longer there.

        A pool that is let go is not closed: requests under way hold it, and it ends with the last of them.
        """
        pools: dict[str, tuple[OutboundOptions, Outbound]] = {}
        authorities = {provider.name: _authorities(provider.options) for provider in catalogue.providers}
        for provider in catalogue.providers:
            options, pool = self._pools.get(provider.name, (None, None))
            is_same = options == provider.options and authorities[provider.name] == self._authorities[provider.name]
            if pool is None or not is_same:
                pool = self._open(provider.options)
            pools[provider.name] = (provider.options, pool)
        self._pools, self._authorities = pools, authorities

    async def send(
        self, provider: Provider, method: str, target: str, headers: Headers, body: bytes | None
    ) -> OutboundResponse:
        """Send to a provider with its own key and extra headers."""
        options, pool = self._pools.get(provider.name, (None, None))
        if pool is None or (options is not provider.options and options != provider.options):
            # The catalogue changed between routing and sending: serve as routed, on a pool for this one request.
            pool = self._open(provider.options)
        sent = [*headers, *provider.headers]
        if provider.api_key is not None:
            key = provider.api_key.reveal()
            bearer = provider.kind in _BEARER
            sent.append(("authorization", f"Bearer {key}") if bearer else ("x-api-key", key))
        return await pool.send(method, provider.base_url + target, sent, body)

    async def close(self) -> None:
        """Close every pool."""
        pools, self._pools = self._pools, {}
        for _, pool in pools.values():
            await pool.close()


def _authorities(options: OutboundOptions) -> bytes:
    """Return the bundle as it is now; nothing of one that cannot be read, which opening a pool tells."""
    try:
        return Path(options.ca_file).read_bytes() if options.ca_file is not None else b""
    except OSError:
        return b""
