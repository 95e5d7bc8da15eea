"""Hashes of passwords by argon2id, a few at once in threads of their own (`accounts.ports.PasswordHasher`)."""

import asyncio
import hmac
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import files
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

from antechamber.base.chance import Chance
from antechamber.base.errors import Overloaded
from antechamber.base.secret import Secret
from antechamber.features.accounts.model import Verdict

_PURPOSE: Final = b"antechamber password "
_MOST_WAITING: Final = 64
_SALT: Final = 16
_TAG: Final = 32
# for passwords of nobody: what is checked against it costs as much as what is checked against somebody's
_NOTHING: Final = ""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a hash costs: the second recommended option of RFC 9106 §4, for where 2 GiB each is too much."""

    passes: int = 3
    memory_kib: int = 64 << 10
    lanes: int = 4


class Argon2Passwords:
    """Hashes and checks passwords under a key of the server: a stolen database alone cannot be guessed at.

    The key comes in by HMAC-SHA256, NIST SP 800-63B §3.1.1.2; so a password's length or a NUL in it change nothing.
    At most `at_once` are worked on, which bounds memory, and 64 wait; more get Overloaded. `checked` counts the
    checks that were worked on, whosever they were.
    """

    def __init__(self, pepper: Secret, chance: Chance, at_once: int = 2, cost: Cost | None = None) -> None:
        cost = cost or Cost()
        self._chance = chance
        self._key = hmac.digest(pepper.reveal().encode(), _PURPOSE, sha256)
        self._argon2 = PasswordHasher(
            time_cost=cost.passes,
            memory_cost=cost.memory_kib,
            parallelism=cost.lanes,
            hash_len=_TAG,
            salt_len=_SALT,
            type=Type.ID,
        )
        # threads of its own: whoever leaves meanwhile frees no memory, and so makes no room
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="passwords")
        self._most = at_once + _MOST_WAITING
        self._under_way = 0
        self.checked = 0

    async def hash(self, password: str) -> Secret:
        """Return the encoded hash of a password in its normal form."""
        return Secret(await self._work(lambda: self._hash(self._keyed(password))))

    async def verify(self, encoded: str | None, password: str | None) -> Verdict:
        """Check a password against a hash; None for either takes the same work and is wrong."""
        return await self._work(lambda: self._check(encoded, password))

    def _hash(self, keyed: bytes) -> str:
        return self._argon2.hash(keyed, salt=self._chance.draw(_SALT))

    def _check(self, encoded: str | None, password: str | None) -> Verdict:
        # made at the first check of all, whoever's it is
        nobodys = self._nobodys
        target = encoded if encoded is not None and password is not None else nobodys
        self.checked += 1
        try:
            self._argon2.verify(target, self._keyed(password or _NOTHING))
        except (Argon2Error, InvalidHashError):
            return Verdict.WRONG
        if target is not encoded:
            return Verdict.WRONG
        return Verdict.STALE if self._argon2.check_needs_rehash(target) else Verdict.MATCHES

    @cached_property
    def _nobodys(self) -> str:
        return self._hash(self._key)

    def _keyed(self, password: str) -> bytes:
        return hmac.digest(self._key, password.encode("utf-8", "surrogatepass"), sha256)

    async def _work(self, work: Callable[[], Result]) -> Result:
        if self._under_way >= self._most:
            message = "Too many people log in at this moment; try again."
            raise Overloaded(message, retry_after=1)
        self._under_way += 1
        try:
            future = self._threads.submit(work)
        except BaseException:
            self._under_way -= 1
            raise
        loop = asyncio.get_running_loop()
        # counted down by the work's own end: who stops waiting does not stop it
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._end))
        return await asyncio.wrap_future(future)

    def _end(self) -> None:
        self._under_way -= 1


@cache
def common_passwords() -> frozenset[str]:
    """Return the passwords that guessers try first, case-folded; the list's source stands at its head."""
    text = files("antechamber.adapters.identity").joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
