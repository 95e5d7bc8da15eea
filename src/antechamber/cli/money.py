"""Amounts of money: the wire's decimal cents, and dollars as people write them."""

from decimal import Decimal, InvalidOperation
from typing import Final

import click

_CENTS: Final = 100


def dollars(cents: object) -> Decimal:
    """Return the wire's decimal cents (wire-admin.md 3.2) in dollars; 0 for what is no amount."""
    try:
        return Decimal(str(cents)) / _CENTS
    except InvalidOperation:
        return Decimal(0)


def shown(amount: Decimal) -> str:
    """Show dollars: to the cent, and what is less than a cent with as many digits as it needs."""
    if amount and abs(amount) < Decimal("0.01"):
        return f"${amount.normalize():f}"
    return f"${amount:,.2f}"


class Dollars(click.ParamType[str]):
    """Dollars as typed, `250` or `$1,250.50`; the value is the wire's decimal string in cents."""

    name = "usd"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the cents."""
        try:
            amount = Decimal(str(value).strip().removeprefix("$").replace(",", ""))
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount < 0:
            self.fail("write an amount in dollars, as 250 or 99.50", param, ctx)
        return f"{(amount * _CENTS).normalize():f}"
