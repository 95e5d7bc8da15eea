import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.cli.transform import PathMalformed, transform

VALUE = {
    "name": "room",
    "a.b": 1,
    "list": [{"id": "x", "n": 1}, {"id": "y", "n": 2}, {"id": "z"}],
    "deep": {"er": [[1, 2], [3]]},
    "nothing": None,
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("name", "room"),
        ("a\\.b", 1),
        ("list.0.id", "x"),
        ("list.-1.id", "z"),
        ("list.#", 3),
        ("list.#.id", ["x", "y", "z"]),
        ("list.#.n", [1, 2]),
        ("list.#.id.#", []),
        ("deep.er.#.0", [1, 3]),
        ("deep.er.#.#", [2, 1]),
        ('list.#(id=="y").n', 2),
        ("list.#(id==y).n", 2),
        ("list.#(n>=1)#.id", ["x", "y"]),
        ("list.#(n<2).id", "x"),
        ('list.#(id!="x")#.id', ["y", "z"]),
        ('list.#(id%"[xy]")#.id', ["x", "y"]),
        ("{name,first:list.0.id}", {"name": "room", "first": "x"}),
        ("[name,list.#]", ["room", 3]),
        ("list.1.{id}", {"id": "y"}),
        ("nothing", None),
        ("", VALUE),
    ],
)
def test_a_path_leads_to_its_value(path: str, expected: object) -> None:
    assert transform(VALUE, path) == expected


@pytest.mark.parametrize("path", ["nope", "name.0", "list.9", "list.#(id==q).n", "name.#", "deep.er.x"])
def test_a_path_that_leads_nowhere_changes_nothing(path: str) -> None:
    assert transform(VALUE, path) == VALUE


@pytest.mark.parametrize("path", ["list.#(", "list.#(x)", "{a", "a)", '"a'])
def test_a_malformed_path_is_refused(path: str) -> None:
    with pytest.raises(PathMalformed):
        transform(VALUE, path)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists), st.text())
def test_any_path_gives_json_or_is_refused(value: object, path: str) -> None:
    try:
        found = transform(value, path)
    except PathMalformed:
        return
    json.dumps(found)


@given(st.text(min_size=1), st.integers())
def test_an_escaped_name_finds_its_field(name: str, value: int) -> None:
    path = "".join("\\" + letter for letter in name)
    if not name.startswith(("#", "{", "[")):
        assert transform({name: value}, path) == value
