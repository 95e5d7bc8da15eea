"""Slows guesses down, over all nodes: an attempt counts as failed from its beginning until it has succeeded."""

from dataclasses import dataclass

from antechamber.base.actor import Actor
from antechamber.features.accounts.model import Attempts, Reason, Refused, ThrottleRules, network_of
from antechamber.features.accounts.ports import AttemptStore
from antechamber.features.accounts.service.ground import Ground
from antechamber.features.organizations.service import email_key


@dataclass(frozen=True, slots=True)
class Ticket:
    """An attempt that was let through; `failures` is how many of that account from that address came before."""

    account: bytes
    pair: bytes
    address: bytes
    is_known: bool
    failures: int


class Throttle:
    """Lets attempts through, by account, by address, and by both; a subject is kept as a keyed digest only.

    An address from which the account's person has logged in is held by what failed for that account from there alone:
    neither a stranger's guesses elsewhere nor a crowd behind one address keep a known person out.
    """

    def __init__(self, store: AttemptStore, ground: Ground, rules: ThrottleRules) -> None:
        self._store = store
        self._ground = ground
        self._units = ground.units
        self._clock = ground.clock
        self._rules = rules

    async def begin(self, email: str, by: Actor) -> Ticket | Refused:
        """Count an attempt, or say how long to wait; the same for an address that nobody has."""
        account, pair, address = self._subjects(email, by)
        async with self._units.begin() as unit:
            now = self._clock.now()
            counted = await self._store.resolve_attempts(unit, (account, pair, address))
            before = counted.get(pair, Attempts())
            is_known = before.known_until > now
            free = {pair: self._rules.pair_failures}
            if not is_known:
                free |= {account: self._rules.account_failures, address: self._rules.address_failures}
            wait = max(counted.get(each, Attempts()).wait_seconds(now) for each in free)
            if wait:
                return Refused(Reason.THROTTLED, wait)
            begun = {each: self._rules.begin(counted.get(each, Attempts()), limit, now) for each, limit in free.items()}
            await self._store.sweep_in(unit, begun, now)
        return Ticket(account, pair, address, is_known, begun[pair].failures - 1)

    async def succeed(self, ticket: Ticket) -> None:
        """Forget what failed of the account at this address, which counts as known; take the attempt back elsewhere."""
        async with self._units.begin() as unit:
            now = self._clock.now()
            counted = await self._store.resolve_attempts(unit, (ticket.account, ticket.pair, ticket.address))
            ended = {ticket.pair: self._rules.succeed(counted.get(ticket.pair, Attempts()), now)}
            if not ticket.is_known:
                for each in (ticket.account, ticket.address):
                    ended[each] = self._rules.take_back(counted.get(each, Attempts()))
            await self._store.sweep_in(unit, ended, now)

    def _subjects(self, email: str, by: Actor) -> tuple[bytes, bytes, bytes]:
        account, address = email_key(email) or email, network_of(by.ip_address)
        # lengths first, so that no two subjects are written alike
        texts = (f"account {account}", f"pair {len(account)} {account} {address}", f"address {address}")
        first, second, third = (self._ground.digest(f"antechamber throttle {text}") for text in texts)
        return first, second, third
