"""Money is exact."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.money import NANO_PER_DOLLAR, from_cents, price, to_cents

TOKENS = st.integers(0, 10**12)
PRICES = st.integers(0, 10**13)


@given(TOKENS, PRICES)
def test_a_price_is_rounded_half_to_even_as_fractions_are(tokens: int, nano: int) -> None:
    assert price(tokens, nano) == round(Fraction(tokens * nano, 1_000_000))


@given(TOKENS, PRICES)
def test_a_price_is_rounded_half_to_even_as_decimals_are(tokens: int, nano: int) -> None:
    with localcontext(prec=60):
        exact = Decimal(tokens) * Decimal(nano) / Decimal(1_000_000)
        assert price(tokens, nano) == int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


@pytest.mark.parametrize(("halves", "expected"), [(1, 0), (3, 2), (5, 2), (7, 4)])
def test_a_half_goes_to_the_even_side(halves: int, expected: int) -> None:
    assert price(halves, 500_000) == expected


def test_a_million_tokens_cost_their_price() -> None:
    assert price(1_000_000, 3 * NANO_PER_DOLLAR) == 3 * NANO_PER_DOLLAR


@given(st.integers(-(10**20), 10**20))
def test_cents_are_exact_and_plain(nano: int) -> None:
    text = to_cents(nano)
    assert Fraction(text) == Fraction(nano, NANO_PER_DOLLAR // 100)
    assert "e" not in text
    assert "." not in text or not text.endswith(("0", "."))


@pytest.mark.parametrize(
    ("nano", "cents"),
    [(1_237_891_200, "123.78912"), (0, "0"), (10_000_000, "1"), (1, "0.0000001"), (-15_000_000, "-1.5")],
)
def test_cents_look_as_on_the_wire(nano: int, cents: str) -> None:
    assert to_cents(nano) == cents


@given(st.integers(-(10**24), 10**24))
def test_cents_are_read_back_exactly(nano: int) -> None:
    assert from_cents(to_cents(nano)) == nano


@given(st.integers(0, 10**17), st.integers(0, 10**7 - 1), st.integers(1, 7))
def test_cents_are_read_as_decimals_are(whole: int, fraction: int, places: int) -> None:
    text = f"{whole}.{fraction % 10**places:0{places}d}"
    assert from_cents(text) == Decimal(text) * (NANO_PER_DOLLAR // 100)


@pytest.mark.parametrize(
    "text", ["", "-", ".5", "5.", "1.23456789", "1e3", "+1", " 1", "1_000", "01", "1,5", "nan", "\u0661", "1" * 19]
)
def test_what_is_no_decimal_number_of_cents_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"decimal number of cents with at most 7 places"):
        from_cents(text)
