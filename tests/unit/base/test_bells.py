"""Bells wake who listens, and nobody else."""

from antechamber.base.bells import Bells


def test_a_bell_wakes_everybody_who_listens_for_its_key() -> None:
    bells = Bells()
    with bells.listen("a") as one, bells.listen("a") as two, bells.listen("b") as other:
        bells.ring("a")
        assert (one.is_set(), two.is_set(), other.is_set()) == (True, True, False)


def test_a_bell_that_nobody_hears_rings_for_nobody() -> None:
    bells = Bells()
    bells.ring("a")
    with bells.listen("a") as bell:
        assert not bell.is_set()
    bells.ring("a")
    assert not bell.is_set()
