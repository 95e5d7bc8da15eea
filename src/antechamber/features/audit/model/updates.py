"""What changed of a thing, as the hosted feed tells it (API reference, compliance/activities/list)."""

import json
from collections.abc import Mapping


def updates_of(before: Mapping[str, object], after: Mapping[str, object]) -> list[dict[str, str | None]]:
    """Return `[{type, previous_value, current_value}]` of the properties that differ, named by `type`.

    Values are texts, as in the hosted feed; lists and maps are written as JSON, and null stays null.
    """
    return [
        {"type": name, "previous_value": _text(before[name]), "current_value": _text(value)}
        for name, value in after.items()
        if before[name] != value
    ]


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else str(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
