"""What a browser session is, and how long it lasts."""

from dataclasses import dataclass, field
from typing import Final

from antechamber.base.clock import MICROSECONDS
from antechamber.base.ids import BrowserSessionId, UserId

# what changes how one gets in wants a proof that is no older
FRESH_SECONDS: Final = 15 * 60
# of one person: the oldest end when there are more
MOST_SESSIONS: Final = 50
_TOUCH_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as it is kept; times in microseconds, `ends_at` the latest end however much it is used."""

    id: BrowserSessionId
    user_id: UserId
    created_at: int
    proved_at: int
    last_seen_at: int
    ends_at: int
    address: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A person's log-in in one browser; times in microseconds.

    `created_at` is the log-in, `proved_at` the last proof of who it is, `expires_at` the end if it is not used again.
    `csrf` belongs into every form of the session; it is empty in lists, where the session's secret is not known.
    """

    id: BrowserSessionId
    user_id: UserId
    email: str
    name: str
    created_at: int
    proved_at: int
    last_seen_at: int
    expires_at: int
    address: str | None
    user_agent: str | None
    csrf: str = field(default="", repr=False)

    def is_fresh(self, now: int) -> bool:
        """Say whether the person proved who they are so lately that they may change how they get in."""
        return now - self.proved_at < FRESH_SECONDS * MICROSECONDS


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How long sessions last: unused for `idle_seconds`, and `absolute_seconds` from the log-in in any case."""

    idle_seconds: int = 12 * 3600
    absolute_seconds: int = 30 * 86_400

    def ends_at(self, now: int) -> int:
        """Return the latest end of a session that begins now."""
        return now + self.absolute_seconds * MICROSECONDS

    def expires_at(self, session: StoredSession) -> int:
        """Return when a session ends if it is not used again."""
        return min(session.ends_at, session.last_seen_at + self.idle_seconds * MICROSECONDS)

    def is_live(self, session: StoredSession, now: int) -> bool:
        """Say whether a session is still open."""
        return now < self.expires_at(session)

    def is_to_touch(self, session: StoredSession, now: int) -> bool:
        """Say whether its use is worth noting: at most once a minute, sooner where sessions end sooner."""
        return now - session.last_seen_at >= min(_TOUCH_SECONDS, self.idle_seconds // 4) * MICROSECONDS
