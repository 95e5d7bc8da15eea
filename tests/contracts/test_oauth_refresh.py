"""Refresh tokens: they rotate, an old one is good for a grace, and its reuse after that ends the family."""

import asyncio

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.permissions import OrganizationRole, WorkspaceRole
from antechamber.features.oauth.model import GrantRefused, Lifetimes, OAuthError, TokenAnswer
from antechamber.features.oauth.model.clients import CLAUDE_CODE, OURS
from tests.contracts.programs import Programs, settle_programs
from tests.contracts.tenants import MINE, Services

DAY = 86_400


@pytest.fixture
async def programs(made: Services) -> Programs:
    return await settle_programs(made)


async def refused(programs: Programs, token: object, **changes: object) -> GrantRefused:
    with pytest.raises(GrantRefused) as caught:
        await programs.refresh(token, **changes)  # type: ignore[arg-type] # wrong types are part of it
    return caught.value


async def test_a_refresh_gives_new_tokens_and_all_that_a_log_in_gives(programs: Programs) -> None:
    first = await programs.log_in()
    programs.made.clock.advance(3500)
    second = await programs.refresh(first.refresh_token)
    assert second.access_token.reveal() != first.access_token.reveal()
    assert second.refresh_token is not None
    assert first.refresh_token is not None
    assert second.refresh_token.reveal() != first.refresh_token.reveal()
    assert (second.organization, second.account, second.workspace) == (
        first.organization,
        first.account,
        first.workspace,
    )
    assert (second.scope, second.expires_in) == (first.scope, 3600)
    assert await programs.opens(first.access_token) is not None
    assert await programs.opens(second.access_token) is not None


async def test_within_the_grace_the_old_one_gets_the_same_successor_and_a_fresh_access_token(
    programs: Programs,
) -> None:
    first = await programs.log_in()
    second = await programs.refresh(first.refresh_token)
    programs.made.clock.advance(59.9)
    again = await programs.refresh(first.refresh_token)
    assert again.refresh_token is not None
    assert second.refresh_token is not None
    assert again.refresh_token.reveal() == second.refresh_token.reveal()
    assert again.access_token.reveal() != second.access_token.reveal()


async def test_the_grace_holds_although_the_successor_was_used_meanwhile(programs: Programs) -> None:
    first = await programs.log_in()
    second = await programs.refresh(first.refresh_token)
    programs.made.clock.advance(30)
    third = await programs.refresh(second.refresh_token)
    again = await programs.refresh(first.refresh_token)
    assert again.refresh_token is not None
    assert second.refresh_token is not None
    assert again.refresh_token.reveal() == second.refresh_token.reveal()
    onward = await programs.refresh(again.refresh_token)
    assert onward.refresh_token is not None
    assert third.refresh_token is not None
    assert onward.refresh_token.reveal() == third.refresh_token.reveal()


async def test_reuse_after_the_grace_ends_the_family_and_is_audited(programs: Programs) -> None:
    first = await programs.log_in()
    second = await programs.refresh(first.refresh_token)
    third = await programs.refresh(second.refresh_token)
    programs.made.clock.advance(60)
    assert (await refused(programs, first.refresh_token)).error is OAuthError.INVALID_GRANT
    for answer in (first, second, third):
        assert await programs.opens(answer.access_token) is None
        assert (await refused(programs, answer.refresh_token)).error is OAuthError.INVALID_GRANT
    acts = await programs.acts()
    assert [act for act, _ in acts].count("oauth_refresh_token_reused") == 1
    assert acts[-1][1]["user_id"] == programs.user_id


async def test_another_log_in_outlives_the_end_of_a_family(programs: Programs) -> None:
    first, other = await programs.log_in(), await programs.log_in()
    await programs.refresh(first.refresh_token)
    programs.made.clock.advance(61)
    await refused(programs, first.refresh_token)
    assert await programs.opens(other.access_token) is not None
    assert (await programs.refresh(other.refresh_token)).refresh_token is not None


async def test_twenty_that_refresh_at_once_all_go_on_in_one_family(programs: Programs) -> None:
    first = await programs.log_in()
    answers = await asyncio.gather(*(programs.refresh(first.refresh_token) for _ in range(20)))
    assert len({answer.refresh_token.reveal() for answer in answers if answer.refresh_token}) == 1
    assert len({answer.access_token.reveal() for answer in answers}) == 20
    assert (await programs.refresh(answers[0].refresh_token)).scope == first.scope


async def test_twenty_that_reuse_at_once_after_the_grace_all_fail_and_it_is_told_once(programs: Programs) -> None:
    first = await programs.log_in()
    await programs.refresh(first.refresh_token)
    programs.made.clock.advance(61)
    outcomes = await asyncio.gather(*(programs.refresh(first.refresh_token) for _ in range(20)), return_exceptions=True)
    assert all(isinstance(each, GrantRefused) for each in outcomes)
    assert [act for act, _ in await programs.acts()].count("oauth_refresh_token_reused") == 1


async def test_without_a_grace_one_of_twenty_goes_on_and_the_family_ends(made: Services) -> None:
    programs = await settle_programs(made, Lifetimes(grace=0))
    first = await programs.log_in()
    outcomes = await asyncio.gather(*(programs.refresh(first.refresh_token) for _ in range(20)), return_exceptions=True)
    given = [each for each in outcomes if isinstance(each, TokenAnswer)]
    assert len(given) == 1
    assert await programs.opens(given[0].access_token) is None


