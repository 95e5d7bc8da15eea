"""Which passwords are taken, and in which form they are compared."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from antechamber.adapters.identity.passwords import common_passwords
from antechamber.base.errors import InvalidRequest
from antechamber.features.accounts.model import LONGEST_PASSWORD, SHORTEST_PASSWORD, check_password, normalize_password

KNOWN = ("Ada.Lovelace@example.com", "Ada King, Countess of Lovelace")
GOOD = "korrekt pferd batterie"


def code_of(password: str, known: tuple[str, ...] = KNOWN) -> str | None:
    with pytest.raises(InvalidRequest) as caught:
        check_password(password, known, common_passwords())
    assert password not in str(caught.value.message) or len(password) < 4
    return caught.value.error_code


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "tr0ub4dor&3-horse",
        "ein Satz mit Umlauten: äöü",
        "密码密码测试一二三四五六",
        "🐴🔋🖇️🐴🔋🖇️ok🐴",
        " leading and trailing ",
        "lovelace-was-the-first-of-us-all",
        "x" * 5 + GOOD * 40,
    ],
)
def test_a_password_that_nobody_guesses_early_is_taken(password: str) -> None:
    assert check_password(password, KNOWN, common_passwords()) == unicodedata.normalize("NFKC", password)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password_too_short"),
        ("short", "password_too_short"),
        ("123456789", "password_too_short"),
        ("\ufdfa", "password_too_short"),
        ("e\u0301" * 9, "password_too_short"),
        ("x" * 1001, "password_too_long"),
        ("nul \x00 inside it", "password_characters"),
        ("line\nbreak in it", "password_characters"),
        ("half a pair \ud800", "password_characters"),
        ("not assigned \u0378", "password_characters"),
        ("1234567890", "password_too_common"),
        ("qwertyuiop", "password_too_common"),
        ("poiuytrewq", "password_too_common"),
        ("1qaz2wsx3edc", "password_too_common"),
        ("Password123!", "password_too_common"),
        ("PASSWORD2026", "password_too_common"),
        ("!!Football2026", "password_too_common"),
        ("manchester", "password_too_common"),
        ("aaaaaaaaaaaa", "password_too_common"),
        ("abcabcabcabc", "password_too_common"),
        ("2026202620262026", "password_too_common"),
        ("".join(chr(ord(character) + 0xFEE0) for character in "password123"), "password_too_common"),
        ("ada.lovelace@example.com", "password_like_account"),
        ("Lovelace1852", "password_like_account"),
        ("ada.lovelace!", "password_like_account"),
        ("antechamber1", "password_like_account"),
        ("example-lovelace", "password_like_account"),
    ],
)
def test_any_other_is_refused_with_the_reason_and_without_the_password(password: str, code: str) -> None:
    assert code_of(password) == code


def test_two_ways_of_typing_one_password_are_one() -> None:
    composed, decomposed = "caf\u00e9 cr\u00e8me br\u00fbl\u00e9e", "cafe\u0301 cre\u0300me bru\u0302le\u0301e"
    assert normalize_password(composed) == normalize_password(decomposed) is not None


@given(st.text(max_size=LONGEST_PASSWORD + 5))
@example("\ufb03" * 10)
@example("\u1100\u1161" * 10)
def test_what_is_taken_is_in_its_normal_form_and_can_be_typed_again(text: str) -> None:
    try:
        taken = check_password(text, KNOWN, frozenset())
    except InvalidRequest:
        return
    assert taken == normalize_password(text) == normalize_password(taken)
    assert SHORTEST_PASSWORD <= len(text) <= LONGEST_PASSWORD
    taken.encode()


@given(st.text(max_size=1200))
def test_whatever_is_typed_at_a_log_in_is_a_password_or_none(text: str) -> None:
    normal = normalize_password(text)
    assert normal is None or normal.encode() is not None


@given(st.sampled_from(sorted(common_passwords())), st.sampled_from(["", "1", "!", "2026", "123!"]))
def test_common_words_are_refused_with_what_is_usually_put_around_them(word: str, around: str) -> None:
    for password in (word + around, (word + around).upper()):
        with pytest.raises(InvalidRequest):
            check_password(password, (), common_passwords())


def test_the_shipped_list_is_case_folded_and_without_doubles() -> None:
    assert len(common_passwords()) > 4000
    assert all(word == word.casefold().strip() and word for word in common_passwords())
