"""The known truth behind the clicks of a synthetic world.

Shapes: U users, I items, D tastes, n rows.

The probability of a click is a logistic function of a sum of effects, each of a kind that real logs show and
that no weighted sum of the columns can express: liking saturates, quality counts only where the topic fits, a
price pleases when it is near what the user likes to pay, and news please those who look for news.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import expit

from simulator.data.features import TASTES, FloatArray, IntArray

__all__ = ["Truth"]

BASE = -3.5
LIKING = 2.2
QUALITY = 0.8
PRICE = 3.0
NEWS = 0.4
FAME = 0.3


@dataclass(frozen=True, eq=False)
class Truth:
    """What decides on clicks; a ranker sees it only through noise, and `fame` as it is.

    Attributes
    ----------
    tastes, topics
        What users like and what items are about, shapes (U, D) and (I, D).
    budget, price
        The price level that users like and that items have, shapes (U,) and (I,).
    curiosity, freshness
        How much users look for news and how new items are, shapes (U,) and (I,).
    quality, fame
        How good items are and their standardised log popularity, shape (I,).
    """

    tastes: FloatArray
    budget: FloatArray
    curiosity: FloatArray
    topics: FloatArray
    price: FloatArray
    freshness: FloatArray
    quality: FloatArray
    fame: FloatArray

    @classmethod
    def draw(cls, users: int, fame: FloatArray, rng: np.random.Generator) -> Self:
        """Return standard normal truths for `users` users and the items of `fame`, shape (I,), by `rng`.

        Quality leans towards fame (correlation 0.3): what is popular is often popular for a reason.
        """
        items = len(fame)
        return cls(
            tastes=rng.standard_normal((users, TASTES)),
            budget=rng.standard_normal(users),
            curiosity=rng.standard_normal(users),
            topics=rng.standard_normal((items, TASTES)),
            price=rng.standard_normal(items),
            freshness=rng.standard_normal(items),
            quality=0.3 * fame + (1 - 0.3**2) ** 0.5 * rng.standard_normal(items),
            fame=fame,
        )

    def click_probability(self, users: int | IntArray, items: IntArray) -> FloatArray:
        """Return the probability that users click on items they are shown, shape (n,).

        Parameters
        ----------
        users
            One user for all the items, or one for each, shape (n,).
        items
            The items shown, shape (n,).
        """
        match = np.einsum("...d,...d->...", self.tastes[users], self.topics[items]) * TASTES**-0.5  # (n,)
        gap = self.price[items] - self.budget[users]
        utility = (
            BASE
            + LIKING * np.tanh(1.5 * match)
            + QUALITY * self.quality[items] * expit(3 * match)
            + PRICE * np.exp(-1.5 * np.abs(gap))
            + NEWS * self.curiosity[users] * self.freshness[items]
            + FAME * self.fame[items]
        )
        return np.asarray(expit(utility))
