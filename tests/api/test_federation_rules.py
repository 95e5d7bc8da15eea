"""Rules on the wire (SDK type `organization.federation.FederationRule`)."""

import asyncio
from typing import Any

import pytest

from antechamber.base.ids import Kind, parse
from tests.api.conftest import House
from tests.api.offices import ACCOUNTS, ISSUERS, MATCH, NOTHING, RULES, Office, open_office, open_other_office

FIELDS = {
    "id", "type", "name", "description", "issuer_id", "issuer_name", "match", "target", "oauth_scope",
    "token_lifetime_seconds", "applies_to_all_workspaces", "workspace_ids", "created_at", "created_by_actor_id",
    "updated_at", "updated_by_actor_id", "archived_at", "archived_by_actor_id",
}  # fmt: skip
# what is wrong, and what the refusal begins with
BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"name": "Capital"}, "name: "),
    ({"name": ""}, "name: "),
    ({"description": 5}, "description: "),
    ({"description": "x" * 1001}, "description: "),
    ({"match": {}}, "match: "),
    ({"match": {"audience": "https://api.example.com"}}, "match: "),
    ({"match": {"subject_prefix": "*"}}, "match: "),
    ({"match": {"subject_prefix": "**", "claims": {}}}, "match: "),
    ({"match": {"subject_prefix": None, "claims": None, "condition": None}}, "match: "),
    ({"match": {"subject_prefix": ""}}, "match.subject_prefix: "),
    ({"match": {"subject_prefix": "x" * 1025}}, "match.subject_prefix: "),
    ({"match": {**MATCH, "audience": ""}}, "match.audience: "),
    ({"match": {"claims": {"repository_id": 5}}}, "match.claims"),
    ({"match": {"claims": {"": "x"}}}, "match.claims: "),
    ({"match": {"claims": {f"c{number}": "x" for number in range(51)}}}, "match.claims: "),
    ({"match": {"condition": "claims.sub =="}}, "match.condition: "),
    ({"match": {"condition": "true"}}, "match.condition: "),
    ({"match": {"condition": "size(claims)"}}, "match.condition: "),
    ({"match": {"condition": "'text'"}}, "match.condition: "),
    ({"match": {"condition": "other.sub == 'x'"}}, "match.condition: "),
    ({"match": {"condition": "x" * 4097}}, "match.condition: "),
    ({"match": {**MATCH, "issuer": "x"}}, "match.issuer: "),
    ({"match": "sub"}, "match: "),
    ({"target": {}}, "target.type: "),
    ({"target": {"type": "user", "service_account_id": "x"}}, "target.type: "),
    ({"target": {"type": "service_account"}}, "target.service_account_id: "),
    ({"target": {"type": "service_account", "service_account_id": "nonsense"}}, "target.service_account_id: "),
    ({"target": {"type": "service_account", "service_account_id": f"svac_{NOTHING}"}}, "target.service_account_id: "),
    ({"oauth_scope": ""}, "oauth_scope: "),
    ({"oauth_scope": "user:inference"}, "oauth_scope: "),
    ({"oauth_scope": "workspace:developer everything"}, "oauth_scope: "),
    ({"oauth_scope": "org:admin"}, "oauth_scope: "),
    ({"token_lifetime_seconds": 59}, "token_lifetime_seconds: "),
    ({"token_lifetime_seconds": 86_401}, "token_lifetime_seconds: "),
    ({"token_lifetime_seconds": "60"}, "token_lifetime_seconds: "),
    ({"applies_to_all_workspaces": "yes"}, "applies_to_all_workspaces: "),
    ({"workspace_id": "nonsense"}, "workspace_id: "),
    ({"workspace_id": f"wrkspc_{NOTHING}"}, "workspace_id: "),
    ({"workspace_id": 5}, "workspace_id: "),
    ({"color": "blue"}, "color: "),
)
ONLY_WHEN_MADE: tuple[tuple[dict[str, Any], str], ...] = (
    *(({name: None}, f"{name}: ") for name in ("name", "issuer_id", "match", "target", "oauth_scope")),
    ({"token_lifetime_seconds": None}, "token_lifetime_seconds: "),
    ({"issuer_id": "nonsense"}, "issuer_id: "),
    ({"issuer_id": f"fdis_{NOTHING}"}, "issuer_id: "),
    ({"applies_to_all_workspaces": False}, "workspace_id: "),
)


