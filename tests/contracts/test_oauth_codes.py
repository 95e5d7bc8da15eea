"""Authorisation codes: asked for, redeemed once, bound to what was asked."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.errors import NotFound
from antechamber.base.permissions import OrganizationRole
from antechamber.features.oauth.model import GrantRefused, OAuthError, TokenAnswer
from antechamber.features.oauth.model.clients import OURS
from tests.contracts.programs import ISSUER, LOOPBACK, VERIFIER, Programs, parameters, settle_programs
from tests.contracts.tenants import MINE, THEIRS, Services


@pytest.fixture
async def programs(made: Services) -> Programs:
    return await settle_programs(made)


async def refusal(
    programs: Programs, code: str, changes: Mapping[str, object] | None = None, **more: object
) -> GrantRefused:
    spent: dict[str, Any] = {"code": code, **(changes or {}), **more}
    with pytest.raises(GrantRefused) as caught:
        await programs.redeem(**spent)
    return caught.value


async def test_a_log_in_gives_everything_that_ant_stores(programs: Programs) -> None:
    answer = await programs.log_in()
    assert answer.access_token.reveal().startswith("sk-ant-oat01-")
    assert answer.refresh_token is not None
    assert answer.refresh_token.reveal().startswith("sk-ant-ort01-")
    assert answer.expires_in == 3600
    assert answer.scope == "user:profile user:inference user:developer"
    assert answer.organization == (MINE, "Mine")
    assert answer.account == (programs.user_id, "dev@example.com")
    assert answer.workspace == (programs.workspace_id, "Default")
    found = await programs.opens(answer.access_token)
    assert found is not None
    assert (found.user_id, found.workspace_id, found.default_workspace) == (
        programs.user_id,
        programs.workspace_id,
        True,
    )
    assert "inference" in found.permissions


async def test_the_redirect_carries_code_state_and_issuer(programs: Programs) -> None:
    request = await programs.request(redirect_uri=f"{ISSUER}/oauth/code/callback?app=anthropic-cli")
    location = await programs.oauth.authorizations.approve(
        programs.user_id, request, MINE, programs.workspace_id, OPERATOR
    )
    assert location.startswith(f"{ISSUER}/oauth/code/callback?app=anthropic-cli&code=ante-code01-")
    assert parameters(location).keys() == {"app", "code", "state", "iss"}
    assert parameters(location)["iss"] == ISSUER
    assert parameters(location)["state"] == "s" * 43


async def test_a_no_goes_back_as_access_denied(programs: Programs) -> None:
    found = parameters(programs.oauth.authorizations.deny(await programs.request()))
    assert found["error"] == "access_denied"
    assert found["state"] == "s" * 43
    assert found["iss"] == ISSUER
    assert "code" not in found


async def test_a_code_used_twice_ends_what_it_gave_first(programs: Programs) -> None:
    code = await programs.code()
    answer = await programs.redeem(code)
    assert (await refusal(programs, code)).error is OAuthError.INVALID_GRANT
    assert await programs.opens(answer.access_token) is None
    with pytest.raises(GrantRefused):
        await programs.refresh(answer.refresh_token)
    assert ("oauth_grant_revoked", "authorization_code_reused") in [
        (act, details.get("reason")) for act, details in await programs.acts()
    ]


async def test_a_replay_ends_the_grant_also_from_another_client_and_without_the_verifier(programs: Programs) -> None:
    code = await programs.code()
    answer = await programs.redeem(code)
    await refusal(programs, code, client_id=OURS, code_verifier="x" * 43)
    assert await programs.opens(answer.access_token) is None


async def test_a_replay_after_the_codes_end_is_still_seen(programs: Programs) -> None:
    code = await programs.code()
    answer = await programs.redeem(code)
    programs.made.clock.advance(1800)
    await refusal(programs, code)
    assert await programs.opens(answer.access_token) is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": OURS}, OAuthError.INVALID_GRANT),
        ({"client_id": "nobody"}, OAuthError.INVALID_CLIENT),
        ({"client_id": None}, OAuthError.INVALID_REQUEST),
        ({"redirect_uri": "http://localhost:51235/callback"}, OAuthError.INVALID_GRANT),
        ({"redirect_uri": None}, OAuthError.INVALID_REQUEST),
        ({"code_verifier": "w" * 86}, OAuthError.INVALID_GRANT),
        ({"code_verifier": "v" * 42}, OAuthError.INVALID_GRANT),
        ({"code_verifier": None}, OAuthError.INVALID_REQUEST),
        ({"code_verifier": 7}, OAuthError.INVALID_REQUEST),
        ({"state": "another"}, OAuthError.INVALID_GRANT),
        ({"code": "ante-code01-x"}, OAuthError.INVALID_GRANT),
        ({"code": None}, OAuthError.INVALID_REQUEST),
        ({"code": ["a"]}, OAuthError.INVALID_REQUEST),
        ({"code": "a" * 5000}, OAuthError.INVALID_REQUEST),
        ({"code": "\x00"}, OAuthError.INVALID_REQUEST),
        ({"client_secret": "sesame"}, OAuthError.INVALID_CLIENT),
    ],
)
async def test_a_code_is_bound_to_what_was_asked_and_a_miss_does_not_spend_it(
    programs: Programs, changes: dict[str, object], error: OAuthError
) -> None:
    code = await programs.code()
    assert (await refusal(programs, code, changes)).error is error
    assert (await programs.redeem(code)).refresh_token is not None


async def test_the_state_may_be_left_out_at_the_token_endpoint(programs: Programs) -> None:
    assert (await programs.redeem(await programs.code(), state=None)).scope
    assert (await programs.redeem(await programs.code(state=None), state="s")).scope


async def test_a_code_ends_after_ten_minutes(programs: Programs) -> None:
    code = await programs.code()
    programs.made.clock.advance(600)
    assert (await refusal(programs, code)).error is OAuthError.INVALID_GRANT


async def test_of_twenty_that_redeem_a_code_at_once_one_gets_tokens_and_loses_them(programs: Programs) -> None:
    code = await programs.code()
    outcomes = await asyncio.gather(*(programs.redeem(code) for _ in range(20)), return_exceptions=True)
    given = [each for each in outcomes if isinstance(each, TokenAnswer)]
    refused = [each for each in outcomes if isinstance(each, GrantRefused)]
    assert (len(given), len(refused)) == (1, 19)
    assert {each.error for each in refused} == {OAuthError.INVALID_GRANT}
    assert await programs.opens(given[0].access_token) is None


async def test_nobody_gets_a_code_for_a_place_that_is_not_theirs(programs: Programs) -> None:
    theirs = await programs.default(THEIRS)
    closed = await programs.workspace("Closed")
    request = await programs.request()
    for organization_id, workspace_id in ((THEIRS, theirs), (MINE, theirs), (MINE, closed)):
        with pytest.raises(NotFound):
            await programs.oauth.authorizations.approve(
                programs.user_id, request, organization_id, workspace_id, OPERATOR
            )
    hinted = await programs.request(orgUUID=THEIRS)
    with pytest.raises(NotFound):
        await programs.oauth.authorizations.approve(programs.user_id, hinted, MINE, programs.workspace_id, OPERATOR)


async def test_scopes_are_cut_to_what_the_role_may(programs: Programs) -> None:
    answer = await programs.log_in(scope="org:admin user:inference")
    assert answer.scope == "user:inference"
    admin = await programs.join("boss@example.com", OrganizationRole.ADMIN)
    answer = await programs.log_in(user_id=admin, scope="org:admin")
    assert answer.scope == "org:admin"
    assert answer.workspace == (programs.workspace_id, "Default")
    user = await programs.join("user@example.com", OrganizationRole.USER)
    assert (await programs.log_in(user_id=user)).scope == "user:profile"


async def test_who_may_give_nothing_of_what_is_asked_goes_back_with_invalid_scope(programs: Programs) -> None:
    request = await programs.request(scope="org:admin")
    location = await programs.oauth.authorizations.approve(
        programs.user_id, request, MINE, programs.workspace_id, OPERATOR
    )
    assert parameters(location)["error"] == "invalid_scope"


async def test_a_code_of_someone_who_left_gives_nothing(programs: Programs) -> None:
    leaver = await programs.join("leaver@example.com", OrganizationRole.DEVELOPER)
    code = await programs.code(user_id=leaver)
    await programs.made.members.dismiss(MINE, leaver, OPERATOR)
    assert (await refusal(programs, code)).error is OAuthError.INVALID_GRANT


async def test_a_verifier_is_compared_as_it_is(programs: Programs) -> None:
    code = await programs.code()
    assert (await refusal(programs, code, code_verifier=VERIFIER.upper())).error is OAuthError.INVALID_GRANT
    assert (await refusal(programs, code, redirect_uri=f"{LOOPBACK}/")).error is OAuthError.INVALID_GRANT


async def test_a_grant_is_told_in_the_audit_log_without_a_secret(programs: Programs) -> None:
    answer = await programs.log_in()
    act, details = (await programs.acts())[-1]
    assert act == "oauth_grant_created"
    assert details.keys() == {"grant_id", "client_id", "workspace_id", "scope"}
    assert answer.access_token.reveal() not in str(details)
