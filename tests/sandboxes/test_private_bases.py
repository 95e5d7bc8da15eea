"""Bases are made from a private apt mirror: with its login, its authority, and by the operator's own way out."""

import os
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from antechamber.settings import Loaded, Settings
from antechamber.wiring.failures import OperationError
from antechamber.wiring.images import build_image
from tests.issuers import Authority
from tests.origins import Origin, ProxyUpstream
from tests.sandboxes import registries
from tests.sandboxes.private import CANARY, HEADER, HOST, USER

pytestmark = [pytest.mark.sandbox, pytest.mark.long, pytest.mark.timeout(600)]
WAY_OUT = "proxy-password-of-the-operator"
FILES = ("etc/apt/auth.conf.d/00ante.conf", "etc/apt/apt.conf.d/00ante", "etc/ante", "root/.netrc", "root/.npmrc")


class Mirror(Origin):
    """This machine's mirror, over TLS, for who has the login."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        behind = registries.mirror()
        assert behind is not None
        self._behind = behind
        self.refused = 0
        super().__init__(folder, authority, HOST)

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        del body
        status, content = 401, b""
        if request.headers.get("authorization") == HEADER:
            status, content = self._fetch(request.path.removeprefix("/debian"))
        else:
            self.refused += 1
        request.send_response(status)
        request.send_header("www-authenticate", 'Basic realm="private"')
        request.send_header("content-length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def _fetch(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(self._behind + path, timeout=120) as found:  # noqa: S310 - the machine's mirror
                return 200, found.read()
        except urllib.error.HTTPError as error:
            return error.code, b""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    authority = Authority()
    (tmp_path / "ca.pem").write_text(authority.pem)
    made = Mirror(tmp_path / "origin", authority)
    yield made
    made.close()


@pytest.fixture
def way_out(mirror: Mirror) -> Iterator[ProxyUpstream]:
    made = ProxyUpstream(lambda _: mirror.port)
    yield made
    made.close()


def settings(folder: Path, mirror: Mirror, way_out: ProxyUpstream, **login: str) -> Loaded:
    tables = {
        "registries": {
            "ca_file": str(folder / "ca.pem"),
            "apt": {"index_url": f"https://{HOST}:{mirror.port}/debian", **login},
        },
        "egress": {"proxy": f"http://operator:{WAY_OUT}@127.0.0.1:{way_out.port}"},
    }
    data = folder / "data"
    data.mkdir(exist_ok=True)
    return Loaded(Settings(data=data), {}, tables, None, {**os.environ, "ANTE_CACHE": str(folder / "cache")})


def test_a_base_comes_from_a_private_mirror_and_keeps_nothing_of_its_login(
    mirror: Mirror, way_out: ProxyUpstream, tmp_path: Path
) -> None:
    said: list[str] = []
    loaded = settings(tmp_path, mirror, way_out, username=USER, password=CANARY)
    told = build_image(loaded, "minimal", said.append)
    assert told["managers"] == ["apt"]
    assert mirror.asked
    assert all("proxy-authorization: basic" in head.lower() for head in way_out.asked)
    [packed] = (tmp_path / "cache").rglob("*.tar")
    with tarfile.open(packed) as archive:
        names = {name.removeprefix("./") for name in archive.getnames()}
        sources = archive.extractfile("./etc/apt/sources.list")
        assert sources is not None
        assert sources.read().decode().startswith(f"deb https://{HOST}:{mirror.port}/debian ")
    assert not names & set(FILES)
    content = packed.read_bytes()
    for secret in (CANARY, HEADER, WAY_OUT):
        assert secret.encode() not in content
        assert secret not in "\n".join(said)


def test_a_mirror_that_wants_a_login_is_named_when_there_is_none(
    mirror: Mirror, way_out: ProxyUpstream, tmp_path: Path
) -> None:
    said: list[str] = []
    with pytest.raises(OperationError, match="mmdebstrap ended with"):
        build_image(settings(tmp_path, mirror, way_out), "minimal", said.append)
    assert mirror.refused
    assert any("401" in line for line in said)
    assert not list((tmp_path / "cache").rglob("*.tar"))


def test_a_login_that_apt_knows_no_way_to_show_is_refused_before_anything_is_fetched(
    mirror: Mirror, way_out: ProxyUpstream, tmp_path: Path
) -> None:
    with pytest.raises(OperationError, match=r"registries\.apt: bases want a username and a password"):
        build_image(settings(tmp_path, mirror, way_out, token=CANARY), "minimal", lambda _: None)
    assert mirror.asked == []