class Desk(Office):
    """An office with an issuer, a service account and a rule."""

    issuer_made: dict[str, Any]
    account_made: dict[str, Any]
    rule_made: dict[str, Any]

    @property
    def path(self) -> str:
        return f"{RULES}/{self.rule_made['id']}"

    def body(self, name: str = "second", **fields: object) -> dict[str, Any]:
        return self.rule_body(self.issuer_made, self.account_made, name, **fields)


@pytest.fixture
async def desk(house: House) -> Desk:
    made = Desk(house, (await open_office(house)).person)
    made.issuer_made, made.account_made = await made.issuer(), await made.account()
    made.rule_made = await made.rule(made.issuer_made, made.account_made)
    return made


async def test_one_has_the_documented_shape_and_its_defaults(desk: Desk) -> None:
    made = desk.rule_made
    assert made.keys() == FIELDS
    assert parse(Kind.FEDERATION_RULE, made["id"])
    assert (made["type"], made["description"], made["token_lifetime_seconds"]) == ("federation_rule", "", 3600)
    assert (made["issuer_id"], made["issuer_name"]) == (desk.issuer_made["id"], "cluster")
    assert made["match"] == {**MATCH, "audience": None, "claims": None, "condition": None}
    assert made["target"] == {
        "type": "service_account",
        "service_account_id": desk.account_made["id"],
        "service_account_name": "ci",
    }
    assert (made["applies_to_all_workspaces"], made["workspace_ids"]) == (True, [])
    assert await desk.get(desk.path) == made


async def test_a_bad_field_is_named_first_when_made_and_when_changed(desk: Desk) -> None:
    for fields, named in (*BAD, *ONLY_WHEN_MADE):
        message = await desk.refused(400, "POST", RULES, desk.body(**fields))
        assert (fields, message.startswith(named)) == (fields, True), message
    for fields, named in BAD:
        message = await desk.refused(400, "POST", desk.path, fields)
        assert (fields, message.startswith(named)) == (fields, True), message
    assert await desk.get(desk.path) == desk.rule_made
    assert [rule["name"] for rule in (await desk.get(RULES))["data"]] == ["build"]


async def test_what_it_refers_to_must_live_and_be_the_organizations_own(desk: Desk, house: House) -> None:
    other = await open_other_office(house)
    theirs = {"issuer_id": (await other.issuer())["id"], "workspace_id": await other.room()}
    gone = {"issuer_id": (await desk.issuer("old"))["id"], "workspace_id": await desk.room("Old")}
    await desk.post(f"{ISSUERS}/{gone['issuer_id']}/archive")
    await desk.archive_room(gone["workspace_id"])
    for fields in (theirs, gone):
        for name, value in fields.items():
            assert (await desk.refused(400, "POST", RULES, desk.body(**{name: value}))).startswith(f"{name}: ")
    past = await desk.account("past")
    await desk.post(f"{ACCOUNTS}/{past['id']}/archive")
    for account in (past, await other.account()):
        target = {"type": "service_account", "service_account_id": account["id"]}
        for path, body in ((RULES, desk.body(target=target)), (desk.path, {"target": target})):
            assert (await desk.refused(400, "POST", path, body)).startswith("target.service_account_id: ")


