"""Mail over SMTP (RFC 5321), encrypted unless the server is on this machine or the address says otherwise."""

import asyncio
import contextlib
import smtplib
import ssl
import threading
from collections.abc import Callable
from email.message import EmailMessage
from typing import Final

from antechamber.adapters.mail.address import MailServer, Security
from antechamber.adapters.mail.message import compose
from antechamber.base.clock import Clock
from antechamber.features.organizations.model import Letter, MailNotSentError

_TIMEOUT_SECONDS: Final = 20.0


class SmtpMail:
    """Hands letters to a mail server, one connection each, on a thread: invites are few, and the library blocks."""

    def __init__(
        self,
        server: MailServer,
        sender: str,
        clock: Clock,
        *,
        context: ssl.SSLContext | None = None,
        timeout_seconds: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._server = server
        self._sender = sender
        self._clock = clock
        self._context = context
        self._timeout = timeout_seconds

    async def send(self, letter: Letter) -> None:
        """Hand a letter over; MailNotSentError says what the server or the network said."""
        message = compose(letter, self._sender, self._clock.now())
        await _apart(lambda: self._deliver(message))

    def _deliver(self, message: EmailMessage) -> None:
        try:
            with self._connect() as link:
                if self._server.user is not None and self._server.password is not None:
                    link.login(self._server.user, self._server.password.reveal())
                link.send_message(message)
        except smtplib.SMTPAuthenticationError as error:
            # what servers answer to a bad password may quote it
            why = f"the mail server refused the user ({error.smtp_code})"
            raise MailNotSentError(why) from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({code for code, _ in error.recipients.values()})
            why = f"the mail server refused the recipient ({', '.join(map(str, codes))})"
            raise MailNotSentError(why) from None
        except (smtplib.SMTPException, OSError) as error:
            why = f"{self._server.host}:{self._server.port}: {error}"
            raise MailNotSentError(why) from error

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security is Security.TLS:
            return smtplib.SMTP_SSL(server.host, server.port, timeout=self._timeout, context=self._trust())
        link = smtplib.SMTP(server.host, server.port, timeout=self._timeout)
        try:
            link.ehlo_or_helo_if_needed()
            # A letter holds a link that opens a door: in the clear only where nobody can listen, or where it is wished.
            if server.security is Security.STARTTLS and not server.is_local():
                link.starttls(context=self._trust())
        except BaseException:
            link.close()
            raise
        return link

    def _trust(self) -> ssl.SSLContext:
        return self._context or ssl.create_default_context()


async def _apart(work: Callable[[], None]) -> None:
    """Run on a thread that a stopping server does not wait for, as it would for those of the loop's own pool."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        failure: Exception | None = None
        try:
            work()
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever waited
            loop.call_soon_threadsafe(settle, failure)

    threading.Thread(target=run, name="mail", daemon=True).start()
    await done
