"""A real SMTP server on loopback, for as long as a block lasts."""

import contextlib
import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP as POLICY
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.live import free_port
from tools.certificate import make


@dataclass
class Postbox:
    """What a server took in, and whom it knows."""

    user: tuple[bytes, bytes] | None = None
    refuses: str | None = None
    messages: list[EmailMessage] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    users: list[bytes] = field(default_factory=list)
    port: int = 0
    _taken: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float) -> None:
        """Wait for the first message."""
        assert self._taken.wait(seconds)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        content = envelope.content
        assert isinstance(content, bytes)
        message = BytesParser(policy=POLICY).parsebytes(content)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.encrypted.append(session.ssl is not None)
        self._taken.set()
        return "250 OK"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.users.append(data.login)
        return AuthResult(success=(data.login, data.password) == self.user, handled=False)


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the two sides of a TLS connection to a name of this machine."""
    text, key = make(dt.datetime.now(dt.UTC))
    (folder / "cert.pem").write_bytes(text)
    (folder / "key.pem").write_bytes(key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    client = ssl.create_default_context(cafile=str(folder / "cert.pem"))
    return server, client


@contextlib.contextmanager
def smtp_server(
    postbox: Postbox, *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[Postbox]:
    """Serve on 127.0.0.1 and 127.0.0.2, the second of which is no name for this machine to us."""
    postbox.port = free_port()
    controller = Controller(
        postbox,
        hostname="127.0.0.1" if starttls is None else "127.0.0.2",
        port=postbox.port,
        ssl_context=tls,
        tls_context=starttls,
        require_starttls=starttls is not None,
        authenticator=postbox.authenticate,
        auth_required=postbox.user is not None,
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield postbox
    finally:
        controller.stop()
