"""The popularity loop as a user of T-RECS would write it: items by clicks, equals in any order, the best one clicked.

`pip install trecs==0.2.1 --no-deps` with pandas, networkx and tqdm is enough. Its package imports lenskit for a matrix
factorisation that is not used here, and an empty module stands for it.
"""

import sys
import types

import numpy as np

for name in ("lenskit", "lenskit.algorithms", "lenskit.algorithms.als"):
    sys.modules.setdefault(name, types.ModuleType(name))
sys.modules["lenskit.algorithms"].als = sys.modules["lenskit.algorithms.als"]

from trecs.components import Users  # noqa: E402  after what stands for lenskit
from trecs.models import PopularityRecommender  # noqa: E402


def trecs_clicks(scores: np.ndarray, slots: int, steps: int, seed: int) -> np.ndarray:
    """How often each item was clicked in `steps`, shape (I,), by users who score items with `scores`, shape (U, I)."""
    users, items = scores.shape
    loop = PopularityRecommender(
        num_users=users,
        num_items=items,
        num_items_per_iter=slots,
        actual_user_representation=Users(
            actual_user_profiles=np.ones((users, 1)), actual_user_scores=scores, num_users=users
        ),
        seed=seed,
    )
    loop.users.actual_user_scores.value = scores  # the model overwrites them with what it believes of items
    loop.run(timesteps=steps, disable_tqdm=True)
    return np.asarray(loop.items_hat.value).ravel()
