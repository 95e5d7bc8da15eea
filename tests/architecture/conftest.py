from pathlib import Path

import pytest

_OTHERS = pytest.StashKey[list[pytest.Item]]()


def pytest_deselected(items: list[pytest.Item]) -> None:
    if items:
        items[0].config.stash.setdefault(_OTHERS, []).extend(items)


@pytest.fixture
def others(pytestconfig: pytest.Config) -> list[pytest.Item]:
    """What is collected but left to other runs: the other suites' tests, when a suite collects everything."""
    return pytestconfig.stash.get(_OTHERS, [])


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def package(repository: Path) -> Path:
    return repository / "src" / "antechamber"
