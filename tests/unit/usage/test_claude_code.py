"""What Claude Code's data points come to: each counted once, under few names, in hours that no report has shown."""

import pytest

from antechamber.features.usage.model.claude_code import (
    DAY_US,
    HOUR_US,
    Addition,
    BadPointError,
    Place,
    Point,
    Series,
    addition,
    after,
    boundary,
    hour_of,
    increase,
    place_of,
    terminal_name,
    tool_key,
)
from tests.unit.usage.samples import HOUR, MINUTE, NOON
from tests.unit.usage.telemetry import point


def taken(*points: Point) -> list[int | None]:
    """Return what points of one series add, one after the other."""
    last: Series | None = None
    added = []
    for each in points:
        number = increase(each, last)
        added.append(number)
        if number is not None:
            last = after(each)
    return added


def test_a_delta_adds_its_value() -> None:
    assert taken(point("commit.count", 2, seconds=1), point("commit.count", 3, seconds=61)) == [2, 3]


def test_a_point_that_is_sent_again_adds_nothing() -> None:
    first, second = point("commit.count", 2, seconds=1), point("commit.count", 3, seconds=61)
    assert taken(first, first, second, first, second) == [2, None, 3, None, None]


def test_a_cumulative_value_adds_what_it_has_grown() -> None:
    grown = [point("commit.count", value, seconds=at, cumulative=True) for at, value in enumerate((2, 2, 5), 1)]
    assert taken(*grown, grown[1]) == [2, 0, 3, None]


def test_a_counter_that_has_fallen_begins_anew() -> None:
    assert taken(
        point("commit.count", 7, seconds=1, cumulative=True), point("commit.count", 4, seconds=2, cumulative=True)
    ) == [7, 4]


def test_a_counter_with_a_new_start_begins_anew() -> None:
    again = Point("claude_code.commit.count", {}, NOON * 1000 + 5, NOON * 1000 + 9, 8, cumulative=True)
    assert taken(point("commit.count", 7, cumulative=True), again) == [7, 8]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 2.0**53])
def test_a_value_that_is_no_count_is_refused(value: float) -> None:
    with pytest.raises(BadPointError, match="a count must be a number between"):
        increase(point("commit.count", value), None)


@pytest.mark.parametrize(("started_at", "at"), [(0, 0), (2**63, 1), (0, 2**63)])
def test_a_time_that_is_none_is_refused(started_at: int, at: int) -> None:
    with pytest.raises(BadPointError, match="nanoseconds since 1970"):
        increase(Point("claude_code.commit.count", {}, started_at, at, 1, cumulative=False), None)


def test_series_differ_by_everything_that_identifies_them() -> None:
    points = [
        point("commit.count", session__id="a"),
        point("commit.count", session__id="b"),
        point("commit.count", session__id="a", cumulative=True),
        point("pull_request.count", session__id="a"),
        Point("claude_code.commit.count", {"session.id": "a"}, 1, 2, 1, cumulative=False, stream="other 1"),
    ]
    assert len({each.digest() for each in points}) == len(points)
    assert points[0].digest() == point("commit.count", 9, seconds=9, session__id="a").digest()


def test_each_metric_counts_what_it_says() -> None:
    assert addition(point("session.count")) == Addition("sessions")
    assert addition(point("commit.count")) == Addition("commits")
    assert addition(point("pull_request.count")) == Addition("pull_requests")
    assert addition(point("lines_of_code.count", type="added")) == Addition("lines_added")
    assert addition(point("lines_of_code.count", type="removed")) == Addition("lines_removed")
    edit = point("code_edit_tool.decision", tool_name="Edit", decision="accept", language="Python", source="config")
    assert addition(edit) == Addition("edit_tool", "accepted")
    write = point("code_edit_tool.decision", tool_name="Write", decision="reject")
    assert addition(write) == Addition("write_tool", "rejected")


@pytest.mark.parametrize(
    ("metric", "kind"),
    [("lines_of_code.count", "moved"), ("lines_of_code.count", ""), ("code_edit_tool.decision", "")],
)
def test_a_point_that_does_not_say_what_it_counts_is_refused(metric: str, kind: str) -> None:
    with pytest.raises(BadPointError, match="must be one of"):
        addition(point(metric, type=kind))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Edit", "edit_tool"),
        ("MultiEdit", "multi_edit_tool"),
        ("NotebookEdit", "notebook_edit_tool"),
        ("Write", "write_tool"),
        ("PatchFile", "patch_file_tool"),
        ("mcp__x-y", "mcp_x_y_tool"),
        ("", "other_tool"),
        ("雪", "other_tool"),
        ("A" * 300, "_".join("a" * 300)[:64] + "_tool"),
    ],
)
def test_a_tool_has_its_name_in_the_report(name: str, key: str) -> None:
    assert tool_key(name) == key


def test_a_terminal_has_at_most_64_printable_characters() -> None:
    assert terminal_name("iTerm.app") == "iTerm.app"
    assert terminal_name(" a\n\x00b ") == "ab"
    assert terminal_name("x" * 100) == "x" * 64
    assert terminal_name("\n") == "unknown"


def test_a_session_is_remote_that_names_its_cloud_session() -> None:
    assert place_of({"terminal.type": "vscode"}) == Place("vscode", is_remote=False)
    assert place_of({"ccr.session.id": "session_1"}) == Place("unknown", is_remote=True)
    assert place_of({"app.entrypoint": "remote"}) == Place("unknown", is_remote=True)
    assert place_of({"app.entrypoint": "cli"}) == Place("unknown", is_remote=False)


def test_a_point_counts_in_its_own_hour() -> None:
    assert hour_of(point("commit.count", seconds=-60), NOON + 10 * MINUTE) == NOON - HOUR
    assert hour_of(point("commit.count", seconds=60), NOON + 10 * MINUTE) == NOON


def test_a_late_point_counts_an_hour_ago_and_an_early_one_now() -> None:
    now = NOON + 10 * MINUTE
    assert hour_of(point("commit.count", seconds=-86_400), now) == NOON - HOUR
    assert hour_of(point("commit.count", seconds=86_400), now) == NOON


@pytest.mark.parametrize("minutes", [0, 1, 59])
def test_what_a_report_shows_can_gain_no_more_points(minutes: int) -> None:
    now = NOON + minutes * MINUTE
    assert hour_of(point("commit.count", seconds=-86_400), now) >= boundary(now)
    assert boundary(now) <= now - HOUR_US
    assert DAY_US == 24 * HOUR
