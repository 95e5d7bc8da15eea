"""What a token opens as people change, how tokens are ended and described, and where people may have them."""

import pytest

from antechamber.base.actor import OPERATOR, Actor, ActorKind
from antechamber.base.ids import AdminKeyId, UserId
from antechamber.base.permissions import OrganizationRole, WorkspaceRole
from antechamber.base.principal import AdminKey
from antechamber.base.secret import Secret
from antechamber.features.oauth.model import BadClient, BadRequest, ClientDraft, GrantRefused, OAuthError
from antechamber.features.oauth.model.clients import ANT, OURS
from antechamber.features.oauth.service import ClientCredentials
from tests.contracts.programs import CALLER, ISSUER, LOOPBACK, Programs, asking, parameters, settle_programs
from tests.contracts.tenants import MINE, THEIRS, Services


@pytest.fixture
async def programs(made: Services) -> Programs:
    return await settle_programs(made)


async def permissions(programs: Programs, token: Secret) -> frozenset[str]:
    found = await programs.opens(token)
    return frozenset() if found is None else frozenset(found.permissions)


async def test_a_token_follows_the_roles_of_its_person(programs: Programs) -> None:
    lab = await programs.workspace("Lab")
    person = await programs.join("lab@example.com", OrganizationRole.USER)
    members = programs.made.workspace_members
    await members.add(MINE, lab, person, WorkspaceRole.DEVELOPER, OPERATOR)
    answer = await programs.log_in(user_id=person, workspace_id=lab)
    assert "inference" in await permissions(programs, answer.access_token)
    await members.change(MINE, lab, person, WorkspaceRole.USER, OPERATOR)
    assert "inference" not in await permissions(programs, answer.access_token)
    await members.change(MINE, lab, person, WorkspaceRole.RESTRICTED_DEVELOPER, OPERATOR)
    assert "inference" in await permissions(programs, answer.access_token)
    assert "files:read" not in await permissions(programs, answer.access_token)
    await members.remove(MINE, lab, person, OPERATOR)
    assert "inference" not in await permissions(programs, answer.access_token)
    await programs.made.members.dismiss(MINE, person, OPERATOR)
    assert await programs.opens(answer.access_token) is None


async def test_an_admins_token_is_an_admins_only_while_they_are_one(programs: Programs) -> None:
    boss = await programs.join("boss@example.com", OrganizationRole.ADMIN)
    answer = await programs.log_in(user_id=boss, scope="org:admin")
    assert "members:write" in await permissions(programs, answer.access_token)
    await programs.made.members.appoint(MINE, boss, OrganizationRole.DEVELOPER, OPERATOR)
    assert "members:write" not in await permissions(programs, answer.access_token)


async def test_signing_out_ends_grants_codes_and_tokens_and_the_person_may_log_in_anew(programs: Programs) -> None:
    answer, code = await programs.log_in(), await programs.code()
    key = AdminKey(AdminKeyId("adminkey"), MINE, None)
    await programs.made.members.sign_out(key, programs.user_id, OPERATOR)
    assert await programs.opens(answer.access_token) is None
    for attempt in (programs.refresh(answer.refresh_token), programs.redeem(code)):
        with pytest.raises(GrantRefused):
            await attempt
    assert await programs.opens((await programs.log_in()).access_token) is not None


