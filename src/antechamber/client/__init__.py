"""What a program imports to reach a server, and the command stands on: credentials, profiles, HTTP with retries.

    from antechamber.client import find_credentials

    credentials = find_credentials()
    requests.get(f"{credentials.base_url}/v1/models", headers=dict(credentials.headers()))

`headers()` is cheap and may be asked for each request; with asyncio it is `await credentials.headers_async()`. After a
401, once: `credentials.headers(refused=those_headers)`. What can go wrong is CredentialUnusable (the text says what to
do) or ServerUnreachable (the token endpoint did not answer).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from antechamber.client.credentials import Given
    from antechamber.client.environment import Environment
    from antechamber.client.failures import CredentialUnusable, ServerUnreachable
    from antechamber.client.finding import find_credentials
    from antechamber.client.signing import Credentials
    from antechamber.client.store import ProfileStore

__all__ = [
    "CredentialUnusable",
    "Credentials",
    "Environment",
    "Given",
    "ProfileStore",
    "ServerUnreachable",
    "find_credentials",
]

_HOMES = {
    "CredentialUnusable": "failures",
    "Credentials": "signing",
    "Environment": "environment",
    "Given": "credentials",
    "ProfileStore": "store",
    "ServerUnreachable": "failures",
    "find_credentials": "finding",
}


def __getattr__(name: str) -> object:
    # Each command imports a part of this package and pays for no more.
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415 - as said

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
