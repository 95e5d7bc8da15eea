"""Asking the server whose a credential is."""

from collections.abc import Mapping

from antechamber.cli.connection import open_server
from antechamber.cli.exits import Exit, exit_for_status
from antechamber.cli.settings import Invocation
from antechamber.client.credentials import Access
from antechamber.client.failures import CredentialUnusable, ServerRefused, ServerUnreachable
from antechamber.client.sources import OPENAI

_ME = "/v1/me"
_UNKNOWN = 404


def ask_who(access: Access, invocation: Invocation) -> Mapping[str, object]:
    """Return what the server says of the caller; ServerRefused, ServerUnreachable, CredentialUnusable.

    A server without `/v1/me`, which is our extension, is asked for what it has instead.
    """
    with open_server(invocation.world, invocation.settings, access) as server:
        if access.kind == OPENAI:
            server.call("GET", "/models")
            return {"type": "provider"}
        try:
            found = server.call("GET", _ME).json()
        except ServerRefused as error:
            if error.status != _UNKNOWN:
                raise
            found = None
        if isinstance(found, dict):
            return found
        answer = server.call("GET", "/v1/models", query=[("limit", 1)])
    organization = {"id": answer.headers.get("anthropic-organization-id"), "name": None}
    return {"type": "caller", "organization": organization, "workspace": None, "account": None, "credential": None}


def verify(access: Access, invocation: Invocation) -> tuple[Mapping[str, object], Exit]:
    """Return the server's verdict, and the exit code that goes with it."""
    url = access.base_url.value
    if access.credential is None:
        return {"accepted": False, "text": "nothing to verify"}, Exit.AUTHENTICATION
    try:
        found = ask_who(access, invocation)
    except ServerRefused as error:
        text = f"{url} refuses it: {error.status} {error.message}"
        return {"accepted": False, "status": error.status, "message": error.message, "text": text}, exit_for_status(
            error.status
        )
    except ServerUnreachable as error:
        text = f"{url} does not answer: {error.kind}: {error.note}"
        code = Exit.TIMEOUT if error.kind == "timeout" else Exit.UNREACHABLE
        return {"accepted": None, "message": text, "text": text}, code
    except CredentialUnusable as error:
        return {"accepted": False, "message": str(error), "text": str(error)}, Exit.AUTHENTICATION
    return {"accepted": True, "caller": found, "text": f"{url} accepts it"}, Exit.OK
