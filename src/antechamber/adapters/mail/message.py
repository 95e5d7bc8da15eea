"""A letter as an Internet message (RFC 5322)."""

from email.errors import HeaderParseError
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from antechamber.base.clock import MICROSECONDS
from antechamber.features.organizations.model import Letter


def check_sender(text: str) -> str:
    """Return the text of a `From` header; ValueError unless it is one address, with a name or without."""
    _sender(text)
    return text


def _sender(text: str) -> Address:
    message = "must be one address, as Acme <antechamber@example.com>"
    try:
        header = HeaderRegistry()("from", text)
    except (HeaderParseError, IndexError, ValueError):
        raise ValueError(message) from None
    addresses: tuple[Address, ...] = header.addresses  # type: ignore[attr-defined] # the registry's class for "from"
    if not text.isprintable() or header.defects or len(addresses) != 1 or not addresses[0].domain:
        raise ValueError(message)
    return addresses[0]


def compose(letter: Letter, sender: str, now: int) -> EmailMessage:
    """Return the message; its `Message-ID` is the same at each attempt, by which a reader's server knows it again."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = letter.recipient
    message["Subject"] = letter.subject
    message["Date"] = formatdate(now / MICROSECONDS)
    message["Message-ID"] = f"<{letter.id}@{_sender(sender).domain}>"
    # RFC 3834 §5: nobody's absence is to be told to us
    message["Auto-Submitted"] = "auto-generated"
    # as it is: an operator may read it in a file, where a link must not be cut by an encoding
    message.set_content(letter.text, cte="7bit" if letter.text.isascii() else "8bit")
    return message
