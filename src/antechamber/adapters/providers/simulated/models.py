"""The simulated models as the two catalogues show them."""

from typing import Any, Final

import msgspec

CREATED: Final = "2026-11-01T00:00:00Z"
CREATED_SECONDS: Final = 1_793_491_200
CANONICAL: Final = {
    "sim-1": "sim-1",
    "sim-agent-1": "sim-agent-1",
    "claude-sim-1": "sim-1",
    "claude-sim-agent-1": "sim-agent-1",
}
NAMES: Final = {
    "sim-1": "Simulated 1",
    "sim-agent-1": "Simulated Agent 1",
    "claude-sim-1": "Simulated 1 (alias)",
    "claude-sim-agent-1": "Simulated Agent 1 (alias)",
}
_YES: Final = {"supported": True}
_NO: Final = {"supported": False}
_CAPABILITIES: Final[dict[str, Any]] = {
    "batch": _NO,
    "citations": _NO,
    "code_execution": _NO,
    "context_management": {
        "supported": False,
        "clear_thinking_20251015": _NO,
        "clear_tool_uses_20250919": _NO,
        "compact_20260112": _NO,
    },
    "effort": {"supported": False, "low": _NO, "medium": _NO, "high": _NO, "xhigh": _NO, "max": _NO},
    "image_input": _YES,
    "pdf_input": _YES,
    "server_tools": {"supported": False, "code_execution": _NO, "web_search": _NO},
    "structured_outputs": _YES,
    "thinking": {
        "supported": True,
        "types": {"adaptive": _YES, "between_tools": _YES, "disabled": _YES, "enabled": _YES},
    },
}


def anthropic_model(model_id: str) -> dict[str, Any]:
    """Return a model as the Models API shows it (anthropic 2.11.0 `types/model_info.py`)."""
    return {
        "type": "model",
        "id": model_id,
        "display_name": NAMES[model_id],
        "created_at": CREATED,
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
        "capabilities": _CAPABILITIES,
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "line": None,
    }


def openai_model(model_id: str) -> dict[str, Any]:
    """Return a model as OpenAI's catalogue shows it."""
    return {"id": model_id, "object": "model", "created": CREATED_SECONDS, "owned_by": "antechamber"}


def anthropic_page(query: dict[str, str]) -> bytes:
    """Return a page of the catalogue: `limit`, `after_id`, `before_id` as ID cursors. ValueError on a bad limit."""
    ids = list(CANONICAL)
    limit = max(1, min(int(query.get("limit", "20")), 1000))
    start, stop = 0, len(ids)
    if (after := query.get("after_id", "")) in ids:
        start = ids.index(after) + 1
    if (before := query.get("before_id", "")) in ids:
        stop = ids.index(before)
        start = max(0, stop - limit)
    shown = ids[start:stop][:limit]
    more = start > 0 if before in ids else start + len(shown) < stop
    return msgspec.json.encode(
        {
            "data": [anthropic_model(model_id) for model_id in shown],
            "has_more": more,
            "first_id": shown[0] if shown else None,
            "last_id": shown[-1] if shown else None,
        }
    )


def openai_page() -> bytes:
    """Return the whole catalogue in OpenAI's shape."""
    return msgspec.json.encode({"object": "list", "data": [openai_model(model_id) for model_id in CANONICAL]})
