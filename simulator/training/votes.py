"""Labels that are wrong now and then: the majority of several, and what a noisy label is worth.

A label that is wrong with probability e, whichever is the right one of two, is worth (1 - 2 e)^2 of a clean one. That
is the order of the bounds of Angluin & Laird, "Learning from noisy examples", Machine Learning 2, 1988, theorem 2, and
of Natarajan et al., "Learning with noisy labels", NIPS 2013, whose unbiased loss grows by 1/(1 - 2 e); and exactly the
ratio of Fisher informations where both labels are equally likely.
"""

import math
from dataclasses import dataclass
from typing import Literal

from scipy.special import bdtr, bdtrc

from simulator.errors import InputError

__all__ = ["MOST_VOTES", "VotesAnswer", "label_worth", "majority_accuracy", "votes_for"]

MOST_VOTES = 999
"""More votes on one sample than anybody asks for."""


@dataclass(frozen=True)
class VotesAnswer:
    """How many labels to ask for each sample.

    Attributes
    ----------
    outcome
        "found"; "no_better_than_chance" where labels tell nothing; "too_few_samples" where even labels without an error
        on every sample there is would not do.
    votes
        An odd number; 0 without an answer.
    accuracy
        Of the majority.
    worth
        Of a sample so labelled, in clean ones.
    samples
        Samples to label, so that they are worth those that are needed.
    price
        Of all.
    advice
        What to do about an outcome other than "found"; else empty.
    """

    outcome: Literal["found", "no_better_than_chance", "too_few_samples"]
    votes: int
    accuracy: float
    worth: float
    samples: float
    price: float
    advice: str = ""


def majority_accuracy(accuracy: float, votes: int) -> float:
    """Return the probability that the majority of `votes` independent labels is right; a tie is broken by a coin.

    An even number is worth the odd one below it: the last vote changes the outcome as often for good as for bad.

    Parameters
    ----------
    accuracy
        Of one label, 0 to 1.
    votes
        At least 1.
    """
    _check(accuracy)
    if votes < 1:
        raise InputError(f"votes: expected at least 1, got {votes}")
    half = votes // 2
    ahead = float(bdtrc(half, votes, accuracy))
    return ahead if votes % 2 else (ahead + 1 - float(bdtr(half - 1, votes, accuracy))) / 2


def label_worth(accuracy: float) -> float:
    """Return what a label right with probability `accuracy`, 0 to 1, is worth in clean ones: (2 accuracy - 1)^2."""
    _check(accuracy)
    return (2 * accuracy - 1) ** 2


def votes_for(
    needed: float, accuracy: float, label_price: float, sample_price: float = 0.0, most_samples: float = math.inf
) -> VotesAnswer:
    """Return the cheapest number of votes on each sample for samples worth `needed` clean ones.

    A second and third opinion on a sample never beats two more samples, unless samples themselves have a price or are
    too few.

    Parameters
    ----------
    needed
        Clean samples, above 0.
    accuracy
        Of one label, 0 to 1; labellers err independently, and as often for one label as for the other.
    label_price, sample_price
        Of a label, above 0, and of a sample to be labelled, at least 0.
    most_samples
        Samples there are to be labelled.

    Raises
    ------
    InputError
        Where a number is out of its range.
    """
    _check(accuracy)
    if not (needed > 0 and label_price > 0 and sample_price >= 0):
        raise InputError(
            "votes: expected samples needed and a label's price above 0, and a sample's price of at least 0; "
            f"got {needed:g}, {label_price:g} and {sample_price:g}"
        )
    if accuracy <= 0.5:
        advice = f"labels right {accuracy:.0%} of the time tell nothing, however many vote; find better labellers"
        return _none("no_better_than_chance", advice)
    best: VotesAnswer | None = None
    for votes in range(1, MOST_VOTES + 1, 2):
        if best and needed * (sample_price + votes * label_price) >= best.price:
            break  # even if they were all right
        right = majority_accuracy(accuracy, votes)
        samples = needed / label_worth(right)
        price = samples * (sample_price + votes * label_price)
        if samples <= most_samples and (best is None or price < best.price):
            best = VotesAnswer("found", votes, right, label_worth(right), samples, price)
    advice = f"{most_samples:,.0f} samples are too few for the worth of {needed:,.0f}, whoever labels them; find more"
    return best or _none("too_few_samples", advice)


def _none(outcome: Literal["no_better_than_chance", "too_few_samples"], advice: str) -> VotesAnswer:
    """Return the answer that no number of votes is one."""
    return VotesAnswer(outcome, 0, math.nan, math.nan, math.nan, math.nan, advice)


def _check(accuracy: float) -> None:
    """Refuse what is no probability."""
    if not 0 <= accuracy <= 1:
        raise InputError(f"accuracy: expected 0 to 1, got {accuracy:g}")
