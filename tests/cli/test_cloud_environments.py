"""The published page on cloud environments, typed into a shell as it stands there: only the host is another one."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import LiveServer, clean_environment
from tests.published import DATA_ANALYSIS, DATA_PACKAGES, EXAMPLES, UNRESTRICTED

SECONDS = 60
BETA = "managed-agents-2026-04-01"
PYTHON_DEV = """\
{name} beta:environments create \\
  --name "python-dev" \\
  --config '{config}'
"""
ON_STDIN = "{name} beta:environments create <<'YAML'\n" + DATA_ANALYSIS + "YAML\n"
LIST = "# List environments\n{name} beta:environments list\n"
RETRIEVE = '# Retrieve a specific environment\n{name} beta:environments retrieve --environment-id "$ENVIRONMENT_ID"\n'
ARCHIVE = '# Archive an environment\n{name} beta:environments archive --environment-id "$ENVIRONMENT_ID"\n'
DELETE = '# Delete an environment\n{name} beta:environments delete --environment-id "$ENVIRONMENT_ID"\n'
EMPTY = {"type": "packages", "apt": [], "cargo": [], "gem": [], "go": [], "npm": [], "pip": []}


class Page:
    """Types what the page shows, by the page's name of the program or by ours."""

    def __init__(self, live: LiveServer, home: Path, name: str) -> None:
        self.name = name
        self._home = home
        program = home / "bin" / name
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m antechamber "$@"\n')
        program.chmod(0o755)
        self._environment = clean_environment({"HOME": str(home), "NO_PROXY": "127.0.0.1"}) | {
            "ANTHROPIC_BASE_URL": live.base_url,
            "ANTHROPIC_API_KEY": live.api_key,
        }
        self._environment["PATH"] = f"{program.parent}:{self._environment['PATH']}"

    def type(self, text: str, environment_id: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-eu", "-c", text.format(name=self.name, config=UNRESTRICTED)],
            cwd=self._home,
            env={**self._environment, "ENVIRONMENT_ID": environment_id},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    def shown(self, text: str, environment_id: str = "") -> Any:  # noqa: ANN401 - whatever JSON holds
        done = self.type(text, environment_id)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)


@pytest.fixture
def page(request: pytest.FixtureRequest, live: LiveServer, tmp_path: Path) -> Iterator[Page]:
    page = Page(live, tmp_path, getattr(request, "param", "ante"))
    yield page
    headers = {"x-api-key": live.api_key, "anthropic-version": "2023-06-01", "anthropic-beta": BETA}
    for environment in page.shown(LIST):
        live.ask("DELETE", f"/v1/environments/{environment['id']}", headers)


@pytest.mark.parametrize("page", ["ant", "ante"], indirect=True)
def test_an_environment_is_created_as_on_the_page(page: Page) -> None:
    made = page.shown(PYTHON_DEV)
    assert made["id"].startswith("env_")
    assert (made["name"], made["type"]) == ("python-dev", "environment")
    assert made["config"] == {"type": "cloud", "networking": {"type": "unrestricted"}, "packages": EMPTY}


def test_a_name_is_unique_in_its_workspace(page: Page) -> None:
    page.shown(PYTHON_DEV)
    again = page.type(PYTHON_DEV)
    assert (again.returncode, "409 Conflict" in again.stderr) == (7, True)


def test_packages_are_written_on_stdin(page: Page) -> None:
    made = page.shown(ON_STDIN)
    packages = {**EMPTY, **DATA_PACKAGES}
    assert (made["name"], made["config"]["packages"]) == ("data-analysis", packages)


def test_every_manager_takes_its_example(page: Page) -> None:
    made = page.shown("{name} beta:environments create <<'YAML'\n" + json.dumps(
        {"name": "all", "config": {"type": "cloud", "packages": EXAMPLES}}
    ).replace("{", "{{").replace("}", "}}") + "\nYAML\n")  # fmt: skip
    assert made["config"]["packages"] == {"type": "packages", **EXAMPLES}


def test_environments_are_managed_as_on_the_page(page: Page) -> None:
    first, second = page.shown(PYTHON_DEV), page.shown(ON_STDIN)
    assert {first["id"], second["id"]} <= {environment["id"] for environment in page.shown(LIST)}
    assert page.shown(RETRIEVE, first["id"]) == first
    archived = page.shown(ARCHIVE, first["id"])
    assert archived["archived_at"]
    assert first["id"] not in {environment["id"] for environment in page.shown(LIST)}
    assert page.shown(RETRIEVE, first["id"]) == archived
    for environment in (first, second):
        assert page.shown(DELETE, environment["id"]) == {"id": environment["id"], "type": "environment_deleted"}
    gone = page.type(RETRIEVE, second["id"])
    assert (gone.returncode, "404 Not Found" in gone.stderr) == (5, True)


def test_a_variable_that_is_not_set_deletes_nothing(page: Page) -> None:
    kept = page.shown(PYTHON_DEV)
    done = page.type(DELETE)
    assert (done.returncode, "the id of the environment is empty" in done.stderr) == (2, True)
    assert page.shown(RETRIEVE, kept["id"]) == kept
