"""What accounts are made of: ways to prove who one is, sessions, links; and the rules that need nothing else."""

from antechamber.features.accounts.model.entry import LoggedIn, Proven, Reason, Refused, Way
from antechamber.features.accounts.model.links import (
    PASSWORD_LINK_SECONDS,
    SETUP_SECONDS,
    Invitation,
    LinkStatus,
    PasswordLink,
    SetupLink,
    Welcome,
)
from antechamber.features.accounts.model.passkeys import (
    CHALLENGE_SECONDS,
    MOST_PASSKEYS,
    Asserted,
    ChallengePurpose,
    MadePasskey,
    Passkey,
    PasskeyRejectedError,
    check_passkey_name,
)
from antechamber.features.accounts.model.passwords import (
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    StoredPassword,
    Verdict,
    check_password,
    normalize_password,
)
from antechamber.features.accounts.model.sessions import (
    FRESH_SECONDS,
    MOST_SESSIONS,
    BrowserSession,
    SessionRules,
    StoredSession,
)
from antechamber.features.accounts.model.throttling import Attempts, ThrottleRules, network_of

__all__ = [
    "CHALLENGE_SECONDS",
    "FRESH_SECONDS",
    "LONGEST_PASSWORD",
    "MOST_PASSKEYS",
    "MOST_SESSIONS",
    "PASSWORD_LINK_SECONDS",
    "SETUP_SECONDS",
    "SHORTEST_PASSWORD",
    "Asserted",
    "Attempts",
    "BrowserSession",
    "ChallengePurpose",
    "Invitation",
    "LinkStatus",
    "LoggedIn",
    "MadePasskey",
    "Passkey",
    "PasskeyRejectedError",
    "PasswordLink",
    "Proven",
    "Reason",
    "Refused",
    "SessionRules",
    "SetupLink",
    "StoredPassword",
    "StoredSession",
    "ThrottleRules",
    "Verdict",
    "Way",
    "Welcome",
    "check_passkey_name",
    "check_password",
    "network_of",
    "normalize_password",
]
