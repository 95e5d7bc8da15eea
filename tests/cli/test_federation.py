"""An administrator lets a pipeline in from the command line, against a real server."""

import dataclasses
import io
import json
from pathlib import Path
from typing import NamedTuple

import pytest

from antechamber.cli.app import run
from antechamber.cli.world import system_world
from antechamber.client.environment import Environment
from tests.clients.towns import operate
from tests.live import LiveServer

KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "6SN5jEk1M7xtBt_9XPIceGG0ukOmvYRXKy55yUXphxo",
    "y": "rcCJcqzM3q0uKtds22wQr4QzX8EYlQYmn3df-7cfqmo",
    "kid": "key-1",
}


class Typed(NamedTuple):
    code: int
    out: str
    err: str


class Terminal:
    """Runs commands in this process, in an empty home, with a token and with keys that would be refused."""

    def __init__(self, live: LiveServer, home: Path) -> None:
        token = operate(live, "token", "mint", "--scope", "org:admin", "--ttl", "1h")["access_token"]
        variables = {
            "ANTHROPIC_BASE_URL": live.base_url,
            "ANTHROPIC_ADMIN_KEY": live.admin_key,
            "ANTHROPIC_API_KEY": live.api_key,
            "ANTHROPIC_AUTH_TOKEN": token,
        }
        self._environment = Environment(variables, home)

    def type(self, *words: str, stdin: str = "") -> Typed:
        out, err = io.StringIO(), io.StringIO()
        world = dataclasses.replace(
            system_world(), stdin=io.StringIO(stdin), stdout=out, stderr=err, environment=self._environment
        )
        return Typed(run(words, world), out.getvalue(), err.getvalue())

    def told(self, *words: str, stdin: str = "") -> str:
        done = self.type(*words, stdin=stdin)
        assert done.code == 0, done.err
        return done.out.strip()


@pytest.fixture
def terminal(live: LiveServer, tmp_path: Path) -> Terminal:
    return Terminal(live, tmp_path)


def test_a_pipeline_is_let_in_and_shut_out(terminal: Terminal) -> None:
    only_id = ("--transform", "id", "-r")
    account = terminal.told("service-accounts", "create", "pipeline", "--description", "Deploys", *only_id)
    url = "https://token.actions.githubusercontent.com"
    words = ("federation", "issuers", "create", "hub", "--issuer-url", url, "--jwks-file", "-", *only_id)
    issuer = terminal.told(*words, stdin=json.dumps({"keys": [KEY]}))
    rule = ("federation", "rules", "create", "deploy", "--issuer-id", issuer, "--service-account-id", account)
    loose = terminal.type(*rule, "--all-workspaces", "--subject", "repo:acme*")
    assert (loose.code, "match: GitHub Actions is shared" in loose.err) == (6, True)
    made = terminal.told(*rule, "--all-workspaces", "--subject", "repo:acme/*", *only_id)
    assert terminal.told("federation", "rules", "list", "--issuer-id", issuer, *only_id) == made
    in_use = terminal.type("service-accounts", "archive", account, "--yes")
    assert (in_use.code, "(deploy)" in in_use.err) == (6, True)
    for kind, thing in (("rules", made), ("issuers", issuer)):
        archived = terminal.told("federation", kind, "archive", thing, "--yes", "--transform", "archived_at", "-r")
        assert archived.endswith("Z")
    assert terminal.told("service-accounts", "archive", account, "--yes", "--transform", "name", "-r") == "pipeline"
