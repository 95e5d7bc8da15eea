import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.cli.body import apply_flags, split_flags
from antechamber.cli.relaxed import Files, ValueUnreadable, parse_document, parse_value

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("hi", "hi"),
        ("Note: be brief", "Note: be brief"),
        ("5", 5),
        ("-0.5", -0.5),
        ("1e3", 1000.0),
        ("007", "007"),
        ("1:30", "1:30"),
        ("2026-11-21", "2026-11-21"),
        ("yes", "yes"),
        ("no", "no"),
        ("true", True),
        ("null", None),
        ("'5'", "5"),
        ('"a\\nb"', "a\nb"),
        ("{role: user, content: hi}", {"role": "user", "content": "hi"}),
        (
            "{a: no, b: 1:30, c: 2026-01-01, d: 010, e: 1_000}",
            {"a": "no", "b": "1:30", "c": "2026-01-01", "d": "010", "e": "1_000"},
        ),
        ("[1, 2.5, null, ~, true]", [1, 2.5, None, None, True]),
        ("- a\n- b", ["a", "b"]),
        ("", ""),
    ],
)
def test_flag_values_are_relaxed_yaml_without_surprises(text: str, value: object) -> None:
    assert parse_value(text) == value


@given(JSON)
def test_every_json_document_is_read_as_json(value: object) -> None:
    assert parse_document(json.dumps(value)) == value


def test_broken_yaml_says_where() -> None:
    with pytest.raises(ValueUnreadable, match="line 1"):
        parse_value("{a: ")


def test_yaml_of_python_objects_is_refused() -> None:
    with pytest.raises(ValueUnreadable):
        parse_document("!!python/object/apply:os.system [id]")


@pytest.fixture
def files() -> Files:
    return Files(lambda: b"from stdin")


def test_files_are_embedded_as_text_or_base64(files: Files, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("höh")
    (tmp_path / "b.bin").write_bytes(b"\xff\x00")
    encoded = base64.b64encode(b"\xff\x00").decode()
    assert files.embed({"x": [f"@{tmp_path}/a.txt"]}) == {"x": ["höh"]}
    assert files.embed(f"@{tmp_path}/b.bin") == encoded
    assert files.embed(f"@data://{tmp_path}/a.txt") == base64.b64encode("höh".encode()).decode()
    assert files.embed(f"@file://{tmp_path}/a.txt") == "höh"
    with pytest.raises(ValueUnreadable, match="not UTF-8"):
        files.embed(f"@file://{tmp_path}/b.bin")


def test_what_is_no_file_stays_or_is_refused(files: Files) -> None:
    assert files.embed("\\@a.txt") == "@a.txt"
    assert files.embed("@alice hello") == "@alice hello"
    assert files.embed("a@b.c") == "a@b.c"
    assert files.embed("@") == "@"
    with pytest.raises(ValueUnreadable, match="No such file"):
        files.embed("@missing/file.txt")


def test_stdin_is_embedded_once(files: Files) -> None:
    assert files.embed("@-") == "from stdin"
    with pytest.raises(ValueUnreadable, match="once"):
        files.embed("@-")


def body(*arguments: str, start: dict[str, object] | None = None) -> dict[str, object]:
    flags, words = split_flags(arguments)
    assert not words
    return apply_flags(start or {}, flags, lambda value: value)


def test_flags_become_fields() -> None:
    assert body("--max-tokens", "5", "--metadata.user-id", "u", "--metadata={a: 1}") == {
        "max_tokens": 5,
        "metadata": {"a": 1},
    }
    assert body("--metadata={a: 1}", "--metadata.user-id", "u") == {"metadata": {"a": 1, "user_id": "u"}}
    assert body("--thinking") == {"thinking": True}
    assert body("--system", "null") == {"system": None}


def test_flags_win_over_stdin_and_leave_the_rest() -> None:
    start: dict[str, object] = {"model": "a", "metadata": {"x": 1}, "messages": ["old"]}
    laid = body("--model", "b", "--metadata.y", "2", "--message", "new", start=start)
    assert laid == {"model": "b", "metadata": {"x": 1, "y": 2}, "messages": [{"role": "user", "content": "new"}]}
    assert start == {"model": "a", "metadata": {"x": 1}, "messages": ["old"]}


def test_repeated_flags_add_entries() -> None:
    assert body("--message", "a", "--message", "{role: assistant, content: b}") == {
        "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    }
    built = body("--message.role", "user", "--message.content", "x", "--message.role", "assistant")
    assert built == {"messages": [{"role": "user", "content": "x"}, {"role": "assistant"}]}
    assert body("--stop-sequence", "a", "--stop-sequence", "b") == {"stop_sequences": ["a", "b"]}


def test_a_field_inside_what_is_no_object_is_refused() -> None:
    with pytest.raises(ValueUnreadable, match="not an object"):
        body("--model", "x", "--model.y", "1")


def test_after_two_dashes_all_is_text() -> None:
    assert split_flags(["a", "--x", "1", "--", "--y", "2"]) == ([("x", "1")], ["a", "--y", "2"])