async def test_every_field_changes_but_the_issuer_and_null_leaves_it(desk: Desk) -> None:
    other = await desk.account("other")
    new = {
        "name": "deploy",
        "description": "Deploys",
        "match": {"claims": {"ref": "main"}},
        "target": {"type": "service_account", "service_account_id": other["id"], "service_account_name": "ignored"},
        "oauth_scope": "workspace:inference workspace:inference",
        "token_lifetime_seconds": 86_400,
    }
    changed = await desk.post(desk.path, new)
    assert changed["match"] == {"subject_prefix": None, "audience": None, "claims": {"ref": "main"}, "condition": None}
    assert (changed["name"], changed["description"], changed["token_lifetime_seconds"]) == ("deploy", "Deploys", 86_400)
    assert (changed["target"]["service_account_name"], changed["oauth_scope"]) == ("other", "workspace:inference")
    assert changed["updated_at"] > desk.rule_made["updated_at"]
    nothing = dict.fromkeys(("name", "match", "target", "oauth_scope", "token_lifetime_seconds", "workspace_id"))
    assert await desk.post(desk.path, nothing) == changed
    assert (await desk.post(desk.path, {"description": None}))["description"] == ""
    message = await desk.refused(400, "POST", desk.path, {"issuer_id": desk.issuer_made["id"]})
    assert message.startswith("issuer_id: Value error, cannot be changed")


async def test_a_name_is_one_live_rules_only(desk: Desk) -> None:
    assert desk.rule_made["id"] in await desk.refused(409, "POST", RULES, desk.body("build"))
    second = await desk.post(RULES, desk.body())
    assert desk.rule_made["id"] in await desk.refused(409, "POST", f"{RULES}/{second['id']}", {"name": "build"})
    await desk.post(f"{desk.path}/archive")
    assert (await desk.post(f"{RULES}/{second['id']}", {"name": "build"}))["name"] == "build"


