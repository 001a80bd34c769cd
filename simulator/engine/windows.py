"""Windows of time through a day or a recording: how many there are, and sums kept window by window."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.engine.traffic import run_seconds
from simulator.kernels import kernel

if TYPE_CHECKING:
    from simulator.engine.plan import Plan

__all__ = ["WINDOW_S", "add_over_windows", "window_count"]

WINDOW_S = 300.0


def window_count(plan: "Plan") -> int:
    """Return how many windows a run of `plan` fills, to 1%; 0 where its traffic is the same at all times."""
    return (
        0 if plan.arrivals.settles else int(run_seconds(plan.arrivals, plan.total_queries / plan.qps) / WINDOW_S + 0.01)
    )


@kernel()
def add_over_windows(sums: NDArray[np.float64], s: int, copies: int, span: tuple[float, float]) -> None:
    """Add `copies` times the seconds of `span` to row `s` of `sums`, shape (S, W), each to the window it lies in.

    What lies after the last window is left out.
    """
    since, now = span
    w = int(since / WINDOW_S)
    while w < sums.shape[1] and w * WINDOW_S < now:
        sums[s, w] += copies * (min(now, (w + 1) * WINDOW_S) - max(since, w * WINDOW_S))
        w += 1
