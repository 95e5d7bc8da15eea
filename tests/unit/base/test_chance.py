"""Randomness: unpredictable for secrets, repeatable for simulations."""

from antechamber.base.chance import SeededChance, SystemChance


def test_the_system_draws_as_many_bytes_as_asked_and_never_the_same() -> None:
    chance = SystemChance()
    assert len(chance.draw(32)) == 32
    assert chance.draw(32) != chance.draw(32)


def test_a_seed_repeats_itself() -> None:
    first, second = SeededChance("seed"), SeededChance("seed")
    assert [first.draw(5), first.draw(7)] == [second.draw(5), second.draw(7)]
    assert first.uniform(1, 2) == second.uniform(1, 2)
    assert 1 <= first.uniform(1, 2) <= 2
    assert SeededChance(1).draw(16) != SeededChance(2).draw(16)
