"""Names, descriptions and metadata of environments."""

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.features.environments.model.environments import check_description, check_name, merge_metadata

FULL = {f"k{number}": "v" for number in range(16)}


@pytest.mark.parametrize("name", ["a", "python-dev", " spaced ", "x" * 256, "数据分析", "a/b: c"])
def test_a_name_stays_as_it_was_sent(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", " ", "   ", "x" * 257, "a\nb", "a\tb", "a\x1b[0m", "a\u202eb", "a\u200bb"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="name: must be 1 to 256 printable characters"):
        check_name(name)


def test_a_description_may_be_missing_empty_or_long() -> None:
    for description in (None, "", "x" * 1024, "two\nlines"):
        assert check_description(description) == description
    with pytest.raises(InvalidRequest, match="description: has at most 1024"):
        check_description("x" * 1025)


def test_metadata_merges_and_null_or_empty_takes_a_key_away() -> None:
    known = {"team": "a", "tier": "1", "stage": "x"}
    assert merge_metadata(known, {"team": "b", "tier": None, "stage": "", "new": "y"}) == {"team": "b", "new": "y"}
    assert merge_metadata(known, {}) == known
    assert merge_metadata({}, {"gone": None}) == {}


@pytest.mark.parametrize(
    ("known", "said", "words"),
    [
        ({}, {"": "v"}, "a key must be 1 to 64"),
        ({}, {"k" * 65: "v"}, "a key must be 1 to 64"),
        ({}, {"k" * 65: None}, "a key must be 1 to 64"),
        ({}, {"k": "v" * 513}, "metadata.k: a value has at most 512"),
        ({}, {**FULL, "more": "v"}, "at most 16 pairs"),
        (FULL, {"more": "v"}, "at most 16 pairs"),
    ],
)
def test_metadata_past_the_limits_is_refused(known: dict[str, str], said: dict[str, str | None], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as refused:
        merge_metadata(known, said)
    assert refused.value.error_code == "invalid_metadata"


def test_metadata_up_to_the_limits_is_kept() -> None:
    assert merge_metadata({}, {"k" * 64: "v" * 512}) == {"k" * 64: "v" * 512}
    assert merge_metadata(FULL, {"k0": None, "more": "v"}) == {
        **{k: v for k, v in FULL.items() if k != "k0"},
        "more": "v",
    }
