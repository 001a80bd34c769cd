"""The Open Bandit data: items shown in three positions by two policies, with the chance each was shown with.

Shapes: R rows, I items, A columns of users, B columns of items.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.data.features import FloatArray, IntArray
from simulator.data.fetch import needed
from simulator.data.interactions import read_table
from simulator.errors import InputError

__all__ = ["CAMPAIGNS", "POLICIES", "BanditLog", "load_open_bandit", "read_bandit_log"]

POLICIES = ("bts", "random")
CAMPAIGNS = ("all", "men", "women")
NEEDED = ("timestamp", "item_id", "position", "click", "propensity_score")
AFFINITY = "user-item_affinity_"


@dataclass(frozen=True, eq=False)
class BanditLog:
    """One row for each item shown, in the order of time.

    Attributes
    ----------
    time
        Seconds from 1970, shape (R,).
    item, position
        What was shown and where, from 0, shape (R,).
    click
        Whether it was clicked, shape (R,).
    propensity
        The chance that the policy showed this item in this position, above 0 and at most 1, shape (R,).
    user_groups
        The hashed groups that the user is in, by column, shape (R, A).
    affinity
        The user's past clicks on each item, shape (R, I).
    """

    time: FloatArray
    item: IntArray
    position: IntArray
    click: NDArray[np.bool_]
    propensity: FloatArray
    user_groups: NDArray[np.object_]
    affinity: FloatArray

    def __len__(self) -> int:
        return len(self.item)


def load_open_bandit(policy: str = "random", campaign: str = "all") -> BanditLog:
    """Return 10,000 rows of one policy, bts (Thompson sampling) or random, in one campaign: all, men or women."""
    for what, value, choices in (("policy", policy, POLICIES), ("campaign", campaign, CAMPAIGNS)):
        if value not in choices:
            raise InputError(f"open-bandit has no {what} {value!r}; there are {', '.join(choices)}")
    return read_bandit_log(needed("open-bandit") / policy / campaign / f"{campaign}.csv")


def read_bandit_log(path: Path) -> BanditLog:
    """Return the log of a file in the layout of the Open Bandit data.

    Raises
    ------
    InputError
        Where a column is missing, a value is no number, or a propensity is no probability above 0.
    """
    import pandas as pd  # heavy, and only files need it

    table = read_table(path, ",")
    missing = [name for name in NEEDED if name not in table.columns]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; expected the layout of the Open Bandit data")
    table = table.assign(time=pd.to_datetime(table["timestamp"], utc=True, format="ISO8601"))
    table = table.sort_values("time", kind="stable")
    propensity = table["propensity_score"].to_numpy(dtype=np.float64)
    if not ((propensity > 0) & (propensity <= 1)).all():
        wrong = int(np.flatnonzero(~((propensity > 0) & (propensity <= 1)))[0])
        raise InputError(
            f"{path}: propensity_score is above 0 and at most 1; got {propensity[wrong]} in row {wrong + 1} by time"
        )
    groups = [name for name in table.columns if name.startswith("user_feature_")]
    affinities = sorted(
        (name for name in table.columns if name.startswith(AFFINITY)), key=lambda name: int(name.removeprefix(AFFINITY))
    )
    return BanditLog(
        time=np.asarray((table["time"] - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1), dtype=np.float64),
        item=table["item_id"].to_numpy(dtype=np.int64),
        position=table["position"].to_numpy(dtype=np.int64) - 1,
        click=table["click"].to_numpy() == 1,
        propensity=propensity,
        user_groups=table[groups].to_numpy(dtype=object),
        affinity=table[affinities].to_numpy(dtype=np.float64),
    )
