"""The wire of the authentication history, which is an extension of ours."""

from typing import Literal

from pydantic import BaseModel

from antechamber.base.clock import to_rfc3339
from antechamber.features.federation.model.history import Exchange


class ExchangeBody(BaseModel):
    """One exchange: `reason` and `detail` say why no token was minted, `token_id` which was.

    `subject` is what the assertion said, which only `subject_verified` makes believable.
    """

    id: str
    type: Literal["federation_exchange"] = "federation_exchange"
    created_at: str
    outcome: Literal["success", "failure"]
    reason: str | None
    detail: str | None
    federation_rule_id: str
    federation_issuer_id: str
    subject: str | None
    subject_verified: bool
    service_account_id: str | None
    workspace_id: str | None
    token_id: str | None
    ip_address: str | None
    request_id: str | None


def show_exchange(exchange: Exchange) -> ExchangeBody:
    """Return the wire's shape of an exchange."""
    return ExchangeBody(
        id=exchange.id,
        created_at=to_rfc3339(exchange.created_at),
        outcome=exchange.outcome.value,
        reason=exchange.reason,
        detail=exchange.detail,
        federation_rule_id=exchange.rule_id,
        federation_issuer_id=exchange.issuer_id,
        subject=exchange.subject,
        subject_verified=exchange.is_verified and exchange.subject is not None,
        service_account_id=exchange.service_account_id,
        workspace_id=exchange.workspace_id,
        token_id=exchange.token_id,
        ip_address=exchange.ip_address,
        request_id=exchange.request_id,
    )
