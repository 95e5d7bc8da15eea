"""What we have beyond the wire for API keys: making, rotating and ending them, and what lies unused."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from antechamber.base.clock import to_rfc3339
from antechamber.base.ids import UserId, WorkspaceId
from antechamber.base.page import Page
from antechamber.base.secret import Secret
from antechamber.features.apikeys.model import Draft, Rotated, StoredApiKey, StoredSecret, Unused
from antechamber.features.apikeys.wire.api_keys import (
    ApiKeyBody,
    fields_of,
    read_end,
    read_models,
    read_networks,
)
from antechamber.features.workspaces.model import Workspace
from antechamber.http.bodies import Body
from antechamber.http.fields import show_instant
from antechamber.http.lists import IdList, list_fields
from antechamber.http.versions import Version

_CENTURY = 3_155_760_000
Seconds = Annotated[int, Field(ge=1, le=_CENTURY)]


class CreateBody(Body):
    """A key that is to be made; `expires_at` is RFC 3339, `allowed_ips` addresses or networks."""

    name: str
    workspace_id: str | None = None
    user_id: str | None = None
    expires_at: str | None = None
    expires_in_seconds: Seconds | None = None
    models: list[str] | None = None
    allowed_ips: list[str] | None = None

    def draft(self, now: int) -> Draft:
        """Return the draft; InvalidRequest."""
        return Draft(
            name=self.name,
            workspace_id=None if self.workspace_id is None else WorkspaceId(self.workspace_id),
            user_id=None if self.user_id is None else UserId(self.user_id),
            expires_at=read_end("expires_at", self.expires_at, self.expires_in_seconds, now),
            models=read_models(self.models),
            networks=read_networks(self.allowed_ips),
        )


class RotateBody(Body):
    """Until when the earlier secrets open: RFC 3339 or seconds from now; a day without either, 30 at most."""

    revoke_at: str | None = None
    revoke_in_seconds: Annotated[int, Field(ge=0, le=_CENTURY)] | None = None

    def until(self, now: int) -> int | None:
        """Return it in microseconds; InvalidRequest."""
        return read_end("revoke_at", self.revoke_at, self.revoke_in_seconds, now)


class CreatedBody(ApiKeyBody):
    """A key with its secret, which is shown here and never again."""

    secret: str


class RotatedBody(CreatedBody):
    """A key with its new secret; the earlier ones open until `revoke_at`."""

    revoke_at: str


class SecretBody(BaseModel):
    """A secret without its text; `revoke_at` null while it opens as long as its key."""

    type: Literal["api_key_secret"] = "api_key_secret"
    hint: str
    created_at: str
    last_used_at: str | None
    revoke_at: str | None


class SecretsBody(BaseModel):
    """`{data}`, newest first."""

    data: list[SecretBody]


class UnusedKeyBody(ApiKeyBody):
    """A key that was not used for a while."""

    last_used_at: str | None


class UnusedWorkspaceBody(BaseModel):
    """A workspace none of whose keys was used for a while."""

    id: str
    type: Literal["workspace"] = "workspace"
    name: str
    created_at: str
    last_used_at: str | None


class UnusedWorkspacesBody(BaseModel):
    """`{data}`, newest first."""

    data: list[UnusedWorkspaceBody]


def show_created(key: StoredApiKey, secret: Secret, spoken: Version) -> CreatedBody:
    """Return a new key's shape."""
    return CreatedBody.model_validate({**fields_of(key, spoken), "secret": secret.reveal()})


def show_rotated(rotated: Rotated, spoken: Version) -> RotatedBody:
    """Return a rotated key's shape."""
    more = {"secret": rotated.secret.reveal(), "revoke_at": to_rfc3339(rotated.revoke_at)}
    return RotatedBody.model_validate({**fields_of(rotated.key, spoken), **more})


def show_secrets(secrets: Sequence[StoredSecret]) -> SecretsBody:
    """Return the shape of a key's secrets."""
    return SecretsBody(
        data=[
            SecretBody(
                hint=secret.hint,
                created_at=to_rfc3339(secret.created_at),
                last_used_at=show_instant(secret.last_used_at),
                revoke_at=show_instant(secret.revoke_at),
            )
            for secret in secrets
        ]
    )


def show_unused(page: Page[Unused[StoredApiKey]], spoken: Version) -> IdList[UnusedKeyBody]:
    """Return the envelope of a page of unused keys."""
    data = [
        {**fields_of(unused.thing, spoken), "last_used_at": show_instant(unused.last_used_at)} for unused in page.items
    ]
    return IdList[UnusedKeyBody].model_validate(list_fields(data, page.has_more))


def show_unused_workspaces(found: Sequence[Unused[Workspace]]) -> UnusedWorkspacesBody:
    """Return the shape of unused workspaces."""
    return UnusedWorkspacesBody(
        data=[
            UnusedWorkspaceBody(
                id=unused.thing.id,
                name=unused.thing.name,
                created_at=to_rfc3339(unused.thing.created_at),
                last_used_at=show_instant(unused.last_used_at),
            )
            for unused in found
        ]
    )
