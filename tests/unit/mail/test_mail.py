"""What takes letters out: one suite for every way, and what only SMTP has."""

import asyncio
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP as POLICY
from pathlib import Path

import pytest

from antechamber.adapters.mail import MailFolder, SmtpMail, read_server
from antechamber.base.clock import ManualClock
from antechamber.features.organizations.model import Letter, MailNotSentError
from antechamber.features.organizations.ports import Mail
from tests.unit.mail.servers import Postbox, certificate, smtp_server

# the test server's own, of a client that it lets log in unencrypted
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

NOON = ManualClock(1_795_262_400_000_000)
SENDER = "Acme 大 <ante@acme.example>"
LETTER = Letter(
    "invite_1", "ada@example.com", "You are invited to join Ærø & 蚂蚁", "Hello.\n\nhttps://x/?t=" + "s" * 90 + "\n"
)


@dataclass
class Way:
    """A way for letters, and what has arrived."""

    mail: Mail
    arrived: Callable[[], list[EmailMessage]]


def _read(folder: Path) -> list[EmailMessage]:
    found = [BytesParser(policy=POLICY).parsebytes(path.read_bytes()) for path in sorted(folder.glob("*.eml"))]
    assert all(isinstance(message, EmailMessage) for message in found)
    return found


@pytest.fixture(params=["folder", "smtp"])
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    if request.param == "folder":
        yield Way(MailFolder(tmp_path / "mail", SENDER, NOON), lambda: _read(tmp_path / "mail"))
        return
    with smtp_server(Postbox()) as postbox:
        server = read_server(f"smtp://127.0.0.1:{postbox.port}")
        yield Way(SmtpMail(server, SENDER, NOON), lambda: postbox.messages)


async def test_a_letter_arrives_whole(way: Way) -> None:
    await way.mail.send(LETTER)
    (message,) = way.arrived()
    assert message["To"] == "ada@example.com"
    assert message["From"] == SENDER
    assert message["Subject"] == LETTER.subject
    assert message["Date"] == "Sat, 21 Nov 2026 12:00:00 -0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n") == LETTER.text


async def test_a_letter_sent_again_has_the_same_message_id(way: Way) -> None:
    await way.mail.send(LETTER)
    first = way.arrived()[0]["Message-ID"]
    await way.mail.send(LETTER)
    assert {message["Message-ID"] for message in way.arrived()} == {first} == {"<invite_1@acme.example>"}


async def test_letters_do_not_mix(way: Way) -> None:
    for name in ("a", "b"):
        await way.mail.send(Letter(name, f"{name}@example.com", name, f"for {name}\n"))
    assert [(message["To"], message.get_content().strip()) for message in way.arrived()] == [
        ("a@example.com", "for a"),
        ("b@example.com", "for b"),
    ]


async def test_only_the_operator_can_read_the_folder(tmp_path: Path) -> None:
    await MailFolder(tmp_path / "mail", SENDER, NOON).send(LETTER)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "mail", tmp_path / "mail" / "invite_1.eml")]
    assert modes == [0o700, 0o600]


@pytest.mark.parametrize("name", ["Acme", "蚂蚁"])
async def test_a_link_in_a_file_is_whole(tmp_path: Path, name: str) -> None:
    link = f"https://ante.example/invite?token=sk-ant-invite01-{'x' * 50}"
    await MailFolder(tmp_path, SENDER, NOON).send(Letter("a", "ada@example.com", name, f"{name}\n\n{link}\n"))
    assert f"\r\n{link}\r\n" in (tmp_path / "a.eml").read_bytes().decode()


async def test_letters_whose_links_are_over_leave_the_folder(tmp_path: Path) -> None:
    clock = ManualClock(NOON.now())
    mail = MailFolder(tmp_path / "mail", SENDER, clock)
    await mail.send(LETTER)
    clock.advance(3650 * 86_400)
    await mail.send(Letter("invite_2", "bob@example.com", "Hello", "Hello\n"))
    assert [path.name for path in (tmp_path / "mail").iterdir()] == ["invite_2.eml"]


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("in the way")
    with pytest.raises(MailNotSentError, match=r"mail: cannot be written to: File exists$"):
        await MailFolder(tmp_path / "mail", SENDER, NOON).send(LETTER)


