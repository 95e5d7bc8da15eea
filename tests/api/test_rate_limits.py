"""Rate limits, of the organisation and of whom it holds, over the whole application."""

import json
from typing import Any

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.ids import Kind, parse
from antechamber.features.audit.model import ActivityType
from antechamber.features.gateway.service.catalogue import CatalogueError
from tests.api.conftest import House
from tests.api.limiting import NEW, OLD, Desk, desk, other_desk

PATH = "/v1/organizations/rate_limits"
SIMULATED = "claude-sim-1"
PER_MINUTE = "requests_per_minute"


async def entry(office: Desk, model: str = SIMULATED) -> Any:  # noqa: ANN401 - JSON
    found = await office.get(f"{PATH}?model={model}")
    (only,) = found["data"]
    return only


def values(shown: dict[str, Any]) -> dict[str, int]:
    return {limit["type"]: limit["value"] for limit in shown["limits"]}


async def test_groups_of_known_models_and_of_counting_are_listed_without_limits_at_first(house: House) -> None:
    listed = await desk(house).get(PATH)
    assert listed["next_page"] is None
    types = [each["group"]["type"] for each in listed["data"]]
    assert set(types) == {"model_group", "token_count"}
    for each in listed["data"]:
        assert each["type"] == "rate_limit"
        assert parse(Kind.RATE_LIMIT, each["id"])
        assert parse(Kind.RATE_LIMIT_GROUP, each["group"]["id"])
        assert each["limits"] == []
        assert "group_type" not in each
        assert (each["models"] is None) == (each["group"]["type"] != "model_group")
    assert "display_name" not in next(each["group"] for each in listed["data"] if each["models"] is None)


async def test_every_model_and_alias_is_in_exactly_one_model_group(house: House) -> None:
    listed = await desk(house).get(f"{PATH}?group_type=model_group")
    models = [model for each in listed["data"] for model in each["models"]]
    assert {"real", "best", "sim-1", SIMULATED} <= set(models)
    assert len(models) == len(set(models))
    together = next(each["models"] for each in listed["data"] if "real" in each["models"])
    assert "best" in together


async def test_a_model_finds_the_one_entry_of_its_group_and_an_unknown_one_none(house: House) -> None:
    office = desk(house)
    assert SIMULATED in (await entry(office))["models"]
    assert "claude-opus-4-8" in (await entry(office, "claude-opus-4-8"))["models"]
    assert "not served here" in await office.refused(404, "GET", f"{PATH}?model=never-heard-of")
    assert (await office.get(f"{PATH}?model={SIMULATED}&group_type=token_count"))["data"] == []


async def test_the_old_version_says_the_groups_type_twice(house: House) -> None:
    office = desk(house)
    for each in (await office.get(PATH, version=OLD))["data"]:
        assert each["group_type"] == each["group"]["type"]
    workspace = await office.workspace()
    path = f"/v1/organizations/workspaces/{workspace.id}/rate_limits"
    body = {"limits": [{"type": PER_MINUTE, "value": 5}]}
    old = await office.post(f"{path}/{(await entry(office))['id']}", body, version=OLD)
    new = await office.post(f"{path}/{(await entry(office))['id']}", body, version=NEW)
    assert old == {**new, "group_type": "model_group"}


async def test_groups_that_nothing_is_held_for_are_empty_and_unknown_types_refused(house: House) -> None:
    office = desk(house)
    for group_type in ("batch", "files", "skills", "web_search"):
        assert (await office.get(f"{PATH}?group_type={group_type}"))["data"] == []
    assert "group_type" in await office.refused(400, "GET", f"{PATH}?group_type=chess")


async def test_a_limit_cuts_pages_and_without_one_everything_comes_at_once(house: House) -> None:
    office = desk(house)
    everything = (await office.get(PATH))["data"]
    found, page = [], ""
    while True:
        listed = await office.get(f"{PATH}?limit=1{page}")
        found += listed["data"]
        if listed["next_page"] is None:
            break
        assert len(listed["data"]) == 1
        page = f"&page={listed['next_page']}"
    assert found == everything
    first = await office.get(f"{PATH}?limit=1")
    rest = await office.get(f"{PATH}?page={first['next_page']}")
    assert first["data"] + rest["data"] == everything


async def test_a_cursor_belongs_to_its_query(house: House) -> None:
    office = desk(house)
    page = (await office.get(f"{PATH}?limit=1"))["next_page"]
    message = await office.refused(400, "GET", f"{PATH}?limit=1&group_type=model_group&page={page}")
    assert "cursor does not match current query parameters" in message
    await office.refused(400, "GET", f"{PATH}?page=page_nonsense")
    await office.refused(400, "GET", f"{PATH}?limit=0")
    await office.refused(400, "GET", f"{PATH}?limit=1001")


