"""The secrets that administration makes are shown once, to whoever asked, and written nowhere but in mails."""

import contextlib
import re
from pathlib import Path

import pytest

from tests.faults.calls import MESSAGES
from tests.faults.towns import (
    ADMIN_KEYS,
    INVITES,
    KEYS,
    MODELS,
    ORGANIZATION,
    PEPPER,
    USERS,
    WORKSPACES,
    Town,
    found_alone,
    send,
)

pytestmark = pytest.mark.faults

_READ = (KEYS, f"{KEYS}/unused", ADMIN_KEYS, INVITES, USERS, f"{WORKSPACES}?limit=100", "/metrics",
         "/v1/compliance/activities?limit=1000", "/v1/compliance/refusals?limit=1000")  # fmt: skip


async def _make_secrets(town: Town) -> dict[str, str]:
    """Have a secret of every kind made, in every way; returns them by what they are."""
    workspace = await town.workspace()
    user_id, email = await town.resident(workspace)
    key_id, first = await town.key(workspace_id=workspace, user_id=user_id)
    rotated = await town.act("POST", f"{KEYS}/{key_id}/rotate", {"revoke_in_seconds": 600})
    token = await town.token("org:admin")
    admin_key = await town.act("POST", ADMIN_KEYS, {"name": "over HTTP", "scopes": ["read:members"]}, secret=token)
    by_operator = await town.operate("admin_key.make", name="by the operator")
    _, coder = await town.person("claude_code_user")
    claude_code = await town.operate("claude_code_key.make", email=coder)
    invite = await town.act("POST", INVITES, {"email": "guest@example.com", "role": "user"})
    link = (await town.operate("invite.link", invite_id=invite["id"]))["url"]
    return {
        "a key": first,
        "a rotated key": rotated["secret"],
        "a token of nobody's": token,
        "a person's token": await town.token("user:profile", email),
        "an admin key": admin_key["secret"],
        "the operator's admin key": by_operator["secret"],
        "a Claude Code key": claude_code["secret"],
        "an invite": link.partition("token=")[2],
        "the first key": town.first.key,
        "the first admin key": town.first.admin_key,
    }


async def _put_everywhere(town: Town, secret: str) -> list[bytes]:
    """Use a secret where it opens, and put it where it has no business; returns the answers."""
    place = f"{WORKSPACES}/{secret}"
    asked: list[tuple[str, str, object, dict[str, str]]] = [
        ("GET", MODELS, None, {"x_api_key": secret}),
        ("GET", USERS, None, {"x_api_key": secret, "user_agent": f"tool/1.0 ({secret})"}),
        ("POST", WORKSPACES, {"name": town.name("by whom?")}, {"x_api_key": secret}),
        ("GET", USERS, None, {"x_api_key": f"{secret}x"}),
        ("GET", f"{USERS}?after_id={secret}", None, {}),
        ("GET", f"{USERS}?{secret}=1", None, {}),
        ("GET", f"{KEYS}/{secret}", None, {}),
        ("DELETE", f"{USERS}/{secret}", None, {}),
        ("POST", f"{place}/archive", None, {"user_agent": secret}),
        ("POST", f"{place}/members", {"user_id": secret, "workspace_role": secret}, {}),
        ("POST", KEYS, {"name": "x", "workspace_id": secret}, {}),
        ("POST", KEYS, {"name": "x", "user_id": secret, "expires_at": secret}, {}),
        ("POST", KEYS, {"name": "x", secret: secret}, {}),
        ("POST", f"{ORGANIZATION}/spend_limits", {"scope": secret, "amount": secret}, {}),
        ("POST", INVITES, {"email": secret, "role": secret}, {}),
        ("POST", MESSAGES, {"model": secret}, {"x_api_key": town.first.key}),
        ("GET", f"/v1/compliance/activities/verify?expect={secret}", None, {}),
        ("GET", f"/v1/compliance/activities?created_at.gte={secret}", None, {}),
        ("GET", f"/invite?token={secret}", None, {}),
        # an act that is recorded, by an agent that tells too much
        ("POST", WORKSPACES, {"name": town.name("told")}, {"user_agent": f"curl/8 --header x-api-key:{secret}"}),
    ]
    replies = [await send(town.first, method, path, body, **headers) for method, path, body, headers in asked]
    assert {reply.status for reply in replies} <= {200, 400, 401, 403, 404}
    return [reply.body for reply in replies]


def _written(town: Town) -> dict[str, bytes]:
    """Return everything that lies on the disk but the server's own key and the mails."""
    data = town.first.data
    found = {"the log": town.first.log.read_bytes()}
    for path in sorted(data.rglob("*")):
        if path.is_file() and path.relative_to(data).parts[0] not in {"secrets", "mail"}:
            with contextlib.suppress(FileNotFoundError):
                found[str(path)] = path.read_bytes()
    return found


def _heard(places: dict[str, bytes], secrets: dict[str, str]) -> list[tuple[str, str]]:
    # what is after the prefix of its kind: an id or a hint may hold the prefix, and a hint a few letters more
    return [
        (what, where)
        for where, data in places.items()
        for what, secret in secrets.items()
        if re.sub("^sk-ant-[a-z0-9]+-", "", secret)[6:-6].encode() in data
    ]


async def test_no_secret_that_administration_makes_is_heard(tmp_path: Path) -> None:
    with found_alone(tmp_path, 'simulated = "on"\nlog_level = "debug"\n') as town:
        secrets = await _make_secrets(town)
        # the page of an invite gives its token back to whoever opens it, in the form that accepts
        answers = [
            body.replace(b'name="token" value="' + secret.encode() + b'"', b"")
            for secret in secrets.values()
            for body in await _put_everywhere(town, secret)
        ]
        read = [(await send(town.first, "GET", path)).body for path in _READ]
        assert b"platform_api_key_rotated" in read[_READ.index("/v1/compliance/activities?limit=1000")]
        places = {**_written(town), "answers": b"\n".join(answers), "what is read": b"\n".join(read)}
        secrets["pepper"] = PEPPER
        assert len(places) > 4
        assert not _heard(places, secrets)
        mails = [path.read_text() for path in (town.first.data / "mail").iterdir()]
        assert len(mails) == 1
        assert secrets["an invite"] in mails[0].replace("=\n", "").replace("=3D", "=")
        assert town.first.stop() == 0
        assert not _heard(_written(town), secrets)
