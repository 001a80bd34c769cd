"""Majorities against the binomial, and the worth of noisy labels against information theory."""

import math
from itertools import product

import pytest

from simulator.errors import InputError
from simulator.training.votes import label_worth, majority_accuracy, votes_for


@pytest.mark.parametrize(("votes", "accuracy"), [(1, 0.8), (3, 0.896), (5, 0.94208)])
def test_three_or_five_votes_at_80_percent(votes, accuracy):
    """One, three and five labels right 80% of the time give majorities right .8, .896 and .94208 of the time."""
    assert majority_accuracy(0.8, votes) == pytest.approx(accuracy, abs=1e-12)


@pytest.mark.parametrize("votes", range(1, 9))
@pytest.mark.parametrize("accuracy", [0.0, 0.3, 0.5, 0.77, 1.0])
def test_majorities_are_those_of_all_outcomes(votes, accuracy):
    """The accuracy is the sum over every outcome of the votes, a tie counting half."""
    total = 0.0
    for outcome in product([0, 1], repeat=votes):
        chance = math.prod(accuracy if right else 1 - accuracy for right in outcome)
        total += chance * (1.0 if 2 * sum(outcome) > votes else 0.5 if 2 * sum(outcome) == votes else 0.0)
    assert majority_accuracy(accuracy, votes) == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize("accuracy", [0.6, 0.8, 0.99])
def test_a_noisy_label_is_worth_its_share_of_fisher_information(accuracy):
    """About the share of a label near 1/2, a flipped one holds (2 p - 1)^2 of the information of a clean one."""

    def information(share, slope):
        return slope**2 / (share * (1 - share))

    seen = accuracy * 0.5 + (1 - accuracy) * 0.5
    ratio = information(seen, 2 * accuracy - 1) / information(0.5, 1)
    assert label_worth(accuracy) == pytest.approx(ratio, rel=1e-12)


def test_one_vote_is_best_where_samples_are_free():
    """Labels of 80% are worth .36 one by one; by threes .627 for three prices, so new samples are the better buy."""
    answer = votes_for(1000, 0.8, label_price=0.1)
    assert (answer.outcome, answer.votes) == ("found", 1)
    assert answer.samples == pytest.approx(1000 / 0.36)
    assert answer.price == pytest.approx(100 / 0.36)


def test_samples_with_a_price_are_worth_a_second_opinion():
    """At a price of 1 a sample and .1 a label, three votes cost 1.3/.627 a clean sample, one 1.1/.36, five 1.5/.782."""
    answer = votes_for(1000, 0.8, label_price=0.1, sample_price=1.0)
    by_votes = {r: (1 + 0.1 * r) / (2 * majority_accuracy(0.8, r) - 1) ** 2 for r in range(1, 60, 2)}
    assert answer.votes == min(by_votes, key=by_votes.get) == 5
    assert answer.price == pytest.approx(1000 * by_votes[5])


def test_few_samples_take_more_votes():
    """2,000 samples are worth 1,000 clean ones with three votes and not with one; 1,000 never are, at 80%."""
    assert votes_for(1000, 0.8, 0.1, most_samples=2000).votes == 3
    none = votes_for(1000, 0.8, 0.1, most_samples=999)
    assert (none.outcome, none.votes) == ("too_few_samples", 0)
    assert none.advice == "999 samples are too few for the worth of 1,000, whoever labels them; find more"


def test_coins_are_no_labellers():
    """Labels right half of the time are an answer that says so."""
    answer = votes_for(10, 0.5, 0.1)
    assert answer.outcome == "no_better_than_chance"
    assert "50% of the time tell nothing" in answer.advice


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: majority_accuracy(1.2, 3), "accuracy: expected 0 to 1, got 1.2"),
        (lambda: majority_accuracy(0.8, 0), "votes: expected at least 1, got 0"),
        (lambda: label_worth(math.nan), "accuracy"),
        (lambda: votes_for(0, 0.8, 0.1), "samples needed"),
    ],
)
def test_impossible_numbers_are_refused(call, message):
    """What is no probability, no vote or no need is named."""
    with pytest.raises(InputError, match=message):
        call()
