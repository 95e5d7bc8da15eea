"""Money: integer nano-dollars, never floats."""

from typing import Final

NANO_PER_DOLLAR: Final = 1_000_000_000
_NANO_PER_CENT: Final = NANO_PER_DOLLAR // 100
_MILLION: Final = 1_000_000


def price(tokens: int, nano_per_million: int) -> int:
    """Return what tokens cost, in nano-USD, rounded half to even."""
    whole, rest = divmod(tokens * nano_per_million, _MILLION)
    twice = rest * 2
    if twice > _MILLION or (twice == _MILLION and whole % 2):
        whole += 1
    return whole


def to_cents(nano: int) -> str:
    """Show nano-USD as the wire's decimal string in cents (wire-admin.md 3.2): 1237891200 is `123.78912`."""
    sign = "-" if nano < 0 else ""
    whole, rest = divmod(abs(nano), _NANO_PER_CENT)
    fraction = f"{rest:07d}".rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"
