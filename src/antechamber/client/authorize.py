"""Log-in with a browser: PKCE, the authorize URL and what comes back from it (RFC 7636, wire-auth.md 1.1)."""

from dataclasses import dataclass
from typing import Final

from antechamber.base.chance import Chance
from antechamber.base.secret import Secret

CLIENT_ID: Final = "antechamber-cli"
DEFAULT_SCOPE: Final = "user:profile user:inference user:developer"


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """One attempt to log in: what the authorize URL asks for and what its answer is checked against."""

    console_url: str
    client_id: str
    scope: str
    state: str
    verifier: Secret
    workspace_id: str | None = None
    organization_id: str | None = None

    def url(self, redirect_uri: str) -> str:
        """Return the address to open in a browser."""
        raise NotImplementedError

    def read_pasted(self, text: str) -> str:
        """Return the code of a pasted `code#state`, or of a bare code; LoginFailed if it belongs to another attempt."""
        raise NotImplementedError


def begin_login(
    chance: Chance,
    *,
    console_url: str,
    client_id: str = CLIENT_ID,
    scope: str = DEFAULT_SCOPE,
    workspace_id: str | None = None,
    organization_id: str | None = None,
) -> LoginAttempt:
    """Draw verifier and state for a new attempt; CredentialUnusable if `console_url` is neither https nor loopback."""
    raise NotImplementedError


def manual_redirect(console_url: str) -> str:
    """Return the page that shows `code#state` to be pasted: `{console}/oauth/code/callback?app=anthropic-cli`."""
    raise NotImplementedError


def loopback_redirect(port: int) -> str:
    """Return `http://localhost:{port}/callback`."""
    raise NotImplementedError