async def test_an_organization_sets_and_clears_its_own_rates(house: House) -> None:
    office = desk(house)
    path = f"{PATH}/{(await entry(office))['id']}"
    body = {"limits": [{"type": PER_MINUTE, "value": 50}, {"type": "requests_per_day", "value": 2000}]}
    changed = await office.post(path, body)
    assert values(changed) == {PER_MINUTE: 50, "requests_per_day": 2000}
    assert await entry(office) == changed
    cleared = await office.post(path, {"limits": [{"type": PER_MINUTE, "value": None}]})
    assert values(cleared) == {"requests_per_day": 2000}


async def test_group_ids_are_the_same_in_every_organization_and_entry_ids_differ(house: House) -> None:
    mine, theirs = desk(house), await other_desk(house)
    own, other = await entry(mine), await entry(theirs)
    assert own["group"] == other["group"]
    assert own["id"] != other["id"]
    body = {"limits": [{"type": PER_MINUTE, "value": 5}]}
    message = await mine.refused(404, "POST", f"{PATH}/{other['id']}", body)
    unknown = "rl_01" + "1" * 22
    assert message.replace(other["id"], unknown) == await mine.refused(404, "POST", f"{PATH}/{unknown}", body)
    await mine.refused(404, "POST", f"{PATH}/nonsense", body)


async def test_an_organizations_rates_hold_no_other(house: House) -> None:
    mine, theirs = desk(house), await other_desk(house)
    await mine.post(f"{PATH}/{(await entry(mine))['id']}", {"limits": [{"type": PER_MINUTE, "value": 50}]})
    assert values(await entry(theirs)) == {}


async def test_a_workspace_lists_only_its_overrides_unless_it_is_asked_for_what_it_inherits(house: House) -> None:
    office, workspace = desk(house), await desk(house).workspace()
    own = await entry(office)
    await office.post(
        f"{PATH}/{own['id']}",
        {"limits": [{"type": PER_MINUTE, "value": 50}, {"type": "tokens_per_day", "value": 9000}]},
    )
    path = f"/v1/organizations/workspaces/{workspace.id}/rate_limits"
    assert (await office.get(path))["data"] == []
    changed = await office.post(f"{path}/{own['id']}", {"limits": [{"type": PER_MINUTE, "value": 20}]})
    override = {"type": PER_MINUTE, "value": 20, "org_limit": 50, "source": {"type": "workspace"}}
    assert changed == {
        "type": "workspace_rate_limit",
        "workspace_id": workspace.id,
        "rate_limit_id": own["id"],
        "group": own["group"],
        "models": own["models"],
        "limits": [override],
    }
    assert (await office.get(path))["data"] == [changed]
    (inherited,) = (await office.get(f"{path}?include_inherited=true"))["data"]
    from_above = {"type": "tokens_per_day", "value": 9000, "org_limit": 9000, "source": {"type": "organization"}}
    assert inherited["limits"] == [override, from_above]
    assert (await office.get(f"{path}?group_type=token_count&include_inherited=true"))["data"] == []


async def test_a_value_above_the_organizations_is_kept_and_the_lower_one_holds(house: House) -> None:
    office, workspace = desk(house), await desk(house).workspace()
    own = await entry(office)
    await office.post(f"{PATH}/{own['id']}", {"limits": [{"type": PER_MINUTE, "value": 50}]})
    path = f"/v1/organizations/workspaces/{workspace.id}/rate_limits/{own['id']}"
    changed = await office.post(path, {"limits": [{"type": PER_MINUTE, "value": 500}]})
    assert changed["limits"] == [{"type": PER_MINUTE, "value": 500, "org_limit": 50, "source": {"type": "workspace"}}]
    key, _ = await office.api_key(workspace_id=workspace.id)
    rules = house.app.limits.book.rules_for(office.organization_id, workspace.id, key.id, None, SIMULATED)
    assert min(rule.value for rule in rules.rates) == 50


async def test_null_clears_an_override_and_what_is_not_named_stays(house: House) -> None:
    office, workspace = desk(house), await desk(house).workspace()
    path = f"/v1/organizations/workspaces/{workspace.id}/rate_limits"
    target = f"{path}/{(await entry(office))['id']}"
    await office.post(
        target, {"limits": [{"type": PER_MINUTE, "value": 20}, {"type": "output_tokens_per_minute", "value": 8}]}
    )
    cleared = await office.post(target, {"limits": [{"type": PER_MINUTE, "value": None}]})
    assert values(cleared) == {"output_tokens_per_minute": 8}
    assert cleared["limits"][0]["org_limit"] is None
    cleared = await office.post(target, {"limits": [{"type": "output_tokens_per_minute", "value": None}]})
    assert cleared["limits"] == []
    assert (await office.get(path))["data"] == []


