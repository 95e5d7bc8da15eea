"""Accounts in the database."""

from antechamber.features.accounts.sql.attempts import SqlAttempts
from antechamber.features.accounts.sql.links import SqlSetupLinks
from antechamber.features.accounts.sql.passkeys import SqlPasskeys
from antechamber.features.accounts.sql.passwords import SqlPasswords
from antechamber.features.accounts.sql.sessions import SqlSessions

__all__ = ["SqlAttempts", "SqlPasskeys", "SqlPasswords", "SqlSessions", "SqlSetupLinks"]
