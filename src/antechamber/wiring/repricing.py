"""What an operator does with prices from the command line."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from antechamber.base.actor import OPERATOR
from antechamber.base.clock import SystemClock, from_rfc3339
from antechamber.base.ids import OrganizationId
from antechamber.base.money import to_cents
from antechamber.features.gateway.model import Endpoint
from antechamber.features.usage.model import Dimension, Piece, Prices, Question, Width
from antechamber.features.usage.service import Repriced, Repricing
from antechamber.features.usage.sql import SqlPrices, SqlUsage
from antechamber.features.usage.sql.questions import FOREVER
from antechamber.settings import Loaded
from antechamber.wiring.catalogue import build_catalogue
from antechamber.wiring.failures import USAGE, OperationError, told
from antechamber.wiring.prices import open_prices
from antechamber.wiring.storage import Storage, open_storage

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


def unpriced(loaded: Loaded, since: str, organization_id: str | None) -> Mapping[str, Any]:
    """Return the models that a fallback priced from a day on, most requests first, by organisation; OperationError."""
    since_us = _day(since)
    with told():
        found = asyncio.run(_unpriced(loaded, since_us, organization_id))
    rows = {
        name: [
            {"model": model, "requests": requests, "unpriced_requests": unpriced} for model, requests, unpriced in each
        ]
        for name, each in found.items()
    }
    return {"organizations": rows}


async def _unpriced(
    loaded: Loaded, since_us: int, organization_id: str | None
) -> dict[OrganizationId, list[tuple[str, int, int]]]:
    names = ("unpriced_requests", "requests")
    days = Piece(Width.DAY, Width.DAY.floor(since_us), FOREVER)
    question = Question((days,), (Dimension.MODEL,), names, bucketed=False, unless_zero=names[:1], rank=names[:1])
    async with _opened(loaded) as storage:
        found = {}
        for each in await _chosen(storage, organization_id):
            async with storage.database.read() as unit:
                rows = await SqlUsage().table(unit, each, question)
            found[each] = [(model, requests, flagged) for _, _, model, flagged, requests in rows]
        return found


def reapply(
    loaded: Loaded, since: str, organization_id: str | None, *, dry_run: bool, tell: Callable[[int], None]
) -> Mapping[str, Any]:
    """Price every request from a day on anew, of one organisation or of all, in cents; OperationError."""
    since_us = _day(since)
    with told():
        found = asyncio.run(_reapply(loaded, since_us, organization_id, dry_run=dry_run, tell=tell))
    return {"dry_run": dry_run, "organizations": {name: _shown(each) for name, each in found.items()}}


async def _reapply(
    loaded: Loaded, since_us: int, organization_id: str | None, *, dry_run: bool, tell: Callable[[int], None]
) -> dict[str, Repriced]:
    async with _opened(loaded) as storage:
        prices = open_prices(loaded)
        repricing = Repricing(SqlPrices(), storage.database, storage.clock, prices, storage.audit)
        return {
            each: await repricing.apply(each, since_us, OPERATOR, dry_run=dry_run, tell=tell)
            for each in await _chosen(storage, organization_id)
        }


def _day(since: str) -> int:
    try:
        return from_rfc3339(since if _DAY.fullmatch(since) else "")
    except ValueError as error:
        message = f"--from: {since!r} is not a date such as 2026-01-31"
        raise OperationError(message, USAGE) from error


@asynccontextmanager
async def _opened(loaded: Loaded) -> AsyncIterator[Storage]:
    storage = open_storage(loaded.settings)
    try:
        await storage.prepare()
        yield storage
    finally:
        await storage.database.close()


async def _chosen(storage: Storage, organization_id: str | None) -> list[OrganizationId]:
    if organization_id is None:
        return [each.id for each in await storage.organizations.everyone()]
    return [await storage.sole_organization(organization_id)]


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
