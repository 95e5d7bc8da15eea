"""Budgets: what is held, what is spent, and that no order of things lets two requests through where one would do."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from antechamber.features.limits.model.definitions import Period
from antechamber.features.limits.model.spending import Balance, Budget, Hold, reached, window

FAR = 10**9


def hold(limit: int, needed: int, worst: int) -> Hold:
    return Hold("k", limit, FAR, needed, worst)


def test_the_worst_case_is_held_until_the_request_has_ended() -> None:
    budget = Budget(100, FAR)
    budget.reserve(hold(1000, 10, 400), "a", 60, 0)
    assert budget.balance(1000, 0) == Balance(1000, 100, 400, FAR)
    budget.release("a")
    budget.release("a")
    assert budget.charge(25) == 125
    assert budget.balance(1000, 0).remaining == 875


def test_one_request_may_reach_beyond_the_budget_and_the_next_one_finds_nothing_left() -> None:
    budget = Budget(950, FAR)
    assert budget.fits(hold(1000, 10, 400), 0)
    budget.reserve(hold(1000, 10, 400), "a", 60, 0)
    assert budget.balance(1000, 0).remaining == 0
    assert not budget.fits(hold(1000, 1, 1), 0)
    assert not budget.fits(hold(1000, 0, 1), 0)
    assert budget.fits(hold(1000, 0, 0), 0)


def test_what_others_give_back_goes_to_who_reaches_beyond_before_it_goes_to_anybody_new() -> None:
    budget = Budget(0, FAR)
    for name in "abc":
        assert budget.fits(hold(1000, 10, 400), 0)
        budget.reserve(hold(1000, 10, 400), name, 60, 0)
    budget.release("a")
    budget.charge(250)
    assert not budget.fits(hold(1000, 10, 400), 0)
    budget.release("b")
    budget.charge(250)
    assert budget.fits(hold(1000, 10, 400), 0)


def test_only_an_input_that_does_not_fit_is_refused() -> None:
    budget = Budget(990, FAR)
    assert budget.fits(hold(1000, 10, 10**6), 0)
    assert not budget.fits(hold(1000, 11, 10**6), 0)


def test_a_lease_that_ran_out_holds_nothing_and_one_that_is_renewed_goes_on() -> None:
    budget = Budget(0, FAR)
    budget.reserve(hold(1000, 10, 300), "a", 60, 0)
    budget.reserve(hold(1000, 10, 300), "b", 60, 0)
    budget.renew("b", 120)
    budget.renew("gone", 120)
    assert budget.balance(1000, 59).held == 600
    assert budget.balance(1000, 60).held == 300
    assert budget.balance(1000, 119).held == 300
    assert budget.balance(1000, 120).held == 0
    assert budget.charge(5) == 5


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_thresholds_are_reached_exactly_at_their_share(spent: int, limit: int) -> None:
    expected = max([each for each in (50, 75, 90, 100) if spent * 100 >= each * limit], default=0)
    assert reached(spent, limit) == expected
    assert (reached(spent, limit) == 100) == (spent >= limit)


@given(st.sampled_from(Period), st.integers(0, 2**52))
def test_a_window_is_its_periods(period: Period, at: int) -> None:
    assert window(period, at) == (period.start(at), period.end(at))


def test_a_budget_of_nothing_is_used_up() -> None:
    assert (reached(0, 0), Balance(0, 0, 0, 0).percent) == (100, 100)


class Interleavings(RuleBasedStateMachine):
    """Requests come, end, fail and are forgotten in any order, before one budget."""

    LIMIT = 10_000

    def __init__(self) -> None:
        super().__init__()
        self.budget = Budget(0, FAR)
        self.now = 0
        self.number = 0
        self.open: dict[str, int] = {}
        self.widest = 0

    @rule(needed=st.integers(0, 900), output=st.integers(0, 3000))
    def come(self, needed: int, output: int) -> None:
        wanted = hold(self.LIMIT, needed, needed + output)
        if self.budget.fits(wanted, self.now):
            self.number += 1
            self.budget.reserve(wanted, str(self.number), FAR, self.now)
            self.open[str(self.number)] = wanted.worst
            self.widest = max(self.widest, wanted.worst)

    @rule(data=st.data(), share=st.integers(0, 100))
    def end(self, data: st.DataObject, share: int) -> None:
        if self.open:
            name = data.draw(st.sampled_from(sorted(self.open)))
            worst = self.open.pop(name)
            self.budget.release(name)
            cost = worst * share // 100
            self.budget.charge(cost)

    @rule(pause=st.integers(1, 30))
    def renew(self, pause: int) -> None:
        self.now += pause
        for name in self.open:
            self.budget.renew(name, FAR + self.now)

    @invariant()
    def overshoots_by_at_most_one_request(self) -> None:
        assert self.budget.spent <= self.LIMIT + self.widest

    @invariant()
    def holds_nothing_when_nothing_is_open(self) -> None:
        if not self.open:
            assert self.budget.balance(self.LIMIT, self.now).held == 0

    @invariant()
    def reaches_beyond_its_limit_by_at_most_one_request_even_if_all_spend_what_they_may(self) -> None:
        balance = self.budget.balance(self.LIMIT, self.now)
        assert balance.held == sum(self.open.values())
        assert balance.spent + balance.held <= self.LIMIT + self.widest


TestInterleavings = Interleavings.TestCase
