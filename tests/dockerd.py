"""A private engine for tests: Debian's dockerd with folders, socket, cgroups and mounts of its own, no network."""

import contextlib
import datetime as dt
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.live import free_port
from tools import certificate

READY_SECONDS = 60
END_SECONDS = 60


class Dockerd:
    """From `start` to `stop`, which leaves nothing; `over_tls` adds a port that wants certificates."""

    def __init__(self, *, over_tls: bool = False) -> None:
        # a socket's path may have 107 characters, those of pytest's folders are long
        self.folder = Path(tempfile.mkdtemp(prefix="ante-dockerd-"))
        self.url = f"unix://{self.folder}/docker.sock"
        self.tls_folder = self.folder / "tls"
        self.tls_url = ""
        self._over_tls = over_tls
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + READY_SECONDS
        while "API listen on" not in (told := self._log()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                message = f"dockerd did not start:\n{told[-3000:]}"
                raise AssertionError(message)
            time.sleep(0.05)
        return self

    @property
    def pid(self) -> int:
        """Its process, whose children the containers' are."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """End it with everything of it."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.terminate()
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for place in self._cgroups():
            with contextlib.suppress(OSError):
                place.rmdir()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _command(self) -> list[str]:
        folder = self.folder
        (folder / "none.json").write_text("{}", encoding="utf-8")
        return [
            # ends with the tests, however they end
            *("setpriv", "--pdeathsig", "TERM", "unshare", "--mount", "--propagation", "private"),
            *("dockerd", "--config-file", f"{folder}/none.json"),
            *("--data-root", f"{folder}/data", "--exec-root", f"{folder}/run", "--pidfile", f"{folder}/pid"),
            *("--host", self.url, "--storage-driver", "overlay2", "--cgroup-parent", f"/{folder.name}"),
            *("--iptables=false", "--ip6tables=false", "--bridge=none", "--shutdown-timeout", "2"),
            *(self._listen() if self._over_tls else []),
        ]

    def _listen(self) -> list[str]:
        self.tls_url = f"tcp://localhost:{free_port()}"
        self.tls_folder.mkdir()
        # each side knows the other by its one certificate
        server, server_key = certificate.make(dt.datetime.now(dt.UTC))
        client, client_key = client_certificate()
        given = {
            "ca.pem": server,
            "cert.pem": client,
            "key.pem": client_key,
            "server.pem": server,
            "its.pem": server_key,
        }
        for name, content in given.items():
            (self.tls_folder / name).write_bytes(content)
        files = {"--tlscacert": "cert.pem", "--tlscert": "server.pem", "--tlskey": "its.pem"}
        named = [f"{option}={self.tls_folder / name}" for option, name in files.items()]
        return ["--host", self.tls_url, "--tlsverify", *named]

    def _log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def _cgroups(self) -> Iterator[Path]:
        for root in Path("/sys/fs/cgroup").iterdir():
            top = root / self.folder.name
            for place, _, _ in os.walk(top, topdown=False):
                yield Path(place)


def client_certificate() -> tuple[bytes, bytes]:
    """Return the PEM of a certificate that only shows who calls, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests of Antechamber")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM), private
