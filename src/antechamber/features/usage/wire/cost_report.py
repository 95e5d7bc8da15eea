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
    lines = _components(query) if query.is_described else _totals(query)
    return lambda rows: ",".join(lines(rows)).encode()


def show_costs(report: Report) -> bytes:
    """Return the wire's JSON of a page, in the shape of CostReportBody."""
    buckets = ((bucket.starting_at, bucket.ending_at, bucket.lines) for bucket in report.buckets)
    return show_buckets(buckets, report.next_page)


def _totals(query: CostQuery) -> Callable[[Sequence[SumRow]], list[str]]:
    """Return what makes lines of rows with one amount."""
    tails = _Tails(query)
    names = tails.names

    def lines(rows: Sequence[SumRow]) -> list[str]:
        return [f'{{"amount":"{to_cents(row[-1])}",{tails[names(row)]}' for row in rows]

    return lines


def _components(query: CostQuery) -> Callable[[Sequence[SumRow]], list[str]]:
    """Return what makes lines of rows with an amount of each component."""
    columns = columns_of(query.group_by)
    what = itemgetter(*(columns.index(name) + _VALUES for name in DESCRIBED))
    ends, middles = _Ends(query), _Middles()
    names, first = ends.names, _VALUES + len(columns)

    def lines(rows: Sequence[SumRow]) -> list[str]:
        return [
            f'{{"amount":"{to_cents(amount)}",{middle}{end}'
            for row in rows
            for end in (ends[names(row)],)
            for amount, middle in zip(row[first:], middles[what(row)], strict=True)
            if amount
        ]

    return lines


class _Ends(dict[tuple[Any, ...], str]):
    """The ends of lines by what they are grouped by, each made once."""

    def __init__(self, query: CostQuery) -> None:
        super().__init__()
        hidden = (CostGroup.DESCRIPTION, CostGroup.MODEL, CostGroup.WORKSPACE_ID)
        self._extensions = [group for group in query.group_by if group not in hidden]
        workspace = _place(query, CostGroup.WORKSPACE_ID)
        places = [_place(query, group) for group in self._extensions]
        # the flag's place stands for a workspace that is not asked for, so that days share their ends
        self.places = (_FLAG, workspace or _FLAG, *places)
        self.names: Callable[[SumRow], tuple[Any, ...]] = itemgetter(*self.places)
        self._by_workspace = bool(workspace)

    def __missing__(self, names: tuple[Any, ...]) -> str:
        """Make the end of a line that is seen for the first time."""
        is_default, workspace, *others = names
        shown = "null" if is_default or not self._by_workspace else _quote(workspace)
        more = (f',"{group}":{_quote(text)}' for group, text in zip(self._extensions, others, strict=True))
        self[names] = end = f'"workspace_id":{shown}{"".join(more)}}}'
        return end


class _Tails(dict[tuple[Any, ...], str]):
    """What comes behind an amount that is not described, by what it is grouped by, each made once."""

    def __init__(self, query: CostQuery) -> None:
        super().__init__()
        self._ends = _Ends(query)
        model = _place(query, CostGroup.MODEL)
        self.names: Callable[[SumRow], tuple[Any, ...]] = itemgetter(model or _FLAG, *self._ends.places)
        self._by_model = bool(model)

    def __missing__(self, names: tuple[Any, ...]) -> str:
        """Make what is seen for the first time."""
        model, *of_end = names
        self[names] = tail = _middle({"model": model} if self._by_model else {}) + self._ends[tuple(of_end)]
        return tail


class _Middles(dict[tuple[str, ...], list[str]]):
    """The described parts of lines, one for each component, each made once."""

    def __missing__(self, what: tuple[str, ...]) -> list[str]:
        """Describe a group that is seen for the first time."""
        self[what] = middles = [_described(Described(component, *what)) for component in Component]
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


def _place(query: CostQuery, group: CostGroup) -> int:
    """Return where rows have a group, 0 for nowhere."""
    names = [column.value for column in columns_of(query.group_by)]
    return names.index(group.value) + _VALUES if group in query.group_by else 0


def _quote(text: str) -> str:
    return msgspec.json.encode(text).decode() if text else "null"
