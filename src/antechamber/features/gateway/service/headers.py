"""Which headers cross the gateway: an open list in both directions, less those that belong to one connection or hop."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from antechamber.base.outbound import Headers

_HOP: Final = frozenset(
    {
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
    }
)
# The caller's own credentials and cookies, our tenancy, and an encoding that would hide usage from the ledger.
_NOT_UPSTREAM: Final = _HOP | {
    "accept-encoding",
    "anthropic-organization-id",
    "anthropic-workspace-id",
    "authorization",
    "content-type",
    "cookie",
    "forwarded",
    "openai-organization",
    "openai-project",
    "x-antechamber-tag",
    "x-api-key",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
}
_NOT_UPSTREAM_BYTES: Final = frozenset(name.encode() for name in _NOT_UPSTREAM)
_PLAIN_CONNECTIONS: Final = frozenset({b"keep-alive", b"close"})
# Ours replace the provider's: its request id stays readable under another name.
_NOT_DOWNSTREAM: Final = _HOP | {
    "alt-svc",
    "anthropic-organization-id",
    "anthropic-workspace-id",
    "openai-organization",
    "openai-project",
    "request-id",
    "server",
    "set-cookie",
    "strict-transport-security",
}
OWN_REQUEST_ID: Final = "x-antechamber-request-id"
# Which model answered instead of the one that was asked for, when a person's quota was used up.
FALLBACK_MODEL: Final = b"x-antechamber-fallback-model"
_UPSTREAM_REQUEST_ID: Final = b"x-upstream-request-id"
# What a provider says of its own limits is no news to a caller who has limits here.
_LIMITS: Final = ("anthropic-ratelimit-", "x-ratelimit-")


def forwarded(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Return what of a request's headers may go to a provider: all, less credentials and what is only ours."""
    barred: AbstractSet[bytes] = _NOT_UPSTREAM_BYTES
    for name, value in headers:
        if name == b"connection" and value not in _PLAIN_CONNECTIONS:
            barred = barred | {token.strip() for token in value.lower().split(b",")}  # RFC 9110 §7.6.1
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers if name not in barred]


def request_headers(headers: Headers, request_id: str) -> list[tuple[str, str]]:
    """Return what goes to the provider: what was forwarded, and what is said by us."""
    kept = list(headers)
    kept.append(("content-type", "application/json"))
    kept.append(("accept-encoding", "identity"))
    kept.append((OWN_REQUEST_ID, request_id))
    return kept


def answer_headers(
    headers: Iterable[tuple[str, str]], own: Sequence[tuple[bytes, bytes]] = ()
) -> list[tuple[bytes, bytes]]:
    """Return what goes to the caller of the provider's headers, and our `own`, which replace what it says of limits."""
    kept = list(own)
    for name, value in headers:
        if own and name.startswith(_LIMITS):
            continue
        if name == "request-id":
            kept.append((_UPSTREAM_REQUEST_ID, value.encode("latin-1", "replace")))
        elif name not in _NOT_DOWNSTREAM:
            kept.append((name.encode(), value.encode("latin-1", "replace")))
    return kept


def is_event_stream(headers: Iterable[tuple[str, str]]) -> bool:
    """Say whether an answer is a stream of events."""
    return any(name == "content-type" and value.lower().startswith("text/event-stream") for name, value in headers)
