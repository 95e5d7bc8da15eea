"""Queries whose names are a table's."""

from collections.abc import Awaitable, Callable, Iterable
from inspect import Parameter, Signature
from typing import Annotated

from fastapi import Query

Texts = Annotated[list[str], Query(default_factory=list)]


def filters_of(names: Iterable[str]) -> Callable[..., Awaitable[dict[str, list[str]]]]:
    """Return a dependency that reads lists of texts by these names."""

    async def read(**texts: list[str]) -> dict[str, list[str]]:
        return texts

    # FastAPI reads the query's names from a signature
    read.__signature__ = Signature(  # type: ignore[attr-defined] # what inspect looks at first (PEP 362)
        [Parameter(name, Parameter.KEYWORD_ONLY, annotation=Texts) for name in sorted(names)]
    )
    return read
