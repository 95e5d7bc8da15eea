"""Models on the wire: both shapes made from either, and pages that neither repeat nor lose one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.errors import InvalidRequest
from antechamber.features.gateway.model import ListedModel, ProviderKind
from antechamber.features.gateway.wire.models import ModelReader, page_of, show_anthropic, show_openai


def listed(name: str, **described: object) -> ListedModel:
    return ListedModel(name, "p", ProviderKind.ANTHROPIC, described or None)


MODELS = [listed(f"m-{number}") for number in range(7)]


def page(query: str, models: list[ListedModel] = MODELS) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page_of(query.encode("latin-1"), models))
    return found


@given(st.integers(1, 9))
def test_pages_forwards_hold_every_model_once_in_order(limit: int) -> None:
    seen: list[str] = []
    query = f"limit={limit}"
    while True:
        found = page(query)
        seen += [model["id"] for model in found["data"]]
        assert (found["first_id"], found["last_id"]) == (found["data"][0]["id"], found["data"][-1]["id"])
        if not found["has_more"]:
            break
        query = f"limit={limit}&after_id={found['last_id']}"
    assert seen == [model.id for model in MODELS]


@given(st.integers(1, 9))
def test_pages_backwards_do_too(limit: int) -> None:
    seen: list[str] = ["m-6"]
    while True:
        found = page(f"limit={limit}&before_id={seen[0]}")
        seen = [model["id"] for model in found["data"]] + seen
        if not found["has_more"]:
            break
    assert seen == [model.id for model in MODELS]


def test_nothing_is_an_empty_page() -> None:
    assert page("", []) == {"data": [], "has_more": False, "first_id": None, "last_id": None}
    assert page("after_id=m-6")["data"] == []
    assert page("before_id=m-0")["data"] == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit: must be a whole number from 1 to 1000"),
        ("limit=1001", "limit: must be a whole number from 1 to 1000"),
        ("limit=" + "9" * 5000, "limit: must be a whole number from 1 to 1000"),
        ("limit=-1", "limit: must be a whole number from 1 to 1000"),
        ("limit=%C2%B2", "limit: must be a whole number from 1 to 1000"),
        ("limit=", "limit: must be a whole number from 1 to 1000"),
        ("after_id=none", "after_id: no model has the id 'none'"),
        ("before_id=none", "before_id: no model has the id 'none'"),
        ("after_id=m-0&before_id=m-1", "after_id, before_id: only one of the two may be given"),
        ("lifecycle=dead", "lifecycle: must be among: active, deprecated, retired"),
        ("page=1", "page: Extra inputs are not permitted; this endpoint takes: after_id, before_id, beta"),
    ],
)
def test_a_wrong_query_is_named(query: str, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        page(query)
    assert caught.value.message.startswith(message)


def test_models_are_chosen_by_lifecycle() -> None:
    models = [listed("a"), listed("b", type="model", id="b", lifecycle="retired")]
    assert [model["id"] for model in page("lifecycle[]=retired&beta=true", models)["data"]] == ["b"]
    assert [model["id"] for model in page("lifecycle=active", models)["data"]] == ["a"]
    assert len(page("lifecycle=active&lifecycle%5B%5D=retired", models)["data"]) == 2


def test_a_models_own_description_is_passed_on_whole() -> None:
    own = {"id": "a", "type": "model", "new_field": [1]}
    assert show_anthropic(ListedModel("a", "p", ProviderKind.ANTHROPIC, own)) == own
    other = {"id": "a", "object": "model", "owned_by": "x", "new_field": 1}
    assert show_openai(ListedModel("a", "p", ProviderKind.OPENAI, other)) == other


@pytest.mark.parametrize(
    ("created", "shown"),
    [(5, "1970-01-01T00:00:05Z"), (None, "1970-01-01T00:00:00Z"), (10**18, "1970-01-01T00:00:00Z")],
)
def test_the_other_shape_is_made_for_anthropics_clients(created: object, shown: str) -> None:
    made = show_anthropic(listed("a", object="model", created=created))
    assert (made["id"], made["type"], made["display_name"], made["created_at"]) == ("a", "model", "a", shown)


@pytest.mark.parametrize(("created_at", "shown"), [("1970-01-01T00:00:05Z", 5), (None, 0), ("long ago", 0)])
def test_the_other_shape_is_made_for_openais_clients(created_at: object, shown: int) -> None:
    made = show_openai(listed("a", type="model", created_at=created_at))
    assert made == {"id": "a", "object": "model", "created": shown, "owned_by": "p"}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": 5}', b'{"data": ["a"]}', b"{}"])
def test_a_list_that_is_none_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        ModelReader().read_list(body)
    assert ModelReader().read_list(b'{"data": [{"id": "a"}], "more": 1}') == [{"id": "a"}]
