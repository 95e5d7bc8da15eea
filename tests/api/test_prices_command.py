"""`ante prices`, beside a data folder that a server has used."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from antechamber.cli.server.prices import command
from antechamber.features.usage.sql import SqlUsage
from antechamber.settings import load
from antechamber.wiring.storage import open_storage
from tests.unit.usage.samples import row

OWN = """
[[prices]]
model = "claude-sonnet-4-5"
valid_from = 2025-01-01
input = 1_000_000_000
output = 2_000_000_000
"""

# click keeps the help option of the first context that it makes, and the help of every command is compared elsewhere
_AS_BELOW_THE_ROOT: Any = {"help_option_names": ["-h", "--help"]}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A data folder with two requests that were never priced."""

    async def found() -> None:
        storage = open_storage(load({"data": tmp_path / "data"}).settings)
        await storage.prepare()
        founded = await storage.founder.found("Acme", None, admin_key=False, api_key=False)
        rows = [row(number, organization_id=founded.organization_id) for number in range(2)]
        async with storage.database.begin() as unit:
            await SqlUsage().sweep_in(unit, rows)
        await storage.database.close()

    asyncio.run(found())
    (tmp_path / "server.toml").write_text(OWN, encoding="utf-8")
    return tmp_path


def run(house: Path, *arguments: str) -> str:
    places = ("--data", str(house / "data"), "--config", str(house / "server.toml"))
    result = CliRunner().invoke(command, [*arguments, *places], **_AS_BELOW_THE_ROOT)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_price_says_which_list_it_is_from(house: Path) -> None:
    found = json.loads(run(house, "show", "claude-sonnet-4-5", "--json"))
    assert (found["source"], found["version"], found["usd"]["output"]) == ("table", "2025-01-01", 2 * 10**9)
    assert "fallback" in run(house, "show", "nobody-knows-it")


def test_past_requests_are_priced_once(house: Path) -> None:
    dry = json.loads(run(house, "apply", "--from", "2025-01-01", "--dry-run", "--json"))
    real = json.loads(run(house, "apply", "--from", "2025-01-01", "--json"))
    assert dry["organizations"] == real["organizations"]
    (found,) = real["organizations"].values()
    # 19 tokens read or written at $1 a million, 7 out at $2, twice
    assert found["models"] == {
        "claude-sonnet-4-5": {"rows": 2, "changed": 2, "before": "0", "after": "0.0066", "difference": "0.0066"}
    }
    assert "0 of 2 requests" in run(house, "apply", "--from", "2025-01-01")


def test_what_is_no_date_is_refused(house: Path) -> None:
    result = CliRunner().invoke(
        command, ["apply", "--from", "yesterday", "--data", str(house / "data")], **_AS_BELOW_THE_ROOT
    )
    assert result.exit_code == 2
    assert "--from: 'yesterday' is not a date" in result.output
