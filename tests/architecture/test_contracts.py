"""The import contracts see the faults that they are for: each is planted into an empty tree of the same shape."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("base", "client", "cli", "cli/server", "console", "adapters", "features", "http", "database")
FEATURES = ("audit", "oauth", "gateway", "webhooks")
MODULES = ("__init__", "model", "ports", "service", "wire", "routes", "sql")


@pytest.fixture
def tree(tmp_path: Path, repository: Path) -> Path:
    shutil.copy(repository / "pyproject.toml", tmp_path)
    package = tmp_path / "src" / "antechamber"
    names = ["__init__", "__main__", "settings", "wiring"]
    names += [f"{folder}/__init__" for folder in PACKAGES]
    names += [f"features/{feature}/{module}" for feature in FEATURES for module in MODULES]
    names += ["features/oauth/pages"]
    for name in names:
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / f"{name}.py").touch()
    (package / "cli" / "server" / "serve.py").write_text("import antechamber.wiring\n", encoding="utf-8")
    return tmp_path


def plant(tree: Path, place: str, *modules: str) -> None:
    with (tree / "src" / "antechamber" / f"{place}.py").open("a", encoding="utf-8") as file:
        file.writelines(f"import {module}\n" for module in modules)


def broken(tree: Path) -> list[str]:
    """Return the names of the contracts that do not hold in a tree."""
    line = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    environment = os.environ | {"PYTHONPATH": str(tree / "src"), "COLUMNS": "200"}
    done = subprocess.run(line, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return [text.partition(" BROKEN")[0] for text in done.stdout.splitlines() if " BROKEN" in text]


def test_what_the_design_allows_breaks_no_contract(tree: Path) -> None:
    plant(tree, "__main__", "antechamber.cli.server.serve")
    plant(tree, "wiring", "antechamber.adapters", "antechamber.features.oauth.sql", "antechamber.features.oauth.pages")
    plant(tree, "adapters/__init__", "antechamber.client", "antechamber.features.gateway.wire")
    plant(tree, "features/webhooks/service", "antechamber.features.audit.service", "antechamber.base")
    plant(tree, "features/oauth/sql", "antechamber.database", "sqlalchemy", "antechamber.features.oauth.model")
    plant(tree, "features/oauth/routes", "antechamber.http", "fastapi", "antechamber.features.oauth.wire")
    assert broken(tree) == []


@pytest.mark.parametrize(
    ("place", "module", "contract"),
    [
        ("features/audit/service", "antechamber.database", "domain is pure"),
        ("features/audit/service", "sqlalchemy", "domain is pure"),
        ("features/oauth/model", "pydantic", "domain is pure"),
        ("features/oauth/routes", "antechamber.features.audit.sql", "only wiring picks implementations"),
        ("features/oauth/service", "antechamber.adapters", "tiers"),
        ("features/oauth/service", "antechamber.features.oauth.routes", "inside a feature"),
        ("features/oauth/helpers", "antechamber", "inside a feature"),
        ("features/audit/model", "antechamber.features.oauth.model", "features stand in their order"),
        ("features/oauth/sql", "antechamber.features.oauth.wire", "storage does not speak the wire"),
        ("http/__init__", "antechamber.features.audit.model", "tiers"),
        ("http/__init__", "antechamber.client", "only adapters and wiring use the client"),
        ("plugins", "antechamber", "tiers"),
        ("base/__init__", "antechamber.client", "command, client, vocabulary"),
        ("cli/__init__", "antechamber.wiring", "cli stands alone"),
        ("cli/server/serve", "antechamber.settings", "cli stands alone"),
        ("client/__init__", "antechamber.features", "client stands alone"),
        ("wiring", "antechamber.cli", "the server does not know its command"),
        ("console/__init__", "antechamber.features", "console is a client"),
    ],
)
def test_a_forbidden_import_breaks_its_contract(tree: Path, place: str, module: str, contract: str) -> None:
    plant(tree, place, module)
    assert contract in broken(tree)


def test_a_cycle_of_features_breaks_its_contract(tree: Path) -> None:
    plant(tree, "features/oauth/model", "antechamber.features.audit.model")
    plant(tree, "features/audit/ports", "antechamber.features.oauth.model")
    assert "features have no cycles" in broken(tree)
