"""Admin keys on the wire: an extension in the manner of the API keys' own shapes (docs/reference/extensions.md)."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from antechamber.base.clock import to_rfc3339
from antechamber.base.ids import AdminKeyId
from antechamber.base.secret import Secret
from antechamber.features.apikeys.model import AdminDraft, StoredAdminKey
from antechamber.features.apikeys.wire.api_keys import UserBody, read_end
from antechamber.http.bodies import Body
from antechamber.http.fields import show_instant

_CENTURY = 3_155_760_000


class AdminKeyBody(BaseModel):
    """The key; without scopes it holds the whole administration but making admin keys."""

    id: str
    type: Literal["admin_api_key"] = "admin_api_key"
    name: str
    status: Literal["active", "expired"]
    scopes: list[str]
    partial_key_hint: str
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    created_by: UserBody | None


class CreatedAdminKeyBody(AdminKeyBody):
    """A key with its secret, which is shown here and never again."""

    secret: str


class DeletedBody(BaseModel):
    """`{id, type: "admin_api_key_deleted"}`."""

    id: str
    type: Literal["admin_api_key_deleted"] = "admin_api_key_deleted"


class CreateAdminKeyBody(Body):
    """A key that is to be made; `expires_at` is RFC 3339."""

    name: str
    scopes: Annotated[list[str], Field(min_length=1)] | None = None  # none at all must not mean everything
    expires_at: str | None = None
    expires_in_seconds: Annotated[int, Field(ge=1, le=_CENTURY)] | None = None

    def draft(self, now: int) -> AdminDraft:
        """Return the draft; InvalidRequest."""
        expires_at = read_end("expires_at", self.expires_at, self.expires_in_seconds, now)
        return AdminDraft(self.name, tuple(self.scopes or ()), expires_at)


class RenameBody(Body):
    """`{name}`."""

    name: str


def show(key: StoredAdminKey) -> AdminKeyBody:
    """Return a key's shape."""
    return AdminKeyBody.model_validate(_fields_of(key))


def show_created(key: StoredAdminKey, secret: Secret) -> CreatedAdminKeyBody:
    """Return a new key's shape."""
    return CreatedAdminKeyBody.model_validate({**_fields_of(key), "secret": secret.reveal()})


def show_deleted(key_id: AdminKeyId) -> DeletedBody:
    """Return the shape of what is no more."""
    return DeletedBody(id=key_id)


def _fields_of(key: StoredAdminKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "status": key.status.value,
        "scopes": list(key.scopes),
        "partial_key_hint": key.hint,
        "created_at": to_rfc3339(key.created_at),
        "expires_at": show_instant(key.expires_at),
        "last_used_at": show_instant(key.last_used_at),
        "created_by": None if key.created_by is None else {"id": key.created_by, "type": "user"},
    }
