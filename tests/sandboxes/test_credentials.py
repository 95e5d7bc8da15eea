"""Private registries: builds read them with the operator's credential, which never gets into a sandbox."""

import base64
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from antechamber.database.engine import Database, database_url
from antechamber.features.environments.model.builds import Build, BuildState
from antechamber.features.environments.model.sandbox import SandboxSpec
from antechamber.settings import Loaded, Settings
from antechamber.wiring.registries import read_registries
from tests.contracts.tenants import MINE, settle
from tests.contracts.workshops import Shop
from tests.issuers import Authority
from tests.sandboxes import bases
from tests.sandboxes.private import (
    CANARY,
    HEADER,
    HOST,
    USER,
    Private,
    apt_files,
    cargo_files,
    npm_files,
    packed,
    pip_files,
)
from tests.sandboxes.running import run
from tests.sandboxing import Station, station
from tests.templates import copy_to

pytestmark = [pytest.mark.sandbox, pytest.mark.anyio, pytest.mark.timeout(300)]
MOST_BYTES = 1 << 26
# what a package that is being installed may try with the registry that it comes from
CURIOUS = (
    "import os, setuptools, ssl, urllib.request as u\n"
    "c = ssl.create_default_context(cafile=os.environ['SSL_CERT_FILE'])\n"
    "for method in ('GET', 'POST'):\n"
    "    try: u.urlopen(u.Request(os.environ['PIP_INDEX_URL'] + method, method=method), context=c)\n"
    "    except u.HTTPError as error: print(error)\n"
    "setuptools.setup(name='curious', version='1.0', py_modules=[])\n"
)


@dataclass(slots=True)
class Yard:
    station: Station
    origin: Private
    tables: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("private")
    folder.chmod(0o755)
    authority = Authority()
    bundle = folder / "ca.pem"
    bundle.write_text(authority.pem)
    origin = Private(folder / "origin", authority)
    address = origin.address
    origin.files = {
        **pip_files("secretive"),
        "/simple/curious": b'<a href="/files/curious-1.0.tar.gz">curious-1.0.tar.gz</a>',
        "/files/curious-1.0.tar.gz": packed({"curious-1.0/setup.py": CURIOUS, "curious-1.0/PKG-INFO": METADATA}),
        **apt_files(folder),
        **cargo_files(address),
        **npm_files(address),
    }
    credential = {"username": USER, "password": "env:PRIVATE"}
    tables = {
        "ca_file": str(bundle),
        "apt": {"sources": [f"deb [trusted=yes] {address}/debian ./"], **credential},
        "cargo": {"index_url": f"{address}/cargo/", **credential},
        "npm": {"index_url": f"{address}/npm/", **credential},
        "pip": {"index_url": f"{address}/simple/", **credential},
    }
    egress = {
        "private": [{"network": "127.0.0.0/8", "host": HOST}],
        "hosts": {HOST: "127.0.0.1"},
        "registries_ca_file": str(bundle),
    }
    with station("oci-root", egress=egress) as made:
        bases.lay(made)
        yield Yard(made, origin, tables)
    origin.close()


@pytest.fixture
async def shop(yard: Yard, tmp_path: Path) -> AsyncIterator[Shop]:
    copy_to(tmp_path / "antechamber.db")
    database = Database(database_url(None, tmp_path))
    told = Loaded(Settings(), {}, {"registries": yard.tables}, None, {**os.environ, "PRIVATE": CANARY})
    registries = read_registries(told, with_credentials=True)
    egress = yard.station.egress_log
    opened = Shop(await settle(database), tmp_path / "builds", yard.station.sandboxes, None, registries, egress)
    yield opened
    await opened.builds.stop()
    for layer in await yard.station.sandboxes.layers(MINE):
        await yard.station.sandboxes.drop_layer(MINE, layer.digest)
    await database.close()


METADATA = "Metadata-Version: 2.1\nName: curious\nVersion: 1.0\n"


async def built(shop: Shop, **packages: Any) -> Build:  # noqa: ANN401 - managers with their packages
    environment = await shop.environment(**packages)
    build = await shop.ended(environment, await shop.start(environment))
    assert build.state is BuildState.SUCCEEDED, (build.failure, shop.logs.read(build.id, 0, 1 << 20).decode()[-4000:])
    return build


def holding(*folders: Path) -> list[Path]:
    """Return the files that hold the credential in one of its forms."""
    needles = (CANARY.encode(), HEADER.encode(), base64.b64encode(f"reader:{CANARY}".encode()))
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    # disks that wait for a sandbox are empty, and of ten gigabytes each
    read = [path.read_bytes() if path.stat().st_size < MOST_BYTES else b"" for path in files]
    assert any(read)
    return [path for path, content in zip(files, read, strict=True) if any(needle in content for needle in needles)]


async def test_packages_of_private_registries_are_installed_and_nothing_is_left_of_the_credential(
    yard: Yard, shop: Shop, tmp_path: Path
) -> None:
    named = {"apt": ("hidden-tool",), "cargo": ("hiddencrate",), "npm": ("hidden",), "pip": ("secretive",)}
    build = await built(shop, **named)
    assert build.lock is not None
    assert {one.name for one in build.lock.installed} >= {name for [name] in named.values()}
    data = yard.station.data
    assert holding(data / "layers", data / "run", data / "egress", data / "sessions", tmp_path) == []
    assert CANARY not in yard.station.log() + shop.logs.read(build.id, 0, 1 << 20).decode()
    room = await shop.sandboxes.create(SandboxSpec("later", MINE, build.base, (build.digest,)))
    try:
        said = await run(room, "python3", "-c", "import secretive; print(secretive.told)")
        assert said.text == "from the private index\n"
        for program in ("hidden-tool", "hiddencrate"):
            assert (await run(room, program)).text == "from the private index\n"
        there = await run(room, "sh", "-c", "env; ls /etc/ante /etc/antechamber; cat /proc/1/environ /root/.cargo/*")
        assert CANARY not in there.text
        assert "set-by-the-egress-proxy" not in there.text
        assert "authorities.pem" not in there.text
        assert "egress-ca.pem" not in there.text
    finally:
        await shop.sandboxes.remove("later")


async def test_a_package_sees_no_credential_while_it_is_built_and_writes_nothing_with_it(
    yard: Yard, shop: Shop
) -> None:
    yard.origin.asked.clear()
    environment = await shop.environment(pip=("curious",))
    build = await shop.ended(environment, await shop.start(environment))
    log = shop.logs.read(build.id, 0, 1 << 20).decode()
    authorized = {(path, headers.get("Authorization")) for _, path, headers in yard.origin.asked}
    assert ("/simple/GET", HEADER) in authorized, (authorized, log)
    assert ("/simple/POST", None) in authorized, (authorized, log)
    assert CANARY not in log
