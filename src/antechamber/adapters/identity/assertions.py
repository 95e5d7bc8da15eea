"""JSON Web Tokens and the keys that sign them (`federation.ports`), on joserfc; RFC 8725 says what is refused."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry, deserialize_compact
from joserfc.util import urlsafe_b64decode

from antechamber.features.federation.model.assertion import ALGORITHMS, LONGEST_BYTES, Signer, Unverified
from antechamber.features.federation.model.history import Reason
from antechamber.features.federation.model.keys import Configuration

_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_MOST_KEYS: Final = 100
_RSA_BITS: Final = range(2048, 8193)
# a larger exponent costs the verifier and gains the signer nothing (NIST SP 800-89 §5.3.3)
_LONGEST_EXPONENT: Final = 32
_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_RSA_ALGORITHMS: Final = frozenset(each for each in ALGORITHMS if each[:2] in {"RS", "PS"})
_RSA_FIELDS: Final = ("kty", "n", "e")
_EC_FIELDS: Final = ("kty", "crv", "x", "y")
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class _Registry(JWSRegistry):
    max_header_length = max_payload_length = max_signature_length = LONGEST_BYTES


# one algorithm each: what the header says is decided before, what a key may do below
_REGISTRIES: Final = {each: _Registry(algorithms=[each], strict_check_header=False) for each in ALGORITHMS}


class JoseKeys:
    """An issuer's signing keys, each under its id and every algorithm that it may be used with."""

    def __init__(self, keys: Sequence[Mapping[str, Any]]) -> None:
        """Leave out what cannot sign an assertion, and ids that two keys share (RFC 7517 §5)."""
        self._keys: dict[Signer, RSAKey | ECKey] = {}
        shared: set[Signer] = set()
        for entry in keys[:_MOST_KEYS]:
            key = _import(entry)
            if isinstance(key, str):
                continue
            for algorithm in _algorithms(entry):
                signer = Signer(entry["kid"], algorithm)
                if signer in self._keys:
                    shared.add(signer)
                self._keys[signer] = key
        for signer in shared:
            del self._keys[signer]

    def __len__(self) -> int:
        return len({signer.key_id for signer in self._keys})

    def refuse(self, text: str, signer: Signer) -> Reason | None:
        """Return why the signature of an assertion is not good: no such key, or another's; None if it is."""
        key = self._keys.get(signer)
        if key is None:
            return Reason.UNKNOWN_KEY
        try:
            deserialize_compact(text, key, registry=_REGISTRIES[signer.algorithm])
        except (JoseError, ValueError, TypeError):
            return Reason.SIGNATURE
        return None


class JoseAssertions:
    """Takes assertions and key sets apart."""

    def read(self, text: str) -> Unverified | None:
        """Return what an assertion says; None if it is no JWT of three parts, or one that readers could differ on."""
        if not _COMPACT.fullmatch(text):
            return None
        header, claims, _ = text.split(".")
        try:
            return Unverified(_object(urlsafe_b64decode(header.encode())), _object(urlsafe_b64decode(claims.encode())))
        except (ValueError, TypeError, RecursionError):
            return None

    def read_document(self, body: bytes) -> Sequence[Mapping[str, Any]] | None:
        """Return the keys of a JWK Set (RFC 7517 §5); None if it is none, or holds no key that could be used."""
        try:
            keys = _object(body).get("keys")
        except (ValueError, TypeError, RecursionError):
            return None
        if not isinstance(keys, list) or len(keys) > _MOST_KEYS or not all(isinstance(key, dict) for key in keys):
            return None
        return public if len(JoseKeys(public := [_public(key) for key in keys])) else None

    def read_configuration(self, body: bytes) -> Configuration | None:
        """Return what a discovery document says; None if it is none."""
        try:
            said = _object(body)
        except (ValueError, TypeError, RecursionError):
            return None
        issuer, jwks_uri = said.get("issuer"), said.get("jwks_uri")
        return Configuration(issuer, jwks_uri) if isinstance(issuer, str) and isinstance(jwks_uri, str) else None

    def read_keys(self, keys: Sequence[Mapping[str, Any]]) -> JoseKeys:
        """Return keys to verify with."""
        return JoseKeys(keys)

    def refuse_inline(self, keys: Sequence[object]) -> str | None:
        """Return what is wrong with keys that an administrator gives by hand, as `keys[0].kid: …`; None if nothing."""
        if not 0 < len(keys) <= _MOST_KEYS:
            return f"keys: must be from 1 to {_MOST_KEYS} keys"
        seen: set[Signer] = set()
        for index, entry in enumerate(keys):
            if not isinstance(entry, dict):
                return f"keys[{index}]: must be a JSON Web Key"
            if not _PRIVATE.isdisjoint(entry):
                return f"keys[{index}]: holds a private or symmetric key; give the public one, and replace this one"
            problem = _import(entry)
            if isinstance(problem, str):
                return f"keys[{index}].{problem}" if ":" in problem else f"keys[{index}]: {problem}"
            signers = {Signer(entry["kid"], algorithm) for algorithm in _algorithms(entry)}
            if not seen.isdisjoint(signers):
                return f"keys[{index}].kid: another key has the same"
            seen |= signers
        return None


