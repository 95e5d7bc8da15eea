"""Where mail goes to and comes from, as the settings say it."""

import pytest

from antechamber.adapters.mail import MailAddressError, check_sender, read_server
from antechamber.adapters.mail.address import MailServer, Security


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smtp://mail.example.com", ("mail.example.com", 587, Security.STARTTLS, None, None)),
        ("smtps://mail.example.com", ("mail.example.com", 465, Security.TLS, None, None)),
        ("smtp+plain://10.0.0.7", ("10.0.0.7", 25, Security.NONE, None, None)),
        ("smtp://u%40x:p%3A%2F@h:2525/", ("h", 2525, Security.STARTTLS, "u@x", "p:/")),
        ("smtp://[::1]:25", ("::1", 25, Security.STARTTLS, None, None)),
    ],
)
def test_an_address_says_all_that_is_needed(text: str, expected: tuple[object, ...]) -> None:
    server = read_server(text)
    password = server.password.reveal() if server.password else None
    assert (server.host, server.port, server.security, server.user, password) == expected


@pytest.mark.parametrize(
    "text",
    ["", "mail.example.com", "http://h", "smtp://", "smtp://h:0", "smtp://h:99999", "smtp://h/x", "smtp://h?a=b",
     "smtp://user@h", "smtp://h#x"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(MailAddressError, match=r"^must be as smtp://user:password@host:587"):
        read_server(text)


def test_a_servers_password_is_never_shown() -> None:
    assert "hunter2" not in repr(read_server("smtp://u:hunter2@h"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_this_machine_is_known(host: str) -> None:
    assert MailServer(host, 25, Security.STARTTLS, None, None).is_local()


@pytest.mark.parametrize(
    "text", ["ante@acme.example", "Acme <ante@acme.example>", '"Acme, Inc." <a@b.example>', "大 <a@b.c>"]
)
def test_a_sender_is_one_address(text: str) -> None:
    assert check_sender(text) == text


@pytest.mark.parametrize("text", ["", "Acme", "a@b.c, d@e.f", "Acme <>", "a@b.c\r\nBcc: x@y.z", "<a@b.c"])
def test_what_is_not_one_address_is_no_sender(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be one address"):
        check_sender(text)
