"""Which headers cross: never the caller's credentials, always what nobody knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.features.gateway.service.headers import answer_headers, forwarded, is_event_stream, request_headers

CREDENTIALS = ("x-api-key", "authorization", "cookie", "proxy-authorization")
TENANCY = ("anthropic-organization-id", "anthropic-workspace-id", "openai-organization", "openai-project")
ADDRESSES = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "host")
HOP = ("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length", "expect")


@pytest.mark.parametrize("name", [*CREDENTIALS, *TENANCY, *ADDRESSES, *HOP, "accept-encoding", "content-type"])
def test_what_is_the_callers_own_does_not_reach_the_provider(name: str) -> None:
    sent = request_headers(forwarded([(name.encode(), b"canary")]), "req_1")
    assert "canary" not in str(sent)


@given(st.lists(st.tuples(st.sampled_from(["anthropic-beta", "x-new", "x-stainless-os", "user-agent"]), st.text("ab"))))
def test_every_other_header_reaches_it_in_order_repeated_ones_too(pairs: list[tuple[str, str]]) -> None:
    sent = request_headers(forwarded([(name.encode(), value.encode()) for name, value in pairs]), "req_1")
    assert sent[: len(pairs)] == pairs
    assert sent[len(pairs) :] == [
        ("content-type", "application/json"),
        ("accept-encoding", "identity"),
        ("x-antechamber-request-id", "req_1"),
    ]


def test_a_header_that_is_named_as_of_this_hop_stays_on_it() -> None:
    sent = forwarded([(b"connection", b"close, X-Hop"), (b"x-hop", b"1"), (b"x-kept", b"2")])
    assert sent == [("x-kept", "2")]


def test_the_providers_request_id_stays_readable_under_another_name() -> None:
    came = [("request-id", "req_up"), ("content-type", "text/plain"), ("anthropic-ratelimit-x", "1"), ("x-y", "é")]
    assert answer_headers(came) == [
        (b"x-upstream-request-id", b"req_up"),
        (b"content-type", b"text/plain"),
        (b"anthropic-ratelimit-x", b"1"),
        (b"x-y", "é".encode("latin-1")),
    ]


@pytest.mark.parametrize("name", [*TENANCY, *HOP, "set-cookie", "server", "strict-transport-security", "alt-svc"])
def test_what_is_the_providers_own_does_not_reach_the_caller(name: str) -> None:
    assert answer_headers([(name, "canary")]) == []


@pytest.mark.parametrize(
    ("value", "streams"),
    [
        ("text/event-stream", True),
        ("text/event-stream; charset=utf-8", True),
        ("Text/Event-Stream", True),
        ("application/json", False),
    ],
)
def test_a_stream_is_known_by_its_content_type(value: str, *, streams: bool) -> None:
    assert is_event_stream([("content-type", value)]) is streams
    assert not is_event_stream([("x-content-type", value)])
