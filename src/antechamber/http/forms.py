"""Bodies that come as a form or as JSON: the token endpoint takes both, pages only forms."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request

from antechamber.base.errors import InvalidRequest
from antechamber.http.app import CONTENT_TYPE_KEY

_FORM: Final = "application/x-www-form-urlencoded"
_MOST: Final = 100


async def read_form(request: Request) -> dict[str, str]:
    """Return a form's fields; InvalidRequest if it is none, or names a field twice (RFC 6749 §3.2)."""
    body = await request.body()
    if request.scope[CONTENT_TYPE_KEY] not in {_FORM, ""}:
        message = f"body: must be {_FORM}"
        raise InvalidRequest(message)
    return _form(body)


async def read_form_or_json(request: Request) -> Mapping[str, Any]:
    """Return the fields of a form, or of a JSON object; what begins with a brace is JSON."""
    body = await request.body()
    kind = request.scope[CONTENT_TYPE_KEY]
    if kind == "application/json" or body.lstrip()[:1] == b"{":  # curl's --data calls every body a form
        return _json(body)
    return _form(body)


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MOST,
        )
    except ValueError as error:
        message = "body: not a form that can be read"
        raise InvalidRequest(message, note=repr(error)) from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        message = "body: a field is given twice"
        raise InvalidRequest(message)
    return fields


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        message = "body: not valid JSON"
        raise InvalidRequest(message, note=repr(error)) from error
    if not isinstance(found, dict):
        message = "body: expected a JSON object"
        raise InvalidRequest(message)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's members; InvalidRequest for a name that is given twice, of which readers take either."""
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "body: a field is given twice"
        raise InvalidRequest(message)
    return members
