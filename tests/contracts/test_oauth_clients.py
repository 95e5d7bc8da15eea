"""Clients: registered by the operator or set in the file, with or without a secret."""

import dataclasses

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.errors import Conflict, InvalidRequest, NotFound
from antechamber.base.permissions import OrganizationRole
from antechamber.base.secret import Secret
from antechamber.features.oauth.model import ClientDraft, GrantRefused, OAuthError
from antechamber.features.oauth.model.clients import ANT, CLAUDE_CODE, OURS
from antechamber.features.oauth.service import ClientCredentials
from tests.contracts.programs import LOOPBACK, Programs, settle_programs
from tests.contracts.tenants import MINE, THEIRS, Services

DRAFT = ClientDraft("Deploy", id="deploy", confidential=True, redirect_uris=(LOOPBACK,))


@pytest.fixture
async def programs(made: Services) -> Programs:
    return await settle_programs(made)


async def test_a_public_client_is_registered_found_listed_and_removed(programs: Programs) -> None:
    clients = programs.oauth.clients
    client, secret = await clients.register(ClientDraft("App", redirect_uris=(LOOPBACK,)), OPERATOR)
    assert secret is None
    assert await clients.find(client.id) == client
    assert [each.id for each in await clients.everyone()] == [ANT, OURS, CLAUDE_CODE, client.id]
    await clients.remove(client.id, OPERATOR)
    assert await clients.find(client.id) is None
    with pytest.raises(NotFound):
        await clients.remove(client.id, OPERATOR)


async def test_an_id_is_one_clients_alone(programs: Programs) -> None:
    clients = programs.oauth.clients
    await clients.register(DRAFT, OPERATOR)
    for taken in ("deploy", ANT):
        with pytest.raises(Conflict):
            await clients.register(dataclasses.replace(DRAFT, id=taken), OPERATOR)
    for built_in in (ANT, OURS, CLAUDE_CODE):
        with pytest.raises(InvalidRequest):
            await clients.remove(built_in, OPERATOR)


@pytest.mark.parametrize("client_id", ["", "x" * 5000, "\x00", "\u00e4", "' or 1=1"])
async def test_ids_that_there_are_not_are_none(programs: Programs, client_id: str) -> None:
    assert await programs.oauth.clients.find(client_id) is None
    with pytest.raises((NotFound, InvalidRequest)):
        await programs.oauth.clients.rotate_secret(client_id, OPERATOR)


async def test_a_confidential_client_needs_its_secret_in_either_place(programs: Programs) -> None:
    _, secret = await programs.oauth.clients.register(DRAFT, OPERATOR)
    assert secret is not None
    code = await programs.code(client_id="deploy")
    for wrong in ({}, {"client_secret": "wrong"}, {"client_secret": ""}):
        with pytest.raises(GrantRefused) as caught:
            await programs.redeem(code, client_id="deploy", **wrong)
        assert caught.value.error is OAuthError.INVALID_CLIENT
    answer = await programs.redeem(code, client_id="deploy", client_secret=secret.reveal())
    basic = ClientCredentials("deploy", secret)
    again = await programs.exchange(
        {"grant_type": "refresh_token", "refresh_token": _text(answer.refresh_token)}, basic
    )
    assert again.refresh_token is not None
    with pytest.raises(GrantRefused):
        await programs.refresh(again.refresh_token, client_id="deploy")


async def test_two_ways_to_authenticate_at_once_are_refused(programs: Programs) -> None:
    _, secret = await programs.oauth.clients.register(DRAFT, OPERATOR)
    assert secret is not None
    basic = ClientCredentials("deploy", secret)
    for more in ({"client_secret": secret.reveal()}, {"client_id": ANT}):
        with pytest.raises(GrantRefused) as caught:
            await programs.exchange({"grant_type": "refresh_token", "refresh_token": "x", **more}, basic)
        assert caught.value.error is OAuthError.INVALID_REQUEST


