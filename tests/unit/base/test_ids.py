"""Ids: minted in order, read back strictly."""

import uuid

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from antechamber.base.chance import SeededChance, SystemChance
from antechamber.base.clock import MICROSECONDS, ManualClock, SystemClock
from antechamber.base.ids import ALPHABET, Kind, decode_base58, derive, encode_base58, mint, mint_organization, parse

KINDS = st.sampled_from(Kind)
INSTANTS = st.integers(0, (1 << 48) * 1000 - 1)


@given(KINDS, INSTANTS, st.integers())
def test_what_is_minted_can_be_parsed(kind: Kind, now: int, seed: int) -> None:
    text = mint(kind, ManualClock(now), SeededChance(seed))
    assert parse(kind, text) == text
    assert text.startswith(f"{kind}_01")
    assert len(text) == len(f"{kind}_") + 24


@given(INSTANTS, INSTANTS, st.integers(), st.integers())
def test_ids_sort_as_bytes_by_the_millisecond_in_which_they_were_minted(
    first: int, second: int, seed: int, other: int
) -> None:
    assume(first // 1000 < second // 1000)
    earlier = mint(Kind.REQUEST, ManualClock(first), SeededChance(seed))
    later = mint(Kind.REQUEST, ManualClock(second), SeededChance(other))
    assert earlier.encode() < later.encode()


@given(st.integers(0, 58**12 - 1), st.integers(12, 50))
def test_base58_reads_back_what_it_wrote(number: int, length: int) -> None:
    text = encode_base58(number, length)
    assert len(text) == length
    assert set(text) <= set(ALPHABET)
    assert decode_base58(text) == number


@given(st.integers(0, 58**9 - 1), st.integers(0, 58**9 - 1))
def test_base58_of_one_length_keeps_the_order_of_numbers(first: int, second: int) -> None:
    assert (first < second) == (encode_base58(first, 9) < encode_base58(second, 9))


@pytest.mark.parametrize("length", [1, 2, 3, 6, 22, 44])
def test_base58_keeps_the_lowest_digits_of_a_number_that_is_too_long(length: int) -> None:
    assert encode_base58(58**length + 1, length) == "1" * (length - 1) + "2"


@pytest.mark.parametrize("text", ["0", "O", "I", "l", "a b", "é", "\N{FULLWIDTH DIGIT ONE}"])
def test_what_is_not_base58_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not base58"):
        decode_base58(text)


@given(KINDS, st.text(max_size=40))
def test_any_other_text_is_refused(kind: Kind, text: str) -> None:
    assume(not text.startswith(f"{kind}_01"))
    with pytest.raises(ValueError, match=r"not "):
        parse(kind, text)


@pytest.mark.parametrize("body", ["", "1" * 21, "1" * 23, "1" * 21 + "0", " " + "1" * 21, "1" * 21 + "\n"])
def test_an_id_of_the_wrong_form_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match=r"not "):
        parse(Kind.USER, f"user_01{body}")


def test_an_id_of_another_kind_is_refused() -> None:
    text = mint(Kind.API_KEY, SystemClock(), SystemChance())
    with pytest.raises(ValueError, match=r"not adminkey_"):
        parse(Kind.ADMIN_KEY, text)


def test_ids_of_one_millisecond_differ() -> None:
    clock, chance = ManualClock(MICROSECONDS), SystemChance()
    assert len({mint(Kind.REQUEST, clock, chance) for _ in range(1000)}) == 1000


@given(st.integers())
def test_an_organization_is_a_random_uuid(seed: int) -> None:
    text = mint_organization(SeededChance(seed))
    assert uuid.UUID(text).version == 4
    assert str(uuid.UUID(text)) == text


@given(KINDS, st.text(), st.text())
def test_a_derived_id_has_the_form_of_a_minted_one_and_follows_from_its_text(kind: Kind, text: str, other: str) -> None:
    assume(text != other)
    assert parse(kind, derive(kind, text)) == derive(kind, text)
    assert derive(kind, text) != derive(kind, other)


def test_derived_ids_never_change() -> None:
    assert derive(Kind.RATE_LIMIT_GROUP, "model_group claude-opus") == "rlg_015ZHHEdbnRPBWSi7XLvDMzc"
