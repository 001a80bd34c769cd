"""A user's own log as a world: MovieLens without anything known of users and items but who met what.

Shapes: R rows, U users, I items.
"""

from dataclasses import replace

import numpy as np

from simulator.data.film_world import WIDTH, FilmWorld, make_film_world
from simulator.data.interactions import Interactions
from simulator.data.movielens import MovieLens
from simulator.errors import InputError

__all__ = ["first_meetings", "make_click_world"]

FEWEST_ROWS = 100
FEWEST_ITEMS = WIDTH + 2


def first_meetings(log: Interactions) -> Interactions:
    """Return the first row of each user with each item, in the order of time.

    What was met before is not recommended again, so a later meeting is nothing to find.
    """
    _, first = np.unique(log.user * len(log.items) + log.item, return_index=True)
    kept = np.sort(first)
    return replace(log, user=log.user[kept], item=log.item[kept], time=log.time[kept], label=log.label[kept])


def make_click_world(log: Interactions, source: str, split: str = "time", liked_from: float = 1.0) -> FilmWorld:
    """Return the world of a log of first meetings, whose columns are what the log itself tells.

    Parameters
    ----------
    log
        At least 100 rows of at least 18 items.
    source
        What errors call it.
    split
        The order in which rows go to the parts: "time" or "random".
    liked_from
        The lowest label of a click.

    Raises
    ------
    InputError
        Where there are too few rows or items, all labels lie on one side of `liked_from`, or a part holds no click.
    TooLargeError
        Where queries times items are more than memory is asked for.
    """
    for count, least, what in ((len(log), FEWEST_ROWS, "rows"), (len(np.unique(log.item)), FEWEST_ITEMS, "items")):
        if count < least:
            raise InputError(
                f"{source}: expected at least {least} {what} to train and judge rankers on, each item once a user, "
                f"got {count}; give a longer log"
            )
    low, high = log.label.min(), log.label.max()
    if low < high and (low >= liked_from or high < liked_from):
        raise InputError(
            f"{source}: expected labels below and from liked_from: {liked_from:g} on, got {low:g} to {high:g}, one "
            f"class only; say from which label on a row is a click, as in liked_from: {high:g}"
        )
    users, items = len(log.users), len(log.items)
    undescribed = MovieLens(
        ratings=log,
        age=np.full(users, np.nan),
        gender=("",) * users,
        occupation=("",) * users,
        title=tuple(map(str, log.items)),
        year=np.full(items, np.nan),
        genres=np.empty((items, 0)),
        genre_names=(),
    )
    try:
        return make_film_world(undescribed, split, liked_from=liked_from)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