async def test_the_default_workspace_has_no_limits_of_its_own(house: House) -> None:
    office = desk(house)
    path = f"/v1/organizations/workspaces/{house.founded.workspace_id}/rate_limits"
    assert (await office.get(path))["data"] == []
    body = {"limits": [{"type": PER_MINUTE, "value": 5}]}
    message = await office.refused(400, "POST", f"{path}/{(await entry(office))['id']}", body)
    assert message == "The Default workspace has no limits of its own; set the organization's."


async def test_an_archived_workspaces_limits_cannot_be_changed(house: House) -> None:
    office, workspace = desk(house), await desk(house).workspace()
    await house.app.storage.workspaces.archive(office.organization_id, workspace.id, OPERATOR)
    path = f"/v1/organizations/workspaces/{workspace.id}/rate_limits"
    body = {"limits": [{"type": PER_MINUTE, "value": 5}]}
    assert "is archived" in await office.refused(400, "POST", f"{path}/{(await entry(office))['id']}", body)
    assert (await office.get(path))["data"] == []


async def test_another_organizations_workspace_key_or_person_is_not_found(house: House) -> None:
    mine, theirs = desk(house), await other_desk(house)
    workspace = await theirs.workspace()
    member = await theirs.member("them@example.com")
    key, _ = await theirs.api_key()
    rate_limit_id = (await entry(mine))["id"]
    body = {"limits": [{"type": PER_MINUTE, "value": 5}]}
    for holder in (f"workspaces/{workspace.id}", f"users/{member.id}", f"api_keys/{key.id}", "workspaces/nonsense"):
        path = f"/v1/organizations/{holder}/rate_limits"
        await mine.refused(404, "GET", path)
        await mine.refused(404, "POST", f"{path}/{rate_limit_id}", body)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ([], "1 to 16 entries"),
        ([{"type": PER_MINUTE, "value": number} for number in range(1, 18)], "1 to 16 entries"),
        ([{"type": PER_MINUTE, "value": 5}, {"type": PER_MINUTE, "value": 6}], "each type may be given once"),
        ([{"type": PER_MINUTE, "value": 0}], "must be from 1 to"),
        ([{"type": PER_MINUTE, "value": -1}], "must be from 1 to"),
        ([{"type": PER_MINUTE, "value": 1.5}], "limits.0.value"),
        ([{"type": PER_MINUTE, "value": True}], "limits.0.value"),
        ([{"type": PER_MINUTE, "value": "5"}], "limits.0.value"),
        ([{"type": PER_MINUTE}], "limits.0.value"),
        ([{"type": "tool_uses_per_second", "value": 5}], "limits.0.type"),
        ([{"type": PER_MINUTE, "value": 5, "burst": 9}], "limits.0.burst"),
    ],
)
async def test_a_body_outside_the_rules_is_refused(house: House, limits: object, message: str) -> None:
    office = desk(house)
    path = f"{PATH}/{(await entry(office))['id']}"
    assert message in await office.refused(400, "POST", path, {"limits": limits})
    assert values(await entry(office)) == {}


async def test_counting_tokens_takes_no_limits_of_tokens(house: House) -> None:
    office = desk(house)
    (counting,) = (await office.get(f"{PATH}?group_type=token_count"))["data"]
    body = {"limits": [{"type": "tokens_per_minute", "value": 5}]}
    assert "does not apply to this group" in await office.refused(400, "POST", f"{PATH}/{counting['id']}", body)
    changed = await office.post(f"{PATH}/{counting['id']}", {"limits": [{"type": PER_MINUTE, "value": 5}]})
    assert values(changed) == {PER_MINUTE: 5}


async def test_keys_and_persons_have_rates_of_their_own(house: House) -> None:
    office = desk(house)
    member = await office.member("dev@example.com")
    key, _ = await office.api_key()
    rate_limit_id = (await entry(office))["id"]
    body = {"limits": [{"type": PER_MINUTE, "value": 5}]}
    for holder, field, holder_id in (("api_keys", "api_key", key.id), ("users", "user", member.id)):
        path = f"/v1/organizations/{holder}/{holder_id}/rate_limits"
        changed = await office.post(f"{path}/{rate_limit_id}", body)
        assert (changed["type"], changed[f"{field}_id"]) == (f"{field}_rate_limit", holder_id)
        assert changed["limits"] == [{"type": PER_MINUTE, "value": 5, "org_limit": None, "source": {"type": field}}]
        assert (await office.get(path))["data"] == [changed]
        assert "group_type" not in await office.post(f"{path}/{rate_limit_id}", body, version=OLD)


