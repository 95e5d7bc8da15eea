"""What the endpoints answer: RFC 6749 §5.1 with what clients of the platform read besides (wire-auth.md 1.1)."""

from collections.abc import Mapping
from urllib.parse import quote

from antechamber.base.secret import Secret
from antechamber.features.oauth.model import DeviceRequest, TokenAnswer, show_user_code
from antechamber.features.oauth.model.devices import SECONDS
from antechamber.features.oauth.service import Introspection


def show_answer(answer: TokenAnswer) -> Mapping[str, object]:
    """Return tokens; what a workload's answer has not is left out."""
    shown: dict[str, object] = {
        "access_token": answer.access_token.reveal(),
        "token_type": "Bearer",
        "expires_in": answer.expires_in,
        "scope": answer.scope,
    }
    if answer.refresh_token is not None:
        shown["refresh_token"] = answer.refresh_token.reveal()
    if answer.organization is not None:
        shown["organization"] = {"uuid": answer.organization.id, "name": answer.organization.name}
    if answer.account is not None:
        shown["account"] = {"uuid": answer.account.id, "email_address": answer.account.email}
    if answer.workspace is not None:
        shown["workspace"] = {"id": answer.workspace.id, "name": answer.workspace.name}
    return shown


def show_device(request: DeviceRequest, device_code: Secret, issuer: str) -> Mapping[str, object]:
    """Return what a waiting program tells its person (RFC 8628 §3.2)."""
    code = show_user_code(request.user_code)
    return {
        "device_code": device_code.reveal(),
        "user_code": code,
        "verification_uri": f"{issuer}/device",
        "verification_uri_complete": f"{issuer}/device?user_code={quote(code)}",
        "expires_in": SECONDS,
        "interval": request.interval,
    }


def show_introspection(found: Introspection | None, issuer: str) -> Mapping[str, object]:
    """Return what a token is (RFC 7662 §2.2); of one that opens nothing only that."""
    if found is None:
        return {"active": False}
    shown: dict[str, object] = {
        "active": True,
        "scope": found.scope,
        "sub": found.subject,
        "iss": issuer,
        "iat": found.issued_at,
        "exp": found.expires_at,
        "token_type": "refresh_token" if found.is_refresh else "Bearer",
        "organization_id": found.organization_id,
    }
    if found.client_id is not None:
        shown["client_id"] = found.client_id
    if found.workspace_id is not None:
        shown["workspace_id"] = found.workspace_id
    return shown
