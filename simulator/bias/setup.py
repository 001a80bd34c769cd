"""From what a scenario says to what the loop runs on."""

import math

import numpy as np

from simulator.bias.loop import MOST_MEASURED, Setting
from simulator.bias.luck import Luck
from simulator.bias.reading import expected_clicks, make_reader
from simulator.bias.world import Arrivals, BiasWorld, LikedItems, arrivals, make_taste_world
from simulator.data.film_world import LIKED
from simulator.data.randomness import generator
from simulator.errors import InputError, TooLargeError
from simulator.scenario.bias import Bias

__all__ = ["bytes_of", "make_setting"]

MOST_BYTES = 8e9


def make_setting(bias: Bias, seed: int) -> Setting:
    """Return what all arms of `bias` have in common.

    Raises
    ------
    InputError
        Where lists have more places than there are items, or the data set is not there.
    TooLargeError
        Where it would take more than 8 GB of memory.
    """
    luck = Luck(seed, bias.replications)
    if bias.world == "movielens-100k":
        world, coming = _films(bias, luck)
    else:
        _check_size(bias, bias.users, bias.items + math.ceil(bias.new_items * bias.steps))
        coming = arrivals(bias.items, bias.new_items, bias.steps, luck)
        half_life = math.inf if bias.half_life is None else bias.half_life
        spreads = bias.quality, bias.tastes
        world = make_taste_world((bias.users, half_life), spreads, bias.click_rate, coming, luck)
    _check_slots(bias, int(coming.alive.min()))
    read = bias.examination
    reader = make_reader(read.model, bias.slots, read.power, read.patience)
    return Setting(
        world, coming, reader, luck, bias.slots, bias.steps, bias.start_clicks, known_at=float(bias.known_at)
    )


def _films(bias: Bias, luck: Luck) -> tuple[BiasWorld, Arrivals]:
    """Return the persons and films of MovieLens, and that no film comes later."""
    from simulator.data.movielens import load_movielens  # loads pandas, and only some scenarios need it

    ratings = load_movielens().ratings
    good = ratings.label >= LIKED
    liked = np.zeros((int(ratings.user.max()) + 1, int(ratings.item.max()) + 1), dtype=bool)
    number = generator(luck.seed, "bias films").permutation(liked.shape[1])  # the data number well-known films first
    liked[ratings.user[good], number[ratings.item[good]]] = True
    _check_size(bias, *liked.shape)
    coming = arrivals(liked.shape[1], 0.0, bias.steps, luck)
    return LikedItems(liked, luck.replications), coming


def _check_slots(bias: Bias, items: int) -> None:
    """Refuse lists that cannot be filled."""
    needed = max(
        2 * bias.slots if policy.explore == "slot" and policy.exploration > 0 else bias.slots
        for policy in bias.policies().values()
    )
    if items < needed:
        why = "twice as many, where single slots are random" if needed > bias.slots else "as many"
        raise InputError(
            f"bias.slots: expected at least {why} items as slots, {needed:,}; got {items:,} items: lower bias.slots"
        )


def bytes_of(bias: Bias, users: int, items: int) -> float:
    """Return about how much memory a run takes at its largest, right within a factor of 2 where that is over 50 MB."""
    rules = {policy.recommender for policy in bias.policies().values()}
    rows = 16.0 * bias.slots * users  # item, propensity, random, click, and what is worked out on the way
    own = 4.0 * bias.slots * users if {"personalised", "oracle"} & rules else 0.0
    looks = [one.looks + 4 for one in (bias.ab_test, bias.holdout) if one]  # clicks of each user to each of them
    course = 16.0 * bias.steps + 100.0 * min(bias.steps, MOST_MEASURED)
    kept = 70.0 * users * bias.steps * _clicks(bias) if "personalised" in rules else 0.0
    at_once = 2_000.0 * items if "thompson" in rules else 0.0  # of one replication
    by_user = (32.0 + 8.0 * sum(looks)) * users
    return bias.replications * (rows + own + by_user + 150.0 * items + course + kept) + at_once


def _clicks(bias: Bias) -> float:
    """Return the clicks on a list of average items."""
    reader = make_reader(bias.examination.model, bias.slots, bias.examination.power, bias.examination.patience)
    return float(expected_clicks(reader, np.full(bias.slots, bias.click_rate, np.float32)))


def _check_size(bias: Bias, users: int, items: int) -> None:
    """Refuse a run that memory would not hold."""
    needed = bytes_of(bias, users, items)
    if needed > MOST_BYTES:
        raise TooLargeError(
            f"bias: {bias.replications:,} replications of {users:,} users and {items:,} items take about "
            f"{needed / 1e9:,.1f} GB, above the limit of {MOST_BYTES / 1e9:.0f}: lower replications, users, items or "
            "slots"
        )
