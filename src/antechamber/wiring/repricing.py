"""What an operator does with prices from the command line."""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from antechamber.base.actor import OPERATOR
from antechamber.base.clock import SystemClock, from_rfc3339
from antechamber.base.money import to_cents
from antechamber.features.gateway.model import Endpoint
from antechamber.features.usage.model import Prices
from antechamber.features.usage.service import Repriced, Repricing
from antechamber.features.usage.sql import SqlPrices
from antechamber.settings import Loaded
from antechamber.wiring.catalogue import build_catalogue
from antechamber.wiring.failures import USAGE, OperationError, told
from antechamber.wiring.prices import open_prices
from antechamber.wiring.storage import open_storage

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d(T\S+)?")


def _provider_of(loaded: Loaded, model: str) -> str:
    """Return the provider that serves a model; any, if none does."""
    catalogue = build_catalogue(loaded, "(in this process)")
    routes = (catalogue.route(model, endpoint) for endpoint in (Endpoint.MESSAGES, Endpoint.CHAT_COMPLETIONS))
    return next((route.provider.name for route in routes if route is not None), "*")


def show_price(loaded: Loaded, model: str, provider: str | None) -> Mapping[str, Any]:
    """Return what a model costs now, in nano-USD per million tokens, and which list says so."""
    with told():
        rate = open_prices(loaded).rate(model, provider or _provider_of(loaded, model), SystemClock().now())
    return {
        "model": model,
        "source": rate.source.value,
        "version": rate.version,
        "usd": rate.usd.base._asdict(),
        "cny": rate.cny.base._asdict() if rate.cny else None,
        "steps": [{"above": step.above, **step.prices._asdict()} for step in rate.usd.steps],
        "batch_percent": rate.batch_percent,
        "fast_percent": rate.fast_percent,
        "us_percent": rate.us_percent,
    }


def price_names() -> tuple[str, ...]:
    """Return the names of the prices in `show_price`."""
    return Prices._fields


def reapply(
    loaded: Loaded, since: str, organization_id: str | None, *, dry_run: bool, tell: Callable[[int], None]
) -> Mapping[str, Any]:
    """Price every request from a day on anew, of one organisation or of all, in cents; OperationError."""
    try:
        since_us = from_rfc3339(since) if _DAY.fullmatch(since) else None
    except ValueError:
        since_us = None
    if since_us is None:
        message = f"--from: {since!r} is not a date such as 2026-01-31"
        raise OperationError(message, USAGE)
    with told():
        found = asyncio.run(_reapply(loaded, since_us, organization_id, dry_run=dry_run, tell=tell))
    return {"dry_run": dry_run, "organizations": {name: _shown(each) for name, each in found.items()}}


async def _reapply(
    loaded: Loaded, since_us: int, organization_id: str | None, *, dry_run: bool, tell: Callable[[int], None]
) -> dict[str, Repriced]:
    storage = open_storage(loaded.settings)
    try:
        await storage.prepare()
        prices = open_prices(loaded)
        repricing = Repricing(SqlPrices(), storage.database, storage.clock, prices, storage.audit)
        if organization_id is None:
            chosen = [each.id for each in await storage.organizations.everyone()]
        else:
            chosen = [await storage.sole_organization(organization_id)]
        return {each: await repricing.apply(each, since_us, OPERATOR, dry_run=dry_run, tell=tell) for each in chosen}
    finally:
        await storage.database.close()


def _shown(found: Repriced) -> Mapping[str, Any]:
    return {
        "rows": found.rows,
        "changed": found.changed,
        "difference": to_cents(found.difference),
        "models": {
            name: {
                "rows": each.rows,
                "changed": each.changed,
                "before": to_cents(each.before),
                "after": to_cents(each.after),
                "difference": to_cents(each.after - each.before),
            }
            for name, each in sorted(found.models.items())
        },
    }
