"""The chain: whatever is edited, removed, added or moved is found, and nothing else is."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.ids import ActivityId, OrganizationId
from antechamber.features.audit.model import (
    EMPTY,
    GENESIS,
    Activity,
    ActivityType,
    Ending,
    Expected,
    Head,
    ProblemCode,
    Verdict,
    Walk,
    mark_of,
    seal_of,
)

MARKS, SEALS = b"key of marks", b"key of seals"
ORGANIZATION = OrganizationId("00000000-0000-4000-8000-000000000001")

short = st.text(max_size=8)
actors = st.builds(
    Actor,
    st.sampled_from(ActorKind),
    st.none() | short,
    st.none() | short,
    st.none() | short,
    st.none() | short,
)
values = st.none() | st.booleans() | st.integers(-5, 5) | short | st.lists(st.integers(0, 3), max_size=2)
acts = st.tuples(
    st.integers(0, 1 << 50), st.sampled_from(ActivityType), actors, st.dictionaries(short, values, max_size=3)
)
chains: st.SearchStrategy[Any] = st.lists(acts, min_size=1, max_size=8)

Act = tuple[int, ActivityType, Actor, dict[str, object]]


def chain_of(drawn: Sequence[Act], key: bytes = MARKS) -> list[Activity]:
    made: list[Activity] = []
    previous = GENESIS
    for sequence, (at, kind, actor, details) in enumerate(drawn, 1):
        name = ActivityId(f"activity_{sequence}")
        bare = Activity(name, ORGANIZATION, sequence, at, kind, actor, details, b"")
        made.append(dataclasses.replace(bare, mark=mark_of(key, previous, bare)))
        previous = made[-1].mark
    return made


def head_of(activity: Activity) -> Head:
    return Head(activity.sequence, activity.mark, activity.created_at)


def ending_of(rows: Sequence[Activity], recorded: Sequence[Activity]) -> Ending:
    """How a chain ends that was `recorded`, and of which these rows are left."""
    kept = head_of(recorded[-1])
    return Ending(head_of(rows[-1]) if rows else EMPTY, kept, seal_of(SEALS, ORGANIZATION, kept))


def written(value: object) -> str:
    """What stands in the row, by which 1 and true are two values and the order of names is none."""
    if isinstance(value, bytes):
        return value.hex()
    return json.dumps(dataclasses.astuple(value) if isinstance(value, Actor) else value, sort_keys=True)


def judge(rows: Sequence[Activity], ending: Ending, expected: Expected | None = None) -> Verdict:
    walk = Walk(ORGANIZATION, MARKS, SEALS, expected)
    for row in rows:
        walk.step(row)
    return walk.finish(ending)


@given(chains)
def test_a_chain_as_it_was_recorded_is_whole(drawn: list[Act]) -> None:
    chain = chain_of(drawn)
    noted = Expected(chain[0].id, chain[0].mark)
    assert judge(chain, ending_of(chain, chain), noted) == Verdict(len(chain), chain[-1].id, chain[-1].mark, None)


@given(chains, st.data())
def test_an_edit_of_any_field_is_found_where_it_is(drawn: list[Act], data: st.DataObject) -> None:
    chain = chain_of(drawn)
    at = data.draw(st.integers(0, len(chain) - 1))
    row = chain[at]
    edits: dict[str, st.SearchStrategy[object]] = {
        "id": short,
        "organization_id": short,
        "created_at": st.integers(0, 1 << 50),
        "type": st.sampled_from([kind.value for kind in ActivityType]) | short,
        "actor": actors,
        "details": st.dictionaries(short, values, max_size=3),
        "mark": st.binary(max_size=32),
    }
    name = data.draw(st.sampled_from(sorted(edits)))
    edited = data.draw(edits[name].filter(lambda value: written(value) != written(getattr(row, name))))
    edit: dict[str, Any] = {name: edited}
    rows = [*chain[:at], dataclasses.replace(row, **edit), *chain[at + 1 :]]
    verdict = judge(rows, ending_of(rows, chain))
    assert verdict.problem is not None
    assert (verdict.problem.code, verdict.problem.sequence) == (ProblemCode.ACTIVITY_ALTERED, at + 1)
    assert verdict.activities == at


@given(chains, st.data())
def test_rows_that_were_removed_are_found(drawn: list[Act], data: st.DataObject) -> None:
    chain = chain_of(drawn)
    gone = data.draw(st.sets(st.integers(0, len(chain) - 1), min_size=1))
    rows = [row for at, row in enumerate(chain) if at not in gone]
    verdict = judge(rows, ending_of(rows, chain))
    assert verdict.problem is not None
    assert verdict.problem.code in {ProblemCode.ACTIVITY_MISSING, ProblemCode.TAIL_MISSING}
    assert verdict.problem.sequence == min(gone) + 1


@given(chains, st.data())
def test_rows_that_were_added_are_found(drawn: list[Act], data: st.DataObject) -> None:
    chain = chain_of(drawn)
    at = data.draw(st.integers(0, len(chain)))
    after = chain[at - 1].mark if at else GENESIS
    stranger = dataclasses.replace(data.draw(st.sampled_from(chain)), id=ActivityId("forged"))
    number = data.draw(st.integers(-2, len(chain) + 3))
    forged = dataclasses.replace(stranger, sequence=number, mark=mark_of(b"guessed key", after, stranger))
    rows = sorted([*chain, forged], key=lambda row: row.sequence)
    assert judge(rows, ending_of(rows, chain)).problem is not None


@given(chains.filter(lambda drawn: len(drawn) > 1), st.data())
def test_another_order_is_found_with_and_without_new_numbers(drawn: list[Act], data: st.DataObject) -> None:
    chain = chain_of(drawn)
    order = data.draw(st.permutations(chain).filter(lambda rows: list(rows) != chain))
    renumbered = [dataclasses.replace(row, sequence=number) for number, row in enumerate(order, 1)]
    for rows in (order, renumbered):
        assert judge(rows, ending_of(rows, chain)).problem is not None


@given(chains, st.data())
def test_a_chain_that_someone_else_made_anew_is_found(drawn: list[Act], data: st.DataObject) -> None:
    chain = chain_of(drawn)
    forged = chain_of(data.draw(chains), b"guessed key")
    kept = head_of(forged[-1])
    for ending in (ending_of(forged, chain), Ending(kept, kept, seal_of(b"guessed key", ORGANIZATION, kept))):
        assert judge(forged, ending).problem is not None


@given(chains, st.data())
def test_a_head_that_is_missing_or_edited_is_found(drawn: list[Act], data: st.DataObject) -> None:
    chain = chain_of(drawn)
    whole = ending_of(chain, chain)
    assert whole.kept is not None
    numbers = st.integers(0, 20).filter(lambda number: number != len(chain))
    other = dataclasses.replace(whole.kept, sequence=data.draw(numbers))
    endings = {
        ProblemCode.HEAD_MISSING: Ending(whole.last, None, b""),
        ProblemCode.HEAD_ALTERED: Ending(whole.last, other, whole.seal),
    }
    for code, ending in endings.items():
        problem = judge(chain, ending).problem
        assert problem is not None
        assert problem.code is code
        # and the next act does not make it good
        assert not ending.is_sealed(SEALS, ORGANIZATION)


@given(chains.filter(lambda drawn: len(drawn) > 1))
def test_an_older_head_beside_a_longer_chain_is_found(drawn: list[Act]) -> None:
    chain = chain_of(drawn)
    problem = judge(chain, ending_of(chain, chain[:-1])).problem
    assert problem is not None
    assert (problem.code, problem.sequence) == (ProblemCode.TAIL_UNKNOWN, len(chain))


def test_an_empty_chain_is_whole_and_goes_on_from_nothing() -> None:
    ending = Ending(EMPTY, None, b"")
    assert judge([], ending) == Verdict(0, None, GENESIS, None)
    assert ending.further == EMPTY
    assert ending.is_sealed(SEALS, ORGANIZATION)


@pytest.mark.parametrize(("last", "kept", "further"), [(3, 5, 5), (5, 3, 5), (4, 4, 4)])
def test_a_chain_goes_on_where_it_is_longest(last: int, kept: int, further: int) -> None:
    def head(sequence: int) -> Head:
        return Head(sequence, bytes(32), 0)

    assert Ending(head(last), head(kept), b"").further.sequence == further


def test_every_type_has_a_name_of_its_own_and_stands_in_order() -> None:
    names: Callable[[ActivityType], str] = lambda kind: kind.name  # noqa: E731 - a key
    assert list(ActivityType) == sorted(ActivityType, key=names)
    assert len({kind.value for kind in ActivityType}) == len(list(ActivityType))
