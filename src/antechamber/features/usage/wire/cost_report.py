"""The cost report on the wire (wire-admin.md 3.2)."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

import msgspec
from pydantic import BaseModel

from antechamber.base.errors import InvalidRequest
from antechamber.base.money import to_cents
from antechamber.features.usage.model import Component, Report, SumRow
from antechamber.features.usage.model.costs import (
    DESCRIBED,
    TOKEN_TYPES,
    CostGroup,
    CostQuery,
    Described,
    columns_of,
    describe,
)
from antechamber.features.usage.wire.encoding import show_buckets
from antechamber.http.fields import check_choice, choose_all, read_instant

_DEFAULT_DAYS: Final = 7
_MOST_DAYS: Final = 31
_FLAG: Final = 1
_VALUES: Final = 2  # what a row has before them: the bucket and the flag of the default workspace
_DESCRIPTION: Final = (
    "context_window", "cost_type", "currency", "description", "inference_geo", "model", "service_tier", "token_type",
)  # fmt: skip
_OF_THE_WIRE: Final = (CostGroup.DESCRIPTION, CostGroup.MODEL, CostGroup.WORKSPACE_ID)
_START: Final = '{"amount":"'
_NOWHERE: Final = '"workspace_id":null}'


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


def cost_lines(query: CostQuery) -> Callable[[Sequence[SumRow]], bytes]:
    """Return what shows the rows of a day, in the shape of CostBody: a page may have a hundred thousand."""
    tails, first = _Tails(query), _VALUES + len(columns_of(query.group_by))
    names = tails.names
    # what all lines have in common is copied when they are joined, not into each of them before
    between = f"{tails.end},{_START}"

    def components(rows: Sequence[SumRow]) -> list[str]:
        return [
            f"{to_cents(amount)}{tail}"
            for row in rows
            for amount, tail in zip(row[first:], tails[names(row)], strict=True)
            if amount
        ]

    def totals(rows: Sequence[SumRow]) -> list[str]:
        return [f"{to_cents(row[-1])}{tails[names(row)][0]}" for row in rows]

    def shown(rows: Sequence[SumRow]) -> bytes:
        lines = components(rows) if query.is_described else totals(rows)
        return f"{_START}{between.join(lines)}{tails.end}".encode() if lines else b""

    return shown


def show_costs(report: Report) -> bytes:
    """Return the wire's JSON of a page, in the shape of CostReportBody."""
    buckets = ((bucket.starting_at, bucket.ending_at, bucket.lines) for bucket in report.buckets)
    return show_buckets(buckets, report.next_page)


class _Tails(dict[tuple[Any, ...], Sequence[str]]):
    """What comes behind a row's amounts and before `end`, by its flag and its values; each made once."""

    def __init__(self, query: CostQuery) -> None:
        super().__init__()
        self._columns = [column.value for column in columns_of(query.group_by)]
        self._extensions = [group for group in query.group_by if group not in _OF_THE_WIRE]
        self._middles = _Middles(described=query.is_described)
        self._by_workspace = CostGroup.WORKSPACE_ID in query.group_by
        # the flag twice: of one place there would be no tuple
        self.names: Callable[[SumRow], tuple[Any, ...]] = itemgetter(
            _FLAG, _FLAG, *range(_VALUES, _VALUES + len(self._columns))
        )
        if self._by_workspace:
            self.end = "}"
        elif query.is_described or CostGroup.MODEL in query.group_by:
            self.end = _NOWHERE
        else:
            self.end = _middle({}) + _NOWHERE

    def __missing__(self, names: tuple[Any, ...]) -> Sequence[str]:
        """Make what is seen for the first time."""
        is_default, _, *values = names
        told = dict(zip(self._columns, values, strict=True))
        who = "".join(f'"{group}":{_quote(told[group])},' for group in self._extensions)
        is_named = self._by_workspace and not is_default
        place = f'"workspace_id":{_quote(told[CostGroup.WORKSPACE_ID])}}}' if is_named else _NOWHERE
        middles = self._middles[tuple(told.get(name, "") for name in DESCRIBED)]
        self[names] = tails = [f'",{who}{middle}{place}'.removesuffix(self.end) for middle in middles]
        return tails


class _Middles(dict[tuple[str, ...], Sequence[str]]):
    """What lines say of DESCRIBED, one for each component or one for all, each made once."""

    def __init__(self, *, described: bool) -> None:
        super().__init__()
        self._is_described = described

    def __missing__(self, what: tuple[str, ...]) -> Sequence[str]:
        """Describe a group that is seen for the first time."""
        if self._is_described:
            middles = [_described(Described(component, *what)) for component in Component]
        else:
            middles = [_middle(dict(zip(DESCRIBED, what, strict=True)))]
        self[what] = middles
        return middles


def _described(what: Described) -> str:
    token_type = TOKEN_TYPES.get(what.component)
    told = {
        "cost_type": "tokens" if token_type else "web_search",
        "description": describe(what),
        "model": what.model,
    }
    if token_type:
        told |= {
            "context_window": what.context_window,
            "inference_geo": what.inference_geo,
            "service_tier": what.service_tier,
            "token_type": token_type,
        }
    return _middle(told)


def _middle(told: Mapping[str, str]) -> str:
    """Return everything between the amount and the workspace."""
    shown = {**dict.fromkeys(_DESCRIPTION), **told, "currency": "USD"}
    return "".join(f'"{name}":{_quote(shown[name] or "")},' for name in sorted(shown))


def _quote(text: str) -> str:
    return msgspec.json.encode(text).decode() if text else "null"
