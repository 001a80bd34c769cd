"""The rows of a run's first replication, one by one, as a file of them says: for a model of one's own to learn from."""

from dataclasses import dataclass, field

import numpy as np

from simulator.bias.impressions import Impressions
from simulator.errors import TooLargeError
from simulator.scenario.bias import Bias

__all__ = ["HEADS", "RowLog", "check_rows"]

HEADS = ("step", "arm", "user", "item", "place", "propensity", "click", "random")
MOST_ROWS = 2_000_000


@dataclass(eq=False)
class RowLog:
    """Rows of the arms that ran alone, as lines of CSV under HEADS; places are counted from 1.

    Attributes
    ----------
    lines
        So far, without a line's end.
    """

    lines: list[str] = field(default_factory=lambda: [",".join(HEADS)])

    def add(self, arm: str, step: int, rows: Impressions) -> None:
        """Take in one step's rows of `arm`."""
        item, click, random = rows.item[0], rows.click[0].astype(int), rows.random[0].astype(int)  # (U, k) each
        user, place = np.indices(item.shape)
        columns = (user, item, place + 1, rows.propensity[0], click, random)
        for cells in zip(*(column.ravel().tolist() for column in columns), strict=True):
            self.lines.append(f"{step},{arm}," + ",".join(f"{cell:.9g}" for cell in cells))

    def text(self) -> str:
        """Return the whole file."""
        return "\n".join(self.lines) + "\n"


def check_rows(bias: Bias, users: int) -> None:
    """Raise TooLargeError where a file of all rows would have more than two million."""
    rows = users * bias.slots * bias.steps * len(bias.policies())
    if rows > MOST_ROWS:
        raise TooLargeError(f"--log: {rows:,} rows, above the limit of {MOST_ROWS:,}: lower bias.users, steps or slots")
