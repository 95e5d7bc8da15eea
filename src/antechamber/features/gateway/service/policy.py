"""The policy that Claude Code asks for: its managed settings, as the operator wrote them into one file.

They go out as Claude Code reads them since 2.1: `{"uuid", "checksum", "settings"}`, the checksum being what it makes of
its copy of the settings, and sends as the entity tag.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

_LARGEST: Final = 1 << 20


class PolicyError(Exception):
    """A policy can't be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Managed settings as they are sent, and their entity tag."""

    body: bytes
    etag: str

    def is_known(self, if_none_match: str | None) -> bool:
        """Say whether a caller who holds these entity tags has the policy already (RFC 9110 §13.1.2)."""
        if not if_none_match:
            return False
        held = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
        return held == ["*"] or self.etag in held


class ManagedSettings:
    """The policy in force; None while there is none, which one without settings is not."""

    def __init__(self, policy: Policy | None) -> None:
        self.policy = policy

    def adopt(self, policy: Policy | None) -> None:
        """Answer with another policy from now on."""
        self.policy = policy


def read_settings(text: bytes) -> Policy:
    """Return the policy of a managed-settings.json; PolicyError unless it is one JSON object of at most 1 MiB."""
    if len(text) > _LARGEST:
        message = f"is larger than {_LARGEST >> 20} MiB"
        raise PolicyError(message)
    try:
        settings = json.loads(text, parse_constant=_refuse_constant)
        # as JSON.stringify writes an object whose keys were sorted
        written = json.dumps(settings, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError) as error:
        message = f"is not JSON: {error}"
        raise PolicyError(message) from None
    if not isinstance(settings, dict):
        message = "must hold one JSON object, as Claude Code's managed-settings.json does"
        raise PolicyError(message)
    digest = sha256(written)
    checksum = f"sha256:{digest.hexdigest()}"
    name = UUID(bytes=digest.digest()[:16], version=5)
    body = b'{"uuid":"%b","checksum":"%b","settings":%b}' % (str(name).encode(), checksum.encode(), written)
    return Policy(body, f'"{checksum}"')


def _refuse_constant(name: str) -> None:
    message = f"{name} is no value of JSON"
    raise ValueError(message)
