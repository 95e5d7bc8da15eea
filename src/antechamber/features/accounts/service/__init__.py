"""The use-cases of accounts: getting in for the first time, logging in, sessions, passwords and passkeys."""

from antechamber.features.accounts.service.accounts import Accounts, Rooms
from antechamber.features.accounts.service.challenges import Challenges
from antechamber.features.accounts.service.ground import Ground
from antechamber.features.accounts.service.journal import Journal, acting
from antechamber.features.accounts.service.logins import Logins
from antechamber.features.accounts.service.passkeys import Passkeys, PasskeyWay
from antechamber.features.accounts.service.passwords import NewPasswords, Passwords
from antechamber.features.accounts.service.proving import PasswordEvidence, PasswordWay
from antechamber.features.accounts.service.sessions import Sessions
from antechamber.features.accounts.service.throttle import Throttle, Ticket

__all__ = [
    "Accounts",
    "Challenges",
    "Ground",
    "Journal",
    "Logins",
    "NewPasswords",
    "PasskeyWay",
    "Passkeys",
    "PasswordEvidence",
    "PasswordWay",
    "Passwords",
    "Rooms",
    "Sessions",
    "Throttle",
    "Ticket",
    "acting",
]