async def test_mail_to_another_machine_is_encrypted_and_knows_its_server(tmp_path: Path) -> None:
    serving, trusting = certificate(tmp_path)
    trusting.check_hostname = False  # 127.0.0.2 is in nobody's certificate
    with smtp_server(Postbox((b"ante", b"p@ss")), starttls=serving) as postbox:
        server = read_server(f"smtp://ante:p%40ss@127.0.0.2:{postbox.port}")
        await SmtpMail(server, SENDER, NOON, context=trusting).send(LETTER)
        with pytest.raises(MailNotSentError, match="CERTIFICATE_VERIFY_FAILED"):
            await SmtpMail(server, SENDER, NOON).send(LETTER)
    assert (postbox.encrypted, postbox.users) == ([True], [b"ante"])


async def test_mail_over_tls_from_the_start_is_encrypted(tmp_path: Path) -> None:
    serving, trusting = certificate(tmp_path)
    with smtp_server(Postbox((b"ante", b"secret")), tls=serving) as postbox:
        server = read_server(f"smtps://ante:secret@localhost:{postbox.port}")
        await SmtpMail(server, SENDER, NOON, context=trusting).send(LETTER)
    assert len(postbox.messages) == 1


async def test_a_server_elsewhere_without_encryption_gets_no_mail() -> None:
    with smtp_server(Postbox()) as postbox:
        # this name stands for the loopback address, and is not taken for it
        elsewhere = SmtpMail(read_server(f"smtp://127.1:{postbox.port}"), SENDER, NOON)
        with pytest.raises(MailNotSentError, match="STARTTLS"):
            await elsewhere.send(LETTER)
        assert postbox.messages == []
        plain = read_server(f"smtp+plain://127.1:{postbox.port}")
        await SmtpMail(plain, SENDER, NOON).send(LETTER)
        assert postbox.encrypted == [False]


async def test_a_refused_user_is_told_without_the_password() -> None:
    with smtp_server(Postbox((b"ante", b"right"))) as postbox:
        server = read_server(f"smtp://ante:wrong@127.0.0.1:{postbox.port}")
        with pytest.raises(MailNotSentError) as caught:
            await SmtpMail(server, SENDER, NOON).send(LETTER)
    assert str(caught.value) == "the mail server refused the user (535)"


async def test_a_refused_recipient_is_told_without_the_address() -> None:
    with smtp_server(Postbox(refuses="550 no ada@example.com here")) as postbox:
        mail = SmtpMail(read_server(f"smtp://127.0.0.1:{postbox.port}"), SENDER, NOON)
        with pytest.raises(MailNotSentError) as caught:
            await mail.send(LETTER)
    assert str(caught.value) == "the mail server refused the recipient (550)"


async def test_a_server_that_is_away_is_told() -> None:
    with pytest.raises(MailNotSentError, match=r"^127\.0\.0\.1:1: "):
        await SmtpMail(read_server("smtp://127.0.0.1:1"), SENDER, NOON).send(LETTER)


async def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        mail = SmtpMail(read_server(f"smtp://127.0.0.1:{port}"), SENDER, NOON, timeout_seconds=0.05)
        with pytest.raises(MailNotSentError, match="timed out"):
            await mail.send(LETTER)


def mail_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "mail"]


def test_a_stop_does_not_wait_for_a_server_that_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mail = SmtpMail(read_server(f"smtp://127.0.0.1:{silent.getsockname()[1]}"), SENDER, NOON)

        async def begin() -> socket.socket:
            sending = asyncio.create_task(mail.send(LETTER))
            connection, _ = await asyncio.to_thread(silent.accept)
            sending.cancel()
            return connection

        with asyncio.run(begin()):
            threads = mail_threads()
            assert [thread.daemon for thread in threads] == [True]
        for thread in threads:
            thread.join(10)
    assert mail_threads() == []
