"""Device authorisation: a program waits, a person decides, the program gets its tokens once."""

import asyncio

import pytest

from antechamber.base.actor import OPERATOR, Actor, ActorKind
from antechamber.base.errors import NotFound, RateLimited
from antechamber.base.permissions import OrganizationRole
from antechamber.base.secret import Secret
from antechamber.features.oauth.model import DeviceRequest, GrantRefused, OAuthError, TokenAnswer
from antechamber.features.oauth.model.clients import ANT, CLAUDE_CODE
from tests.contracts.programs import CALLER, Programs, settle_programs
from tests.contracts.tenants import MINE, THEIRS, Services

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
async def programs(made: Services) -> Programs:
    return await settle_programs(made)


async def begin(
    programs: Programs, client_id: str = CLAUDE_CODE, scope: str | None = None
) -> tuple[DeviceRequest, Secret]:
    client = await programs.oauth.clients.find(client_id)
    assert client is not None
    return await programs.oauth.devices.begin(client, scope, CALLER)


async def poll(programs: Programs, code: Secret, client_id: str | None = None) -> TokenAnswer:
    fields = {"grant_type": GRANT, "device_code": code.reveal()}
    return await programs.exchange({**fields, **({"client_id": client_id} if client_id else {})})


async def refused(programs: Programs, code: Secret, client_id: str | None = None) -> OAuthError:
    with pytest.raises(GrantRefused) as caught:
        await poll(programs, code, client_id)
    return caught.value.error


async def approve(programs: Programs, request: DeviceRequest) -> DeviceRequest:
    return await programs.oauth.devices.approve(
        programs.user_id, request.user_code, MINE, programs.workspace_id, CALLER
    )


async def test_a_program_that_names_no_client_is_claude_code_and_gets_its_tokens_once(programs: Programs) -> None:
    request, code = await begin(programs)
    assert request.interval == 5
    assert code.reveal().startswith("ante-device01-")
    assert await refused(programs, code) is OAuthError.AUTHORIZATION_PENDING
    found = await programs.oauth.devices.find(programs.user_id, f" {request.user_code.lower()} ", CALLER)
    assert found is not None
    assert (found.client_name, found.address) == ("Claude Code", "192.0.2.7")
    choices = await programs.oauth.devices.choices(programs.user_id, found)
    assert [choice.name for choice in choices.organizations] == ["Mine"]
    await approve(programs, request)
    answer = await poll(programs, code)
    assert answer.scope == "user:inference user:profile user:sessions:claude_code"
    assert answer.refresh_token is not None
    assert answer.workspace == (programs.workspace_id, "Default")
    assert (await programs.opens(answer.access_token)) is not None
    assert await refused(programs, code) is OAuthError.INVALID_GRANT
    again = await programs.refresh(answer.refresh_token, client_id=None)
    assert again.refresh_token is not None


async def test_the_client_that_has_a_name_polls_with_it(programs: Programs) -> None:
    request, code = await begin(programs, ANT, "user:profile")
    await approve(programs, request)
    assert await refused(programs, code) is OAuthError.INVALID_GRANT
    assert (await poll(programs, code, ANT)).scope == "user:profile"


async def test_who_polls_too_soon_is_told_to_slow_down_by_five_seconds_each_time(programs: Programs) -> None:
    _, code = await begin(programs)
    clock = programs.made.clock
    assert await refused(programs, code) is OAuthError.AUTHORIZATION_PENDING
    clock.advance(4.9)
    assert await refused(programs, code) is OAuthError.SLOW_DOWN
    clock.advance(9.9)
    assert await refused(programs, code) is OAuthError.SLOW_DOWN
    clock.advance(15)
    assert await refused(programs, code) is OAuthError.AUTHORIZATION_PENDING


async def test_an_old_code_has_expired_for_program_and_person(programs: Programs) -> None:
    request, code = await begin(programs)
    programs.made.clock.advance(900)
    assert await refused(programs, code) is OAuthError.EXPIRED_TOKEN
    assert await programs.oauth.devices.find(programs.user_id, request.user_code, CALLER) is None
    with pytest.raises(NotFound):
        await approve(programs, request)


async def test_a_no_is_access_denied_and_final_and_audited(programs: Programs) -> None:
    request, code = await begin(programs)
    await programs.oauth.devices.deny(programs.user_id, request.user_code, CALLER)
    assert await refused(programs, code) is OAuthError.ACCESS_DENIED
    with pytest.raises(NotFound):
        await approve(programs, request)
    assert (await programs.acts())[-1][0] == "oauth_device_denied"