def _public(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what we keep of a key: nothing private, and no certificates."""
    names = ("kid", "use", "key_ops", "alg", *_RSA_FIELDS, *_EC_FIELDS)
    return {name: entry[name] for name in names if name in entry}


def _algorithms(entry: Mapping[str, Any]) -> frozenset[str]:
    able = _RSA_ALGORITHMS if entry["kty"] == "RSA" else frozenset({_CURVES[entry["crv"]]})
    named = entry.get("alg")
    return able if named is None else able & {named}


def _import(entry: Mapping[str, Any]) -> RSAKey | ECKey | str:
    """Return a key, or what keeps it from verifying assertions."""
    kid = entry.get("kid")
    if not isinstance(kid, str) or not kid:
        return "kid: must be given"
    if entry.get("use", "sig") != "sig" or "verify" not in (entry.get("key_ops") or ["verify"]):
        return "use: must be sig"
    try:
        if entry.get("kty") == "RSA":
            return _import_rsa(entry)
        if entry.get("kty") == "EC" and entry.get("crv") in _CURVES:
            return _fits(entry) or ECKey.import_key({name: entry[name] for name in _EC_FIELDS})
    except (JoseError, KeyError, ValueError, TypeError):
        return "is not a public key that can be read"
    return f"kty: must be RSA, or EC with crv {', '.join(_CURVES)}"


def _import_rsa(entry: Mapping[str, Any]) -> RSAKey | str:
    modulus, exponent = (int.from_bytes(urlsafe_b64decode(entry[name].encode())) for name in ("n", "e"))
    if modulus.bit_length() not in _RSA_BITS:
        return f"n: must have from {_RSA_BITS.start} to {_RSA_BITS.stop - 1} bits"
    if exponent % 2 == 0 or not 1 < exponent.bit_length() <= _LONGEST_EXPONENT:
        return f"e: must be odd, and have at most {_LONGEST_EXPONENT} bits"
    return _fits(entry) or RSAKey.import_key({name: entry[name] for name in _RSA_FIELDS})


def _fits(entry: Mapping[str, Any]) -> str | None:
    return None if _algorithms(entry) else f"alg: must be one that a key of kty {entry['kty']} has"


def _object(body: bytes) -> dict[str, Any]:
    found = json.loads(body, object_pairs_hook=_once, parse_constant=_refuse_constant)
    if not isinstance(found, dict):
        message = "not an object"
        raise TypeError(message)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # which of two members of one name counts, parsers differ on (RFC 8259 §4)
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a member is given twice"
        raise ValueError(message)
    return found


def _refuse_constant(text: str) -> Any:  # noqa: ANN401 - the json module's own type
    message = f"{text} is not JSON"
    raise ValueError(message)
