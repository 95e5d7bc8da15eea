"""Invites on the wire (wire-admin.md 2.3), and the mails that they become."""

import asyncio
import json
import re
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from antechamber.base.actor import OPERATOR, Actor, ActorKind
from antechamber.base.clock import from_rfc3339
from antechamber.base.permissions import OrganizationRole
from tests.api.conftest import House, open_house
from tests.asgi import Answer, call

INVITES = "/v1/organizations/invites"
LINK = re.compile(r"http://127\.0\.0\.1:8787/invite\?token=(sk-ant-invite01-\w+)")
# as curl sends what `--data` is given, without a content-type of its own
FORM = "application/x-www-form-urlencoded"


async def send(house: House, method: str, target: str, body: Any = None, **headers: str) -> Answer:  # noqa: ANN401
    assert house.founded.admin_key is not None
    sent = {"x-api-key": house.founded.admin_key.reveal(), "anthropic-version": "2023-06-01", "content-type": FORM}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    text = b"" if body is None else json.dumps(body).encode()
    return await call(house.app.shell, method, target, headers=sent, body=text)


async def invite(house: House, email: str, role: str = "developer") -> Mapping[str, Any]:
    answer = await send(house, "POST", INVITES, {"email": email, "role": role})
    assert answer.status == 200, answer.body
    shown: Mapping[str, Any] = answer.json()
    return shown


def refusal(answer: Answer) -> tuple[int, str, str | None]:
    error = answer.json()["error"]
    return answer.status, error["type"], error.get("details", {}).get("error_code")


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
async def test_an_invite_has_the_documented_shape_in_both_versions(house: House, version: str) -> None:
    body = {"email": "ada@example.com", "role": "developer"}
    made = await send(house, "POST", INVITES, body, anthropic_version=version)
    shown = made.json()
    lasts = from_rfc3339(shown["expires_at"]) - from_rfc3339(shown["invited_at"])
    assert (made.status, lasts) == (200, 21 * 86_400 * 1_000_000)
    assert {name: value for name, value in shown.items() if not name.endswith("s_at") and name != "invited_at"} == {
        "id": shown["id"],
        "type": "invite",
        "email": "ada@example.com",
        "role": "developer",
        "status": "pending",
        "accepted_at": None,
        "rbac_group_ids": [],
    }
    one = await send(house, "GET", f"{INVITES}/{shown['id']}", anthropic_version=version)
    assert one.json() == shown
    page = (await send(house, "GET", f"{INVITES}?limit=10", anthropic_version=version)).json()
    assert page == {"data": [shown], "has_more": False, "first_id": shown["id"], "last_id": shown["id"]}


async def test_a_deleted_invite_is_said_to_be_and_is_not_listed(house: House) -> None:
    made = await invite(house, "ada@example.com")
    gone = await send(house, "DELETE", f"{INVITES}/{made['id']}")
    assert (gone.status, gone.json()) == (200, {"id": made["id"], "type": "invite_deleted"})
    assert (await send(house, "GET", INVITES)).json()["data"] == []
    assert (await send(house, "GET", f"{INVITES}/{made['id']}")).json()["status"] == "deleted"
    again = await send(house, "DELETE", f"{INVITES}/{made['id']}")
    assert refusal(again) == (400, "invalid_request_error", None)


async def test_lists_are_filtered_by_status_role_and_address(house: House) -> None:
    first = await invite(house, "ada@example.com", "user")
    await accept(house, first["id"])
    await invite(house, "bob@example.com", "billing")
    for query, expected in {
        "": {"ada@example.com", "bob@example.com"},
        "statuses[]=accepted": {"ada@example.com"},
        "statuses[]=pending&statuses[]=expired": {"bob@example.com"},
        "roles[]=billing": {"bob@example.com"},
        "email=Ada%2Bx@example.com": {"ada@example.com"},
    }.items():
        page = (await send(house, "GET", f"{INVITES}?{query}")).json()
        assert {shown["email"] for shown in page["data"]} == expected, query


@pytest.mark.parametrize("query", ["statuses[]=deleted", "status=pending", "roles[]=managed", "after_id=invite_1"])
async def test_a_query_that_means_nothing_is_refused(house: House, query: str) -> None:
    assert refusal(await send(house, "GET", f"{INVITES}?{query}"))[:2] == (400, "invalid_request_error")


