"""Issuers of identities on loopback: an authority of their own, real TLS, keys to rotate, ways to misbehave."""

import datetime as dt
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from joserfc import jws
from joserfc.jwk import ECKey, KeyParameters, OctKey, RSAKey

CONFIGURATION = "/.well-known/openid-configuration"
_DAY = dt.timedelta(days=1)
_GENERATE: dict[str, Callable[[KeyParameters], RSAKey | ECKey]] = {
    "RS": lambda names: RSAKey.generate_key(2048, names),
    "PS": lambda names: RSAKey.generate_key(2048, names),
    "ES256": lambda names: ECKey.generate_key("P-256", names),
    "ES384": lambda names: ECKey.generate_key("P-384", names),
    "ES512": lambda names: ECKey.generate_key("P-521", names),
}


class Authority:
    """A certificate authority that lives as long as a test."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of a test")])
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
            decipher_only=False,
        )  # fmt: skip
        self._certificate = (
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def write(self, folder: Path, name: str = "localhost") -> tuple[Path, Path]:
        """Write a certificate for a name and 127.0.0.1, and its key, into a folder."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate = (
            self._builder(subject, key.public_key())
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        folder.mkdir(parents=True, exist_ok=True)
        chain, secret = folder / f"{name}.pem", folder / f"{name}.key"
        chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        form = serialization.PrivateFormat.PKCS8
        secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        return chain, secret

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + _DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )


class Signer:
    """Somebody who signs assertions; without a server, as one whose keys are given inline."""

    def __init__(self, url: str = "https://issuer.example.com", algorithm: str = "ES256") -> None:
        self.url = url
        self.algorithm = algorithm
        self.count = 0
        self.key = self._generate()

    def rotate(self) -> None:
        """Sign with a new key from now on."""
        self.key = self._generate()

    def _generate(self) -> RSAKey | ECKey:
        self.count += 1
        names: KeyParameters = {"kid": f"key-{self.count}", "use": "sig"}
        return (_GENERATE.get(self.algorithm) or _GENERATE[self.algorithm[:2]])(names)

    @property
    def jwks(self) -> list[dict[str, Any]]:
        """The public keys."""
        return [dict(self.key.as_dict(private=False))]

    def claims(self, **changed: object) -> dict[str, Any]:
        """Claims that are in order but for what is changed; None takes one away."""
        now = int(time.time())
        self.count += 1
        whole = {"iss": self.url, "sub": "workload", "iat": now, "exp": now + 600, "jti": f"{now}-{self.count}"}
        return {name: value for name, value in {**whole, **changed}.items() if value is not None}

    def sign(self, header: Mapping[str, object] | None = None, **changed: object) -> str:
        """Return an assertion; `header` changes the header, None in it takes a member away."""
        whole = {"alg": self.algorithm, "kid": self.key.kid, "typ": "JWT", **(header or {})}
        kept = {name: value for name, value in whole.items() if value is not None}
        return jws.serialize_compact(kept, json.dumps(self.claims(**changed)), self.key, algorithms=[self.algorithm])

    def sign_with_secret(self, **changed: object) -> str:
        """Return an assertion under HS256, keyed with the public key's text as forgers do (RFC 8725 §2.1)."""
        key = OctKey.import_key(json.dumps(self.jwks[0]))
        header = {"alg": "HS256", "kid": self.key.kid}
        return jws.serialize_compact(header, json.dumps(self.claims(**changed)), key, algorithms=["HS256"])


class LocalIssuer(Signer):
    """An issuer with a server of its own at `https://127.0.0.1:PORT`, whose behaviour can be changed."""

    def __init__(self, folder: Path, authority: Authority | None = None, algorithm: str = "ES256") -> None:
        self.authority = authority or Authority()
        self.asked: list[str] = []
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                issuer.answers.get(self.path, issuer.answer)(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.authority.write(folder))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        super().__init__(f"https://127.0.0.1:{self._server.server_port}", algorithm)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer as an issuer that is well."""
        if request.path == CONFIGURATION:
            send(request, {"issuer": self.url, "jwks_uri": f"{self.url}/keys"})
        elif request.path == "/keys":
            send(request, {"keys": self.jwks})
        else:
            send(request, {"error": "not found"}, 404)


def send(request: BaseHTTPRequestHandler, body: object, status: int = 200, **headers: str) -> None:
    """Answer a request with JSON, or with bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request.send_response(status)
    for name, value in {"content-type": "application/json", "content-length": str(len(content)), **headers}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(content)
