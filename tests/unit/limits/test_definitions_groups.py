"""Every model falls into exactly one group."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.ids import OrganizationId
from antechamber.features.limits.model.definitions import Limiter
from antechamber.features.limits.model.groups import OTHER, TOKEN_COUNT, Group, Groups, GroupType, entry_id
from antechamber.features.limits.service.tables import LimitTableError, read_defaults, read_groups, tables_of

MINE = OrganizationId("00000000-0000-4000-8000-000000000001")
THEIRS = OrganizationId("00000000-0000-4000-8000-000000000002")


@pytest.mark.parametrize(
    ("model", "key"),
    [
        ("claude-opus-4-8", "claude-opus"),
        ("claude-3-5-sonnet-20241022", "claude-sonnet"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku"),
        ("claude-sonnet-4-5[1m]", "claude-sonnet"),
        ("claude-2.1", "claude"),
        ("claude-sim-1", "simulated"),
        ("sim-agent-1", "simulated"),
        ("Qwen/Qwen3-Coder-480B", "qwen"),
        ("gpt-5-mini", "gpt"),
        ("o3-mini", "openai-o"),
        ("gemini-3-pro", "gemini"),
        ("something-else", "other"),
    ],
)
def test_a_models_name_tells_its_family(model: str, key: str) -> None:
    assert Groups().of(model).key == key


@given(st.text())
def test_every_model_falls_into_exactly_one_listed_group(model: str) -> None:
    groups = Groups((Group("mine", GroupType.MODEL_GROUP, "Mine", ("a*", "*b")),))
    found = groups.of(model)
    assert groups.of(model) is found
    assert [group.key for group in groups.of_type(GroupType.MODEL_GROUP)].count(found.key) == 1


def test_an_alias_goes_with_the_model_that_it_stands_for() -> None:
    groups = Groups(aliases={"best": "claude-opus-4-8", "claude-2": "sim-1"})
    assert groups.of("best").key == "claude-opus"
    assert groups.of("claude-2").key == "simulated"


def test_the_files_groups_win_over_families_and_the_most_exact_wins() -> None:
    table = {"fast": ["*-mini", "claude-haiku-*"], "one": {"display_name": "The one", "models": ["gpt-5-mini"]}}
    groups = read_groups(table, {})
    assert groups.of("gpt-5-mini").key == "one"
    assert groups.of("gpt-5-mini").display_name == "The one"
    assert groups.of("o3-mini").key == "fast"
    assert groups.of("claude-haiku-4-5").key == "fast"
    assert groups.of("claude-opus-4-8").key == "claude-opus"


def test_a_group_of_the_file_takes_the_place_of_the_family_with_its_key() -> None:
    groups = read_groups({"qwen": ["qwen3*"]}, {})
    assert groups.of("qwen3-max").key == "qwen"
    assert groups.of("qwen2") is OTHER
    assert [group.key for group in groups.everything()].count("qwen") == 1


def test_names_that_callers_make_up_do_not_fill_the_memory() -> None:
    groups = Groups()
    for number in range(10_000):
        groups.of(f"made-up-{number}")
    assert len(groups._remembered) <= 4096


def test_a_groups_id_is_the_same_everywhere_and_its_entrys_differs_by_organization() -> None:
    first, second = Groups().of("claude-opus-4-8"), Groups().of("claude-opus-3")
    assert first.id == second.id
    assert first.id.startswith("rlg_01")
    assert entry_id(MINE, first) != entry_id(THEIRS, first)
    assert entry_id(MINE, first) == entry_id(MINE, second)
    ids = [group.id for group in Groups().everything()]
    assert len(set(ids)) == len(ids)


def test_only_types_that_limits_are_held_for_are_listed() -> None:
    groups = Groups()
    assert groups.of_type(GroupType.TOKEN_COUNT) == [TOKEN_COUNT]
    assert groups.of_type(GroupType.BATCH) == []
    assert {group.type for group in groups.everything()} == {GroupType.MODEL_GROUP, GroupType.TOKEN_COUNT}


def test_counting_tokens_takes_limits_of_requests_only() -> None:
    assert TOKEN_COUNT.limiters == {Limiter.REQUESTS_PER_MINUTE, Limiter.REQUESTS_PER_DAY}
    assert frozenset(Limiter) == OTHER.limiters


def test_the_files_rates_hold_every_group_of_models_unless_it_has_its_own() -> None:
    groups = read_groups({"fast": ["*-mini"]}, {})
    table = {
        "default": {"requests_per_minute": 10, "tokens_per_day": 5},
        "fast": {"requests_per_minute": 100},
        "token_count": {"requests_per_minute": 7},
    }
    rates = read_defaults(table, groups)
    assert rates["fast"] == {Limiter.REQUESTS_PER_MINUTE: 100, Limiter.TOKENS_PER_DAY: 5}
    assert rates["other"] == {Limiter.REQUESTS_PER_MINUTE: 10, Limiter.TOKENS_PER_DAY: 5}
    assert rates["token_count"] == {Limiter.REQUESTS_PER_MINUTE: 7}


def test_without_tables_nothing_is_limited() -> None:
    groups, rates = tables_of({}, {"best": "real"})
    assert groups.aliases == {"best": "real"}
    assert groups.configured == ()
    assert not any(rates.values())


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([], "model_groups: must be a table of groups"),
        ({"Fast": ["a"]}, r"model_groups.Fast: a group's key is lower-case"),
        ({"default": ["a"]}, r"model_groups.default: a group's key .* none of: batch, default"),
        ({"token_count": ["a"]}, r"model_groups.token_count"),
        ({"fast": []}, r"model_groups.fast: must name its models"),
        ({"fast": "a"}, r"model_groups.fast: must name its models"),
        ({"fast": [1]}, r"model_groups.fast: must name its models"),
        ({"fast": {"display_name": "x"}}, r"model_groups.fast: must name its models"),
        (
            {"fast": {"models": ["a"], "display_nam": "x"}},
            r"model_groups.fast.display_nam: .*did you mean display_name",
        ),
        ({"fast": {"models": ["a"], "display_name": " "}}, r"model_groups.fast.display_name: must be text"),
        ({"fast": ["a"], "slow": ["a"]}, r"'a' is in two groups"),
    ],
)
def test_a_bad_table_of_groups_is_refused_with_its_place(table: object, message: str) -> None:
    with pytest.raises(LimitTableError, match=message):
        read_groups(table, {})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([], "rate_limits: must be a table of groups"),
        ({"quen": {}}, r"rate_limits.quen: there is no such key; did you mean qwen\?"),
        ({"default": 5}, r"rate_limits.default: must be a table of rates"),
        ({"default": {"requests_per_minut": 5}}, r"did you mean requests_per_minute"),
        ({"default": {"requests_per_minute": 0}}, r"rate_limits.default.requests_per_minute: must be a whole number"),
        ({"default": {"requests_per_minute": True}}, r"must be a whole number"),
        ({"default": {"requests_per_minute": 1.5}}, r"must be a whole number"),
        ({"token_count": {"tokens_per_minute": 5}}, r"rate_limits.token_count.tokens_per_minute: there is no such key"),
    ],
)
def test_a_bad_table_of_rates_is_refused_with_its_place(table: object, message: str) -> None:
    with pytest.raises(LimitTableError, match=message):
        read_defaults(table, Groups())
