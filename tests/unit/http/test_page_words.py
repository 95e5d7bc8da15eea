"""The texts of pages: in both languages, every one used, and the language that is asked for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.features.apikeys.pages.desk import OFFERED
from antechamber.http import pages
from antechamber.http.pages.words import LANGUAGES, catalogue, language_of, say

PACKAGE = Path(pages.__file__).parents[2]
TEMPLATES = sorted((PACKAGE / "http" / "pages").rglob("*.html"))
QUOTED = re.compile(r"""["']([a-z_]+\.[a-z0-9_:.]*)["']""")
ASKED = re.compile(r"""\bt\(["']([a-z_]+\.[a-z0-9_:.]*)["']""")


def _literals(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _mentioned() -> set[str]:
    """Return what might be a text's key in templates and code; a trailing dot is where one is put together."""
    found = {key for path in TEMPLATES for key in QUOTED.findall(path.read_text(encoding="utf-8"))}
    sources = [*(PACKAGE / "features").glob("*/pages/**/*.py"), *(PACKAGE / "http" / "pages").rglob("*.py")]
    return found | {text for path in sources for text in _literals(path)}


def test_both_languages_have_the_same_texts() -> None:
    english, chinese = catalogue("en"), catalogue("zh-Hans")
    assert sorted(english) == sorted(chinese)


def test_both_languages_name_the_same_things_in_a_text() -> None:
    for key, text in catalogue("en").items():
        names = {name for _, name, _, _ in Formatter().parse(text) if name}
        assert {name for _, name, _, _ in Formatter().parse(catalogue("zh-Hans")[key]) if name} == names, key


def test_every_text_is_used() -> None:
    mentioned = _mentioned()
    beginnings = tuple(f"{text.rstrip('.')}." for text in mentioned if re.fullmatch(r"[a-z_]+\.([a-z_]+\.?)*", text))
    unused = [key for key in catalogue("en") if key not in mentioned and not key.startswith(beginnings)]
    assert unused == []


def test_every_text_that_a_template_asks_for_is_there() -> None:
    asked = {key for path in TEMPLATES for key in ASKED.findall(path.read_text(encoding="utf-8"))}
    assert asked
    known = tuple(catalogue("en"))
    assert [key for key in asked if key not in known and not any(each.startswith(key) for each in known)] == []


def test_every_scope_that_a_page_offers_has_its_text() -> None:
    assert [scope for scope in OFFERED if f"key_scope.{scope}" not in catalogue("en")] == []


def test_chinese_texts_are_chinese() -> None:
    plain = [key for key, text in catalogue("zh-Hans").items() if not re.search(r"[\u4e00-\u9fff]", text)]
    assert [key for key in plain if not catalogue("zh-Hans")[key].startswith("{")] == []


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("en-GB,zh;q=0.9", "en"),
        ("de,zh;q=0.4,en;q=0.3", "zh-Hans"),
        ("fr", "en"),
        ("zh;q=0", "en"),
        ("en;q=0.1, ZH-Hans", "zh-Hans"),
        ("zh;q=x", "en"),
        ("*", "en"),
    ],
)
def test_the_language_is_the_one_that_the_browser_likes_best_of_ours(accepted: str, language: str) -> None:
    assert language_of(accepted) == language


@given(st.text(max_size=200))
def test_any_header_gives_a_language(accepted: str) -> None:
    assert language_of(accepted) in LANGUAGES.values()


@given(st.text())
def test_what_a_text_names_is_escaped(email: str) -> None:
    shown = say("en", "frame.logged_in_as", email=email)
    assert "<" not in shown
    assert ">" not in shown
