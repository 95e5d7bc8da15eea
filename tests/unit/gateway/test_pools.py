"""Connections to providers are kept while nothing changes, and opened anew when what they stand on does."""

import asyncio
from pathlib import Path

import pytest

from antechamber.adapters.providers.upstreams import HttpUpstreams
from antechamber.base.outbound import Outbound, OutboundOptions
from antechamber.features.gateway.model import Catalogue, Provider, ProviderKind
from antechamber.features.gateway.service.catalogue import CatalogueError
from antechamber.wiring.catalogue import open_pool
from tests.issuers import Authority


class Pools:
    """Opens real ones and counts them."""

    def __init__(self) -> None:
        self.opened = 0
        self.upstreams = HttpUpstreams(self.open)

    def open(self, options: OutboundOptions) -> Outbound:
        pool = open_pool(options)
        self.opened += 1
        return pool

    def adopt(self, bundle: Path) -> int:
        """Take up a provider that believes a bundle, and return how many pools were opened so far."""
        options = OutboundOptions(ca_file=str(bundle))
        provider = Provider("a", ProviderKind.OPENAI, "https://a.example", None, ("*",), options=options)
        self.upstreams.adopt(Catalogue((provider,), {}, {}))
        return self.opened


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    path.write_text(Authority().pem, encoding="utf-8")
    return path


def test_a_bundle_with_other_authorities_is_a_reason_to_connect_anew(bundle: Path, tmp_path: Path) -> None:
    pools = Pools()
    assert [pools.adopt(bundle), pools.adopt(bundle)] == [1, 1]
    bundle.write_text(Authority().pem, encoding="utf-8")
    assert [pools.adopt(bundle), pools.adopt(bundle)] == [2, 2]
    elsewhere = tmp_path / "elsewhere.pem"
    elsewhere.write_bytes(bundle.read_bytes())
    assert pools.adopt(elsewhere) == 3
    asyncio.run(pools.upstreams.close())


def test_a_bundle_that_is_gone_keeps_the_connections_there_are(bundle: Path) -> None:
    pools = Pools()
    assert pools.adopt(bundle) == 1
    kept = bundle.read_bytes()
    bundle.unlink()
    with pytest.raises(CatalogueError, match="ca_file"):
        pools.adopt(bundle)
    bundle.write_bytes(kept)
    assert pools.adopt(bundle) == 1
    asyncio.run(pools.upstreams.close())