async def accept(house: House, invite_id: str) -> None:
    invites, organization_id = house.app.storage.invites, house.founded.organization_id
    secret = await invites.secret(organization_id, invite_id)  # type: ignore[arg-type]
    await invites.accept(secret.reveal(), "", Actor(ActorKind.UNAUTHENTICATED))


async def test_an_accepted_invite_shows_when_and_cannot_be_deleted(house: House) -> None:
    made = await invite(house, "ada@example.com")
    await accept(house, made["id"])
    shown = (await send(house, "GET", f"{INVITES}/{made['id']}")).json()
    assert (shown["status"], shown["accepted_at"] >= shown["invited_at"]) == ("accepted", True)
    assert refusal(await send(house, "DELETE", f"{INVITES}/{made['id']}")) == (400, "invalid_request_error", None)


async def test_who_is_invited_or_a_member_already_is_named(house: House) -> None:
    made = await invite(house, "ada@example.com")
    second = await send(house, "POST", INVITES, {"email": "ADA@example.com", "role": "user"})
    assert refusal(second) == (400, "invalid_request_error", "invite_already_exists")
    assert made["id"] in second.json()["error"]["message"]
    bob = await house.app.storage.members.add(
        house.founded.organization_id, "bob@example.com", "", OrganizationRole.USER, OPERATOR
    )
    third = await send(house, "POST", INVITES, {"email": "bob@example.com", "role": "user"})
    assert refusal(third) == (400, "invalid_request_error", "already_member")
    assert bob.id in third.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"email": "[email protected]", "role": "developer"}, "email: must be an e-mail address"),
        ({"email": "ada@example.com\r\nBcc: x@example.com", "role": "user"}, "email: must be an e-mail address"),
        ({"email": "ada@example.com"}, "role: Field required"),
        ({"role": "user"}, "email: Field required"),
        ({"email": 1, "role": "user"}, "email: "),
        ({"email": "ada@example.com", "role": "admin"}, "role: admin cannot be assigned through the API"),
        ({"email": "ada@example.com", "role": "user", "expires_at": "x"}, "expires_at: Extra inputs"),
        ([], "Input should be"),
    ],
)
async def test_a_body_that_invites_nobody_is_refused_with_the_reason(house: House, body: Any, says: str) -> None:  # noqa: ANN401
    answer = await send(house, "POST", INVITES, body)
    assert refusal(answer)[:2] == (400, "invalid_request_error")
    assert says in answer.json()["error"]["message"]


@pytest.mark.parametrize("invite_id", ["invite_0111111111111111111111", "nothing", "%00"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_what_is_no_invite_is_not_found(house: House, method: str, invite_id: str) -> None:
    answer = await send(house, method, f"{INVITES}/{invite_id}")
    assert refusal(answer) == (404, "not_found_error", None)


async def test_over_the_hourly_number_no_sdk_is_to_try_again(tmp_path: Path) -> None:
    async with open_house(tmp_path, invites_per_hour=1) as house:
        await invite(house, "ada@example.com")
        answer = await send(house, "POST", INVITES, {"email": "bob@example.com", "role": "user"})
    assert refusal(answer) == (429, "rate_limit_error", None)
    assert 3590 < int(answer.header("retry-after") or 0) <= 3600
    assert answer.header("x-should-retry") == "false"


def lying_in(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("*.eml"))]


async def first_letter(folder: Path) -> bytes:
    async with asyncio.timeout(5):
        while not lying_in(folder):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.02)
    return lying_in(folder)[0]


async def test_an_invites_mail_holds_the_link_that_accepts_it(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    made = await invite(house, "ada@example.com")
    message = BytesParser(policy=SMTP).parsebytes(await first_letter(house.app.storage.folder.mail))
    text = message.get_content()
    assert (message["To"], message["Subject"]) == ("ada@example.com", "You are invited to join Acme")
    assert "with the role developer" in text
    found = LINK.search(text.replace("\r\n", "\n"))
    assert found
    member = await house.app.storage.invites.accept(found[1], "Ada", Actor(ActorKind.UNAUTHENTICATED))
    assert (member.email, member.role) == ("ada@example.com", "developer")
    assert (await send(house, "GET", f"{INVITES}/{made['id']}")).json()["status"] == "accepted"
    streams = capsys.readouterr()
    assert found[1] not in streams.out + streams.err
