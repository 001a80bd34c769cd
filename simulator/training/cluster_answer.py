"""The answer on a cluster that trains together: a row for each number of workers, the best of them, and advice."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.statistics.intervals import Estimate
from simulator.units import format_duration

__all__ = ["ClusterAnswer", "ClusterRow", "answer_of"]


@dataclass(frozen=True)
class ClusterRow:
    """What training on so many workers takes.

    Attributes
    ----------
    workers
        How many train together.
    step
        Seconds of a step: the slowest worker's part of the batch, then the all-reduce.
    part_s
        Seconds of a worker's part on average, its pauses included.
    slowest_share
        Share of the step that a worker waits for the slowest, on average.
    all_reduce_s
        Seconds of each step in which the gradient is shared.
    theory_s
        The step by order statistics; None where workers pause, or their parts of the batch differ.
    time_s
        Expected seconds from start to end, checkpoints and failures included.
    speed_up
        Of one worker's time over this one's; both had the same luck.
    efficiency
        Speed-up over workers.
    worker_hours, money
        Of all workers; no money where an hour has no price.
    checkpoint_interval_s
        Training time between checkpoints; None where nothing fails.
    lost_s
        Expected seconds of `time_s` that go to checkpoints, restarts and work done again.
    """

    workers: int
    step: Estimate
    part_s: float
    slowest_share: float
    all_reduce_s: float
    theory_s: float | None
    time_s: Estimate
    speed_up: Estimate
    efficiency: float
    worker_hours: float
    money: float | None
    checkpoint_interval_s: float | None
    lost_s: float


@dataclass(frozen=True)
class ClusterAnswer:
    """What training takes on each number of workers.

    Attributes
    ----------
    steps
        How many there are, for any number of workers.
    rows
        By rising number of workers.
    best
        The cheapest row whose time makes the deadline, its whole interval; None where none does, or none is asked.
    fastest
        The row of the least time.
    advice
        By how much the deadline is missed, and from which number of workers on more do not help; may be empty.
    warnings
        Numbers of workers left out, and what the rows do not tell.
    """

    steps: int
    rows: tuple[ClusterRow, ...]
    best: ClusterRow | None
    fastest: ClusterRow
    advice: str
    warnings: tuple[str, ...]


def answer_of(
    rows: Sequence[ClusterRow], steps: int, deadline_s: float | None, warnings: Sequence[str]
) -> ClusterAnswer:
    """Return the answer that at least one row, by rising workers, adds up to."""
    fastest = min(rows, key=lambda row: row.time_s.value)
    in_time = [row for row in rows if deadline_s is not None and row.time_s.high <= deadline_s]
    best = min(in_time, key=lambda row: row.worker_hours, default=None)
    more = next((row for row in rows if row.workers > fastest.workers), None)
    advice = []
    if deadline_s is not None and best is None:
        advice.append(_missed(fastest, deadline_s, last=more is None))
    if more is not None:
        cause = _cause(fastest, more, steps)
        advice.append(f"more than {fastest.workers:,} workers are not faster: from {more.workers:,} on {cause}")
    return ClusterAnswer(steps, tuple(rows), best, fastest, "; ".join(advice), tuple(warnings))


def _missed(fastest: ClusterRow, deadline_s: float, *, last: bool) -> str:
    """Return by how much even the fastest misses the deadline, and what to do where it is the `last` row."""
    takes, most = format_duration(fastest.time_s.value), format_duration(fastest.time_s.high)
    return (
        f"no number of workers makes the deadline of {format_duration(deadline_s)}: the fastest, {fastest.workers:,}, "
        f"takes {takes}{f', at most {most}' if most != takes else ''}, "
        f"which is {format_duration(fastest.time_s.high - deadline_s)} too long"
        + (", and more may be faster" if last else "")
    )


def _cause(fastest: ClusterRow, more: ClusterRow, steps: int) -> str:
    """Return what grows most, of a step's time, from the fastest row to one of more workers."""
    grown = {
        "the all-reduce takes more than is gained": more.all_reduce_s - fastest.all_reduce_s,
        "waiting for the slowest takes more than is gained": _waiting_s(more) - _waiting_s(fastest),
        "failures and checkpoints take more than is gained": (more.lost_s - fastest.lost_s) / steps,
    }
    cause = max(grown, key=lambda name: grown[name])
    return cause if grown[cause] > 0 else "what every step takes stays as it is"


def _waiting_s(row: ClusterRow) -> float:
    """Return the seconds of a step that a worker waits for the slowest."""
    return row.slowest_share * row.step.value