async def test_a_yes_is_audited_with_who_and_from_where(programs: Programs) -> None:
    request, code = await begin(programs)
    await approve(programs, request)
    act, details = (await programs.acts())[-1]
    assert act == "oauth_device_approved"
    assert details["requested_from"] == "192.0.2.7"
    with pytest.raises(NotFound):
        await programs.oauth.devices.deny(programs.user_id, request.user_code, CALLER)
    assert (await poll(programs, code)).scope


@pytest.mark.parametrize("organization_id", [MINE, THEIRS], ids=["mine", "theirs"])
async def test_nobody_approves_for_a_place_that_is_not_theirs(programs: Programs, organization_id: str) -> None:
    request, code = await begin(programs)
    theirs = await programs.default(THEIRS)
    with pytest.raises(NotFound):
        await programs.oauth.devices.approve(
            programs.user_id,
            request.user_code,
            organization_id,  # type: ignore[arg-type] # a parameter's text
            theirs,
            CALLER,
        )
    assert await refused(programs, code) is OAuthError.AUTHORIZATION_PENDING


@pytest.mark.parametrize("typed", ["", "A", "BBBB-BBBB", "BBBBBBBBB", "\u00c4\x00", "B" * 5000])
async def test_codes_that_there_are_not_are_none(programs: Programs, typed: str) -> None:
    assert await programs.oauth.devices.find(programs.user_id, typed, CALLER) is None
    with pytest.raises(NotFound):
        await programs.oauth.devices.deny(programs.user_id, typed, CALLER)


async def test_who_guesses_codes_has_to_wait(programs: Programs) -> None:
    request, _ = await begin(programs)
    for _ in range(10):
        assert await programs.oauth.devices.find(programs.user_id, "BBBB-BBBB", CALLER) is None
    with pytest.raises(RateLimited):
        await programs.oauth.devices.find(programs.user_id, request.user_code, CALLER)
    other = await programs.join("other@example.com", OrganizationRole.DEVELOPER)
    with pytest.raises(RateLimited):
        await programs.oauth.devices.find(other, request.user_code, CALLER)
    elsewhere = Actor(ActorKind.UNAUTHENTICATED, None, "198.51.100.1")
    assert await programs.oauth.devices.find(other, request.user_code, elsewhere) is not None
    programs.made.clock.advance(600)
    assert await programs.oauth.devices.find(programs.user_id, request.user_code, CALLER) is not None


async def test_an_address_begins_only_so_many(programs: Programs) -> None:
    for _ in range(60):
        await begin(programs)
    with pytest.raises(GrantRefused) as caught:
        await begin(programs)
    assert caught.value.error is OAuthError.SLOW_DOWN
    assert caught.value.retry_after is not None


async def test_who_left_after_saying_yes_gives_nothing(programs: Programs) -> None:
    leaver = await programs.join("leaver@example.com", OrganizationRole.DEVELOPER)
    request, code = await begin(programs)
    await programs.oauth.devices.approve(leaver, request.user_code, MINE, programs.workspace_id, CALLER)
    await programs.made.members.dismiss(MINE, leaver, OPERATOR)
    assert await refused(programs, code) is OAuthError.ACCESS_DENIED


async def test_of_twenty_that_poll_at_once_one_gets_the_tokens(programs: Programs) -> None:
    request, code = await begin(programs)
    await approve(programs, request)
    outcomes = await asyncio.gather(*(poll(programs, code) for _ in range(20)), return_exceptions=True)
    given = [each for each in outcomes if isinstance(each, TokenAnswer)]
    assert len(given) == 1
    assert {each.error for each in outcomes if isinstance(each, GrantRefused)} == {OAuthError.INVALID_GRANT}
    assert await programs.opens(given[0].access_token) is not None


async def test_what_has_expired_is_swept(programs: Programs) -> None:
    await begin(programs)
    await programs.code()
    answer = await programs.log_in()
    clock = programs.made.clock
    clock.advance(86_400 + 601)
    assert await programs.oauth.sweeper.sweep() == 4  # the device, two codes, the access token
    assert (await programs.refresh(answer.refresh_token)).scope
    clock.advance(91 * 86_400)
    assert await programs.oauth.sweeper.sweep() == 2  # the grant with its refresh tokens, the access token
    assert await programs.oauth.sweeper.sweep() == 0
