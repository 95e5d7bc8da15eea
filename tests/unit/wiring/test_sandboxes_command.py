"""`ante sandboxes capabilities`, beside no server and on sandboxes that any machine can have."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from antechamber.cli.server.sandboxes import command


@pytest.fixture(autouse=True)
def in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTE_SERVER_SANDBOX_RUNTIME", "memory")


def test_it_says_what_is_enforced_and_what_is_missing(tmp_path: Path) -> None:
    told = CliRunner().invoke(command, ["capabilities", "--data", str(tmp_path / "data")])
    assert told.exit_code == 0
    assert told.output.splitlines() == [
        "memory 1, as a user; isolation: none",
        "limits: none",
        "limited network: for programs that use a proxy",
        "snapshots: yes",
        "missing: programs: sandboxes in memory run none of this machine's",
    ]
    assert not (tmp_path / "data").exists()


def test_it_says_it_as_json(tmp_path: Path) -> None:
    told = CliRunner().invoke(command, ["capabilities", "--data", str(tmp_path), "--json"])
    found = json.loads(told.output)
    assert found["capabilities"]["runtime"] == "memory"
    assert [base["name"] for base in found["bases"]] == ["host"]


def test_a_setting_that_is_wrong_is_told_as_one(tmp_path: Path) -> None:
    config = tmp_path / "server.toml"
    config.write_text("sandbox_memory_mb = 1\n")
    told = CliRunner().invoke(command, ["capabilities", "--data", str(tmp_path), "--config", str(config)])
    assert told.exit_code == 2
    assert "sandbox_memory_mib" in told.output


@pytest.mark.parametrize(
    ("option", "word"), [((), "removed"), (("--dry-run", "--unused-days", "7"), "would be removed")]
)
def test_replaced_bases_are_removed_without_a_server_and_where_there_never_was_one(
    tmp_path: Path, option: tuple[str, ...], word: str
) -> None:
    asked = ["images", "prune", "--data", str(tmp_path / "data"), *option]
    told = CliRunner().invoke(command, asked)
    assert (told.exit_code, told.output) == (0, f"0 {word}, 0 MiB\n")
    assert not (tmp_path / "data").exists()
    (tmp_path / "data" / "sandboxes").mkdir(parents=True)
    as_json = json.loads(CliRunner().invoke(command, [*asked, "--json"]).output)
    assert as_json == {"removed": [], "freed_bytes": 0, "dry_run": bool(option)}
