"""Whose turn it is in a slow run."""

import pytest

from riemgn.optimizers.turns import Turns


def play(turns, shares, cost=1.0):
    """Take one turn for each share of the cost that it gains, spread evenly over its steps."""
    seen = []
    cost = cost if turns.cost is None else turns.cost
    for share in shares:
        steps = turns.left if turns.cost is not None else turns.patience
        before, gained = cost, share * abs(cost)
        seen.append((turns.full, steps))
        for k in range(1, steps + 1):
            after = before - gained * k / steps
            turns.step(cost, after)
            cost = after
    return seen


def test_a_turn_that_pays_is_kept():
    turns = Turns()
    assert play(turns, [0.1, 0.02, 0.006]) == [(False, 50)] * 3
    assert not turns.full


def test_turns_alternate_and_grow_until_all_were_in_vain():
    turns = Turns()
    seen = play(turns, [0.001, 0.0, 0.001, 0.0, 0.001])
    assert seen == [(False, 50), (True, 50), (False, 100), (True, 100), (False, 200)]
    assert not turns.settled
    play(turns, [0.0])
    assert turns.settled


def test_the_full_model_goes_on_while_it_is_the_faster_one():
    turns = Turns()
    seen = play(turns, [0.0005, 0.003, 0.003, 0.0008])
    assert [full for full, _ in seen] == [False, True, True, True]
    assert not turns.full  # 0.0008 is less than twice what the damped step gained
    assert turns.patience == 100


def test_a_gain_not_worth_speaking_of_ends_a_turn_whatever_the_other_gained():
    turns = Turns()
    play(turns, [0.0, 1e-4])
    assert not turns.full


def test_damped_steps_alone_settle_after_one_vain_turn():
    turns = Turns(patience=200, only_far=True)
    assert play(turns, [0.3, 0.01]) == [(False, 200)] * 2
    assert not turns.settled
    play(turns, [0.001])
    assert turns.settled


@pytest.mark.parametrize("cost", [-5.0, 5.0, 1e-300, 1e300])
def test_the_costs_size_and_sign_do_not_matter(cost):
    turns = Turns()
    play(turns, [0.1], cost)
    assert not turns.full
    play(turns, [0.001], cost)
    assert turns.full