async def test_choices_are_the_persons_own_places_default_first(programs: Programs) -> None:
    lab = await programs.workspace("Lab")
    await programs.workspace("Closed")
    await programs.made.workspace_members.add(MINE, lab, programs.user_id, WorkspaceRole.DEVELOPER, OPERATOR)
    gone = await programs.workspace("Gone")
    await programs.made.workspace_members.add(MINE, gone, programs.user_id, WorkspaceRole.DEVELOPER, OPERATOR)
    await programs.made.workspaces.archive(MINE, gone, OPERATOR)
    await programs.join("dev@example.com", OrganizationRole.USER, THEIRS)
    authorizations = programs.oauth.authorizations
    everything = await authorizations.choices(programs.user_id, await programs.request())
    assert {choice.name: [each.name for each in choice.workspaces] for choice in everything.organizations} == {
        "Mine": ["Default", "Lab"],
        "Theirs": ["Default"],
    }
    mine = next(choice for choice in everything.organizations if choice.id == MINE)
    assert mine.workspaces[0].scopes == ("user:profile", "user:inference", "user:developer")
    hinted = await authorizations.choices(programs.user_id, await programs.request(orgUUID=THEIRS.upper()))
    assert [choice.id for choice in hinted.organizations] == [THEIRS]
    hinted = await authorizations.choices(programs.user_id, await programs.request(workspace_id=lab))
    assert [[each.id for each in choice.workspaces] for choice in hinted.organizations] == [[lab]]
    hinted = await authorizations.choices(
        programs.user_id, await programs.request(workspace_id="default", orgUUID=MINE)
    )
    assert [[each.name for each in choice.workspaces] for choice in hinted.organizations] == [["Default"]]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"orgUUID": "00000000-0000-4000-8000-000000000000"}, "organization_hint"),
        ({"orgUUID": "'; drop table"}, "organization_hint"),
        ({"workspace_id": "wrkspc_01nothing"}, "workspace_hint"),
        ({"scope": "org:admin"}, "no_scope"),
    ],
)
async def test_an_empty_choice_says_why(programs: Programs, changes: dict[str, str], reason: str) -> None:
    choices = await programs.oauth.authorizations.choices(programs.user_id, await programs.request(**changes))
    assert (choices.organizations, choices.reason) == ((), reason)
    stranger = UserId("user_01stranger")
    choices = await programs.oauth.authorizations.choices(stranger, await programs.request(**changes))
    assert choices.reason == "no_organization"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "nobody"},
        {"client_id": "x" * 4000},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://localhost:1/other"},
        {"redirect_uri": f"{ISSUER}/oauth/code/callback"},
        {"redirect_uri": f"{ISSUER}/oauth/code/callback?app=antechamber-cli"},
        {"client_id": "claude-code"},
    ],
)
async def test_nothing_is_redirected_to_an_address_that_is_not_the_clients(
    programs: Programs, changes: dict[str, str | None]
) -> None:
    assert isinstance(await programs.oauth.authorizations.read(asking(**changes)), BadClient)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, OAuthError.INVALID_REQUEST),
        ({"response_type": "token"}, OAuthError.UNSUPPORTED_RESPONSE_TYPE),
        ({"response_mode": "fragment"}, OAuthError.INVALID_REQUEST),
        ({"code_challenge": None}, OAuthError.INVALID_REQUEST),
        ({"code_challenge": "short"}, OAuthError.INVALID_REQUEST),
        ({"code_challenge_method": None}, OAuthError.INVALID_REQUEST),
        ({"code_challenge_method": "plain"}, OAuthError.INVALID_REQUEST),
        ({"scope": "user:profile root"}, OAuthError.INVALID_SCOPE),
        ({"scope": "workspace:developer"}, OAuthError.INVALID_SCOPE),
        ({"request": "eyJ"}, OAuthError.REQUEST_NOT_SUPPORTED),
        ({"request_uri": "urn:x"}, OAuthError.REQUEST_URI_NOT_SUPPORTED),
        ({"resource": "https://elsewhere.example"}, OAuthError.INVALID_TARGET),
        ({"orgUUID": "x" * 101}, OAuthError.INVALID_REQUEST),
    ],
)
async def test_a_bad_request_of_a_known_client_goes_back_with_state_and_issuer(
    programs: Programs, changes: dict[str, str | None], error: OAuthError
) -> None:
    found = await programs.oauth.authorizations.read(asking(**changes))
    assert isinstance(found, BadRequest)
    assert found.location.startswith(f"{LOOPBACK}?")
    back = parameters(found.location)
    assert back["error"] == error == found.error
    assert (back["state"], back["iss"]) == ("s" * 43, ISSUER)
    assert back["error_description"]


@pytest.mark.parametrize("state", ["x" * 2001, "a\x00b", "a\nb"])
async def test_a_state_that_cannot_be_kept_is_refused_and_not_sent_back(programs: Programs, state: str) -> None:
    found = await programs.oauth.authorizations.read(asking(state=state))
    assert isinstance(found, BadRequest)
    assert "state" not in parameters(found.location)


@pytest.mark.parametrize("name", ["scope", "state", "response_type", "code_challenge", "orgUUID"])
async def test_a_parameter_that_is_given_twice_is_refused(programs: Programs, name: str) -> None:
    found = await programs.oauth.authorizations.read([*asking(orgUUID=MINE), (name, "again")])
    assert isinstance(found, BadRequest)
    assert found.error is OAuthError.INVALID_REQUEST


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_a_client_or_redirect_that_is_given_twice_is_not_redirected(programs: Programs, name: str) -> None:
    pairs = asking()
    assert isinstance(await programs.oauth.authorizations.read([*pairs, (name, dict(pairs)[name])]), BadClient)


async def test_names_that_nobody_knows_and_empty_ones_are_ignored(programs: Programs) -> None:
    pairs = [*asking(), ("foo", "1"), ("foo", "2"), ("scope", ""), ("resource", ISSUER), ("resource", f"{ISSUER}/v1")]
    found = await programs.oauth.authorizations.read(pairs)
    assert not isinstance(found, BadClient | BadRequest)
    assert found.organization_hint is None


