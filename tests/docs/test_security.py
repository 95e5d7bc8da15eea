"""The tests that our promises name are there: a promise without its test would be a mere claim."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(test_\w+)`")
FILES = re.compile(r"`(tests/[\w/]+(?:\.py)?)`")
DEFINED = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)


@pytest.mark.parametrize("name", ["security.md", "reference/conformance.md"])
def test_every_test_that_the_page_names_exists(name: str) -> None:
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in DEFINED.findall(path.read_text(encoding="utf-8"))
    }
    named = set(NAMED.findall(page))
    assert named
    assert named - defined == set()
    assert [path for path in FILES.findall(page) if not (ROOT / path).exists()] == []
