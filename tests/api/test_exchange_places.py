"""In which workspace the token of an exchange acts, and what ends it there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.federating import ROOT, Town, Way, open_town
from tests.issuers import Signer


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(tmp_path) as opened:
        yield opened


async def _way(town: Town, *workspaces: str, role: str = "developer") -> Way:
    """Return a way by a rule that is enabled for these workspaces, of which its account is a member."""
    signer = Signer()
    account, issuer = await town.make_account(role), await town.trust(signer)
    rule = await town.allow(issuer, account, workspace_id=workspaces[0])
    for workspace in workspaces[1:]:
        await town.post(f"{ROOT}/federation_rules/{rule}/workspaces", {"workspace_id": workspace})
    for workspace in workspaces:
        if workspace != _default(town):
            await town.join(workspace, account)
    return Way(town, signer, account, issuer, rule)


def _default(town: Town) -> str:
    return str(town.founded.workspace_id)


async def test_the_only_enabled_workspace_is_taken(town: Town) -> None:
    room = await town.make_workspace()
    way = await _way(town, room)
    assert (await way.exchange())["workspace"]["id"] == room
    assert (await way.exchange(workspace_id=room))["workspace"]["id"] == room
    assert await way.reason(workspace_id="default") == "workspace_not_enabled"
    assert await way.reason(workspace_id=_default(town)) == "workspace_not_enabled"


async def test_of_several_the_default_one_is_taken_if_it_is_covered(town: Town) -> None:
    room = await town.make_workspace()
    way = await _way(town, room, _default(town))
    assert (await way.exchange())["workspace"]["id"] == _default(town)
    assert (await way.exchange(workspace_id="default"))["workspace"]["id"] == _default(town)
    assert (await way.exchange(workspace_id=room))["workspace"]["id"] == room


async def test_of_several_others_one_must_be_named(town: Town) -> None:
    first, second = await town.make_workspace(), await town.make_workspace()
    way = await _way(town, first, second)
    assert await way.reason() == "workspace_id_required"
    assert (await way.exchange(workspace_id=second))["workspace"]["id"] == second
    # archived ones don't count: of one that is left nothing need be said
    await town.post(f"{ROOT}/workspaces/{first}/archive")
    assert (await way.exchange())["workspace"]["id"] == second
    assert await way.reason(workspace_id=first) == "workspace_not_enabled"
    await town.post(f"{ROOT}/workspaces/{second}/archive")
    assert await way.reason() == "workspace_not_enabled"


async def test_a_rule_for_all_covers_the_default_one_and_every_other(town: Town) -> None:
    way = await town.settle(Signer())
    room = await town.make_workspace()
    assert (await way.exchange())["workspace"]["id"] == _default(town)
    assert await way.reason(workspace_id=room) == "workspace_membership"
    await town.join(room, way.account)
    assert (await way.exchange(workspace_id=room))["workspace"]["id"] == room
    await town.post(f"{ROOT}/workspaces/{room}/archive")
    assert await way.reason(workspace_id=room) == "workspace_not_enabled"
    assert await way.reason(workspace_id="wrkspc_011111111111111111111111") == "workspace_not_enabled"


async def test_who_is_taken_out_of_a_workspace_gets_in_no_more(town: Town) -> None:
    room = await town.make_workspace()
    way = await _way(town, room)
    token = (await way.exchange())["access_token"]
    assert (await town.ask("GET", "/v1/models", token=token)).status == 200
    answer = await town.ask("DELETE", f"{ROOT}/service_accounts/{way.account}/workspaces/{room}")
    assert answer.status == 200
    assert await way.reason() == "workspace_membership"
    await town.app.changes.look()
    assert (await town.ask("GET", "/v1/models", token=token)).status in {401, 403}


async def test_an_archived_account_gets_in_no_more(town: Town) -> None:
    way = await town.settle(Signer())
    token = (await way.exchange())["access_token"]
    await town.post(f"{ROOT}/federation_rules/{way.rule}/archive")
    await town.post(f"{ROOT}/service_accounts/{way.account}/archive")
    await town.app.changes.look()
    assert (await town.ask("GET", "/v1/models", token=token)).status == 401


async def test_a_token_for_the_administration_is_bound_to_no_workspace(town: Town) -> None:
    signer = Signer()
    account, issuer = await town.make_account("admin"), await town.trust(signer)
    room = await town.make_workspace()
    way = Way(town, signer, account, issuer, await town.allow(issuer, account, oauth_scope="org:admin"))
    given = await way.exchange(workspace_id=room)
    assert "workspace" not in given
    assert (await town.ask("GET", f"{ROOT}/workspaces", token=given["access_token"])).status == 200
    assert (await town.ask("GET", "/v1/models", token=given["access_token"])).status == 403


async def test_the_history_is_filtered_and_paged(town: Town) -> None:
    first, second = await town.settle(Signer()), await town.settle(Signer())
    for _ in range(3):
        await first.exchange()
    await second.reason(second.sign(sub="stranger\u0007\ud800" + "x" * 300))
    whole = await town.history()
    assert len(whole) == 4
    assert [each["created_at"] for each in whole] == sorted((each["created_at"] for each in whole), reverse=True)
    assert len(await town.history(f"?rule_id={first.rule}")) == 3
    assert len(await town.history(f"?issuer_id={second.issuer}")) == 1
    assert len(await town.history("?outcome=success")) == 3
    refused = (await town.history("?outcome=failure"))[0]
    assert refused["subject"] == "stranger\ufffd\ufffd" + "x" * 245
    path = f"{ROOT}/federation_history?limit=3&rule_id={first.rule}"
    assert (await town.get(path))["next_page"] is None
    page = await town.get(f"{ROOT}/federation_history?limit=3")
    rest = await town.get(f"{ROOT}/federation_history?limit=3&page={page['next_page']}")
    assert [each["id"] for each in [*page["data"], *rest["data"]]] == [each["id"] for each in whole]
    assert rest["next_page"] is None
    assert (await town.ask("GET", f"{path}&page={page['next_page']}")).status == 400
    for query in ("limit=0", "limit=101", "outcome=perhaps", "page=x", "subject=x"):
        assert (await town.ask("GET", f"{ROOT}/federation_history?{query}")).status == 400


async def test_the_history_is_for_those_who_administer_federation(town: Town) -> None:
    way = await town.settle(Signer())
    token = (await way.exchange())["access_token"]
    path = f"{ROOT}/federation_history"
    assert town.founded.admin_key is not None
    assert (await town.ask("GET", path, token=token)).status == 403
    assert (await town.ask("GET", path, token=town.founded.admin_key.reveal())).status == 403
    assert (await town.ask("GET", path, token="sk-ant-oat01-nobody")).status == 401


async def test_who_floods_a_rule_with_unsigned_words_fills_no_history(town: Town) -> None:
    way = await town.settle(Signer())
    for _ in range(70):
        assert (await way.send("a.b.c")).status == 401
    assert len(await town.history("?limit=100")) == 60
    # what an issuer has signed is written down all the same
    assert await way.reason(way.sign(sub="other")) == "match_subject_prefix"
