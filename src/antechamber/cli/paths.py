"""Paths of the API with ids in them."""

from urllib.parse import quote


def segment(text: str) -> str:
    """Write an id as one segment of a path, whatever characters it has."""
    return quote(text, safe="")
