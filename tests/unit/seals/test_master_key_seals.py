"""The envelopes of secrets that are used again."""

from collections.abc import Sequence

import pytest

from antechamber.adapters.seals import MasterKeySeals
from antechamber.base.chance import SystemChance
from antechamber.base.seals import SealError
from antechamber.base.secret import Secret

PLACE = "telemetry_destinations.headers tdst_1"


def seals(*keys: str) -> MasterKeySeals:
    return MasterKeySeals(lambda: [Secret(key) for key in keys], SystemChance())


@pytest.mark.parametrize("text", ["", "a header's value", "ü" * 5000])
def test_what_is_sealed_is_opened_again_by_the_same_key(text: str) -> None:
    sealed = seals("one").seal(text, PLACE)
    assert seals("one").open(sealed, PLACE).reveal() == text


def test_nothing_of_a_text_shows_and_no_two_envelopes_are_alike() -> None:
    made = seals("one")
    first, second = made.seal("bearer secret", PLACE), made.seal("bearer secret", PLACE)
    assert first != second
    assert b"secret" not in first


def test_an_envelope_opens_in_its_place_only() -> None:
    sealed = seals("one").seal("text", PLACE)
    with pytest.raises(SealError, match="belongs to another place"):
        seals("one").open(sealed, "webhooks.secret whk_1")


@pytest.mark.parametrize("place", [-1, 21, 30])
def test_a_changed_envelope_does_not_open(place: int) -> None:
    sealed = bytearray(seals("one").seal("a longer text", PLACE))
    sealed[place] ^= 1
    with pytest.raises(SealError, match="was changed"):
        seals("one").open(bytes(sealed), PLACE)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x02" + bytes(40), b"\x01" + bytes(40)])
def test_what_no_key_of_ours_has_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(SealError, match="a master key that this server does not have"):
        seals("one").open(sealed, PLACE)


def test_a_new_key_before_the_old_seals_while_the_old_still_opens() -> None:
    old = seals("old").seal("text", PLACE)
    both = seals("new", "old")
    assert both.open(old, PLACE).reveal() == "text"
    fresh = both.seal("text", PLACE)
    assert seals("new").open(fresh, PLACE).reveal() == "text"
    with pytest.raises(SealError):
        seals("old").open(fresh, PLACE)


def test_keys_are_read_once_and_only_when_needed() -> None:
    asked: list[int] = []

    def read() -> Sequence[Secret]:
        asked.append(1)
        return [Secret("one")]

    made = MasterKeySeals(read, SystemChance())
    assert not asked
    made.open(made.seal("text", PLACE), PLACE)
    assert len(asked) == 1
