"""Challenges that are signed and not stored: for one purpose, one place, five minutes."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.chance import SystemChance
from antechamber.base.clock import ManualClock
from antechamber.base.secret import Secret
from antechamber.database.engine import Database, database_url
from antechamber.features.accounts.model import ChallengePurpose
from antechamber.features.accounts.service import Challenges, Ground

NOON = 1_795_262_400_000_000
LOG_IN, REGISTER = ChallengePurpose.LOG_IN, ChallengePurpose.REGISTER
# opened by nobody: challenges need no database
UNITS = Database(database_url("postgresql://nobody@127.0.0.1:9/nothing", Path()))


def made_by(pepper: str, clock: ManualClock) -> Challenges:
    return Challenges(Ground(UNITS, clock, SystemChance(), Secret(pepper)))


def test_a_challenge_is_good_for_five_minutes() -> None:
    clock = ManualClock(NOON)
    challenges = made_by("pepper", clock)
    challenge = challenges.make(LOG_IN)
    clock.advance(299.999999)
    assert challenges.read(LOG_IN, challenge) is not None
    clock.advance(0.000001)
    assert challenges.read(LOG_IN, challenge) is None


def test_a_challenge_serves_its_purpose_and_place_alone() -> None:
    challenges = made_by("pepper", ManualClock(NOON))
    challenge = challenges.make(REGISTER, "bsess_1")
    assert challenges.read(REGISTER, challenge, "bsess_1") is not None
    assert challenges.read(REGISTER, challenge, "bsess_2") is None
    assert challenges.read(LOG_IN, challenge, "bsess_1") is None
    assert challenges.read(REGISTER, challenge) is None


def test_a_challenge_of_another_server_is_none() -> None:
    clock = ManualClock(NOON)
    assert made_by("another", clock).read(LOG_IN, made_by("pepper", clock).make(LOG_IN)) is None


def test_no_two_challenges_are_alike_and_a_person_has_one_handle() -> None:
    challenges = made_by("pepper", ManualClock(NOON))
    assert len({challenges.make(LOG_IN) for _ in range(50)}) == 50
    assert challenges.handle("Ada@example.com") == challenges.handle("ada@EXAMPLE.com")
    assert challenges.handle("ada@example.com") != challenges.handle("bob@example.com")
    assert b"ada" not in challenges.handle("ada@example.com")


@given(st.binary(max_size=80), st.data())
def test_nothing_that_was_not_made_is_read(noise: bytes, data: st.DataObject) -> None:
    challenges = made_by("pepper", ManualClock(NOON))
    assert challenges.read(LOG_IN, noise) is None
    made = bytearray(challenges.make(LOG_IN))
    made[data.draw(st.integers(0, len(made) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert challenges.read(LOG_IN, bytes(made)) is None
