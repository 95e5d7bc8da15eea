"""Many programs that exchange at once, on one node and on two; and what ends a log-in on every node."""

import asyncio
from collections.abc import Iterator

import pytest

from antechamber.features.organizations.wire import SIGN_OUT_BETA
from tests.faults.consents import Consents
from tests.faults.towns import USERS, WORKSPACES, Town, check_quiet, found_alone, found_pair, send

pytestmark = pytest.mark.prompt

GRACE_SECONDS = 10
CONFIG = f'simulated = "on"\nrefresh_grace_seconds = {GRACE_SECONDS}\n'


@pytest.fixture(scope="module", params=["alone", pytest.param("pair", marks=pytest.mark.postgres)])
def hasty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Each of the two towns, with a grace that a test can wait for."""
    found = found_alone if request.param == "alone" else found_pair
    with found(tmp_path_factory.mktemp(request.param), CONFIG) as town:
        yield town
        check_quiet(town)


@pytest.fixture
def consents(hasty: Town) -> Consents:
    return Consents(hasty)


async def test_of_twenty_that_redeem_a_code_at_once_one_gets_tokens_which_end(hasty: Town, consents: Consents) -> None:
    user_id, _ = await hasty.person("developer")
    code = await consents.code(user_id)
    statuses, replies = await consents.at_once(20, lambda node: consents.redeem(code, node))
    assert statuses == {200: 1, 400: 19}
    assert {reply.json()["error"] for reply in replies if reply.status == 400} == {"invalid_grant"}
    given = next(reply.json() for reply in replies if reply.status == 200)
    await hasty.turns(given["access_token"], 401)
    assert (await consents.refresh(given["refresh_token"])).status == 400
    await hasty.verify()


async def test_twenty_that_refresh_at_once_go_on_in_one_family_and_reuse_later_ends_it(
    hasty: Town, consents: Consents
) -> None:
    user_id, _ = await hasty.person("developer")
    first = await consents.log_in(user_id)
    statuses, replies = await consents.at_once(20, lambda node: consents.refresh(first["refresh_token"], node))
    assert statuses == {200: 20}
    assert len({reply.json()["refresh_token"] for reply in replies}) == 1
    successor = str(replies[0].json()["refresh_token"])
    tokens = [str(reply.json()["access_token"]) for reply in replies]
    assert len(set(tokens)) == 20
    await hasty.opens(tokens[0])
    await hasty.opens(tokens[-1])
    await asyncio.sleep(GRACE_SECONDS + 0.5)
    statuses, replies = await consents.at_once(20, lambda node: consents.refresh(first["refresh_token"], node))
    assert statuses == {400: 20}
    assert {reply.json()["error"] for reply in replies} == {"invalid_grant"}
    for token in (tokens[0], tokens[-1], str(first["access_token"])):
        await hasty.turns(token, 401)
    # the newest of the family has ended with it
    assert (await consents.refresh(successor)).status == 400
    await hasty.verify()


async def test_a_chain_of_refreshes_across_nodes_holds(hasty: Town, consents: Consents) -> None:
    user_id, _ = await hasty.person("developer")
    answer = await consents.log_in(user_id)
    for number in range(6):
        reply = await consents.refresh(answer["refresh_token"], hasty.nodes[number % len(hasty.nodes)])
        assert reply.status == 200, reply.body
        answer = reply.json()
    await hasty.opens(answer["access_token"])


async def test_who_is_removed_loses_the_log_in_on_every_node(hasty: Town, consents: Consents) -> None:
    user_id, _ = await hasty.person("developer")
    answer = await consents.log_in(user_id)
    await hasty.opens(answer["access_token"])
    await hasty.act("DELETE", f"{USERS}/{user_id}")
    await hasty.turns(answer["access_token"], 401)
    assert (await consents.refresh(answer["refresh_token"], hasty.last)).status == 400


async def test_an_archived_workspace_ends_what_was_granted_in_it_on_every_node(hasty: Town, consents: Consents) -> None:
    workspace_id = await hasty.workspace()
    user_id, _ = await hasty.resident(workspace_id)
    answer = await consents.log_in(user_id, workspace_id)
    await hasty.opens(answer["access_token"])
    await hasty.act("POST", f"{WORKSPACES}/{workspace_id}/archive")
    await hasty.turns(answer["access_token"], 401)
    assert (await consents.refresh(answer["refresh_token"], hasty.last)).status == 400


async def test_a_role_that_is_lowered_counts_on_every_node(hasty: Town, consents: Consents) -> None:
    workspace_id = await hasty.workspace()
    user_id, _ = await hasty.resident(workspace_id)
    answer = await consents.log_in(user_id, workspace_id)
    await hasty.opens(answer["access_token"])
    member = f"{WORKSPACES}/{workspace_id}/members/{user_id}"
    await hasty.act("POST", member, {"workspace_role": "workspace_user"})
    await hasty.turns(answer["access_token"], 403)
    await hasty.act("POST", member, {"workspace_role": "workspace_developer"})
    await hasty.turns(answer["access_token"], 200)


async def test_who_is_signed_out_has_to_log_in_anew(hasty: Town, consents: Consents) -> None:
    user_id, _ = await hasty.person("developer")
    answer = await consents.log_in(user_id)
    await hasty.opens(answer["access_token"])
    done = await send(hasty.first, "POST", f"{USERS}/{user_id}/sign_out", anthropic_beta=SIGN_OUT_BETA)
    assert done.status == 200, done.body
    await hasty.turns(answer["access_token"], 401)
    assert (await consents.refresh(answer["refresh_token"], hasty.last)).status == 400
    await hasty.opens((await consents.log_in(user_id))["access_token"])
