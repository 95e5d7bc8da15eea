"""Conditions of federation rules (`federation.ports`): the Common Expression Language, on Google's C++ evaluator."""

import itertools
import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

from antechamber.adapters.identity.syntax import references

if TYPE_CHECKING:
    from cel_expr_python import cel

LONGEST: Final = 4000
_KEPT: Final = 1024
_MOST_WORDS: Final = 40
_FIRST_LINE: Final = re.compile(r"(?:[A-Z_]+: )?(?:ERROR: )?(?:<input>:)?(.*)")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LITERAL: Final = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")
_TYPES: Final = frozenset({"BOOL", "DYN"})
_VARIABLE: Final = "claims"


class CelConditions:
    """Compiles conditions over the one variable `claims`, and keeps those that were used last.

    Time is bounded by the length of the text, by the assertion's 16 KiB, by the evaluator's own budget of iterations
    and by RE2, which is linear.
    """

    def __init__(self) -> None:
        self._compiled = lru_cache(maxsize=_KEPT)(self._compile)

    def refuse(self, text: str) -> str | None:
        """Return what is wrong with a condition, for the administrator who writes it; None if nothing is.

        Refused are those that are not of type boolean, and those that are true of every probe: of no claims at all,
        and of claims of every name in the text with values in the text, others, and of all JSON types.
        """
        if len(text) > LONGEST:
            return f"must have at most {LONGEST} characters"
        try:
            expression = self._compiled(text)
        except (RuntimeError, ValueError, TypeError) as error:
            return f"is not a CEL expression over claims: {_first_line(error)}"
        if expression.return_type().name() not in _TYPES:
            return "must be of type boolean"
        if all(_holds(expression, probe) for probe in _probes(text)):
            return "must not be true of every token"
        return None

    def references(self, text: str) -> frozenset[str]:
        """Return the top-level claims whose values a condition looks at; that one is there at all is no value.

        `claims.a.b` and `claims["a"]` look at `a`; `has(claims.a)` and `"a" in claims` at nothing.
        """
        return frozenset(references(self._compiled(text).serialize(), _VARIABLE))

    def holds(self, text: str, claims: Mapping[str, object]) -> bool:
        """Say whether a condition is true of claims; False if it can't be evaluated."""
        if len(text) > LONGEST:
            return False
        try:
            expression = self._compiled(text)
        except (RuntimeError, ValueError, TypeError):
            return False
        return _holds(expression, claims)

    def _compile(self, text: str) -> "cel.Expression":
        return self._environment.compile(text)

    @cached_property
    def _environment(self) -> "cel.Env":
        # loaded by the first who has a condition
        from cel_expr_python import cel  # noqa: PLC0415 - see above

        return cel.NewEnv(variables={_VARIABLE: cel.Type.Map(cel.Type.STRING, cel.Type.DYN)})


def _holds(expression: "cel.Expression", claims: Mapping[str, object]) -> bool:
    try:
        # an error comes as a value of its own type, whose text is true of itself
        return expression.eval(data={_VARIABLE: claims}).value() is True
    except (RuntimeError, ValueError, TypeError, OverflowError):
        return False


def _probes(text: str) -> Iterator[dict[str, Any]]:
    words = list(dict.fromkeys(_WORD.findall(text)))[:_MOST_WORDS]
    literals = list(dict.fromkeys(itertools.chain.from_iterable(_LITERAL.findall(text))))[:_MOST_WORDS]
    names = list(dict.fromkeys([*words, *literals, "sub", "aud", "iss"]))
    yield {}
    for value in ("", "antechamber-probe", *literals, 0, -1, 2**40, 0.5, True, False, None):
        flat: dict[str, Any] = dict.fromkeys(names, value)
        yield flat
        yield {name: [value] for name in names}
        yield dict.fromkeys(names, flat)
    for literal in literals:
        # what a prefix, a suffix or a part is compared with
        yield dict.fromkeys(names, f"{literal}x")
        yield dict.fromkeys(names, f"x{literal}")
    yield {f"probe{number}": "x" for number in range(200)}
    yield dict.fromkeys(names, "x" * 5000)
    yield {name: [] for name in names}
    yield {name: {} for name in names}


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines() or [""]
    found = _FIRST_LINE.match(lines[0])
    return (found[1] if found else lines[0])[:200].strip()
