"""Ending tokens at the server that gave them."""

from dataclasses import dataclass

from antechamber.base.secret import Secret
from antechamber.cli.connection import open_post
from antechamber.cli.settings import Invocation
from antechamber.client.authorize import CLIENT_ID
from antechamber.client.failures import CredentialUnusable, ServerUnreachable
from antechamber.client.oauth import revoke
from antechamber.client.profiles import Profile


@dataclass(frozen=True, slots=True)
class Ended:
    """How it went for a profile; `problem` is None when the server confirmed."""

    profile: str
    server: str
    problem: str | None


def end(profile: Profile, invocation: Invocation) -> Ended:
    """Revoke a profile's log-in: its refresh token, and all that came of it, or else its access token."""
    token, hint = profile.refresh_token, "refresh_token"
    if token is None:
        token, hint = profile.access_token, "access_token"
    problem = None if token is None else revoke_at(profile.issuer, token, profile.client_id, hint, invocation)
    return Ended(profile.name, profile.issuer, problem)


def revoke_at(server: str, token: Secret, client_id: str | None, hint: str, invocation: Invocation) -> str | None:
    """Revoke a token (RFC 7009); returns why the server did not confirm, None if it did."""
    world = invocation.world
    post = open_post(world, invocation.settings)
    try:
        revoke(post, server, token, client_id=client_id or CLIENT_ID, hint=hint)
    except ServerUnreachable as error:
        return f"no answer: {error.note}"
    except CredentialUnusable as error:
        return str(error)
    return None
