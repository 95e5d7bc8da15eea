"""What an issuer of identities is, and where its keys come from (SDK type `federation.FederationIssuer`)."""

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import IssuerId, OrganizationId
from antechamber.features.federation.model.accounts import Keep
from antechamber.features.federation.model.stamps import Stamp, check_name

DEFAULT_JWT_SECONDS: Final = 3_600
MAX_JWT_SECONDS: Final = 176_400
MAX_URL: Final = 2_048
MAX_PEM: Final = 65_536
MAX_KEYS: Final = 100
MAX_KEY_BYTES: Final = 262_144
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Discovery:
    """Keys by OIDC discovery, below `base` in place of the issuer's own URL if it is set."""

    base: str | None = None
    ca_cert_pem: str | None = None


@dataclass(frozen=True, slots=True)
class ExplicitUrl:
    """Keys from a fixed address."""

    url: str
    ca_cert_pem: str | None = None


@dataclass(frozen=True, slots=True)
class Inline:
    """Keys given with the issuer: JWKs (RFC 7517 §4) as they were sent."""

    keys: tuple[Mapping[str, object], ...]


Jwks: TypeAlias = Discovery | ExplicitUrl | Inline


@dataclass(frozen=True, slots=True)
class Issuer:
    """Somebody whose word on identities an organisation takes; `url` is byte for byte what assertions call `iss`."""

    id: IssuerId
    organization_id: OrganizationId
    name: str
    url: str
    jwks: Jwks
    check_jti: bool
    max_jwt_lifetime_seconds: int
    created: Stamp
    updated: Stamp
    archived: Stamp | None = None


@dataclass(frozen=True, slots=True)
class Polling:
    """How the fetching of an issuer's keys goes; instants in microseconds.

    `disabled_at` is set once it has paused after repeated failures; `next_poll_at` is None then.
    """

    consecutive_failures: int
    last_fetched_at: int | None
    next_poll_at: int | None
    disabled_at: int | None = None


@dataclass(frozen=True, slots=True)
class IssuerDraft:
    """An issuer that is to be trusted."""

    name: str
    url: str
    jwks: Jwks = Discovery()
    check_jti: bool = True
    max_jwt_lifetime_seconds: int = DEFAULT_JWT_SECONDS


@dataclass(frozen=True, slots=True)
class IssuerChange:
    """What is to become of an issuer; `resume_polling` takes up the fetching that was paused."""

    name: str | Keep = Keep.IT
    url: str | Keep = Keep.IT
    jwks: Jwks | Keep = Keep.IT
    check_jti: bool | Keep = Keep.IT
    max_jwt_lifetime_seconds: int | Keep = Keep.IT
    resume_polling: bool = False


def dialled(url: str, jwks: Jwks) -> tuple[str, str] | None:
    """Return the field and the address at which the fetching of keys begins, None if nothing is fetched."""
    if isinstance(jwks, Inline):
        return None
    if isinstance(jwks, ExplicitUrl):
        return "jwks.url", jwks.url
    return ("issuer_url", url) if jwks.base is None else ("jwks.discovery_base", jwks.base)


def apply(known: Issuer, change: IssuerChange) -> Issuer:
    """Return the issuer after what was said; InvalidRequest as of `check`."""
    wanted = {field: said for field in _CHANGES if (said := getattr(change, field)) is not Keep.IT}
    return check(dataclasses.replace(known, **wanted))


def check(issuer: Issuer) -> Issuer:
    """Return an issuer; InvalidRequest past the rules that need nobody else's knowledge."""
    check_name(issuer.name)
    _check_url("issuer_url", issuer.url, has_query=False)
    _check_jwks(issuer.jwks)
    if not 1 <= issuer.max_jwt_lifetime_seconds <= MAX_JWT_SECONDS:
        message = f"max_jwt_lifetime_seconds: must be from 1 to {MAX_JWT_SECONDS}"
        raise InvalidRequest(message)
    return issuer


_CHANGES: Final = ("name", "url", "jwks", "check_jti", "max_jwt_lifetime_seconds")


def _check_url(field: str, url: str, *, has_query: bool) -> None:
    """Refuse what is no https address; an issuer's is only compared where its keys come from elsewhere."""
    parts = _split(url)
    if parts is None or len(url) > MAX_URL or not _PRINTABLE.fullmatch(url) or "\\" in url:
        message = f"{field}: must be an https address of at most {MAX_URL} printable ASCII characters"
        raise InvalidRequest(message)
    if "@" in parts.netloc or "#" in url:
        message = f"{field}: must have no user name and no fragment"
        raise InvalidRequest(message)
    if "?" in url and not has_query:
        message = f"{field}: must have no query"
        raise InvalidRequest(message)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        is_sound = url.startswith("https://") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_sound else None


def _check_jwks(jwks: Jwks) -> None:
    if isinstance(jwks, Inline):
        if not 1 <= len(jwks.keys) <= MAX_KEYS:
            message = f"jwks.keys: must be 1 to {MAX_KEYS} public keys"
            raise InvalidRequest(message)
        _check_size(jwks.keys)
        return
    if jwks.ca_cert_pem is not None and not 1 <= len(jwks.ca_cert_pem) <= MAX_PEM:
        message = f"jwks.ca_cert_pem: must be 1 to {MAX_PEM} characters of PEM, or null"
        raise InvalidRequest(message)
    if isinstance(jwks, ExplicitUrl):
        _check_url("jwks.url", jwks.url, has_query=True)
    elif jwks.base is not None:
        _check_url("jwks.discovery_base", jwks.base, has_query=False)


def _check_size(keys: tuple[Mapping[str, object], ...]) -> None:
    """Refuse keys that are too long together, or that JSON cannot hold (RFC 8259 §6 has no NaN)."""
    try:
        size = len(json.dumps(keys, allow_nan=False))
    except (ValueError, RecursionError):
        message = "jwks.keys: must be JSON"
        raise InvalidRequest(message) from None
    if size > MAX_KEY_BYTES:
        message = f"jwks.keys: must be at most {MAX_KEY_BYTES} bytes of JSON together"
        raise InvalidRequest(message)


def shown(issuer: Issuer) -> Mapping[str, object]:
    """Return what may change of an issuer, as the audit log tells it: of keys and certificates only their digests."""
    return {
        "name": issuer.name,
        "issuer_url": issuer.url,
        "jwks": _summary(issuer.jwks),
        "check_jti": issuer.check_jti,
        "max_jwt_lifetime_seconds": issuer.max_jwt_lifetime_seconds,
    }


def _summary(jwks: Jwks) -> Mapping[str, object]:
    if isinstance(jwks, Inline):
        return {"type": "inline", "keys_sha256": _digest(json.dumps(jwks.keys, sort_keys=True))}
    authorities = None if jwks.ca_cert_pem is None else _digest(jwks.ca_cert_pem)
    if isinstance(jwks, ExplicitUrl):
        return {"type": "explicit_url", "url": jwks.url, "ca_cert_sha256": authorities}
    return {"type": "discovery", "discovery_base": jwks.base, "ca_cert_sha256": authorities}


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
