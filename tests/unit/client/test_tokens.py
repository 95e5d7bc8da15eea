import asyncio
import threading
from dataclasses import dataclass, field

import pytest

from antechamber.base.clock import MICROSECONDS, ManualClock
from antechamber.base.secret import Secret
from antechamber.client.failures import CredentialUnusable
from antechamber.client.tokens import ADVISORY_SECONDS, MANDATORY_SECONDS, Token, TokenCache

START = 1_800_000_000


@dataclass
class Mint:
    """Gives tokens `t1`, `t2` … of an hour; fails while `is_down`; `gate` holds it up."""

    clock: ManualClock
    lifetime: int = 3600
    knows_lifetime: bool = True
    is_down: bool = False
    on_disk: Token | None = None
    held: list[str | None] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def current(self) -> Token | None:
        return self.on_disk

    def renew(self, held: Secret | None, patience_seconds: float) -> Token:
        assert patience_seconds > 0
        self.held.append(held.reveal() if held else None)
        self.entered.set()
        self.gate.wait(10)
        if self.is_down:
            message = "down"
            raise CredentialUnusable(message)
        ends = self.clock.now() // MICROSECONDS + self.lifetime
        return Token(Secret(f"t{len(self.held)}"), ends, self.lifetime if self.knows_lifetime else None)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START * MICROSECONDS)


@pytest.fixture
def mint(clock: ManualClock) -> Mint:
    return Mint(clock)


@pytest.fixture
def cache(mint: Mint, clock: ManualClock) -> TokenCache:
    return TokenCache(mint, clock)


def text(token: Token) -> str:
    return token.secret.reveal()


def test_a_token_is_fetched_once_and_kept(cache: TokenCache, mint: Mint) -> None:
    assert [text(cache.get()) for _ in range(5)] == ["t1"] * 5
    assert mint.held == [None]


def test_what_lies_on_the_disk_is_used_first(cache: TokenCache, mint: Mint) -> None:
    mint.on_disk = Token(Secret("disk"), START + 3600)
    assert (text(cache.get()), mint.held) == ("disk", [])


def test_from_120_seconds_before_its_end_another_is_fetched(cache: TokenCache, mint: Mint, clock: ManualClock) -> None:
    cache.get()
    clock.advance(3600 - ADVISORY_SECONDS - 1)
    assert text(cache.get()) == "t1"
    clock.advance(1)
    assert text(cache.get()) == "t2"
    assert mint.held == [None, "t1"]


def test_a_failure_ahead_of_need_serves_what_still_works_and_is_not_repeated_for_five_seconds(
    cache: TokenCache, mint: Mint, clock: ManualClock
) -> None:
    cache.get()
    mint.is_down = True
    clock.advance(3600 - ADVISORY_SECONDS)
    assert [text(cache.get()) for _ in range(3)] == ["t1"] * 3
    assert len(mint.held) == 2
    clock.advance(5)
    assert text(cache.get()) == "t1"
    assert len(mint.held) == 3
    mint.is_down = False
    clock.advance(5)
    assert text(cache.get()) == "t4"


def test_from_30_seconds_before_its_end_a_failure_is_raised(cache: TokenCache, mint: Mint, clock: ManualClock) -> None:
    cache.get()
    mint.is_down = True
    clock.advance(3600 - MANDATORY_SECONDS)
    with pytest.raises(CredentialUnusable):
        cache.get()


def test_a_token_of_a_minute_is_used_for_half_of_it(cache: TokenCache, mint: Mint, clock: ManualClock) -> None:
    mint.lifetime = 60
    assert text(cache.get()) == "t1"
    clock.advance(29)
    assert text(cache.get()) == "t1"
    clock.advance(1)
    assert text(cache.get()) == "t2"


def test_a_token_without_an_end_is_kept(mint: Mint, clock: ManualClock) -> None:
    mint.on_disk = Token(Secret("for ever"))
    cache = TokenCache(mint, clock)
    clock.advance(10**9)
    assert text(cache.get()) == "for ever"


def test_an_external_token_is_read_for_each_call_and_never_renewed(mint: Mint, clock: ManualClock) -> None:
    cache = TokenCache(mint, clock)
    for name in ("a", "b"):
        mint.on_disk = Token(Secret(name), START - 5, is_external=True)
        assert text(cache.get()) == name
    assert mint.held == []


def test_a_refused_token_is_replaced_once_for_all_who_held_it(cache: TokenCache, mint: Mint) -> None:
    refused = cache.get().secret
    assert text(cache.get(refused)) == "t2"
    assert text(cache.get(refused)) == "t2"
    assert mint.held == [None, "t1"]


def test_many_threads_without_a_token_fetch_one(cache: TokenCache, mint: Mint) -> None:
    mint.gate.clear()
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(text(cache.get()))) for _ in range(10)]
    for thread in threads:
        thread.start()
    mint.entered.wait(10)
    mint.gate.set()
    for thread in threads:
        thread.join()
    assert (got, mint.held) == (["t1"] * 10, [None])


def test_while_one_fetches_ahead_of_need_the_others_go_on(cache: TokenCache, mint: Mint, clock: ManualClock) -> None:
    cache.get()
    clock.advance(3600 - ADVISORY_SECONDS)
    mint.entered.clear()
    mint.gate.clear()
    fetching = threading.Thread(target=cache.get)
    fetching.start()
    mint.entered.wait(10)
    assert text(cache.get()) == "t1"
    mint.gate.set()
    fetching.join()
    assert text(cache.get()) == "t2"


async def test_tasks_share_one_fetch(cache: TokenCache, mint: Mint) -> None:
    got = await asyncio.gather(*[asyncio.to_thread(cache.get) for _ in range(10)])
    assert ({text(token) for token in got}, mint.held) == ({"t1"}, [None])
