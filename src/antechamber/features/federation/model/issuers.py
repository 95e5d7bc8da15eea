"""What an issuer of identities is, and where its keys come from (SDK type `federation.FederationIssuer`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import IssuerId, OrganizationId
from antechamber.features.federation.model.accounts import Keep
from antechamber.features.federation.model.stamps import Stamp

DEFAULT_JWT_SECONDS: Final = 3_600
MAX_JWT_SECONDS: Final = 176_400


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


def check_jwt_lifetime(seconds: int) -> int:
    """Return how long an assertion may be valid at most; InvalidRequest unless it is 1 s to 49 h."""
    if not 1 <= seconds <= MAX_JWT_SECONDS:
        message = f"max_jwt_lifetime_seconds: must be from 1 to {MAX_JWT_SECONDS}"
        raise InvalidRequest(message)
    return seconds
