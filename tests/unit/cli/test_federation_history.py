"""`ante federation history`: what it asks, and what an administrator reads of it."""

import json
from urllib.parse import parse_qsl, urlsplit

from antechamber.cli.exits import Exit
from tests.unit.cli.wire import Scripted, ante

TOKEN = {"ANTHROPIC_AUTH_TOKEN": "sk-ant-oat01-abcdefghijkl"}
REFUSED = {
    "id": "fdex_1",
    "created_at": "2026-11-21T07:00:00.123Z",
    "outcome": "failure",
    "reason": "keys_unavailable",
    "detail": "timeout",
    "subject": "repo:acme/app",
    "subject_verified": False,
    "federation_rule_id": "fdrl_1",
    "workspace_id": None,
    "ip_address": "192.0.2.7",
}
TAKEN = {**REFUSED, "outcome": "success", "reason": None, "detail": None, "subject_verified": True}


def test_the_filters_go_into_the_query() -> None:
    words = "federation history --rule-id fdrl_1 --issuer-id fdis_1 --outcome failure --limit 5"
    ran = ante(*words.split(), answers=[Scripted(body={"data": [], "next_page": None})], variables=TOKEN)
    assert ran.code == Exit.OK, ran.err
    parts = urlsplit(ran.request.url)
    assert parts.path == "/v1/organizations/federation_history"
    asked = dict(parse_qsl(parts.query))
    assert asked == {"rule_id": "fdrl_1", "issuer_id": "fdis_1", "outcome": "failure", "limit": "5"}


def test_a_table_says_why_and_whether_the_subject_can_be_believed() -> None:
    answer = Scripted(body={"data": [REFUSED, TAKEN], "next_page": None})
    ran = ante("federation", "history", answers=[answer], variables=TOKEN, terminal=True)
    heading, refused, taken = ran.out.splitlines()
    assert heading.split() == ["time", "outcome", "subject", "from"]
    assert "keys_unavailable: timeout" in refused
    assert "? repo:acme/app" in refused
    assert taken.split()[2:] == ["success", "repo:acme/app", "192.0.2.7"]


def test_an_outcome_that_is_none_is_a_mistake_of_usage() -> None:
    assert ante("federation", "history", "--outcome", "perhaps", variables=TOKEN).code == Exit.USAGE


def test_scripts_get_json() -> None:
    answer = Scripted(body={"data": [REFUSED], "next_page": None})
    ran = ante("federation", "history", "--format", "json", answers=[answer], variables=TOKEN)
    assert json.loads(ran.out) == [REFUSED]