async def test_revoking_a_refresh_token_ends_the_grant_and_an_access_token_itself(programs: Programs) -> None:
    first, second = await programs.log_in(), await programs.log_in()
    revocations = programs.oauth.revocations
    await revocations.revoke({"token": _text(first.refresh_token), "client_id": ANT}, None, CALLER)
    assert await programs.opens(first.access_token) is None
    with pytest.raises(GrantRefused):
        await programs.refresh(first.refresh_token)
    access = {"token": second.access_token.reveal(), "client_id": ANT, "token_type_hint": "refresh_token"}
    await revocations.revoke(access, None, CALLER)
    assert await programs.opens(second.access_token) is None
    assert (await programs.refresh(second.refresh_token)).scope
    acts = [act for act, _ in await programs.acts()]
    assert "oauth_grant_revoked" in acts
    assert "access_token_revoked" in acts


async def test_a_token_that_there_is_not_is_no_error_to_revoke_and_anothers_is_one(programs: Programs) -> None:
    answer = await programs.log_in()
    revocations = programs.oauth.revocations
    await revocations.revoke({"token": "sk-ant-ort01-nothing", "client_id": ANT}, None, CALLER)
    for client_id in (OURS, None):
        for token in (answer.refresh_token, answer.access_token):
            with pytest.raises(GrantRefused) as caught:
                await revocations.revoke({"token": _text(token), "client_id": client_id}, None, CALLER)
            assert caught.value.error is OAuthError.INVALID_GRANT
    assert await programs.opens(answer.access_token) is not None
    with pytest.raises(GrantRefused) as caught:
        await revocations.revoke({"client_id": ANT}, None, CALLER)
    assert caught.value.error is OAuthError.INVALID_REQUEST


async def test_whoever_holds_a_minted_token_may_end_it(programs: Programs) -> None:
    _, secret = await programs.made.tokens.mint(MINE, "read:members", 600, OPERATOR)
    await programs.oauth.revocations.revoke({"token": secret.reveal()}, None, CALLER)
    assert await programs.opens(secret) is None


async def test_introspection_is_for_confidential_clients_and_tells_what_is_live(programs: Programs) -> None:
    clients, revocations = programs.oauth.clients, programs.oauth.revocations
    answer = await programs.log_in()
    _, secret = await clients.register(ClientDraft("Res", "res", True, (LOOPBACK,)), OPERATOR)
    _, foreign = await clients.register(
        ClientDraft("Foreign", "foreign", True, (LOOPBACK,), organization_id=THEIRS),
        OPERATOR,
    )
    assert secret is not None
    assert foreign is not None
    resource, stranger = ClientCredentials("res", secret), ClientCredentials("foreign", foreign)
    token = {"token": answer.access_token.reveal()}
    found = await revocations.introspect(token, resource)
    assert found is not None
    assert (found.subject, found.client_id, found.workspace_id) == (programs.user_id, ANT, programs.workspace_id)
    assert found.expires_at - found.issued_at == 3600
    assert await revocations.introspect(token, stranger) is None
    assert await revocations.introspect({"token": _text(answer.refresh_token)}, resource) is None
    assert await revocations.introspect({"token": "sk-ant-oat01-x"}, resource) is None
    for fields, credentials in ((token, None), ({**token, "client_id": ANT}, None)):
        with pytest.raises(GrantRefused) as caught:
            await revocations.introspect(fields, credentials)
        assert caught.value.error is OAuthError.INVALID_CLIENT
    programs.made.clock.advance(3600)
    assert await revocations.introspect(token, resource) is None


async def test_a_client_may_introspect_its_own_refresh_tokens(programs: Programs) -> None:
    _, secret = await programs.oauth.clients.register(
        ClientDraft("Res", "res", True, (LOOPBACK,)),
        OPERATOR,
    )
    assert secret is not None
    code = await programs.code(client_id="res")
    answer = await programs.redeem(code, client_id="res", client_secret=secret.reveal())
    token = {"token": _text(answer.refresh_token)}
    found = await programs.oauth.revocations.introspect(token, ClientCredentials("res", secret))
    assert found is not None
    assert found.is_refresh
    await programs.refresh(answer.refresh_token, client_id="res", client_secret=secret.reveal())
    assert await programs.oauth.revocations.introspect(token, ClientCredentials("res", secret)) is None


async def test_an_address_that_fails_too_often_has_to_wait(programs: Programs) -> None:
    answer = await programs.log_in()
    for _ in range(120):
        with pytest.raises(GrantRefused) as caught:
            await programs.refresh("sk-ant-ort01-guess")
        assert caught.value.error is OAuthError.INVALID_GRANT
    with pytest.raises(GrantRefused) as caught:
        await programs.refresh(answer.refresh_token)
    assert caught.value.error is OAuthError.TEMPORARILY_UNAVAILABLE
    assert caught.value.retry_after is not None
    elsewhere = Actor(ActorKind.UNAUTHENTICATED, None, "198.51.100.1")
    fields = {"grant_type": "refresh_token", "refresh_token": _text(answer.refresh_token), "client_id": ANT}
    onward = await programs.oauth.endpoint.exchange(fields, None, elsewhere)
    programs.made.clock.advance(60)
    assert (await programs.refresh(onward.refresh_token)).scope


def _text(secret: Secret | None) -> str:
    assert secret is not None
    return secret.reveal()
