"""The envelopes of secrets that are used again."""

from collections.abc import Sequence

import pytest

from antechamber.adapters.seals import MasterKeySeals
from antechamber.base.chance import SystemChance
from antechamber.base.seals import SealedColumn, SealError
from antechamber.base.secret import Secret

# "text", sealed under the key "one" for a webhook's secret
EARLIER = "01cf72e903da432d8c0337545a8a75dcb59bb6941e341b2595b6717733f0c8f8b56318303afac403af"
PLACE = (SealedColumn.TELEMETRY_HEADERS, "tdst_1")


def seals(*keys: str) -> MasterKeySeals:
    return MasterKeySeals(lambda: [Secret(key) for key in keys], SystemChance())


@pytest.mark.parametrize("text", ["", "a header's value", "ü" * 5000])
def test_what_is_sealed_is_opened_again_by_the_same_key(text: str) -> None:
    sealed = seals("one").seal(text, *PLACE)
    assert seals("one").open(sealed, *PLACE).reveal() == text


def test_nothing_of_a_text_shows_and_no_two_envelopes_are_alike() -> None:
    made = seals("one")
    first, second = made.seal("bearer secret", *PLACE), made.seal("bearer secret", *PLACE)
    assert first != second
    assert b"secret" not in first


def test_an_envelope_opens_in_its_place_only() -> None:
    sealed = seals("one").seal("text", *PLACE)
    with pytest.raises(SealError, match="belongs to another place"):
        seals("one").open(sealed, SealedColumn.WEBHOOK_SECRET, PLACE[1])


@pytest.mark.parametrize("place", [-1, 21, 30])
def test_a_changed_envelope_does_not_open(place: int) -> None:
    sealed = bytearray(seals("one").seal("a longer text", *PLACE))
    sealed[place] ^= 1
    with pytest.raises(SealError, match="was changed"):
        seals("one").open(bytes(sealed), *PLACE)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x02" + bytes(40), b"\x01" + bytes(40)])
def test_what_no_key_of_ours_has_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(SealError, match="a master key that this server does not have"):
        seals("one").open(sealed, *PLACE)


def test_a_new_key_before_the_old_seals_while_the_old_still_opens() -> None:
    old = seals("old").seal("text", *PLACE)
    both = seals("new", "old")
    assert both.open(old, *PLACE).reveal() == "text"
    fresh = both.seal("text", *PLACE)
    assert seals("new").open(fresh, *PLACE).reveal() == "text"
    with pytest.raises(SealError):
        seals("old").open(fresh, *PLACE)


def test_keys_are_read_once_and_only_when_needed() -> None:
    asked: list[int] = []

    def read() -> Sequence[Secret]:
        asked.append(1)
        return [Secret("one")]

    made = MasterKeySeals(read, SystemChance())
    assert not asked
    made.open(made.seal("text", *PLACE), *PLACE)
    assert len(asked) == 1


def test_what_an_old_key_has_sealed_is_renewed_and_nothing_else() -> None:
    old = seals("old").seal("text", *PLACE)
    both = seals("new", "old")
    fresh = both.renew(old, *PLACE)
    assert fresh is not None
    assert seals("new").open(fresh, *PLACE).reveal() == "text"
    assert both.renew(fresh, *PLACE) is None
    assert seals("new").renew(fresh, *PLACE) is None
    with pytest.raises(SealError, match=r"telemetry_destinations\.sealed_headers of tdst_1: sealed with a master key"):
        seals("new").renew(old, *PLACE)


def test_keys_are_read_again_when_that_is_asked_for_and_kept_where_they_cannot_be() -> None:
    given = ["old"]
    made = MasterKeySeals(lambda: [Secret(key) for key in given], SystemChance())
    sealed, key_id = made.seal("text", *PLACE), made.key_id
    given.insert(0, "new")
    assert made.key_id == key_id
    made.reread()
    assert (made.key_id == seals("new").key_id, made.open(sealed, *PLACE).reveal()) == (True, "text")


def test_what_was_sealed_for_a_place_written_as_text_still_opens() -> None:
    """The place is part of what is stored: another spelling would make every secret useless."""
    sealed = bytes.fromhex(EARLIER)
    assert seals("one").open(sealed, SealedColumn.WEBHOOK_SECRET, "webhook_1").reveal() == "text"