async def test_an_unused_one_ends_after_thirty_days_and_a_used_one_after_ninety(programs: Programs) -> None:
    idle = await programs.log_in()
    answer = await programs.log_in()
    for _ in range(4):
        programs.made.clock.advance(20 * DAY)
        answer = await programs.refresh(answer.refresh_token)
    assert (await refused(programs, idle.refresh_token)).error is OAuthError.INVALID_GRANT
    programs.made.clock.advance(10 * DAY - 1800)
    last = await programs.refresh(answer.refresh_token)
    assert last.expires_in == 1800
    programs.made.clock.advance(1800)
    assert (await refused(programs, last.refresh_token)).error is OAuthError.INVALID_GRANT


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": OURS}, OAuthError.INVALID_GRANT),
        ({"client_id": None}, OAuthError.INVALID_GRANT),
        ({"client_id": CLAUDE_CODE}, OAuthError.INVALID_GRANT),
        ({"client_id": "nobody"}, OAuthError.INVALID_CLIENT),
        ({"refresh_token": "sk-ant-ort01-x"}, OAuthError.INVALID_GRANT),
        ({"refresh_token": None}, OAuthError.INVALID_REQUEST),
        ({"refresh_token": 1}, OAuthError.INVALID_REQUEST),
        ({"refresh_token": "\u00e4" * 30}, OAuthError.INVALID_GRANT),
        ({"scope": "org:admin"}, OAuthError.INVALID_SCOPE),
        ({"scope": "user:profile nonsense"}, OAuthError.INVALID_SCOPE),
        ({"scope": {"a": 1}}, OAuthError.INVALID_REQUEST),
    ],
)
async def test_what_does_not_fit_is_refused_and_spends_nothing(
    programs: Programs, changes: dict[str, object], error: OAuthError
) -> None:
    first = await programs.log_in()
    assert (await refused(programs, first.refresh_token, **changes)).error is error
    assert (await programs.refresh(first.refresh_token)).refresh_token is not None


async def test_an_access_token_does_not_refresh(programs: Programs) -> None:
    first = await programs.log_in()
    assert (await refused(programs, first.access_token)).error is OAuthError.INVALID_GRANT


async def test_a_narrower_scope_is_for_that_access_token_alone(programs: Programs) -> None:
    first = await programs.log_in()
    second = await programs.refresh(first.refresh_token, scope="user:profile")
    assert second.scope == "user:profile"
    assert (await programs.refresh(second.refresh_token)).scope == first.scope


async def test_a_client_without_a_name_is_told_to_log_in_anew_and_one_with_a_name_is_not(programs: Programs) -> None:
    assert (await refused(programs, "sk-ant-ort01-x", client_id=None)).relogin
    assert not (await refused(programs, "sk-ant-ort01-x")).relogin


async def test_a_lower_role_takes_scopes_away_and_gives_them_back(programs: Programs) -> None:
    boss = await programs.join("boss@example.com", OrganizationRole.ADMIN)
    first = await programs.log_in(user_id=boss, scope="org:admin user:profile")
    assert first.scope == "org:admin user:profile"
    await programs.made.members.appoint(MINE, boss, OrganizationRole.USER, OPERATOR)
    second = await programs.refresh(first.refresh_token)
    assert second.scope == "user:profile"
    await programs.made.members.appoint(MINE, boss, OrganizationRole.ADMIN, OPERATOR)
    assert (await programs.refresh(second.refresh_token)).scope == "org:admin user:profile"


async def test_who_left_was_signed_out_or_lost_the_workspace_does_not_refresh(programs: Programs) -> None:
    workspace_id = await programs.workspace("Lab")
    person = await programs.join("lab@example.com", OrganizationRole.DEVELOPER)
    members = programs.made.workspace_members
    await members.add(MINE, workspace_id, person, WorkspaceRole.DEVELOPER, OPERATOR)
    in_lab = await programs.log_in(user_id=person, workspace_id=workspace_id)
    at_home = await programs.log_in(user_id=person)
    await members.remove(MINE, workspace_id, person, OPERATOR)
    assert (await refused(programs, in_lab.refresh_token)).error is OAuthError.INVALID_GRANT
    assert (await programs.refresh(at_home.refresh_token)).scope
    await programs.made.members.dismiss(MINE, person, OPERATOR)
    assert (await refused(programs, at_home.refresh_token)).error is OAuthError.INVALID_GRANT
    # coming back brings nothing of it back
    await programs.join("lab@example.com", OrganizationRole.DEVELOPER)
    assert (await refused(programs, at_home.refresh_token)).error is OAuthError.INVALID_GRANT


async def test_an_archived_workspace_ends_what_was_granted_in_it(programs: Programs) -> None:
    workspace_id = await programs.workspace("Lab")
    boss = await programs.join("boss@example.com", OrganizationRole.ADMIN)
    answer = await programs.log_in(user_id=boss, workspace_id=workspace_id)
    code = await programs.code(user_id=boss, workspace_id=workspace_id)
    await programs.made.workspaces.archive(MINE, workspace_id, OPERATOR)
    assert await programs.opens(answer.access_token) is None
    assert (await refused(programs, answer.refresh_token)).error is OAuthError.INVALID_GRANT
    with pytest.raises(GrantRefused):
        await programs.redeem(code)
