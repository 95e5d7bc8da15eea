"""How long a browser session lasts, and what it shows of itself."""

from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.clock import MICROSECONDS
from antechamber.base.ids import BrowserSessionId, UserId
from antechamber.base.secret import Secret
from antechamber.features.accounts.model import BrowserSession, LoggedIn, SessionRules, StoredSession

NOON = 1_795_262_400_000_000
RULES = SessionRules()


def stored(last_seen: int = 0) -> StoredSession:
    return StoredSession(
        BrowserSessionId("bsess_1"), UserId("user_1"), NOON, NOON, NOON + last_seen, RULES.ends_at(NOON), None, None
    )


def test_a_session_ends_when_it_was_not_used_for_twelve_hours() -> None:
    assert RULES.is_live(stored(), NOON + 12 * 3600 * MICROSECONDS - 1)
    assert not RULES.is_live(stored(), NOON + 12 * 3600 * MICROSECONDS)


def test_a_session_ends_after_thirty_days_however_much_it_is_used() -> None:
    end = 30 * 86_400 * MICROSECONDS
    assert RULES.is_live(stored(end - 2), NOON + end - 1)
    assert not RULES.is_live(stored(end - 2), NOON + end)


def test_its_use_is_noted_once_a_minute_and_oftener_where_sessions_are_short() -> None:
    assert not RULES.is_to_touch(stored(), NOON + 60 * MICROSECONDS - 1)
    assert RULES.is_to_touch(stored(), NOON + 60 * MICROSECONDS)
    assert SessionRules(idle_seconds=8).is_to_touch(stored(), NOON + 2 * MICROSECONDS)


@given(st.integers(1, 10**7), st.integers(1, 10**7), st.integers(0, 10**7), st.integers(0, 2 * 10**7))
def test_no_session_outlives_either_limit(idle: int, absolute: int, seen: int, later: int) -> None:
    rules = SessionRules(idle, absolute)
    at = NOON + seen * MICROSECONDS
    session = StoredSession(
        BrowserSessionId("bsess_1"), UserId("user_1"), NOON, NOON, at, rules.ends_at(NOON), None, None
    )
    now = at + later * MICROSECONDS
    assert rules.is_live(session, now) == (later < idle and seen + later < absolute)


def test_neither_the_secret_nor_the_form_token_is_shown() -> None:
    session = BrowserSession(
        BrowserSessionId("bsess_1"), UserId("user_1"), "a@b.cd", "Ada", NOON, NOON, NOON, NOON, None, None, "token-1"
    )
    assert "token-1" not in repr(session)
    assert "secret-1" not in repr(LoggedIn(session, Secret("secret-1")))


def test_only_a_late_proof_lets_one_change_how_one_gets_in() -> None:
    session = BrowserSession(
        BrowserSessionId("bsess_1"), UserId("user_1"), "a@b.cd", "Ada", NOON, NOON, NOON, NOON, None, None
    )
    assert session.is_fresh(NOON + 15 * 60 * MICROSECONDS - 1)
    assert not session.is_fresh(NOON + 15 * 60 * MICROSECONDS)
