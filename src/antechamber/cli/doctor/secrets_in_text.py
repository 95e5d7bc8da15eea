"""What looks like a key in a text: ours by their checksum, others' by their form."""

import re
from collections.abc import Iterator
from typing import Final

from antechamber.base.secret import is_ours

_SHOWN: Final = 14
# of the letters of a random key: what has fewer was typed
_FEWEST_LETTERS: Final = 18
# (what it is, its form); the forms are those that the issuers document or their scanners use
_FORMS: Final = (
    ("an Anthropic-style key", re.compile(rb"sk-ant-[a-z]+[0-9]{2}-[A-Za-z0-9_-]{40,}")),
    ("a secret of an Antechamber", re.compile(rb"ante-[a-z]+01-[1-9A-HJ-NP-Za-km-z]{40,}")),
    ("an OpenAI-style key", re.compile(rb"sk-(?:proj-|svcacct-)?(?!ant-)[A-Za-z0-9_-]{32,}")),
    ("an AWS access key", re.compile(rb"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b")),
    ("a Google API key", re.compile(rb"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a GitHub token", re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36}\b")),
    ("a private key", re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----")),
)
_SHORT: Final = frozenset({"an AWS access key", "a private key"})
_EXAMPLES: Final = re.compile(rb"EXAMPLE|[xX]{6}|0{8}|1{8}|(?i:abcdefgh|12345678)")


def secrets_in(content: bytes) -> Iterator[tuple[int, str, str]]:
    """Yield line, what it is, and what may be shown of it, for everything that looks like a key.

    Those with our checksum are surely keys; of the others, what spells out an example is left out.
    """
    for kind, form in _FORMS:
        for match in form.finditer(content):
            text = match[0].decode("ascii", "replace")
            ours = is_ours(text)
            if not ours and not _looks_drawn(kind, text):
                continue
            name = "a key of an Antechamber server" if ours else kind
            yield content.count(b"\n", 0, match.start()) + 1, name, f"{text[:_SHOWN]}…"


def _looks_drawn(kind: str, text: str) -> bool:
    """Say whether a key was drawn at random rather than typed."""
    if kind in _SHORT:
        return not _EXAMPLES.search(text.encode())
    mixed = re.search(r"[0-9]", text[14:]) and re.search(r"[A-Z]", text) and re.search(r"[a-z]", text[14:])
    return bool(mixed) and len(set(text)) >= _FEWEST_LETTERS and not _EXAMPLES.search(text.encode())
