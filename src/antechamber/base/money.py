"""Money: integer nano-dollars, never floats."""

import re
from typing import Final

NANO_PER_DOLLAR: Final = 1_000_000_000
_NANO_PER_CENT: Final = NANO_PER_DOLLAR // 100
_MILLION: Final = 1_000_000
_THOUSAND: Final = 1_000
# all that to_cents writes, and no other number: no sign but of less than nothing, no exponent, no eighth place
_CENTS: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,17})(?:\.([0-9]{1,7}))?", re.ASCII)


def scale(amount: int, numerator: int, denominator: int) -> int:
    """Return amount x numerator / denominator in whole units, rounded half to even; nothing may be negative."""
    whole, rest = divmod(amount * numerator, denominator)
    twice = rest * 2
    if twice > denominator or (twice == denominator and whole % 2):
        whole += 1
    return whole


def price(tokens: int, nano_per_million: int) -> int:
    """Return what tokens cost, in nano-units of the price's currency, rounded half to even."""
    whole, rest = divmod(tokens * nano_per_million, _MILLION)
    twice = rest * 2
    if twice > _MILLION or (twice == _MILLION and whole % 2):
        whole += 1
    return whole


def price_per_thousand(uses: int, nano_per_thousand: int) -> int:
    """Return what uses of a tool cost, in nano-units of the price's currency, rounded half to even."""
    return scale(uses, nano_per_thousand, _THOUSAND)


def to_cents(nano: int) -> str:
    """Show nano-USD as the wire's decimal string in cents (wire-admin.md 3.2): 1237891200 is `123.78912`."""
    if nano < 0:
        return f"-{to_cents(-nano)}"
    digits = str(nano).zfill(8)
    fraction = digits[-7:].rstrip("0")
    return f"{digits[:-7]}.{fraction}" if fraction else digits[:-7]


def from_cents(text: str) -> int:
    """Read a decimal string in cents as nano-USD, exactly; ValueError for anything that `to_cents` could not write."""
    matched = _CENTS.fullmatch(text)
    if matched is None:
        message = "must be a decimal number of cents with at most 7 places, as a string"
        raise ValueError(message)
    sign, whole, fraction = matched.groups()
    nano = int(whole) * _NANO_PER_CENT + int((fraction or "").ljust(7, "0"))
    return -nano if sign else nano
