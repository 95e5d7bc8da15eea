"""What takes letters to their readers: a mail server, or a folder for the operator where there is none."""

from antechamber.adapters.mail.address import MailAddressError, MailServer, read_server
from antechamber.adapters.mail.folder import MailFolder
from antechamber.adapters.mail.message import check_sender
from antechamber.adapters.mail.smtp import SmtpMail

__all__ = ["MailAddressError", "MailFolder", "MailServer", "SmtpMail", "check_sender", "read_server"]
