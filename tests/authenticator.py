"""A passkey authenticator in software: makes credentials and answers challenges as browsers do (WebAuthn Level 3)."""

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_PRESENT: Final = 0x01
_VERIFIED: Final = 0x04
_HAS_CREDENTIAL: Final = 0x40


def encode(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Credential:
    """One passkey, on the side of whoever holds it."""

    id: bytes
    key: ec.EllipticCurvePrivateKey
    user_handle: bytes
    sign_count: int = 0


@dataclass
class Authenticator:
    """Holds passkeys for an origin; what it says may be changed before it is sent."""

    origin: str = "http://localhost:8787"
    rp_id: str = "localhost"
    flags: int = _PRESENT | _VERIFIED
    counts: bool = True
    held: list[Credential] = field(default_factory=list)

    def create(self, options: Mapping[str, Any], *, credential_id: bytes | None = None, **client: object) -> str:
        """Return the JSON of a new credential for creation options; `client` changes what the browser says."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = Credential(credential_id or os.urandom(32), key, decode(options["user"]["id"]))
        self.held.append(made)
        attested = bytes(16) + len(made.id).to_bytes(2) + made.id + _cose(key)
        data = self._data(made, _HAS_CREDENTIAL) + attested
        statement = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": encode(self._client("webauthn.create", options, client)),
            "attestationObject": encode(statement),
            "transports": ["internal", "hybrid", "carrier-pigeon"],
        }
        return self._shown(made, response)

    def get(self, options: Mapping[str, Any], **client: object) -> str:
        """Return the JSON of an answer to request options, with the newest credential."""
        used = self.held[-1]
        if self.counts:
            used.sign_count += 1
        data = self._data(used)
        said = self._client("webauthn.get", options, client)
        signature = used.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": encode(said),
            "authenticatorData": encode(data),
            "signature": encode(signature),
            "userHandle": encode(used.user_handle),
        }
        return self._shown(used, response)

    def _data(self, credential: Credential, flags: int = 0) -> bytes:
        head = hashlib.sha256(self.rp_id.encode()).digest()
        return head + bytes([self.flags | flags]) + credential.sign_count.to_bytes(4)

    def _client(self, kind: str, options: Mapping[str, Any], changed: Mapping[str, object]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps({**said, **changed}).encode()

    def _shown(self, credential: Credential, response: Mapping[str, object]) -> str:
        name = encode(credential.id)
        form = {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
        return json.dumps(form)


def _cose(key: ec.EllipticCurvePrivateKey) -> bytes:
    point = key.public_key().public_numbers()
    # RFC 9053 §7.1.1: EC2, ES256, P-256
    return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})