async def test_a_change_of_rates_is_audited_and_in_force_after_the_feeds_next_look(house: House) -> None:
    office, workspace = desk(house), await desk(house).workspace()
    own = await entry(office)
    body = {"limits": [{"type": PER_MINUTE, "value": 5}, {"type": "tokens_per_day", "value": None}]}
    await office.post(f"/v1/organizations/workspaces/{workspace.id}/rate_limits/{own['id']}", body)
    ((kind, told),) = await office.acts()
    assert kind == ActivityType.WORKSPACE_RATE_LIMIT_UPDATED
    act = json.loads(told)
    assert (act["workspace_id"], act["rate_limit_id"]) == (workspace.id, own["id"])
    assert (act["limiter_type"], act["value"]) == (PER_MINUTE, 5)
    assert act["model_group"]
    key, _ = await office.api_key(workspace_id=workspace.id)
    await house.app.changes.look()
    rules = house.app.limits.book.rules_for(office.organization_id, workspace.id, key.id, None, SIMULATED)
    assert [(rule.scope, rule.value) for rule in rules.rates] == [("workspace", 5)]


async def test_the_audit_log_has_types_of_our_own_for_rates_of_other_scopes_than_a_workspace(house: House) -> None:
    office = desk(house)
    own = await entry(office)
    member = await office.member("dev@example.com")
    for value in (5, 5, None, None):
        body = {"limits": [{"type": PER_MINUTE, "value": value}]}
        await office.post(f"{PATH}/{own['id']}", body)
        await office.post(f"/v1/organizations/users/{member.id}/rate_limits/{own['id']}", body)
    kinds = [kind for kind, _ in await office.acts()]
    updated, deleted = ActivityType.RATE_LIMIT_UPDATED, ActivityType.RATE_LIMIT_DELETED
    assert kinds == [updated, updated, deleted, deleted]


async def test_who_may_not_see_or_set_limits_is_refused(house: House) -> None:
    office = desk(house)
    assert (await office.ask("GET", PATH, secret=house.api_key)).status == 403
    reader, secret = await house.app.storage.tokens.mint(office.organization_id, "read:rate_limits", 3600, OPERATOR)
    del reader
    await house.app.changes.look()
    token = secret.reveal()
    assert (await office.ask("GET", PATH, secret=token)).status == 200
    body = {"limits": [{"type": PER_MINUTE, "value": 5}]}
    answer = await office.ask("POST", f"{PATH}/{(await entry(office))['id']}", body, secret=token)
    assert answer.status == 403
    assert "rate_limits:write" in answer.json()["error"]["message"]


async def rewrite(house: House, tables: str) -> None:
    file = house.app.loaded.file
    assert file is not None
    kept = file.read_text(encoding="utf-8").partition("[model_groups]")[0]
    file.write_text(f"{kept}[model_groups]\n{tables}", encoding="utf-8")
    await house.app.reload()


async def test_the_servers_file_groups_models_and_limits_every_organization(house: House) -> None:
    mine, theirs = desk(house), await other_desk(house)
    await rewrite(house, 'fast = ["claude-sim-*", "real"]\n[rate_limits.fast]\nrequests_per_minute = 30\n')
    for office in (mine, theirs):
        found = await entry(office)
        assert found["group"]["display_name"] == "fast"
        assert {SIMULATED, "real", "best"} <= set(found["models"])
        assert values(found) == {PER_MINUTE: 30}
        assert "sim-1" not in found["models"]


async def test_an_organization_stays_under_the_servers_file(house: House) -> None:
    office = desk(house)
    await rewrite(house, "[rate_limits.default]\nrequests_per_minute = 30\n")
    path = f"{PATH}/{(await entry(office))['id']}"
    assert values(await office.post(path, {"limits": [{"type": PER_MINUTE, "value": 500}]})) == {PER_MINUTE: 30}
    assert values(await office.post(path, {"limits": [{"type": PER_MINUTE, "value": 5}]})) == {PER_MINUTE: 5}
    await rewrite(house, "")
    assert values(await entry(office)) == {PER_MINUTE: 5}


async def test_a_bad_table_keeps_the_limits_that_there_were_and_names_the_place(house: House) -> None:
    office = desk(house)
    await rewrite(house, "[rate_limits.default]\nrequests_per_minute = 30\n")
    with pytest.raises(CatalogueError, match=r"rate_limits.default.requests_per_minut: .*did you mean"):
        await rewrite(house, "[rate_limits.default]\nrequests_per_minut = 9\n")
    assert values(await entry(office)) == {PER_MINUTE: 30}
