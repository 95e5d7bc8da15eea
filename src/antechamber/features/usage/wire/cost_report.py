"""The cost report on the wire (wire-admin.md 3.2)."""

from collections.abc import Sequence
from typing import Final

import msgspec
from pydantic import BaseModel

from antechamber.base.clock import to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.base.money import to_cents
from antechamber.features.usage.model.costs import (
    TOKEN_TYPES,
    CostGroup,
    CostLine,
    CostQuery,
    CostReport,
    describe,
)
from antechamber.features.usage.wire.encoding import envelope
from antechamber.http.fields import check_choice, choose_all, read_instant

_DEFAULT_DAYS: Final = 7
_MOST_DAYS: Final = 31


class CostBody(BaseModel):
    """One line; `amount` is a decimal string in **cents**. What is not grouped by is null.

    `account_id`, `api_key_id` and `user_id` are extensions, there only when grouped by; so is a `model` without a
    description.
    """

    account_id: str | None = None
    amount: str
    api_key_id: str | None = None
    context_window: str | None
    cost_type: str | None
    currency: str
    description: str | None
    inference_geo: str | None
    model: str | None
    service_tier: str | None
    token_type: str | None
    user_id: str | None = None
    workspace_id: str | None


class CostBucketBody(BaseModel):
    """`{starting_at, ending_at, results}`, RFC 3339; a UTC day."""

    starting_at: str
    ending_at: str
    results: list[CostBody]


class CostReportBody(BaseModel):
    """`{data, has_more, next_page}`."""

    data: list[CostBucketBody]
    has_more: bool
    next_page: str | None


def read_cost_query(
    starting_at: str,
    ending_at: str | None,
    bucket_width: str,
    limit: int | None,
    group_by: Sequence[str],
    page: str | None,
) -> CostQuery:
    """Return what is asked; InvalidRequest that names the parameter otherwise."""
    check_choice("bucket_width", bucket_width, ("1d",))
    if limit is not None and not 1 <= limit <= _MOST_DAYS:
        message = f"limit: must be between 1 and {_MOST_DAYS}"
        raise InvalidRequest(message)
    query = CostQuery(
        starting_at=read_instant("starting_at", starting_at),
        ending_at=read_instant("ending_at", ending_at),
        limit=_DEFAULT_DAYS if limit is None else limit,
        group_by=choose_all("group_by", group_by, CostGroup),
        page=page,
    )
    if query.ending_at is not None and query.ending_at <= query.starting_at:
        message = "ending_at: must be after starting_at"
        raise InvalidRequest(message)
    return query


def show_costs(report: CostReport) -> bytes:
    """Return the wire's JSON of a page, in the shape of CostReportBody."""
    encode = msgspec.json.Encoder().encode
    buckets = [
        encode(
            {
                "starting_at": to_rfc3339(bucket.starting_at),
                "ending_at": to_rfc3339(bucket.ending_at),
                "results": [_show(line) for line in lines],
            }
        )
        for bucket, lines in zip(report.buckets, report.lines, strict=True)
    ]
    return envelope(buckets, report.next_page)


def _show(line: CostLine) -> dict[str, str | None]:
    groups, what = line.groups, line.described
    shown: dict[str, str | None] = {
        "amount": to_cents(line.amount),
        "context_window": None,
        "cost_type": None,
        "currency": "USD",
        "description": None,
        "inference_geo": None,
        "model": groups.get(CostGroup.MODEL) or None,
        "service_tier": None,
        "token_type": None,
        "workspace_id": groups.get(CostGroup.WORKSPACE_ID) or None,
    }
    shown.update(
        (group.value, value or None)
        for group, value in groups.items()
        if group not in (CostGroup.MODEL, CostGroup.WORKSPACE_ID)
    )
    if what is None:
        return shown
    token_type = TOKEN_TYPES.get(what.component)
    shown["description"] = describe(what)
    shown["cost_type"] = "tokens" if token_type else "web_search"
    shown["model"] = what.model
    shown["token_type"] = token_type
    if token_type:
        shown["context_window"] = what.context_window
        shown["inference_geo"] = what.inference_geo
        shown["service_tier"] = what.service_tier
    return shown
