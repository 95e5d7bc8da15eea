"""What a change makes of an endpoint, and how the list is cut."""

import dataclasses

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId, WebhookId
from antechamber.features.webhooks.model.endpoints import (
    EXTENSIONS,
    WIRE_EVENTS,
    Draft,
    Endpoint,
    EventType,
    Listing,
    State,
    changed,
    check_draft,
    events_of,
    part_of,
)

FAILED, RECOVERED = EventType.EXTERNAL_KEY_FAILED, EventType.EXTERNAL_KEY_RECOVERED
CROSSED = EventType.SPEND_LIMIT_THRESHOLD_CROSSED
IDS = [WebhookId(f"webhook_01{'1' * 21}{letter}") for letter in "ABCDE"]
FAILING = Endpoint(
    id=IDS[0],
    organization_id=OrganizationId("org"),
    url="https://a.example.com/",
    name="",
    description="",
    events=(FAILED, CROSSED),
    state=State.DISABLED,
    disabled_reason="It failed.",
    created_at=1,
    updated_at=1,
    failures=3,
    failing_since=1,
)
MANY = [dataclasses.replace(FAILING, id=each) for each in IDS]


def test_every_event_is_of_the_wire_or_an_extension() -> None:
    assert sorted((*WIRE_EVENTS, *EXTENSIONS)) == sorted(EventType)


def test_what_is_not_in_a_change_stays() -> None:
    assert changed(FAILING, Draft(), 9) == FAILING
    after = changed(FAILING, Draft(name="n", description="d"), 9)
    assert after == dataclasses.replace(FAILING, name="n", description="d", updated_at=9)


def test_an_empty_list_leaves_the_wires_events_and_takes_extensions_away() -> None:
    assert changed(FAILING, Draft(events=()), 9).events == (FAILED, CROSSED)
    assert changed(FAILING, Draft(events=(RECOVERED,)), 9).events == (RECOVERED, CROSSED)
    assert changed(FAILING, Draft(extensions=()), 9).events == (FAILED,)
    only = dataclasses.replace(FAILING, events=(CROSSED,))
    with pytest.raises(InvalidRequest, match="enabled_events"):
        changed(only, Draft(extensions=()), 9)


def test_events_are_kept_once_in_one_order() -> None:
    assert events_of((RECOVERED, FAILED, RECOVERED), (CROSSED,)) == (FAILED, RECOVERED, CROSSED)


def test_being_enabled_is_a_new_beginning() -> None:
    after = changed(FAILING, Draft(state=State.ENABLED), 9)
    assert (after.state, after.disabled_reason, after.failures, after.failing_since) == (State.ENABLED, "", 0, None)
    assert after.is_enabled
    off = changed(after, Draft(state=State.DISABLED), 10)
    assert (off.state, off.disabled_reason) == (State.DISABLED, "")


def test_what_the_server_switched_off_keeps_its_reason_when_somebody_does_too() -> None:
    assert changed(FAILING, Draft(state=State.DISABLED), 9).disabled_reason == "It failed."


def test_another_address_is_a_new_beginning_but_enables_nothing() -> None:
    after = changed(FAILING, Draft(url="https://b.example.com/"), 9)
    assert (after.failures, after.failing_since, after.state) == (0, None, State.DISABLED)


def test_texts_have_their_bounds() -> None:
    check_draft(Draft(name="n" * 256, description="d" * 2048))
    for draft in (Draft(name="n" * 257), Draft(description="d" * 2049)):
        with pytest.raises(InvalidRequest, match="must be at most"):
            check_draft(draft)


@pytest.mark.parametrize(
    ("asked", "places", "has_more"),
    [
        (Listing(), [4, 3, 2, 1, 0], False),
        (Listing(limit=2), [4, 3], True),
        (Listing(limit=2, after_id=IDS[3]), [2, 1], True),
        (Listing(limit=2, after_id=IDS[1]), [0], False),
        (Listing(limit=2, before_id=IDS[1]), [4, 3], True),
        (Listing(limit=2, before_id=IDS[4]), [], False),
        (Listing(limit=2, ascending=True), [0, 1], True),
        (Listing(limit=9, after_id=IDS[2], ascending=True), [3, 4], False),
        (Listing(limit=9, before_id=IDS[2], ascending=True), [0, 1], False),
    ],
)
def test_the_list_goes_either_way(asked: Listing, places: list[int], has_more: bool) -> None:  # noqa: FBT001 - a case
    part = part_of(MANY, asked)
    assert ([each.id for each in part.items], part.has_more) == ([IDS[place] for place in places], has_more)


def test_a_cursor_is_an_id_and_there_is_one() -> None:
    with pytest.raises(InvalidRequest, match="before_id: there is no x"):
        Listing(before_id="x")
    with pytest.raises(InvalidRequest, match="only one"):
        Listing(after_id=IDS[0], before_id=IDS[1])
