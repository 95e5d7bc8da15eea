"""Which hosts an environment may list, and what they mean for matching."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.errors import InvalidRequest
from antechamber.features.environments.model.hosts import read_host

KELVIN = "\N{KELVIN SIGN}"


@pytest.mark.parametrize(
    ("sent", "host"),
    [
        ("api.example.com", "api.example.com"),
        ("EXAMPLE.com", "example.com"),
        ("https://api.example.com", "api.example.com"),
        ("HTTPS://api.example.com", "api.example.com"),
        ("*.example.com", "*.example.com"),
        ("https://*.example.com", "*.example.com"),
        ("example.com.", "example.com"),
        ("my_bucket.example.com", "my_bucket.example.com"),
        ("r3---sn-abc.example.com", "r3---sn-abc.example.com"),
        ("1.example.com", "1.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_a_host_is_read_for_matching(sent: str, host: str) -> None:
    assert read_host(sent, "hosts.0") == host


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("http://example.com", "http:// is not https://"),
        ("ftp://example.com", "ftp:// is not https://"),
        ("//example.com", "a path"),
        ("https:/example.com", "a port"),
        ("https://https://example.com", "a port"),
        ("example.com:443", "a port"),
        ("https://example.com:443", "a port"),
        ("example.com/", "a path"),
        ("https://example.com/", "a path"),
        ("example.com\\evil.example", "a path"),
        ("example.com/v1", "a path"),
        ("example.com?x=1", "a query"),
        ("example.com#x", "a fragment"),
        ("user@example.com", "user information"),
        ("https://user@example.com", "user information"),
        ("[::1]", "a port"),
        ("*", "wildcard"),
        ("*.", "no host name"),
        ("*.com", "no full domain name"),
        ("*example.com", "wildcard"),
        ("api.*.com", "wildcard"),
        ("*.*.example.com", "wildcard"),
        ("api.example.*", "wildcard"),
        ("**.example.com", "wildcard"),
        ("", "no host name"),
        (".", "no host name"),
        (".example.com", "no host name"),
        ("example..com", "no host name"),
        ("example.com..", "no host name"),
        ("-a.example.com", "no host name"),
        ("a-.example.com", "no host name"),
        (" example.com", "no host name"),
        ("example.com ", "no host name"),
        ("exa mple.com", "no host name"),
        ("example.com\n", "no host name"),
        ("example.com\t", "no host name"),
        ("example.com\x00.evil.example", "no host name"),
        ("example.com%00", "no host name"),
        ("example.com,evil.example", "no host name"),
        ("$(id).example.com", "no host name"),
        ("localhost", "no full domain name"),
        ("169.254.169.254", "an address"),
        ("127.1", "an address"),
        ("0x7f.0x1", "an address"),
        ("example.0x7f", "an address"),
        ("example.1", "an address"),
        ("2130706433", "no full domain name"),
        ("a" * 64 + ".example", "no host name"),
        (".".join(["a" * 60] * 5), "at most 253"),
        ("example\N{IDEOGRAPHIC FULL STOP}com", "IDNA"),
        ("\N{FULLWIDTH LATIN SMALL LETTER E}xample.com", "IDNA"),
        ("exam\N{ZERO WIDTH SPACE}ple.com", "IDNA"),
        ("exam\N{SOFT HYPHEN}ple.com", "IDNA"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}moc.example", "IDNA"),
        (f"{KELVIN}elvin.example", "IDNA"),
        ("☃.example", "IDNA"),
        ("xn--zzzz.example", "IDNA"),
        ("xn--.example", "IDNA"),
        ("example\N{FULLWIDTH SOLIDUS}path.com", "IDNA"),
        ("a\N{ONE DOT LEADER}example.com", "IDNA"),
    ],
)
def test_everything_else_is_refused_with_its_place_and_the_reason(sent: str, reason: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_host(sent, "config.networking.allowed_hosts.3")
    assert refused.value.message.startswith("config.networking.allowed_hosts.3: ")
    assert reason in refused.value.message


def test_a_long_host_is_shown_cut() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_host("a" * 5000, "hosts.0")
    assert len(refused.value.message) < 250


@given(st.one_of(st.text(max_size=300), st.text("aA0-._*:/@x% é\u3002", max_size=40)))
def test_whatever_is_taken_is_a_plain_name_that_is_read_as_itself(sent: str) -> None:
    try:
        host = read_host(sent, "hosts.0")
    except InvalidRequest:
        return
    name = host.removeprefix("*.")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_")
    assert len(name) <= 253
    assert read_host(host, "hosts.0") == host
