"""Which passwords are taken (NIST SP 800-63B §3.1.1), and the form in which they are compared."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NoReturn

from antechamber.base.errors import InvalidRequest

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 1000
# what is left of a password once its most guessable part is taken out
_ENOUGH_BESIDE: Final = 6
_SHORTEST_PART: Final = 3
_AROUND: Final = "0123456789!?.,*#$%&+-_@ "
_PRODUCT: Final = "antechamber"
# control characters can't be typed again, surrogates are no text, and unassigned ones have no stable form
_REFUSED: Final = frozenset({"Cc", "Cn", "Cs"})
_PARTS: Final = re.compile(r"[\W_]+")
_RUNS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "1q2w3e4r5t6y7u8i9o0p",
)


@dataclass(frozen=True, slots=True)
class StoredPassword:
    """A password as it is kept: its encoded hash, and when it was set (microseconds), whatever hashes it had since."""

    encoded: str = field(repr=False)
    set_at: int


class Verdict(StrEnum):
    """What a check of a password found; STALE matches, but its hash is to be made anew."""

    MATCHES = "matches"
    STALE = "stale"
    WRONG = "wrong"


def normalize_password(text: str) -> str | None:
    """Return the form that is hashed: NFKC (Unicode 15.1 annex 15); None for what no password can be."""
    if len(text) > LONGEST_PASSWORD or any(unicodedata.category(character) in _REFUSED for character in text):
        return None
    return unicodedata.normalize("NFKC", text)


def check_password(text: str, known: Iterable[str], common: AbstractSet[str]) -> str:
    """Return a new password in the form that is hashed.

    `known` are texts that anyone can guess of this person (address, name), `common` the passwords that guessers try
    first, in case-folded form. InvalidRequest with `password_too_short`, `password_too_long`, `password_characters`,
    `password_too_common` or `password_like_account`; no message repeats the password.
    """
    if len(text) > LONGEST_PASSWORD:
        _refuse("too_long", f"must have at most {LONGEST_PASSWORD} characters")
    normalized = normalize_password(text)
    if normalized is None:
        _refuse("characters", "must not have control characters, or ones that no text has")
    # one ligature may become many letters, and many letters one: the fewer count
    if min(len(text), len(normalized)) < SHORTEST_PASSWORD:
        _refuse("too_short", f"must have at least {SHORTEST_PASSWORD} characters")
    folded = normalized.casefold()
    if _is_guessed_early(folded, common):
        _refuse("too_common", "is one of those that are tried first; choose another")
    if _is_made_of(folded, known):
        _refuse("like_account", "must not be made of your e-mail address, your name or this product's name")
    return normalized


def _refuse(code: str, sentence: str) -> NoReturn:
    message = f"password: {sentence}"
    raise InvalidRequest(message, error_code=f"password_{code}")


def _is_guessed_early(folded: str, common: AbstractSet[str]) -> bool:
    bare = folded.strip(_AROUND)
    return (
        len(bare) <= 1
        or any(core in common for core in _cores(folded))
        or _repeats(folded)
        or any(_runs_along(folded, run) for run in _RUNS)
    )


def _cores(folded: str) -> Iterator[str]:
    """Yield the text without some of the digits and signs around it, such as a year, which are tried with a word."""
    heads = len(folded) - len(folded.lstrip(_AROUND))
    tails = len(folded) - len(folded.rstrip(_AROUND))
    for head in range(min(heads, _ENOUGH_BESIDE) + 1):
        for tail in range(min(tails, _ENOUGH_BESIDE - head) + 1):
            yield folded[head : len(folded) - tail]


def _repeats(text: str) -> bool:
    """Say whether the text is a part of at most a third of it again and again, such as `abcabcabc`."""
    return any(
        text == (text[:size] * (len(text) // size + 1))[: len(text)] for size in range(1, max(len(text) // 3, 1) + 1)
    )


def _runs_along(text: str, run: str) -> bool:
    """Say whether the text goes along a row of keys, or the alphabet, in either direction, round and round."""
    around = run * (len(text) // len(run) + 2)
    return text in around or text in around[::-1]


def _is_made_of(folded: str, known: Iterable[str]) -> bool:
    left = whole = _PARTS.sub("", folded)
    for part in sorted(_parts(known), key=len, reverse=True):
        left = left.replace(part, "")
    return left != whole and len(left) < _ENOUGH_BESIDE


def _parts(known: Iterable[str]) -> set[str]:
    parts = {_PRODUCT}
    for text in known:
        whole = unicodedata.normalize("NFKC", text).casefold()
        parts.update((_PARTS.sub("", whole), *_PARTS.split(whole)))
    return {part for part in parts if len(part) >= _SHORTEST_PART}
