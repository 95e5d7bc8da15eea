"""A private registry on this machine's loopback, with packages of several managers that are nowhere else."""

import base64
import hashlib
import io
import json
import subprocess
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.issuers import Authority
from tests.origins import Origin

_LONGEST_SECONDS = 120
HOST = "private.example"
USER = "reader"
CANARY = "canary-of-the-private-registry"


def basic(password: str) -> str:
    """Return the header by which somebody who has the password reads."""
    return "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()


HEADER = basic(CANARY)
MANIFEST = """[package]
name = "hiddencrate"
version = "1.0.0"
edition = "2021"
"""
LOCK = 'version = 3\n\n[[package]]\nname = "hiddencrate"\nversion = "1.0.0"\n'
CONTROL = """Package: hidden-tool
Version: 1.0
Architecture: all
Maintainer: tests <tests@example.com>
Description: tells where it is from
"""
RELEASE = """Suite: stable
Codename: stable
Architectures: all amd64 arm64
Date: Thu, 01 Jan 2026 00:00:00 UTC
SHA256:
 {digest} {size} Packages
"""


class Private(Origin):
    """Serves files to who has the credential, and challenges everybody else."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.files: dict[str, bytes] = {}
        self.header = HEADER
        # cleared, it answers nothing
        self.open = threading.Event()
        self.open.set()
        super().__init__(folder, authority, HOST)
        self.address = f"https://{HOST}:{self.port}"

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        del body
        self.open.wait(_LONGEST_SECONDS)
        is_known = request.headers.get("authorization") == self.header
        path = request.path.rstrip("/").replace("/./", "/")
        found = self.files.get(path) if is_known else None
        request.send_response(200 if found is not None else 404 if is_known else 401)
        request.send_header("www-authenticate", 'Basic realm="private"')
        if path.startswith("/simple"):
            request.send_header("content-type", "text/html")
        request.send_header("content-length", str(len(found or b"")))
        request.end_headers()
        request.wfile.write(found or b"")


def wheel(name: str) -> bytes:
    """Return a Python package with one module."""
    packed_up = io.BytesIO()
    with zipfile.ZipFile(packed_up, "w") as archive:
        about = f"{name}-1.0.dist-info"
        archive.writestr(f"{name}.py", "told = 'from the private index'\n")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", f"{name}.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")
    return packed_up.getvalue()


def pip_files(name: str) -> dict[str, bytes]:
    """Return the files of an index of Python packages (PEP 503) with one in it, at /simple."""
    file = f"{name}-1.0-py3-none-any.whl"
    return {f"/simple/{name}": f'<a href="/files/{file}">{file}</a>'.encode(), f"/files/{file}": wheel(name)}


def packed(files: dict[str, str]) -> bytes:
    """Return files as a tar."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


def npm_files(address: str) -> dict[str, bytes]:
    """Return the same of npm, at /npm: the package `hidden`."""
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


def cargo_files(address: str) -> dict[str, bytes]:
    """Return the same of Cargo, at /cargo: the program `hiddencrate`; the index wants who asks to be known."""
    crate = packed(
        {
            "hiddencrate-1.0.0/Cargo.toml": MANIFEST,
            "hiddencrate-1.0.0/Cargo.lock": LOCK,
            "hiddencrate-1.0.0/src/main.rs": 'fn main() { println!("from the private index"); }\n',
        }
    )
    entry = {
        "name": "hiddencrate",
        "vers": "1.0.0",
        "deps": [],
        "cksum": hashlib.sha256(crate).hexdigest(),
        "features": {},
        "yanked": False,
    }
    return {
        "/cargo/config.json": json.dumps({"dl": f"{address}/cargo/dl", "auth-required": True}).encode(),
        "/cargo/hi/dd/hiddencrate": json.dumps(entry).encode() + b"\n",
        "/cargo/dl/hiddencrate/1.0.0/download": crate,
    }


def apt_files(folder: Path) -> dict[str, bytes]:
    """Return the same of apt, at /debian: the package `hidden-tool`, made in a folder."""
    tree = folder / "hidden-tool"
    for name, text, mode in (
        ("DEBIAN/control", CONTROL, 0o644),
        ("usr/bin/hidden-tool", "#!/bin/sh\necho from the private index\n", 0o755),
    ):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
    package = folder / "hidden-tool.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, package], check=True, capture_output=True)
    content = package.read_bytes()
    about = f"Filename: hidden-tool.deb\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
    packages = f"{CONTROL}{about}".encode()
    release = RELEASE.format(digest=hashlib.sha256(packages).hexdigest(), size=len(packages))
    return {
        "/debian/Release": release.encode(),
        "/debian/Packages": packages,
        "/debian/hidden-tool.deb": content,
    }
