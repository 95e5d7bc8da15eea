"""The commands of webhooks, and of requests for higher spend limits."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from antechamber.cli.exits import Exit
from tests.unit.cli.wire import Ran, Scripted, ante

DONE = Scripted(body={"id": "x"})
ADMIN = {"ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-abcdefgh"}
HOOK = {
    "id": "webhook_1",
    "name": "alerts",
    "state": "disabled",
    "enabled_events": ["external_key.failed"],
    "extension_events": ["spend_limit.threshold_crossed"],
    "url": "https://a.example/",
    "disabled_reason": "It failed.",
    "created_at": "2026-11-20T08:09:10Z",
}
REQUEST = {
    "id": "slir_1",
    "actor": {"type": "user_actor", "user_id": "user_1", "email_address": "ada@example.com"},
    "period": "monthly",
    "status": "pending",
    "requested_amount": "9000",
    "spend_summary": {"amount": "5000", "period_to_date_spend": "4900.5"},
    "created_at": "2026-11-20T08:09:10Z",
}
ASK = "/v1/usage/me/spend_limit_increase_requests"
ALL = "/v1/organizations/spend_limit_increase_requests"
HOOKS = "/v1/organizations/webhooks"


def asked(ran: Ran) -> tuple[str, str, list[tuple[str, str]], object]:
    parts = urlsplit(ran.request.url)
    return ran.request.method, parts.path, parse_qsl(parts.query), ran.request.body


@pytest.mark.parametrize(
    ("words", "method", "path", "body"),
    [
        (
            "webhooks create https://a.example/ --event external_key.failed --event spend_limit.threshold_crossed",
            "POST",
            HOOKS,
            {
                "url": "https://a.example/",
                "enabled_events": ["external_key.failed"],
                "extension_events": ["spend_limit.threshold_crossed"],
            },
        ),
        (
            "webhooks create https://a.example/ --name n --description d",
            "POST",
            HOOKS,
            {"url": "https://a.example/", "enabled_events": [], "name": "n", "description": "d"},
        ),
        ("webhooks retrieve w", "GET", f"{HOOKS}/w", None),
        ("webhooks update w --state enabled", "POST", f"{HOOKS}/w", {"state": "enabled"}),
        (
            "webhooks update w --event external_key.recovered",
            "POST",
            f"{HOOKS}/w",
            {"enabled_events": ["external_key.recovered"], "extension_events": []},
        ),
        ("webhooks delete w --yes", "DELETE", f"{HOOKS}/w", None),
        ("webhooks regenerate-signing-secret w -y", "POST", f"{HOOKS}/w/regenerate_signing_secret", None),
        ("spend-limits increase-requests retrieve r", "GET", f"{ALL}/r", None),
        (
            "spend-limits increase-requests approve r --usd 250 --period daily",
            "POST",
            f"{ALL}/r/approve",
            {"amount": "25000", "period": "daily", "suppress_notification": False},
        ),
        (
            "spend-limits increase-requests deny r --suppress-notification",
            "POST",
            f"{ALL}/r/deny",
            {"suppress_notification": True},
        ),
        ("spend-limits increase-requests ask", "POST", ASK, {}),
        (
            "spend-limits:increase-requests ask --usd 90 --reason release",
            "POST",
            ASK,
            {"amount": "9000", "reason": "release"},
        ),
    ],
)
@pytest.mark.parametrize("prefix", [["organizations"], []])
def test_a_command_asks_one_thing(words: str, method: str, path: str, body: object, prefix: list[str]) -> None:
    ran = ante(*prefix, *words.split(), answers=[DONE], variables=ADMIN)
    assert ran.code == Exit.OK, ran.err
    assert asked(ran) == (method, path, [], body)
    assert ran.request.headers.get("anthropic-beta") == ("webhooks-2026-10-07" if "webhooks" in words else None)


def test_who_asks_for_more_asks_as_themselves() -> None:
    for words in (["ask"], ["mine"]):
        answer = Scripted(body={"data": [], "next_page": None})
        ran = ante("spend-limits", "increase-requests", *words, answers=[answer], variables=ADMIN)
        assert ran.request.headers["x-api-key"] != ADMIN["ANTHROPIC_ADMIN_KEY"]


def test_lists_are_tables_for_people() -> None:
    listed = Scripted(body={"data": [HOOK], "has_more": False, "first_id": "webhook_1", "last_id": "webhook_1"})
    ran = ante("organizations:webhooks", "list", "--order", "asc", answers=[listed], terminal=True)
    heading, line = ran.out.splitlines()
    assert heading.split()[:4] == ["id", "name", "state", "events"]
    for shown in ("webhook_1", "alerts", "disabled", "external_k"):
        assert shown in line
    assert ("order", "asc") in asked(ran)[2]
    listed = Scripted(body={"data": [REQUEST], "next_page": None})
    words = ("spend-limits", "increase-requests", "list", "--status", "pending", "--actor-id", "user_1")
    ran = ante(*words, answers=[listed], terminal=True)
    for shown in ("ada@ex", "pending", "$50.00", "$49.00", "$90.00", "2026-11-20"):
        assert shown in ran.out
    assert sorted(asked(ran)[2]) == [("actor_ids[]", "user_1"), ("status[]", "pending")]


def test_deliveries_are_a_table_of_what_became_of_them() -> None:
    entry = {"id": "event_1", "event_type": "external_key.failed", "state": "pending", "attempts": 2}
    entry |= {"last_status_code": None, "last_error": "timeout", "next_attempt_at": "2026-11-20T00:00:00Z"}
    listed = Scripted(body={"data": [entry], "has_more": False, "first_id": "event_1", "last_id": "event_1"})
    ran = ante("webhooks", "deliveries", "webhook_1", answers=[listed], terminal=True)
    heading, line = ran.out.splitlines()
    assert heading.split()[:4] == ["id", "event", "state", "attempts"]
    for shown in ("event_1", "pending", "2", "timeout"):
        assert shown in line
    assert asked(ran)[:2] == ("GET", f"{HOOKS}/webhook_1/deliveries")
    assert ran.request.headers["anthropic-beta"] == "webhooks-2026-10-07"


@pytest.mark.parametrize("words", ["create https://a.example/", "regenerate-signing-secret webhook_1"])
def test_a_signing_secret_stands_alone_on_stdout(words: str) -> None:
    made = {"id": "webhook_1", "name": "n", "signing_secret": "whsec_new"}
    ran = ante("webhooks", *words.split(), answers=[Scripted(body=made)])
    assert (ran.out, "not shown again" in ran.err) == ("whsec_new\n", True)
    ran = ante("webhooks", *words.split(), "--format", "json", answers=[Scripted(body=made)])
    assert json.loads(ran.out)["signing_secret"] == "whsec_new"


def test_what_is_missing_is_told() -> None:
    for words, flag in (("webhooks update w", "--state"), ("spend-limits increase-requests approve r", "--usd")):
        ran = ante(*words.split())
        assert (ran.code, flag in ran.err) == (Exit.USAGE, True)
