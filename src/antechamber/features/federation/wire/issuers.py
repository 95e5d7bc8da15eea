"""Issuers on the wire (SDK type `organization.federation.FederationIssuer`)."""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from antechamber.features.federation.model.accounts import Keep
from antechamber.features.federation.model.issuers import (
    DEFAULT_JWT_SECONDS,
    Discovery,
    ExplicitUrl,
    Inline,
    IssuerChange,
    IssuerDraft,
    Jwks,
    Polling,
)
from antechamber.features.federation.service import ShownIssuer
from antechamber.features.federation.wire.fields import ResourceBody, show_stamps
from antechamber.http.bodies import Body
from antechamber.http.fields import show_instant


class DiscoveryBody(Body):
    """`{type: "discovery", discovery_base?, ca_cert_pem?}`."""

    type: Literal["discovery"]
    discovery_base: str | None = None
    ca_cert_pem: str | None = None

    def read(self) -> Jwks:
        """Return how keys are had."""
        return Discovery(self.discovery_base, self.ca_cert_pem)


class ExplicitUrlBody(Body):
    """`{type: "explicit_url", url, ca_cert_pem?}`."""

    type: Literal["explicit_url"]
    url: str
    ca_cert_pem: str | None = None

    def read(self) -> Jwks:
        """Return how keys are had."""
        return ExplicitUrl(self.url, self.ca_cert_pem)


class InlineBody(Body):
    """`{type: "inline", keys}`: JWKs, without the set around them."""

    type: Literal["inline"]
    keys: list[dict[str, object]]

    def read(self) -> Jwks:
        """Return how keys are had."""
        return Inline(tuple(self.keys))


JwksBody: TypeAlias = Annotated[DiscoveryBody | ExplicitUrlBody | InlineBody, Field(discriminator="type")]


def _refuse_true(value: bool | None) -> bool | None:  # noqa: FBT001 - a field's value
    if value:
        message = "only `false` is accepted, to take up polling that was paused"
        raise ValueError(message)
    return value


Resumed: TypeAlias = Annotated[
    bool | None, AfterValidator(_refuse_true), WithJsonSchema({"enum": [False, None]})
]  # fmt: skip


class CreateIssuerBody(Body):
    """`{name, issuer_url, jwks?, check_jti?, max_jwt_lifetime_seconds?}`; keys come by discovery if nothing is said."""

    name: str
    issuer_url: str
    jwks: JwksBody = DiscoveryBody(type="discovery")
    check_jti: bool | None = None
    max_jwt_lifetime_seconds: int | None = None

    def draft(self) -> IssuerDraft:
        """Return what is to be trusted."""
        seconds = self.max_jwt_lifetime_seconds
        return IssuerDraft(
            name=self.name,
            url=self.issuer_url,
            jwks=self.jwks.read(),
            check_jti=self.check_jti is not False,
            max_jwt_lifetime_seconds=DEFAULT_JWT_SECONDS if seconds is None else seconds,
        )


class UpdateIssuerBody(Body):
    """Any of the fields of an issuer; what is left out or null stays, and `jwks` is replaced whole."""

    name: str | None = None
    issuer_url: str | None = None
    jwks: JwksBody | None = None
    jwks_polling_disabled: Resumed = None
    check_jti: bool | None = None
    max_jwt_lifetime_seconds: int | None = None

    def change(self) -> IssuerChange:
        """Return what is to become of it."""
        seconds = self.max_jwt_lifetime_seconds
        return IssuerChange(
            name=Keep.IT if self.name is None else self.name,
            url=Keep.IT if self.issuer_url is None else self.issuer_url,
            jwks=Keep.IT if self.jwks is None else self.jwks.read(),
            check_jti=Keep.IT if self.check_jti is None else self.check_jti,
            max_jwt_lifetime_seconds=Keep.IT if seconds is None else seconds,
            resume_polling=self.jwks_polling_disabled is False,
        )


class PollStatusBody(BaseModel):
    """How the latest fetches of keys went."""

    consecutive_failures: int
    last_fetched_at: str | None
    next_poll_at: str | None


class IssuerBody(ResourceBody):
    """An issuer; `poll_status` is null where nothing is fetched, or nothing was yet."""

    type: Literal["federation_issuer"] = "federation_issuer"
    issuer_url: str
    jwks: JwksBody
    check_jti: bool
    max_jwt_lifetime_seconds: int
    jwks_polling_disabled_at: str | None
    poll_status: PollStatusBody | None


def show(found: ShownIssuer) -> IssuerBody:
    """Return the wire's shape of an issuer."""
    issuer, polling = found.issuer, found.polling
    fields = {
        "id": issuer.id,
        "name": issuer.name,
        "issuer_url": issuer.url,
        "jwks": _show_jwks(issuer.jwks),
        "check_jti": issuer.check_jti,
        "max_jwt_lifetime_seconds": issuer.max_jwt_lifetime_seconds,
        "jwks_polling_disabled_at": None if polling is None else show_instant(polling.disabled_at),
        "poll_status": None if polling is None else _show_polling(polling),
        **show_stamps(issuer.created, issuer.updated, issuer.archived),
    }
    return IssuerBody.model_validate(fields)


def _show_jwks(jwks: Jwks) -> dict[str, object]:
    if isinstance(jwks, Inline):
        return {"type": "inline", "keys": list(jwks.keys)}
    if isinstance(jwks, ExplicitUrl):
        return {"type": "explicit_url", "url": jwks.url, "ca_cert_pem": jwks.ca_cert_pem}
    return {"type": "discovery", "discovery_base": jwks.base, "ca_cert_pem": jwks.ca_cert_pem}


def _show_polling(polling: Polling) -> dict[str, object]:
    return {
        "consecutive_failures": polling.consecutive_failures,
        "last_fetched_at": show_instant(polling.last_fetched_at),
        "next_poll_at": show_instant(polling.next_poll_at),
    }
