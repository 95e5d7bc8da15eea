"""Invites and the mail that takes them out, as the settings say."""

from antechamber.adapters.mail import MailAddressError, MailFolder, SmtpMail, check_sender, read_server
from antechamber.features.organizations.ports import Mail
from antechamber.features.organizations.service import InviteMail
from antechamber.features.organizations.sql import SqlInvites, SqlOrganizations
from antechamber.settings import Settings, SettingsError
from antechamber.wiring.storage import Storage


def open_mail(settings: Settings, storage: Storage) -> Mail:
    """Return what takes letters out; SettingsError for an address or a sender that can't be used."""
    try:
        sender = check_sender(settings.mail_from)
    except ValueError as error:
        message = f"mail_from: {error}"
        raise SettingsError(message) from None
    if settings.mail_url is None:
        return MailFolder(storage.folder.mail, sender, storage.clock)
    try:
        return SmtpMail(read_server(settings.mail_url.reveal()), sender, storage.clock)
    except MailAddressError as error:
        # the address itself is not shown: it carries a password
        message = f"mail_url: {error}"
        raise SettingsError(message) from None


def invite_mail(settings: Settings, storage: Storage) -> InviteMail:
    """Return what sends the mails of invites, woken by each new one."""
    mailing = InviteMail(
        SqlInvites(),
        SqlOrganizations(),
        storage.database,
        storage.clock,
        storage.pepper,
        open_mail(settings, storage),
        settings.base_url(),
    )
    storage.invites.on_created(mailing.wake)
    return mailing
