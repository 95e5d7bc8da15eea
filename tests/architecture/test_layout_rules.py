"""The layout rules see the faults that they are for: each is planted into a small tree."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools import endpoints, layout

Plant = Callable[[str, str], Path]


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Write one file into a package that is otherwise in order, and return the package."""
    (tmp_path / "features" / "agents").mkdir(parents=True)
    (tmp_path / "features" / "agents" / "__init__.py").write_text('"""Agents."""\n', encoding="utf-8")

    def write(path: str, text: str) -> Path:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_a_file_of_401_lines_is_too_long_and_one_of_400_is_not(plant: Plant) -> None:
    plant("http/short.py", "x = 1\n" * 400)
    assert layout.lengths(plant("http/long.py", "x = 1\n" * 401)) == ["http/long.py: 401 lines"]


@pytest.mark.parametrize(
    "path",
    [
        "features/agents/store.py",
        "features/agents/pages.py",
        "features/agents/tables/rows.py",
        "http/utils.py",
        "client/helpers.py",
        "database/pool_manager.py",
        "cli/common/words.py",
        "base/base_thing.py",
    ],
)
def test_a_name_that_says_nothing_or_is_not_a_feature_file_is_found(plant: Plant, path: str) -> None:
    assert len(layout.strange_names(plant(path, ""))) == 1


@pytest.mark.parametrize(
    "path", ["features/agents/service/turns.py", "features/oauth/pages.py", "http/pages/links.py", "base/money.py"]
)
def test_a_good_name_is_not(plant: Plant, path: str) -> None:
    assert layout.strange_names(plant(path, "")) == []


def test_a_file_and_a_folder_of_one_name_are_found(plant: Plant) -> None:
    plant("features/agents/service.py", "")
    assert layout.strange_names(plant("features/agents/service/turns.py", "")) == ["features/agents/service twice"]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import time\nx = time.time()", "time.time"),
        ("import time as t\nx = t.monotonic()", "time.monotonic"),
        ("from time import time_ns", "time.time_ns"),
        ("import datetime as dt\nx = dt.datetime.now(dt.UTC)", "datetime.datetime.now"),
        ("from datetime import datetime\nread = datetime.utcnow", "datetime.datetime.utcnow"),
        ("import random", "random"),
        ("from secrets import token_bytes", "secrets.token_bytes"),
        ("import uuid\nx = uuid.uuid4()", "uuid.uuid4"),
        ("import os\nx = os.environ['HOME']", "os.environ"),
        ("from os import getenv as read", "os.getenv"),
        ("def f():\n    import os\n    return os.environ.get('A')", "os.environ"),
    ],
)
def test_a_stray_read_is_found(plant: Plant, code: str, name: str) -> None:
    found = layout.stray_reads(plant("features/agents/service.py", code))
    assert found
    assert all(each.startswith("features/agents/service.py:") for each in found)
    assert any(each.partition(" ")[2].startswith(name) for each in found)


@pytest.mark.parametrize(
    "code",
    [
        "import time\nx = time.sleep",
        "import datetime as dt\nx = dt.timedelta(1)",
        "import os\nx = os.path",
        "import uuid\nx = uuid.UUID",
        "random = 1\nx = random",
    ],
)
def test_what_reads_nothing_is_not(plant: Plant, code: str) -> None:
    assert layout.stray_reads(plant("features/agents/service.py", code)) == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("base/clock.py", "import time\nx = time.time()"),
        ("base/chance.py", "import secrets"),
        ("settings.py", "import os\nx = os.environ"),
        ("settings/reading.py", "import os\nx = os.environ"),
        ("client/environment.py", "import os\nx = os.environ"),
    ],
)
def test_the_owners_may_read(plant: Plant, path: str, code: str) -> None:
    assert layout.stray_reads(plant(path, code)) == []


def test_an_owner_of_one_thing_may_not_read_another(plant: Plant) -> None:
    assert layout.stray_reads(plant("base/clock.py", "import random")) == ["base/clock.py:1 random"]


@pytest.mark.parametrize("part", ["wire", "sql", "routes", "pages"])
def test_a_feature_that_reaches_into_another_is_found(plant: Plant, part: str) -> None:
    code = f"from antechamber.features.vaults.{part} import Thing"
    assert len(layout.stray_neighbours(plant("features/agents/service.py", code))) == 1
    assert layout.stray_neighbours(plant("features/agents/service.py", code.replace("vaults", "agents"))) == []


def test_an_endpoint_table_is_read_row_by_row() -> None:
    text = "Agents.\n\n| method | path | permission |\n|---|---|---|\n| GET | /v1/agents | agents:read |\n\nEnd."
    assert endpoints.has_table(text)
    assert endpoints.table(text) == [("GET", "/v1/agents", "agents:read")]
    assert not endpoints.has_table("Agents, without a table.")
