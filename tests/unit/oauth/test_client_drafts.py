"""What may be registered as a client."""

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.features.oauth.model import ClientDraft, check_draft, well_known
from antechamber.features.oauth.model.clients import ANT, CLAUDE_CODE, OURS

REDIRECTS = ("https://app.example/callback",)


@pytest.mark.parametrize(
    "draft",
    [
        ClientDraft("App", redirect_uris=REDIRECTS),
        ClientDraft("App", id="app", confidential=True, redirect_uris=REDIRECTS),
        ClientDraft("App", grants=("urn:ietf:params:oauth:grant-type:device_code",)),
        ClientDraft("\u52a9\u624b", redirect_uris=REDIRECTS, scopes=("user:profile",)),
    ],
)
def test_these_may_be_registered(draft: ClientDraft) -> None:
    assert check_draft(draft) is draft


@pytest.mark.parametrize(
    "draft",
    [
        ClientDraft("", redirect_uris=REDIRECTS),
        ClientDraft(" App", redirect_uris=REDIRECTS),
        ClientDraft("A\x00", redirect_uris=REDIRECTS),
        ClientDraft("A" * 101, redirect_uris=REDIRECTS),
        ClientDraft("App"),
        ClientDraft("App", redirect_uris=("http://app.example/",)),
        ClientDraft("App", redirect_uris=REDIRECTS * 21),
        ClientDraft("App", id="", redirect_uris=REDIRECTS),
        ClientDraft("App", id="a b", redirect_uris=REDIRECTS),
        ClientDraft("App", id="a" * 129, redirect_uris=REDIRECTS),
        ClientDraft("App", grants=()),
        ClientDraft("App", redirect_uris=REDIRECTS, grants=("password",)),
        ClientDraft("App", redirect_uris=REDIRECTS, grants=("urn:ietf:params:oauth:grant-type:jwt-bearer",)),
        ClientDraft("App", redirect_uris=REDIRECTS, scopes=()),
        ClientDraft("App", redirect_uris=REDIRECTS, scopes=("workspace:developer",)),
    ],
)
def test_these_may_not(draft: ClientDraft) -> None:
    with pytest.raises(InvalidRequest):
        check_draft(draft)


def test_every_server_has_the_clients_of_ant_of_ours_and_of_claude_code() -> None:
    clients = {client.id: client for client in well_known("https://c.example")}
    assert clients.keys() == {ANT, OURS, CLAUDE_CODE}
    assert not any(client.confidential for client in clients.values())
    assert "https://c.example/oauth/code/callback?app=anthropic-cli" in clients[ANT].redirect_uris
    assert "https://c.example/oauth/code/callback?app=antechamber-cli" in clients[OURS].redirect_uris
    assert clients[CLAUDE_CODE].redirect_uris == ()
