"""What changed of a thing, in the hosted feed's words."""

from antechamber.features.audit.model import updates_of


def test_only_what_differs_is_told_with_the_value_before() -> None:
    assert updates_of({"name": "a", "color": "red"}, {"name": "b", "color": "red"}) == [
        {"type": "name", "previous_value": "a", "current_value": "b"}
    ]


def test_values_are_texts_and_null_stays_null() -> None:
    before: dict[str, object] = {"tags": None, "models": ["m"], "days": 1}
    after: dict[str, object] = {"tags": {"b": "2", "a": "1"}, "models": None, "days": 2}
    assert updates_of(before, after) == [
        {"type": "tags", "previous_value": None, "current_value": '{"a":"1","b":"2"}'},
        {"type": "models", "previous_value": '["m"]', "current_value": None},
        {"type": "days", "previous_value": "1", "current_value": "2"},
    ]
