"""What is known of one request while it runs; it ends as the line in the log."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from antechamber.base.principal import AccessToken, Principal, workspace_of

if TYPE_CHECKING:
    from collections.abc import MutableMapping

CONTEXT_KEY: Final = "antechamber.context"
_ADMINISTRATION: Final = ("/v1/organizations/", "/v1/compliance/")


@dataclass(slots=True)
class Context:
    """One request: its id, who stands behind it, and what the log will say of it."""

    request_id: str
    started: float
    method: str
    path: str
    address: str | None = None
    principal: Principal | None = None
    openai: bool = False  # whose error bodies the caller reads
    status: int = 0
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    error: str | None = None
    note: str | None = None
    refused: bool = False  # by us, and for who asked or how much: what the audit log counts
    error_headers: list[tuple[bytes, bytes]] = field(default_factory=list)  # what an error answer says besides

    def identity_headers(self) -> list[tuple[bytes, bytes]]:
        """Return `request-id` and, once someone is known, their organisation and workspace (wire-admin.md 1.2).

        No call of the administration is made in a workspace, one that is refused neither.
        """
        request_id = self.request_id.encode()
        headers = [(b"request-id", request_id)]
        if self.openai:
            # Where OpenAI's SDKs look for it.
            headers.append((b"x-request-id", request_id))
        principal = self.principal
        if principal is not None:
            headers.append((b"anthropic-organization-id", principal.organization_id.encode()))
            workspace_id = workspace_of(principal)
            if workspace_id is not None and not self.path.startswith(_ADMINISTRATION):
                headers.append((b"anthropic-workspace-id", workspace_id.encode()))
        return headers

    def credential_id(self) -> str | None:
        """Return the id of the key or token, never its text."""
        principal = self.principal
        if principal is None:
            return None
        return principal.token_id if isinstance(principal, AccessToken) else principal.key_id


def context_of(scope: "MutableMapping[str, Any]") -> Context:
    """Return the context that the outer shell put into an ASGI scope."""
    return cast("Context", scope[CONTEXT_KEY])
