"""Training, validation and test rows that share no user, and so no query.

Splitting by row would put half of a user's clicks into training and let a model be tested on people it knows;
what is asked of a ranker is how it serves those it has never seen.
"""

from dataclasses import dataclass

import numpy as np

from simulator.data.impressions import Impressions
from simulator.errors import InputError

__all__ = ["Splits", "split_by_user"]

VALIDATION_SHARE = 0.15
TEST_SHARE = 0.15


@dataclass(frozen=True)
class Splits:
    """A log in three parts: to fit parameters, to choose among fits, and to judge the choice once."""

    train: Impressions
    validation: Impressions
    test: Impressions


def split_by_user(log: Impressions, rng: np.random.Generator) -> Splits:
    """Return `log` with every user's rows in exactly one part, chosen by `rng`.

    15% of the users go to validation and 15% to the test, at least one to each, the others to training.

    Raises
    ------
    InputError
        Where the log has fewer than three users.
    """
    users = rng.permutation(np.unique(log.user))
    if len(users) < 3:
        raise InputError(f"three parts need at least 3 users in the log; got {len(users)}")
    validation = max(1, round(VALIDATION_SHARE * len(users)))
    test = max(1, round(TEST_SHARE * len(users)))
    parts = users[validation + test :], users[:validation], users[validation : validation + test]
    train, valid, tested = (log.where(np.isin(log.user, part)) for part in parts)
    return Splits(train, valid, tested)
