"""The texts of all pages, in each language: one pair of files a part (`accounts.en.toml`, `accounts.zh.toml`)."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup, escape

# what `lang` says of each
LANGUAGES: Final = {"en": "en", "zh": "zh-Hans"}
DEFAULT: Final = "en"
_MOST_CHOICES: Final = 50


def language_of(accepted: str) -> str:
    """Return the `lang` of the language that an `Accept-Language` likes best of ours (RFC 9110 §12.5.4)."""
    best, liking = DEFAULT, 0.0
    for choice in accepted.split(",")[:_MOST_CHOICES]:
        tag, _, parameters = choice.strip().lower().partition(";")
        name, weight = tag.partition("-")[0], _weight(parameters)
        if name in LANGUAGES and weight > liking:
            best, liking = name, weight
    return LANGUAGES[best]


def say(lang: str, key: str, **values: object) -> Markup:
    """Return a text with its values in place, all of it escaped; KeyError for one that there is not."""
    return escape(catalogue(lang)[key]).format(**values)


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """Return every text of a language by its key, as `login.title`."""
    name = next(name for name, tag in LANGUAGES.items() if tag == lang)
    found: dict[str, str] = {}
    for path in sorted(Path(__file__).parent.glob(f"*.{name}.toml")):
        for key, text in _flat(tomllib.loads(path.read_text(encoding="utf-8"))):
            if key in found:
                message = f"{path.name}: {key} is in another file too"
                raise ValueError(message)
            found[key] = text
    return found


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        key = f"{above}{name}"
        if isinstance(value, dict):
            yield from _flat(value, f"{key}.")
        else:
            yield key, str(value)


def _weight(parameters: str) -> float:
    text = parameters.strip().removeprefix("q=").strip()
    if not parameters.strip():
        return 1.0
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
