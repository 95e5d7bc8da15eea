"""User codes: drawn evenly, read however people type them."""

from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.chance import SeededChance
from antechamber.features.oauth.model import mint_user_code, normalize_user_code, show_user_code
from antechamber.features.oauth.model.devices import ALPHABET, LENGTH

CODES = st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH)


@given(st.integers())
def test_a_code_is_of_letters_that_make_no_words_and_look_unlike(seed: int) -> None:
    code = mint_user_code(SeededChance(seed))
    assert len(code) == LENGTH
    assert not set(code) & set("AEIOUY0125")
    assert normalize_user_code(show_user_code(code)) == code


@given(CODES, st.lists(st.sampled_from(" -\u2013"), max_size=8), st.booleans())
def test_case_spaces_and_hyphens_do_not_matter(code: str, between: list[str], lower: bool) -> None:  # noqa: FBT001 - drawn
    typed = "".join(letter + mark for letter, mark in zip(code, [*between, *[""] * LENGTH], strict=False))
    assert normalize_user_code(typed.lower() if lower else typed) == code


@given(st.text())
def test_what_is_none_is_known_as_none(text: str) -> None:
    code = normalize_user_code(text)
    assert code is None or (len(code) == LENGTH and set(code) <= set(ALPHABET))


def test_every_letter_is_drawn_about_as_often() -> None:
    chance = SeededChance(1)
    letters = "".join(mint_user_code(chance) for _ in range(5000))
    counts = {letter: letters.count(letter) for letter in ALPHABET}
    assert min(counts.values()) > 0.9 * len(letters) / len(ALPHABET)
