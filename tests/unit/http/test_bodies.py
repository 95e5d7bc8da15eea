"""Bodies: what no database keeps is refused before it gets there."""

import pytest
from pydantic import ValidationError

from antechamber.http.bodies import Body


class Thing(Body):
    name: str | None = None
    tags: dict[str, str] | None = None
    names: list[str] | None = None


@pytest.mark.parametrize("body", [{"name": "clé 🔑"}, {"tags": {"a": "b"}}, {"names": ["a", "é"]}, {}])
def test_what_can_be_kept_is_taken(body: dict[str, object]) -> None:
    assert Thing.model_validate(body).model_dump(exclude_unset=True) == body


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800"])
def test_what_cannot_be_kept_is_refused_wherever_it_stands(text: str) -> None:
    for body in ({"name": text}, {"tags": {"a": text}}, {"tags": {text: "a"}}, {"names": ["a", text]}):
        with pytest.raises(ValidationError, match="cannot be stored"):
            Thing.model_validate(body)
