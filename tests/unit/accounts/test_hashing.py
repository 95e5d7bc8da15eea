"""Hashes of passwords: argon2id under the server's key, a few at once."""

import asyncio

import pytest

from antechamber.adapters.identity.passwords import Argon2Passwords, Cost
from antechamber.base.chance import SystemChance
from antechamber.base.errors import Overloaded
from antechamber.base.secret import Secret
from antechamber.features.accounts.model import Verdict

CHEAP = Cost(passes=1, memory_kib=8, lanes=1)
GOOD = "korrekt pferd batterie"


def passwords(pepper: str = "pepper", cost: Cost = CHEAP, at_once: int = 2) -> Argon2Passwords:
    return Argon2Passwords(Secret(pepper), SystemChance(), at_once, cost)


async def test_a_hash_is_argon2id_of_the_second_recommended_cost() -> None:
    """RFC 9106 §4: t=3, p=4, m=64 MiB, a salt of 128 bits and a tag of 256."""
    encoded = (await Argon2Passwords(Secret("pepper"), SystemChance()).hash(GOOD)).reveal()
    head, salt, tag = encoded.rsplit("$", 2)
    assert head == "$argon2id$v=19$m=65536,t=3,p=4"
    assert (len(salt) * 6 // 8, len(tag) * 6 // 8) == (16, 32)


async def test_the_same_password_is_never_hashed_to_the_same_text() -> None:
    made = passwords()
    assert (await made.hash(GOOD)).reveal() != (await made.hash(GOOD)).reveal()


@pytest.mark.parametrize("password", [GOOD, "", "nul\x00inside", "\ud800", "é" * 1000, "密码🐴" * 333])
async def test_a_password_matches_its_own_hash_and_no_other(password: str) -> None:
    made = passwords()
    encoded = (await made.hash(password)).reveal()
    assert await made.verify(encoded, password) is Verdict.MATCHES
    for other in (password + "\x00", password + "x", "x" + password):
        assert await made.verify(encoded, other) is Verdict.WRONG


@pytest.mark.parametrize("encoded", ["", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$AAAA$BBBB", "plain text", "\x00"])
async def test_a_hash_that_is_none_matches_nothing(encoded: str) -> None:
    assert await passwords().verify(encoded, GOOD) is Verdict.WRONG


async def test_nobodys_password_is_wrong_whatever_is_typed() -> None:
    made = passwords()
    for typed in (GOOD, "", None):
        assert await made.verify(None, typed) is Verdict.WRONG
    encoded = (await made.hash("")).reveal()
    assert await made.verify(encoded, None) is Verdict.WRONG


async def test_a_hash_of_older_parameters_matches_and_is_to_be_made_anew() -> None:
    encoded = (await passwords().hash(GOOD)).reveal()
    newer = passwords(cost=Cost(passes=2, memory_kib=16, lanes=1))
    assert await newer.verify(encoded, GOOD) is Verdict.STALE
    assert await newer.verify(encoded, "wrong password") is Verdict.WRONG
    assert await newer.verify((await newer.hash(GOOD)).reveal(), GOOD) is Verdict.MATCHES


async def test_a_stolen_hash_is_worth_nothing_without_the_servers_key() -> None:
    encoded = (await passwords("pepper").hash(GOOD)).reveal()
    assert await passwords("another").verify(encoded, GOOD) is Verdict.WRONG


async def test_more_than_can_wait_are_refused_and_room_comes_back_when_the_work_ends() -> None:
    made = passwords(cost=Cost(passes=40, memory_kib=4096, lanes=1), at_once=1)
    flood = [asyncio.create_task(made.hash(GOOD)) for _ in range(80)]
    await asyncio.sleep(0)
    refused = [task for task in flood if task.done() and isinstance(task.exception(), Overloaded)]
    assert len(refused) == 80 - 65
    # who leaves does not make room: the work goes on
    flood[0].cancel()
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await made.hash(GOOD)
    for task in flood[1:]:
        task.cancel()
    await asyncio.gather(*flood, return_exceptions=True)
    async with asyncio.timeout(20):
        while True:
            try:
                assert await made.verify((await made.hash(GOOD)).reveal(), GOOD) is Verdict.MATCHES
                break
            except Overloaded:
                await asyncio.sleep(0.01)


async def test_the_loop_goes_on_while_passwords_are_hashed() -> None:
    made = passwords(cost=Cost(passes=20, memory_kib=8192, lanes=1), at_once=1)
    works = asyncio.gather(*(made.hash(GOOD) for _ in range(4)))
    steps = 0
    while not works.done():
        await asyncio.sleep(0)
        steps += 1
    assert steps > 4
    assert len(await works) == 4
