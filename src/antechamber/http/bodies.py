"""Request bodies: strict types, and no field that nobody knows (decisions.md)."""

from pydantic import BaseModel, ConfigDict, model_validator


class Body(BaseModel):
    """What every request body of the control plane derives from."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unstorable(cls, data: object) -> object:
        _check(data)
        return data


def _check(data: object) -> None:
    """Refuse texts that no database keeps: with a NUL, or with half of a character outside the basic plane."""
    if isinstance(data, str):
        if "\x00" in data or not _is_whole(data):
            message = "contains characters that cannot be stored"
            raise ValueError(message)
    elif isinstance(data, dict):
        for name, value in data.items():
            _check(name)
            _check(value)
    elif isinstance(data, list):
        for value in data:
            _check(value)


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
