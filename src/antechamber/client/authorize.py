"""Log-in with a browser: PKCE, the authorize URL and what comes back from it (RFC 7636, wire-auth.md 1.1)."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from antechamber.base.chance import Chance
from antechamber.base.secret import Secret
from antechamber.client.failures import CredentialUnusable, LoginFailed

CLIENT_ID: Final = "antechamber-cli"
DEFAULT_SCOPE: Final = "user:profile user:inference user:developer"
_VERIFIER_BYTES: Final = 64
_STATE_BYTES: Final = 32
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


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
        asked = {
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": self.scope,
            "state": self.state,
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
            "workspace_id": self.workspace_id,
            "orgUUID": self.organization_id,
        }
        query = urlencode([(name, value) for name, value in asked.items() if value], quote_via=quote)
        return f"{self.console_url}/oauth/authorize?{query}"

    def knows(self, state: str) -> bool:
        """Say whether a state is this attempt's."""
        return hmac.compare_digest(state.encode(), self.state.encode())

    def read_pasted(self, text: str) -> str:
        """Return the code of a pasted `code#state`, or of a bare code; LoginFailed if it belongs to another attempt."""
        code, mark, state = "".join(text.split()).partition("#")
        if not code or not code.isascii():
            message = "no code was pasted: it looks like CODE#STATE"
            raise LoginFailed(message)
        if mark and not self.knows(state):
            message = "the code is from another attempt to log in: begin again, and paste the code of this one"
            raise LoginFailed(message)
        return code


def challenge_of(verifier: Secret) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 §4.2)."""
    return _encode(hashlib.sha256(verifier.reveal().encode()).digest())


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
    return LoginAttempt(
        require_safe(console_url),
        client_id,
        scope,
        _encode(chance.draw(_STATE_BYTES)),
        Secret(_encode(chance.draw(_VERIFIER_BYTES))),
        workspace_id,
        organization_id,
    )


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def manual_redirect(console_url: str, client_id: str) -> str:
    """Return the page that shows `code#state` to be pasted, as the client registered it.

    `{console}/oauth/code/callback?app=anthropic-cli` for every client but our own.
    """
    app = client_id if client_id == CLIENT_ID else "anthropic-cli"
    return f"{console_url.rstrip('/')}/oauth/code/callback?app={app}"


def loopback_redirect(port: int) -> str:
    """Return `http://localhost:{port}/callback`."""
    return f"http://localhost:{port}/callback"


def require_safe(base_url: str) -> str:
    """Return the URL without its last slash; CredentialUnusable unless it is https, or http to this machine.

    What is sent there are refresh tokens, assertions and codes.
    """
    if not _is_safe(base_url):
        message = f"{base_url} is neither https nor http on this machine, and a log-in must not travel readable"
        raise CredentialUnusable(message)
    return base_url.rstrip("/")


def _is_safe(base_url: str) -> bool:
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    is_private = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    return is_private and bool(host) and port != 0 and parts.username is None and base_url.isprintable()