async def test_a_new_secret_ends_the_old_one(programs: Programs) -> None:
    clients = programs.oauth.clients
    client, old = await clients.register(DRAFT, OPERATOR)
    new = await clients.rotate_secret("deploy", OPERATOR)
    found = await clients.find("deploy")
    assert found is not None
    assert old is not None
    assert clients.knows_secret(found, new)
    assert not clients.knows_secret(found, old)
    assert found.created_at == client.created_at
    public, _ = await clients.register(ClientDraft("App", redirect_uris=(LOOPBACK,)), OPERATOR)
    with pytest.raises(InvalidRequest):
        await clients.rotate_secret(public.id, OPERATOR)


async def test_removing_a_client_ends_what_was_granted_to_it(programs: Programs) -> None:
    draft = ClientDraft("App", id="app", redirect_uris=(LOOPBACK,), organization_id=MINE)
    await programs.oauth.clients.register(draft, OPERATOR)
    answer = await programs.redeem(await programs.code(client_id="app"), client_id="app")
    code = await programs.code(client_id="app")
    other = await programs.log_in()
    await programs.oauth.clients.remove("app", OPERATOR)
    assert await programs.opens(answer.access_token) is None
    assert await programs.opens(other.access_token) is not None
    # registered anew, it starts from nothing
    await programs.oauth.clients.register(draft, OPERATOR)
    for attempt in (programs.refresh(answer.refresh_token, client_id="app"), programs.redeem(code, client_id="app")):
        with pytest.raises(GrantRefused):
            await attempt
    acts = [act for act, _ in await programs.acts()]
    assert acts.count("oauth_client_registered") == 2
    assert acts.count("oauth_client_removed") == 1


async def test_a_client_of_one_organisation_is_for_its_members_alone(programs: Programs) -> None:
    draft = ClientDraft("App", id="app", redirect_uris=(LOOPBACK,), organization_id=THEIRS)
    await programs.oauth.clients.register(draft, OPERATOR)
    request = await programs.request(client_id="app")
    assert (await programs.oauth.authorizations.choices(programs.user_id, request)).reason == "no_organization"
    await programs.join("dev@example.com", OrganizationRole.USER, THEIRS)
    choices = await programs.oauth.authorizations.choices(programs.user_id, request)
    assert [choice.id for choice in choices.organizations] == [THEIRS]


async def test_a_client_may_use_only_its_grants(programs: Programs) -> None:
    draft = ClientDraft("App", id="app", redirect_uris=(LOOPBACK,), grants=("authorization_code",))
    await programs.oauth.clients.register(draft, OPERATOR)
    answer = await programs.redeem(await programs.code(client_id="app"), client_id="app")
    assert answer.refresh_token is None
    client = await programs.oauth.clients.find("app")
    assert client is not None
    with pytest.raises(GrantRefused) as caught:
        await programs.oauth.devices.begin(client, None, OPERATOR)
    assert caught.value.error is OAuthError.UNAUTHORIZED_CLIENT
    with pytest.raises(GrantRefused) as caught:
        await programs.refresh("sk-ant-ort01-x", client_id="app")
    assert caught.value.error is OAuthError.UNAUTHORIZED_CLIENT


async def test_the_settings_clients_are_taken_up_whole_or_not_at_all(programs: Programs) -> None:
    clients = programs.oauth.clients
    secret = Secret("s" * 40)
    clients.adopt([(DRAFT, secret)])
    found = await clients.find("deploy")
    assert found is not None
    assert found.built_in
    assert clients.knows_secret(found, secret)
    for bad in (
        [(DRAFT, None)],
        [(DRAFT, secret), (DRAFT, secret)],
        [(dataclasses.replace(DRAFT, id=ANT), secret)],
        [(dataclasses.replace(DRAFT, confidential=False), secret)],
        [(dataclasses.replace(DRAFT, redirect_uris=("http://app.example/",)), secret)],
    ):
        with pytest.raises(InvalidRequest):
            clients.adopt(bad)
        assert await clients.find("deploy") == found
    with pytest.raises(InvalidRequest):
        await clients.remove("deploy", OPERATOR)
    clients.adopt([])
    assert await clients.find("deploy") is None


def _text(secret: Secret | None) -> str:
    assert secret is not None
    return secret.reveal()
