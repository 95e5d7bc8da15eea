"""A form as somebody filled it in, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from antechamber.base.errors import WireError


@dataclass(frozen=True, slots=True)
class Saying:
    """A text by its key, with what it names."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filled:
    """What was typed, by field, and what is wrong, by field too; "" is what concerns the whole form.

    A password is never among the values.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Saying] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """Return what was typed."""
        return self.values.get(name, "")

    def error(self, name: str) -> Saying | None:
        """Return what is wrong with a field."""
        return self.errors.get(name)

    def is_clear(self) -> bool:
        """Say whether no field has an error, so that the cursor is where it always is."""
        return not any(self.errors)

    def is_first(self, name: str) -> bool:
        """Say whether it is the first field with an error, where the cursor belongs."""
        return next((field for field in self.errors if field), None) == name


def saying_of(error: WireError, known: Mapping[str, str]) -> Saying:
    """Return an error in the reader's language, by its code in `known`; its own words where there is none."""
    if key := known.get(error.error_code or ""):
        return Saying(key)
    return Saying("error.in_words", {"words": error.message})