async def test_of_many_who_take_one_name_at_once_one_gets_it(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.ask("POST", RULES, desk.body()) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7


async def test_the_list_is_narrowed_to_an_issuer(desk: Desk) -> None:
    issuer = await desk.issuer("second")
    for name in ("a", "b"):
        await desk.rule(issuer, desk.account_made, name)
    path = f"{RULES}?issuer_id={issuer['id']}&limit=1"
    first = await desk.get(path)
    second = await desk.get(f"{path}&page={first['next_page']}")
    assert [rule["name"] for rule in first["data"] + second["data"]] == ["b", "a"]
    assert second["next_page"] is None
    assert (await desk.refused(400, "GET", f"{RULES}?limit=1&page={first['next_page']}")).startswith("page: ")
    for stranger in ("nonsense", f"fdis_{NOTHING}"):
        assert await desk.get(f"{RULES}?issuer_id={stranger}") == {"data": [], "next_page": None}
    assert len((await desk.get(RULES))["data"]) == 3


async def test_the_scope_of_administration_needs_a_target_that_is_admin(desk: Desk) -> None:
    admin = await desk.account("admin", organization_role="admin")
    target = {"type": "service_account", "service_account_id": admin["id"]}
    full = await desk.post(RULES, desk.body("full", target=target, oauth_scope="org:admin"))
    back = {"target": {"type": "service_account", "service_account_id": desk.account_made["id"]}}
    assert (await desk.refused(400, "POST", f"{RULES}/{full['id']}", back)).startswith("oauth_scope: org:admin needs")
    assert (await desk.refused(400, "POST", desk.path, {"oauth_scope": "org:admin"})).startswith("oauth_scope: ")
    both = await desk.post(desk.path, {"oauth_scope": "org:admin workspace:developer", "target": target})
    assert both["oauth_scope"] == "org:admin workspace:developer"


async def test_a_workload_manages_rules_of_everyday_scopes_only(desk: Desk) -> None:
    workload = await desk.admin_workload()
    admin = await desk.account("admin", organization_role="admin")
    full = await desk.rule(desk.issuer_made, admin, "full", oauth_scope="org:admin")
    tunnels = await desk.rule(desk.issuer_made, admin, "tunnels", oauth_scope="workspace:manage_tunnels")
    own = await desk.post(RULES, desk.body("own", oauth_scope="workspace:inference"), hand=workload)
    assert own["created_by_actor_id"].startswith("svac_")
    room = await desk.room()
    for rule in (full, tunnels):
        path = f"{RULES}/{rule['id']}"
        asked: list[tuple[str, str, object]] = [
            ("POST", path, {"description": "mine"}),
            ("POST", path, {"oauth_scope": "workspace:developer"}),
            ("POST", f"{path}/archive", None),
            ("POST", f"{path}/workspaces", {"workspace_id": room}),
            ("DELETE", f"{path}/workspaces/{room}", None),
        ]
        for method, target, sent in asked:
            assert "service account manages" in await desk.refused(403, method, target, sent, hand=workload)
    for scope in ("org:admin", "workspace:manage_tunnels", "workspace:developer org:admin"):
        refused = await desk.refused(403, "POST", RULES, desk.body("more", oauth_scope=scope), hand=workload)
        assert refused.startswith("oauth_scope: ")
        path = f"{RULES}/{own['id']}"
        assert "oauth_scope" in await desk.refused(403, "POST", path, {"oauth_scope": scope}, hand=workload)
    operator = await desk.operator()
    assert (await desk.post(f"{RULES}/{full['id']}", {"description": "x"}, hand=operator))["description"] == "x"


async def test_admin_keys_do_not_open_it(desk: Desk, house: House) -> None:
    key = house.founded.admin_key
    assert key is not None
    for path in (RULES, ISSUERS):
        assert "federation:read" in await desk.refused(403, "GET", path, hand=key.reveal())
        assert "federation:write" in await desk.refused(403, "POST", path, {}, hand=key.reveal())


async def test_an_archived_rule_has_no_workspaces_and_changes_no_more_while_its_tokens_live_on(desk: Desk) -> None:
    room = await desk.room()
    await desk.post(f"{desk.path}/workspaces", {"workspace_id": room})
    token = await desk.workload(desk.account_made, "workspace:developer", await desk.default_room())
    archived = await desk.post(f"{desk.path}/archive")
    assert (archived["workspace_ids"], archived["applies_to_all_workspaces"]) == ([], False)
    assert archived["archived_by_actor_id"].startswith("user_")
    assert await desk.post(f"{desk.path}/archive", {}) == archived
    assert await desk.get(f"{desk.path}/workspaces") == {"data": [], "next_page": None}
    for path, body in ((desk.path, {"description": "x"}), (f"{desk.path}/workspaces", {"workspace_id": room})):
        assert "archived" in await desk.refused(400, "POST", path, body)
    assert (await desk.get(RULES))["data"] == []
    assert (await desk.get(f"{RULES}?include_archived=true"))["data"] == [archived]
    await asyncio.sleep(1)
    assert (await desk.ask("GET", "/v1/models", hand=token)).status == 200


async def test_another_organizations_and_nobodys_ids_are_not_found(desk: Desk, house: House) -> None:
    other = await open_other_office(house)
    theirs = await other.rule(await other.issuer(), await other.account())
    room = await desk.room()
    for named in (theirs["id"], f"fdrl_{NOTHING}", "nonsense"):
        path = f"{RULES}/{named}"
        asked: list[tuple[str, str, object]] = [
            ("GET", path, None),
            ("POST", path, {}),
            ("POST", f"{path}/archive", None),
            ("GET", f"{path}/workspaces", None),
            ("POST", f"{path}/workspaces", {"workspace_id": room}),
            ("DELETE", f"{path}/workspaces/{room}", None),
        ]
        for method, target, sent in asked:
            assert await desk.refused(404, method, target, sent) == f"Federation rule not found: {named}"


async def test_every_change_is_in_the_feed_under_its_hosted_name(desk: Desk) -> None:
    room = await desk.room()
    await desk.post(desk.path, {"match": {"subject_prefix": "system:*"}, "oauth_scope": "workspace:inference"})
    for _ in range(2):
        await desk.post(f"{desk.path}/workspaces", {"workspace_id": room})
    for _ in range(2):
        await desk.delete(f"{desk.path}/workspaces/{room}")
    await desk.post(f"{desk.path}/archive")
    feed = "platform_federation_rule_"
    acts = [act for act in await desk.acts() if act["type"].startswith(feed)]
    told = [act["type"].removeprefix(feed) for act in acts]
    assert told == ["archived", "workspace_removed", "workspace_added", "updated", "created"]
    assert {act["federation_rule_id"] for act in acts} == {desk.rule_made["id"]}
    assert [change["type"] for change in acts[3]["updates"]] == ["match", "oauth_scope"]
    assert acts[2]["workspace_id"] == room
