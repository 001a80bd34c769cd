"""A run through a fault or a short recording: what was offered, answered and how late, step by step. W steps."""

import math

import numpy as np
from numpy.typing import NDArray

from simulator.engine.plan import Plan
from simulator.engine.result import COMPLETED, Result
from simulator.engine.windows import window_count
from simulator.statistics.sample import Sample

__all__ = ["Course", "course_step", "upheavals"]

STEPS = 60
"""At least so many steps tell one run, twice as many at most."""

WINDOWS = 3
"""Windows of five minutes too few to tell how a run went."""

LEVEL = 99.0

FloatArray = NDArray[np.float64]


def upheavals(plan: Plan) -> list[tuple[float, float]]:
    """Return (begin, end) in seconds of each fault of `plan` that comes and goes at a stated time, in order."""
    slow, down = plan.slow, plan.down
    spans = {(float(slow.start[w]), float(slow.end[w])) for w in range(slow.start.size)}
    once = np.flatnonzero(down.mttf == 0).tolist()
    spans |= {(float(down.start[unit]), float(down.start[unit] + down.length[unit])) for unit in once}
    return sorted(span for span in spans if span[0] > 0 or math.isfinite(span[1]))


def course_step(plan: Plan) -> float:
    """Return the length of a step in seconds: 1, 2 or 5 times a power of ten, STEPS of which fit into the run.

    0 where nothing happens at a stated time, or users that wait for their answers decide how long the run is. A trace
    of more than WINDOWS windows is told by these.
    """
    recorded = not plan.arrivals.settles and window_count(plan) <= WINDOWS
    if plan.door.users or not (recorded or upheavals(plan)):
        return 0.0
    longest = plan.total_queries / plan.qps / STEPS
    power: float = 10.0 ** math.floor(math.log10(longest))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= longest)


class Course:
    """Counts of all queries, and the 99th percentile of those that completed, by time of arrival.

    Queries come in order of arrival, so only one step is open at a time. The last hundredth of the run, which ends
    sooner or later than at its mean, is left out.
    """

    def __init__(self, plan: Plan) -> None:
        self.step = course_step(plan)
        count = int(0.99 * plan.total_queries / plan.qps / self.step) if self.step else 0
        self.counts, self.p99 = np.zeros((2, count)), np.full(count, math.nan)
        self._open, self._sample = 0, Sample()

    def add(self, block: Result) -> None:
        """Add a block of consecutive queries."""
        count = self.p99.size
        if not count:
            return
        completed = block.outcome == COMPLETED
        number = np.minimum(block.arrival / self.step, count).astype(np.int64)
        for row, chosen in enumerate((number, number[completed])):
            self.counts[row] += np.bincount(chosen, minlength=count + 1)[:count]
        latency = block.latency[completed]
        found, first = np.unique(number[completed], return_index=True)
        for step, start, end in zip(found.tolist(), first, [*first[1:], latency.size], strict=True):
            if step != self._open:
                self._close()
                self._open, self._sample = step, Sample()
            self._sample.add(latency[start:end])

    def _close(self) -> None:
        """Note what the open step came to; of too few queries the percentile is not known."""
        if self._open < self.p99.size:
            self.p99[self._open] = self._sample.percentile(LEVEL)

    def columns(self) -> FloatArray:
        """Return queries a second that arrived and that completed, and their p99 in seconds, (3, W), at the end."""
        self._close()
        rates = self.counts / self.step if self.step else self.counts
        return np.vstack([rates, self.p99])
