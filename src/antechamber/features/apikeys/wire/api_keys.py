"""API keys on the wire (SDK types `organization.APIKey` and its parts; wire-admin.md 2.6)."""

from typing import Literal

from pydantic import BaseModel, Field

from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.base.principal import Network
from antechamber.features.apikeys.model import Change, Keep, Status, StoredApiKey, check_models, check_networks
from antechamber.http.bodies import Body
from antechamber.http.fields import read_instant, show_instant
from antechamber.http.versions import Version


class UserBody(BaseModel):
    """`{id, type: "user"}`: who made a key."""

    id: str
    type: Literal["user"]


class UserActorBody(BaseModel):
    """`{type: "user_actor", user_id}`: whom a personal key acts as."""

    type: Literal["user_actor"]
    user_id: str


class WorkspaceScopeBody(BaseModel):
    """`{type: "workspace", workspace_id}`, with the real id of the Default workspace too."""

    type: Literal["workspace"]
    workspace_id: str


class ApiKeyBody(BaseModel):
    """The key; `workspace_id` (null for the Default one) is there under 2023-06-01 only.

    `models` and `allowed_ips` are extensions, there only on a key that has such limits.
    """

    id: str
    type: Literal["api_key"]
    name: str
    status: Literal["active", "archived", "expired", "inactive"]
    partial_key_hint: str | None
    created_at: str
    expires_at: str | None
    created_by: UserBody | None
    principal: UserActorBody | None
    scope: WorkspaceScopeBody
    workspace_id: str | None = None
    # factories: pydantic copies a default list deeply for every key of a page
    models: list[str] = Field(default_factory=list)
    allowed_ips: list[str] = Field(default_factory=list)


class UpdateBody(Body):
    """`{name?, status?}`, where null leaves a field as it is, as in the SDK's parameters; the rest are extensions.

    There null lifts the limit; `expires_at` is RFC 3339, and one that has passed ends the key now.
    """

    name: str | None = None
    status: Literal["active", "archived", "inactive"] | None = None
    expires_at: str | None = None
    models: list[str] | None = None
    allowed_ips: list[str] | None = None

    def change(self) -> Change:
        """Return what is to become of the key; InvalidRequest."""
        sent = self.model_fields_set
        return Change(
            name=Keep.IT if self.name is None else self.name,
            status=Keep.IT if self.status is None else Status(self.status),
            expires_at=read_instant("expires_at", self.expires_at) if "expires_at" in sent else Keep.IT,
            models=read_models(self.models) if "models" in sent else Keep.IT,
            networks=read_networks(self.allowed_ips) if "allowed_ips" in sent else Keep.IT,
        )


def show(key: StoredApiKey, spoken: Version) -> ApiKeyBody:
    """Return the wire's shape of a key; what is not set in it stays out of the answer."""
    return ApiKeyBody.model_validate(fields_of(key, spoken))


def fields_of(key: StoredApiKey, spoken: Version) -> dict[str, object]:
    """Return a key's fields by their names on the wire."""
    fields: dict[str, object] = {
        "id": key.id,
        "type": "api_key",
        "name": key.name,
        "status": key.status,
        "partial_key_hint": key.hint,
        "created_at": to_rfc3339(key.created_at),
        "expires_at": show_instant(key.expires_at),
        "created_by": None if key.created_by is None else {"id": key.created_by, "type": "user"},
        "principal": None if key.user_id is None else {"type": "user_actor", "user_id": key.user_id},
        "scope": {"type": "workspace", "workspace_id": key.workspace_id},
    }
    if spoken is Version.V2023_06_01:
        fields["workspace_id"] = None if key.default_workspace else key.workspace_id
    if key.models is not None:
        fields["models"] = list(key.models)
    if key.networks is not None:
        fields["allowed_ips"] = [str(network) for network in key.networks]
    return fields


def read_end(name: str, text: str | None, seconds: int | None, now: int) -> int | None:
    """Return an instant that is given as such or in seconds from now; InvalidRequest for both."""
    if text is not None and seconds is not None:
        message = f"{name}, {name.removesuffix('_at')}_in_seconds: only one of the two may be given"
        raise InvalidRequest(message)
    return read_instant(name, text) if seconds is None else now + seconds * MICROSECONDS


def read_models(models: list[str] | None) -> tuple[str, ...] | None:
    """Return a key's models, None for all; InvalidRequest."""
    return None if models is None else check_models(models)


def read_networks(texts: list[str] | None) -> tuple[Network, ...] | None:
    """Return a key's networks, None for all; InvalidRequest."""
    return None if texts is None else check_networks(texts)
