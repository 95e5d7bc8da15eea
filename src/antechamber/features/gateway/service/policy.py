"""The policy that Claude Code asks for: its managed settings, as the operator wrote them into one file."""

import hashlib
import json
from typing import Final

_LARGEST: Final = 1 << 20


class PolicyError(Exception):
    """A policy can't be used; the message says why."""


class ManagedSettings:
    """The managed settings in force; `body` is None while there is no policy, which an empty one (`{}`) is not."""

    def __init__(self, body: bytes | None) -> None:
        self.body: bytes | None = None
        self.etag = ""
        self.adopt(body)

    def adopt(self, body: bytes | None) -> None:
        """Answer with another policy from now on."""
        self.body = body
        self.etag = "" if body is None else f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    def is_known(self, if_none_match: str | None) -> bool:
        """Say whether a caller who holds these entity tags has the policy already (RFC 9110 §13.1.2)."""
        if self.body is None or not if_none_match:
            return False
        held = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
        return held == ["*"] or self.etag in held


def check_policy(text: bytes) -> bytes:
    """Return a policy as it is to be sent; PolicyError unless it is one JSON object of at most 1 MiB."""
    if len(text) > _LARGEST:
        message = f"is larger than {_LARGEST >> 20} MiB"
        raise PolicyError(message)
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        message = f"is not JSON: {error}"
        raise PolicyError(message) from None
    if not isinstance(found, dict):
        message = "must hold one JSON object, as Claude Code's managed-settings.json does"
        raise PolicyError(message)
    return json.dumps(found, separators=(",", ":")).encode()


def _refuse_constant(name: str) -> None:
    message = f"{name} is no value of JSON"
    raise ValueError(message)
