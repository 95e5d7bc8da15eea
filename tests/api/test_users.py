"""Members on the wire (wire-admin.md 2.2), and the tokens of people."""

import asyncio
import json
import re
from typing import Any

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.permissions import OrganizationRole
from antechamber.features.organizations.model import Member
from tests.api.conftest import House
from tests.asgi import Answer, call

USERS = "/v1/organizations/users"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")
BETA = "admin-user-sign-out-2026-10-08"
ADMIN, USER = OrganizationRole.ADMIN, OrganizationRole.USER


async def send(house: House, method: str, target: str, body: Any = None, **headers: str) -> Answer:  # noqa: ANN401
    assert house.founded.admin_key is not None
    sent = {"x-api-key": house.founded.admin_key.reveal(), "anthropic-version": "2023-06-01"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    text = b"" if body is None else json.dumps(body).encode()
    return await call(house.app.shell, method, target, headers=sent, body=text)


async def add(house: House, email: str, role: OrganizationRole = USER) -> Member:
    return await house.app.storage.members.add(house.founded.organization_id, email, "", role, OPERATOR)


async def token_of(house: House, email: str | None, scope: str) -> str:
    minted = await house.app.storage.tokens.mint(house.founded.organization_id, scope, 3600, OPERATOR, email=email)
    return minted[1].reveal()


def refusal(answer: Answer) -> tuple[int, str, str | None]:
    error = answer.json()["error"]
    return answer.status, error["type"], error.get("details", {}).get("error_code")


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
async def test_a_member_has_the_documented_shape_in_both_versions(house: House, version: str) -> None:
    ada = await add(house, "ada@example.com")
    expected = {"id": ada.id, "type": "user", "email": "ada@example.com", "name": "ada", "role": "user"}
    one = await send(house, "GET", f"{USERS}/{ada.id}", anthropic_version=version)
    shown = one.json()
    assert MOMENT.fullmatch(shown.pop("added_at"))
    assert (one.status, shown) == (200, expected)
    page = (await send(house, "GET", f"{USERS}?limit=10", anthropic_version=version)).json()
    assert page == {"data": [one.json()], "has_more": False, "first_id": ada.id, "last_id": ada.id}


async def test_an_empty_list_has_null_ids(house: House) -> None:
    page = (await send(house, "GET", USERS)).json()
    assert page == {"data": [], "has_more": False, "first_id": None, "last_id": None}


async def test_lists_are_filtered_by_bracketed_roles_and_by_email(house: House) -> None:
    for role in OrganizationRole:
        await add(house, f"{role}@example.com", role)
    for query, expected in {
        "roles[]=user&roles[]=billing": {"user", "billing"},
        "roles%5B%5D=admin": {"admin"},
        "roles=developer": {"developer"},
        "email=USER%2Btag@example.com": {"user"},
        "email=user@example.com&roles[]=billing": set(),
    }.items():
        answer = await send(house, "GET", f"{USERS}?{query}")
        assert {member["role"] for member in answer.json()["data"]} == expected, query


@pytest.mark.parametrize(
    "query",
    ["roles[]=owner", "email=ada", "limit=0", "limit=1001", "after_id=a&before_id=b", "after_id=user_1", "role=user",
     "after_id=%00"],
)  # fmt: skip
async def test_a_query_that_means_nothing_is_refused(house: House, query: str) -> None:
    assert refusal(await send(house, "GET", f"{USERS}?{query}"))[:2] == (400, "invalid_request_error")


async def test_a_role_is_changed_and_shown(house: House) -> None:
    ada = await add(house, "ada@example.com")
    answer = await send(house, "POST", f"{USERS}/{ada.id}", {"role": "developer"})
    assert (answer.status, answer.json()["role"]) == (200, "developer")
    assert (await send(house, "GET", f"{USERS}/{ada.id}")).json() == answer.json()


@pytest.mark.parametrize(
    "body", [{}, {"role": "admin"}, {"role": "managed"}, {"role": None}, {"role": "user", "name": "x"}, [], "user"]
)
async def test_a_body_that_cannot_be_a_change_is_refused(house: House, body: Any) -> None:  # noqa: ANN401
    ada = await add(house, "ada@example.com")
    answer = await send(house, "POST", f"{USERS}/{ada.id}", body)
    assert refusal(answer)[:2] == (400, "invalid_request_error")


async def test_an_admin_is_untouchable(house: House) -> None:
    ada = await add(house, "ada@example.com", ADMIN)
    await add(house, "bob@example.com", ADMIN)
    for answer in (
        await send(house, "POST", f"{USERS}/{ada.id}", {"role": "user"}),
        await send(house, "DELETE", f"{USERS}/{ada.id}"),
    ):
        assert refusal(answer) == (400, "invalid_request_error", None)
        assert "admin" in answer.json()["error"]["message"]


async def test_removing_says_so_and_the_last_one_stays(house: House) -> None:
    ada, bob = await add(house, "ada@example.com"), await add(house, "bob@example.com")
    gone = await send(house, "DELETE", f"{USERS}/{ada.id}")
    assert (gone.status, gone.json()) == (200, {"id": ada.id, "type": "user_deleted"})
    assert refusal(await send(house, "GET", f"{USERS}/{ada.id}")) == (404, "not_found_error", None)
    last = await send(house, "DELETE", f"{USERS}/{bob.id}")
    assert refusal(last) == (400, "invalid_request_error", "cannot_remove_last_member")


@pytest.mark.parametrize("user_id", ["user_0111111111111111111111", "nobody", "%00", "..%2Fme", "user_"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_who_is_no_member_is_not_found(house: House, method: str, user_id: str) -> None:
    await add(house, "ada@example.com")
    answer = await send(house, method, f"{USERS}/{user_id}", {"role": "user"} if method == "POST" else None)
    assert refusal(answer) == (404, "not_found_error", None)


async def test_a_workspace_key_cannot_administer_members(house: House) -> None:
    for method, target in (("GET", USERS), ("DELETE", f"{USERS}/user_1"), ("POST", f"{USERS}/user_1")):
        answer = await send(house, method, target, {"role": "user"}, x_api_key=house.api_key)
        assert refusal(answer)[:2] == (403, "permission_error")


async def test_a_members_removal_leaves_workspace_keys_working(house: House) -> None:
    ada = await add(house, "ada@example.com")
    await add(house, "bob@example.com")
    await send(house, "DELETE", f"{USERS}/{ada.id}")
    answer = await call(
        house.app.shell, "GET", "/v1/models", headers={"x-api-key": house.api_key, "anthropic-version": "2023-06-01"}
    )
    assert answer.status == 200


async def status_of_token(house: House, token: str) -> int:
    headers = {"authorization": f"Bearer {token}", "anthropic-version": "2023-06-01"}
    return (await call(house.app.shell, "GET", "/v1/organizations/me", headers=headers)).status


async def until(house: House, token: str, status: int) -> None:
    """Wait for the second that a revocation may take."""
    async with asyncio.timeout(1):
        while await status_of_token(house, token) != status:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.02)


async def test_a_removed_members_token_stops_within_a_second(house: House) -> None:
    ada = await add(house, "ada@example.com")
    await add(house, "bob@example.com")
    token = await token_of(house, "ada@example.com", "user:profile")
    assert await status_of_token(house, token) == 200
    await send(house, "DELETE", f"{USERS}/{ada.id}")
    await until(house, token, 401)


async def test_a_persons_token_does_what_their_role_may_and_no_more(house: House) -> None:
    await add(house, "ada@example.com", ADMIN)
    await add(house, "bob@example.com", OrganizationRole.DEVELOPER)
    token = await token_of(house, "ada@example.com", "org:admin")
    listed = await send(house, "GET", USERS, x_api_key="", authorization=f"Bearer {token}")
    assert (listed.status, len(listed.json()["data"])) == (200, 2)
    token = await token_of(house, "bob@example.com", "user:profile write:members")
    denied = await send(house, "GET", USERS, x_api_key="", authorization=f"Bearer {token}")
    assert refusal(denied)[:2] == (403, "permission_error")


async def test_a_demoted_admins_token_loses_the_administration_within_a_second(house: House) -> None:
    ada = await add(house, "ada@example.com", ADMIN)
    token = await token_of(house, "ada@example.com", "org:admin user:profile")
    members = house.app.storage.members
    await members.appoint(house.founded.organization_id, ada.id, USER, OPERATOR)
    headers = {"authorization": f"Bearer {token}", "anthropic-version": "2023-06-01"}
    async with asyncio.timeout(1):
        while (await call(house.app.shell, "GET", USERS, headers=headers)).status != 403:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
    assert await status_of_token(house, token) == 200


async def test_signing_out_ends_a_persons_tokens(house: House) -> None:
    ada = await add(house, "ada@example.com")
    token = await token_of(house, "ada@example.com", "user:profile")
    assert await status_of_token(house, token) == 200
    answer = await send(house, "POST", f"{USERS}/{ada.id}/sign_out", anthropic_beta=f"other-1, {BETA}")
    assert (answer.status, answer.json()["id"]) == (200, ada.id)
    await until(house, token, 401)


async def test_signing_out_needs_its_beta_header(house: House) -> None:
    ada = await add(house, "ada@example.com")
    answer = await send(house, "POST", f"{USERS}/{ada.id}/sign_out")
    assert refusal(answer) == (400, "invalid_request_error", None)
    assert BETA in answer.json()["error"]["message"]


async def test_a_token_cannot_sign_out_itself_or_an_admin(house: House) -> None:
    ada, bob = await add(house, "ada@example.com", ADMIN), await add(house, "bob@example.com", ADMIN)
    token = await token_of(house, "ada@example.com", "org:admin")
    headers = {"x_api_key": "", "authorization": f"Bearer {token}", "anthropic_beta": BETA}
    own = await send(house, "POST", f"{USERS}/{ada.id}/sign_out", **headers)
    assert refusal(own) == (400, "invalid_request_error", "cannot_sign_out_self")
    other = await send(house, "POST", f"{USERS}/{bob.id}/sign_out", **headers)
    assert refusal(other) == (403, "permission_error", "cannot_sign_out_privileged_member")
