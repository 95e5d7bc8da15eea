"""Mails and what takes them out, as the settings say."""

from antechamber.adapters.mail import MailAddressError, MailFolder, SmtpMail, check_sender, read_server
from antechamber.features.apikeys.service import ExpiryMail
from antechamber.features.apikeys.sql import SqlExpiryNotices
from antechamber.features.limits.service.increase_mail import IncreaseMail
from antechamber.features.limits.sql import SqlIncreases
from antechamber.features.organizations.ports import Mail
from antechamber.features.organizations.service import InviteMail, Mailing
from antechamber.features.organizations.sql import SqlInvites, SqlOrganizations
from antechamber.settings import Settings, SettingsError
from antechamber.wiring.limits import LimitHolders, Limits
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


def open_mailing(storage: Storage, limits: Limits) -> Mailing:
    """Return what sends the mails of invites, of decisions on requests for more, and of keys that expire."""
    settings, clock = storage.settings, storage.clock
    mail = open_mail(settings, storage)
    stores = SqlInvites(), SqlOrganizations()
    invites = InviteMail(*stores, storage.database, clock, storage.pepper, mail, settings.base_url())
    increases = IncreaseMail(SqlIncreases(), LimitHolders(storage), storage.database, clock, mail)
    expiries = ExpiryMail(SqlExpiryNotices(), SqlOrganizations(), storage.members, storage.database, clock, mail)
    mailing = Mailing((invites.send_due, increases.send_due, expiries.send_due))
    storage.invites.on_created(mailing.wake)
    limits.increases.on_resolved(mailing.wake)
    return mailing
