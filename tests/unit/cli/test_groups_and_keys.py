"""`ante rbac-groups`, `rbac-roles` and `external-keys`: what they ask of the server, and what people see of it."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from antechamber.cli.exits import Exit
from tests.unit.cli.wire import Ran, Scripted, ante

DONE = Scripted(body={"id": "x"})
ADMIN = {"ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-abcdefghijkl"}
ARN = "arn:aws:kms:us-east-1:111122223333:key/main"
VAULT = {"type": "azure", "vault_uri": "https://a.vault.azure.net", "key_name": "k", "tenant_id": "t"}


def listed(*entries: object) -> Scripted:
    return Scripted(body={"data": list(entries), "has_more": False, "next_page": None})


def asked(ran: Ran) -> tuple[str, str, list[tuple[str, str]], object]:
    parts = urlsplit(ran.request.url)
    return ran.request.method, parts.path.removeprefix("/v1/organizations"), parse_qsl(parts.query), ran.request.body


@pytest.mark.parametrize(
    ("words", "method", "path", "body"),
    [
        ("rbac-groups create Pilots", "POST", "/rbac_groups", {"name": "Pilots"}),
        ("rbac-groups retrieve g", "GET", "/rbac_groups/g", None),
        ("rbac-groups update g --name Crew", "POST", "/rbac_groups/g", {"name": "Crew"}),
        ("rbac-groups delete g --yes", "DELETE", "/rbac_groups/g", None),
        ("rbac-groups:members add g u", "POST", "/rbac_groups/g/members", {"user_id": "u"}),
        ("rbac-groups members remove g u -y", "DELETE", "/rbac_groups/g/members/u", None),
        ("rbac-roles retrieve r", "GET", "/rbac_roles/r", None),
        (
            f"external-keys create --display-name Prod --kms-arn {ARN}",
            "POST",
            "/external_keys",
            {"display_name": "Prod", "provider_config": {"type": "aws", "kms_arn": ARN}},
        ),
        (
            "external-keys create --crypto-key projects/p",
            "POST",
            "/external_keys",
            {"provider_config": {"type": "gcp", "key_name": "projects/p"}},
        ),
        (
            "external-keys create --vault-uri https://a.vault.azure.net --vault-key k --tenant-id t",
            "POST",
            "/external_keys",
            {"provider_config": VAULT},
        ),
        ("external-keys retrieve e", "GET", "/external_keys/e", None),
        ("external-keys update e --display-name Main", "POST", "/external_keys/e", {"display_name": "Main"}),
        (
            f"external-keys update e --kms-arn {ARN}",
            "POST",
            "/external_keys/e",
            {"provider_config": {"type": "aws", "kms_arn": ARN}},
        ),
        ("external-keys delete e -y", "DELETE", "/external_keys/e", None),
        (
            "invites create a@b.co --rbac-group-id g --rbac-group-id h",
            "POST",
            "/invites",
            {"email": "a@b.co", "role": "user", "rbac_group_ids": ["g", "h"]},
        ),
        ("workspaces update w --external-key-id e", "POST", "/workspaces/w", {"external_key_id": "e"}),
        ("workspaces create W --external-key-id e", "POST", "/workspaces", {"name": "W", "external_key_id": "e"}),
    ],
)
@pytest.mark.parametrize("prefix", [["organizations"], []])
def test_a_command_asks_one_thing_with_the_admin_key(
    words: str, method: str, path: str, body: object, prefix: list[str]
) -> None:
    ran = ante(*prefix, *words.split(), answers=[DONE], variables=ADMIN)
    assert ran.code == Exit.OK, ran.err
    assert asked(ran) == (method, path, [], body)


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("rbac-groups list", "/rbac_groups"),
        ("rbac-groups members list g", "/rbac_groups/g/members"),
        ("rbac-roles list", "/rbac_roles"),
        ("rbac-roles:permissions list r", "/rbac_roles/r/permissions"),
        ("external-keys list", "/external_keys"),
    ],
)
def test_lists_take_the_size_of_a_page(words: str, path: str) -> None:
    ran = ante(*words.split(), "--limit", "5", answers=[listed()], variables=ADMIN)
    assert asked(ran)[1:3] == (path, [("limit", "5")])
    assert ante(*words.split(), "--limit", "0", variables=ADMIN).code == Exit.USAGE


@pytest.mark.parametrize(
    ("words", "entry", "heading", "row"),
    [
        (
            "rbac-groups list",
            {"id": "g", "name": "Pilots", "source_type": "direct", "created_at": "2026-11-21T08:43:16.5Z"},
            "id name source created",
            "g Pilots direct 2026-11-21 08:43:16",
        ),
        (
            "rbac-groups members list g",
            {"user_id": "u", "email": "a@b.co", "created_at": "2026-11-21T08:43:16Z"},
            "user email since",
            "u a@b.co 2026-11-21 08:43:16",
        ),
        ("rbac-roles list", {"id": "r", "display_name": "admin"}, "id name", "r admin"),
        ("rbac-roles permissions list r", {"action": "cost:read"}, "permission", "cost:read"),
        (
            "external-keys list",
            {
                "id": "e",
                "display_name": "Prod",
                "provider_config": {"type": "aws"},
                "attachment": {"type": "attached"},
                "created_at": "2026-11-21T08:43:16Z",
            },
            "id name cloud used created",
            "e Prod aws attached 2026-11-21 08:43:16",
        ),
    ],
)
def test_people_get_a_table(words: str, entry: dict[str, object], heading: str, row: str) -> None:
    ran = ante(*words.split(), answers=[listed(entry)], variables=ADMIN, terminal=True)
    assert [" ".join(line.split()) for line in ran.out.splitlines()] == [heading, row]


def test_a_key_is_of_one_cloud() -> None:
    for words in ("", f"--kms-arn {ARN} --crypto-key x", "--display-name x"):
        assert ante("external-keys", "create", *words.split(), variables=ADMIN).code == Exit.USAGE
    assert ante("external-keys", "update", "e", variables=ADMIN).code == Exit.USAGE


@pytest.mark.parametrize(("status", "error", "code"), [("success", None, Exit.OK), ("failure", "no", Exit.UNEXPECTED)])
def test_a_key_that_does_not_work_ends_with_another_code(status: str, error: str | None, code: Exit) -> None:
    verdict = {"type": "external_key_validation", "status": status, "error": error}
    for_people = ante(
        "external-keys", "validate", "e", answers=[Scripted(body=verdict)], variables=ADMIN, terminal=True
    )
    assert (for_people.code, asked(for_people)[:2]) == (code, ("POST", "/external_keys/e/validate"))
    assert for_people.out == ("the key works\n" if error is None else "failure: no\n")
    for_scripts = ante("external-keys", "validate", "e", answers=[Scripted(body=verdict)], variables=ADMIN)
    assert (for_scripts.code, json.loads(for_scripts.out)) == (code, verdict)
