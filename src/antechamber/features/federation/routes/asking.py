"""What federation's lists are asked, and what they answer with."""

from collections.abc import Callable
from typing import Annotated, TypeAlias, TypeVar

from fastapi import Depends, Query

from antechamber.base.permissions import Permission
from antechamber.base.principal import AccessToken
from antechamber.features.federation.service import ListQuery, Part
from antechamber.http.lists import PageList
from antechamber.http.needs import Needs

Shown = TypeVar("Shown")
Kept = TypeVar("Kept")

# only tokens hold these permissions, never a key (base/permissions.py)
AccountReader: TypeAlias = Annotated[AccessToken, Needs(Permission.SERVICE_ACCOUNTS_READ)]
AccountWriter: TypeAlias = Annotated[AccessToken, Needs(Permission.SERVICE_ACCOUNTS_WRITE)]
FederationReader: TypeAlias = Annotated[AccessToken, Needs(Permission.FEDERATION_READ)]
FederationWriter: TypeAlias = Annotated[AccessToken, Needs(Permission.FEDERATION_WRITE)]


async def _read_query(
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    page: str | None = None,
    *,
    include_archived: bool = False,
) -> ListQuery:
    return ListQuery(limit, page, include_archived)


async def _read_paging(limit: Annotated[int, Query(ge=1, le=100)] = 20, page: str | None = None) -> ListQuery:
    return ListQuery(limit, page)


# `limit`, `page` and `include_archived`; `limit` and `page` alone
Asking: TypeAlias = Annotated[ListQuery, Depends(_read_query)]
Paging: TypeAlias = Annotated[ListQuery, Depends(_read_paging)]


def show_part(part: Part[Kept], show: Callable[[Kept], Shown]) -> PageList[Shown]:
    """Return the envelope of a page."""
    return PageList(data=[show(item) for item in part.items], next_page=part.next_page)
