"""Private registries: builds read them with the operator's credential, which never gets into a sandbox."""

import base64
import hashlib
import io
import json
import os
import tarfile
import zipfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
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
from tests.origins import Origin
from tests.sandboxes import bases
from tests.sandboxes.running import run
from tests.sandboxing import Station, station
from tests.templates import copy_to

pytestmark = [pytest.mark.sandbox, pytest.mark.anyio, pytest.mark.timeout(300)]
HOST = "private.example"
MOST_BYTES = 1 << 26
CANARY = "canary-of-the-private-registry"
HEADER = "Basic " + base64.b64encode(f"reader:{CANARY}".encode()).decode()
# what a package that is being installed may try with the registry that it comes from
CURIOUS = (
    "import os, setuptools, ssl, urllib.request as u\n"
    "c = ssl.create_default_context(cafile=os.environ['SSL_CERT_FILE'])\n"
    "for method in ('GET', 'POST'):\n"
    "    try: u.urlopen(u.Request(os.environ['PIP_INDEX_URL'] + method, method=method), context=c)\n"
    "    except u.HTTPError as error: print(error)\n"
    "setuptools.setup(name='curious', version='1.0', py_modules=[])\n"
)


class Private(Origin):
    """Serves files to who has the credential, and challenges everybody else."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.files: dict[str, bytes] = {}
        super().__init__(folder, authority, HOST)

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        del body
        is_known = request.headers.get("authorization") == HEADER
        found = self.files.get(request.path.rstrip("/")) if is_known else None
        request.send_response(200 if found is not None else 404 if is_known else 401)
        request.send_header("www-authenticate", 'Basic realm="private"')
        if request.path.startswith("/simple"):
            request.send_header("content-type", "text/html")
        request.send_header("content-length", str(len(found or b"")))
        request.end_headers()
        request.wfile.write(found or b"")


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
    address = f"https://{HOST}:{origin.port}"
    origin.files = {
        "/simple/secretive": b'<a href="/files/secretive-1.0-py3-none-any.whl">secretive-1.0-py3-none-any.whl</a>',
        "/files/secretive-1.0-py3-none-any.whl": wheel("secretive"),
        "/simple/curious": b'<a href="/files/curious-1.0.tar.gz">curious-1.0.tar.gz</a>',
        "/files/curious-1.0.tar.gz": packed({"curious-1.0/setup.py": CURIOUS, "curious-1.0/PKG-INFO": METADATA}),
        **npm_package(address),
    }
    tables = {
        "ca_file": str(bundle),
        "pip": {"index_url": f"{address}/simple/", "username": "reader", "password": "env:PRIVATE"},
        "npm": {"index_url": f"{address}/npm/", "username": "reader", "password": "env:PRIVATE"},
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


def wheel(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        about = f"{name}-1.0.dist-info"
        archive.writestr(f"{name}.py", "told = 'from the private index'\n")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", f"{name}.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")
    return packed.getvalue()


def packed(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


def npm_package(address: str) -> dict[str, bytes]:
    manifest = {"name": "hidden", "version": "1.0.0", "main": "index.js"}
    archive = packed({"package/package.json": json.dumps(manifest), "package/index.js": "module.exports='hidden'\n"})
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    dist = {"tarball": f"{address}/npm/hidden/-/hidden-1.0.0.tgz", "integrity": integrity}
    document = {
        "name": "hidden",
        "dist-tags": {"latest": "1.0.0"},
        "versions": {"1.0.0": {**manifest, "dist": dist}},
    }
    return {"/npm/hidden": json.dumps(document).encode(), "/npm/hidden/-/hidden-1.0.0.tgz": archive}


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
    build = await built(shop, pip=("secretive",), npm=("hidden",))
    assert build.lock is not None
    assert {one.name for one in build.lock.installed} >= {"secretive", "hidden"}
    data = yard.station.data
    assert holding(data / "layers", data / "run", data / "egress", data / "sessions", tmp_path) == []
    assert CANARY not in yard.station.log() + shop.logs.read(build.id, 0, 1 << 20).decode()
    room = await shop.sandboxes.create(SandboxSpec("later", MINE, build.base, (build.digest,)))
    try:
        said = await run(room, "python3", "-c", "import secretive; print(secretive.told)")
        assert said.text == "from the private index\n"
        there = await run(room, "sh", "-c", "env; ls /etc/ante /etc/antechamber; cat /proc/1/environ")
        assert CANARY not in there.text
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
