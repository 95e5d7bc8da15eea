"""How long fetched keys are good for, and when an issuer is asked again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from antechamber.base.clock import MICROSECONDS
from antechamber.features.federation.model.issuers import Inline, Issuer, dialled

# a key that an issuer has withdrawn is good for no longer (wire-auth.md 3: at most a minute of staleness)
FRESH: Final = 60 * MICROSECONDS
# what is in use is fetched anew before it gets stale, so that no exchange waits for it
AHEAD: Final = 40 * MICROSECONDS
# how long the last keys do while the issuer can't be asked
GRACE: Final = 600 * MICROSECONDS
# between two fetches for one issuer, whoever asks for them
GAP: Final = 5 * MICROSECONDS
# between two polls of an issuer that nobody uses
POLL: Final = 600 * MICROSECONDS
_LONGEST_GAP: Final = 300 * MICROSECONDS
_FIRST_BACKOFF: Final = 30 * MICROSECONDS
_LONGEST_BACKOFF: Final = 3600 * MICROSECONDS
_PAUSE_AFTER: Final = 10


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What is kept of an issuer's keys; instants in microseconds.

    `source` is where `keys` were fetched from (`source_of`): once it is another they are worthless. A fetch is on
    while `attempted_at` is after `settled_at`. `problem` is a word for what went wrong the last time.
    """

    keys: Sequence[Mapping[str, object]] | None = None
    source: int = 0
    fetched_at: int | None = None
    attempted_at: int = 0
    settled_at: int = 0
    consecutive_failures: int = 0
    next_poll_at: int | None = None
    disabled_at: int | None = None
    problem: str | None = None


class Configuration(NamedTuple):
    """What an issuer's discovery document says (OpenID Connect Discovery 1.0 §3)."""

    issuer: str
    jwks_uri: str


def source_of(issuer: Issuer) -> int:
    """Return a number that stands for where an issuer's keys come from: 63 bits of a digest."""
    jwks = issuer.jwks
    source: list[object] = [issuer.url, type(jwks).__name__]
    if isinstance(jwks, Inline):
        source.extend(dict(key) for key in jwks.keys)
    else:
        source += [*(dialled(issuer.url, jwks) or ()), jwks.ca_cert_pem]
    text = json.dumps(source, sort_keys=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1


def fetched(keys: Sequence[Mapping[str, object]], source: int, attempted_at: int, now: int) -> KeyRow:
    """Return what is kept after a fetch that went well; it ends a pause."""
    return KeyRow(keys, source, now, attempted_at, now, next_poll_at=now + POLL)


def failed(row: KeyRow, attempted_at: int, now: int, problem: str) -> KeyRow:
    """Return what is kept after one that did not: polls come ever later, and pause after ten in a row."""
    failures = row.consecutive_failures + 1
    backoff = min(_FIRST_BACKOFF << min(failures - 1, 20), _LONGEST_BACKOFF)
    is_paused = failures >= _PAUSE_AFTER
    return KeyRow(
        row.keys,
        row.source,
        row.fetched_at,
        attempted_at,
        now,
        failures,
        None if is_paused else now + backoff,
        (row.disabled_at or now) if is_paused else None,
        problem,
    )


def gap_after(failures: int) -> int:
    """Return how long after a fetch began the next may, in microseconds: longer the more have failed in a row."""
    return min(GAP << min(failures, 10), _LONGEST_GAP)
