"""A cluster that trains together, step by step on the serving engine: a step is a query that fans out to the workers.

Synchronous data parallel: each of W workers works on its part of the batch, and when the slowest is done, all share the
gradient and take the same step. Samples are the query's candidates, workers its shards, and the all-reduce its merge;
the next step begins when one ends. A worker pauses whether it works or waits; during the all-reduce a pause
costs what is left of it afterwards.

Letters: W workers, R replications.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from simulator.costs.profile import Profile, load_profile
from simulator.distributions.base import Law
from simulator.distributions.constant import Constant
from simulator.distributions.lognormal import Lognormal
from simulator.engine.conservation import ConservationCheck
from simulator.engine.plan import Plan
from simulator.engine.replications import Progress, replicate
from simulator.engine.resolve import resolve
from simulator.engine.result import Result
from simulator.errors import InputError
from simulator.scenario.model import AffineCost, Merge, Scenario, Stage
from simulator.scenario.training import Cluster, Failures, Step
from simulator.statistics.intervals import Estimate, around, estimate
from simulator.training.cluster import all_reduce_s, daly_interval_s, expected_time_s, mean_of_largest
from simulator.training.cluster_answer import ClusterAnswer, ClusterRow, answer_of
from simulator.units import format_duration

__all__ = ["AssumedStep", "Job", "StepTimeLike", "run_cluster"]

REPLICATIONS = 10
STEPS = 500
"""Steps of a replication, unless pauses are rare."""

FEWEST_STEPS, MOST_REQUESTS = 20, 200_000
"""Of a replication: steps whatever the number of workers, and parts of steps beyond which no more are simulated."""

PAUSES, FEWEST_PAUSES = 20, 2
"""Pauses of all workers to see in a replication, and those below which a number of workers is warned of."""

MOST_PAUSES = 1000
"""Pauses in a worker's part of a step that are simulated one by one."""

LONGEST_S = 1000 * 365.25 * 86400.0
HOUR_S, BYTES_OF_GIGABIT = 3600.0, 1e9 / 8


class StepTimeLike(Protocol):
    """What a step takes on one worker: (fixed_s + per_sample_s x samples) x noise, of mean 1."""

    @property
    def fixed_s(self) -> float:
        """Seconds of every step."""

    @property
    def per_sample_s(self) -> float:
        """Seconds that each sample adds."""

    @property
    def noise(self) -> Law[Any]:
        """The law of a worker's time over the mean."""


@dataclass(frozen=True)
class AssumedStep:
    """What a scenario says that a step takes, as a StepTimeLike."""

    fixed_s: float
    per_sample_s: float
    noise: Law[Any]

    @classmethod
    def of(cls, step: Step) -> "AssumedStep":
        """Return the step of a scenario, whose noise is lognormal."""
        noise: Law[float] = Lognormal(mean=1.0, cv=step.cv) if step.cv > 0 else Constant(mean=1.0)
        return cls(step.fixed, step.per_sample, noise)


@dataclass(frozen=True)
class Job:
    """What is to be trained.

    Attributes
    ----------
    samples
        To train on, above 0.
    epochs
        Passes over them, above 0.
    step
        What a step takes on a worker of speed 1.
    gradient_bytes
        Shared in each step, at least 0.
    worker_hour
        Price of a worker for an hour; None where there is none.
    """

    samples: float
    epochs: float
    step: StepTimeLike
    gradient_bytes: int
    worker_hour: float | None = None

    def __post_init__(self) -> None:
        if not (0 < self.samples < math.inf and 0 < self.epochs < math.inf):
            raise InputError(f"training: expected samples and epochs above 0, got {self.samples:g} and {self.epochs:g}")
        if not (
            self.step.fixed_s >= 0 and self.step.per_sample_s >= 0 and self.step.fixed_s + self.step.per_sample_s > 0
        ):
            times = f"{self.step.fixed_s:g} and {self.step.per_sample_s:g}"
            raise InputError(f"a step: expected seconds of at least 0, fixed or a sample's above 0; got {times}")
        if self.gradient_bytes < 0:
            raise InputError(f"a step's gradient: expected at least 0 bytes, got {self.gradient_bytes}")
        if abs(self.step.noise.mean_value() - 1) > 1e-6:
            raise InputError(f"a step's noise: expected a mean of 1, got {self.step.noise.mean_value():g}")


class _PartOfStep(AffineCost):
    """A cost that grows with the samples, with noise of any law."""

    law: Law[Any]

    def noise(self) -> Law[Any]:
        """Return the law that was given."""
        return self.law


@dataclass(frozen=True)
class _Simulated:
    """What was simulated of W workers: seconds of a step, and of a worker's part of it, by replication, (R,)."""

    workers: int
    steps: list[float]
    parts: list[float]

    @property
    def step(self) -> Estimate:
        """The mean step."""
        return estimate(self.steps)


@dataclass(frozen=True)
class _Setting:
    """What is the same for any number of workers."""

    cluster: Cluster
    job: Job
    seed: int
    profile: Profile

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return math.ceil(self.job.samples * self.job.epochs / self.cluster.batch)

    def all_reduce_s(self, workers: int) -> float:
        """Return the seconds of each step in which the gradient is shared."""
        cluster = self.cluster
        return all_reduce_s(workers, self.job.gradient_bytes, cluster.gigabits * BYTES_OF_GIGABIT, cluster.hop)

    def part_s(self, workers: int) -> float:
        """Return the mean seconds of a worker's part of a step without pauses."""
        step = self.job.step
        return (step.fixed_s + step.per_sample_s * self.cluster.batch / workers) / self.cluster.speed

    def theory_s(self, workers: int) -> float | None:
        """Return the mean step by order statistics, None where parts differ or workers pause."""
        if self.cluster.pause is not None or self.cluster.batch % workers:
            return None
        return self.part_s(workers) * mean_of_largest(self.job.step.noise, workers) + self.all_reduce_s(workers)

    def steps_to_see(self, workers: int) -> int:
        """Return how many steps a replication has: so many that pauses are seen, within limits."""
        wanted, pause = STEPS, self.cluster.pause
        if pause is not None:
            step_s = self.part_s(workers) + self.all_reduce_s(workers)
            wanted = max(wanted, math.ceil(min(PAUSES * pause.every / (workers * step_s), MOST_REQUESTS)))
        return max(FEWEST_STEPS, min(wanted, MOST_REQUESTS // workers))

    def check_pauses(self) -> None:
        """Raise InputError where a step alone has more pauses than anybody tells apart."""
        pause, part_s = self.cluster.pause, self.part_s(1)
        if pause is not None and part_s > MOST_PAUSES * pause.every:
            raise InputError(
                f"training.cluster.pause.every: expected at least a thousandth of a step of {format_duration(part_s)}, "
                f"got {format_duration(pause.every)}; count pauses as short as these into what a step takes"
            )

    def simulated(self, workers: int) -> _Simulated:
        """Return steps of so many workers, as the serving engine runs them."""
        plan = resolve(self._scenario(workers), self.profile)
        found = list(replicate(plan, "compiled", _summary_of(plan)))
        return _Simulated(workers, [step for step, _ in found], [part for _, part in found])

    def _scenario(self, workers: int) -> Scenario:
        """Return the scenario whose queries are steps of so many workers."""
        cluster, step = self.cluster, self.job.step
        part = _PartOfStep.model_construct(
            fixed=step.fixed_s / cluster.speed, per_candidate=step.per_sample_s / cluster.speed, law=step.noise
        )
        pauses = []
        if cluster.pause is not None:
            times = {"every": f"{cluster.pause.every!r}s", "for": f"{cluster.pause.length!r}s"}
            pauses.append({"kind": "pause", "stage": "step", **times})
        traffic = {
            "arrivals": "closed",
            "users": 1,
            "think": "0ms",
            "candidates": cluster.batch,
            "queries": self.steps_to_see(workers),
            "warmup": 0,
            "replications": REPLICATIONS,
        }
        return Scenario.model_validate(
            {
                "name": "training-step",
                "seed": self.seed,
                "traffic": traffic,
                "funnel": [Stage.model_construct(name="step", shards=workers, cost=part)],
                "merge": Merge.model_construct(fixed=self.all_reduce_s(workers), per_shard=0.0),
                "faults": pauses,
            }
        )

    def row(self, found: _Simulated, alone: _Simulated) -> ClusterRow | None:
        """Return the row of what was found, beside one worker alone; None where it takes longer than anybody waits."""
        workers, step, part_s = found.workers, found.step, estimate(found.parts).value
        interval, time = _with_failures(self.cluster.failures, workers, step, self.steps)
        if time.value > LONGEST_S:
            return None
        _, alone_time = _with_failures(self.cluster.failures, 1, alone.step, self.steps)
        ratio = _ratio(alone.steps, found.steps)
        speed_up = ratio.scaled(alone_time.value / time.value / ratio.value)
        all_reduce, hours = self.all_reduce_s(workers), workers * time.value / HOUR_S
        return ClusterRow(
            workers=workers,
            step=step,
            part_s=part_s,
            slowest_share=max(0.0, 1 - (part_s + all_reduce) / step.value),
            all_reduce_s=all_reduce,
            theory_s=self.theory_s(workers),
            time_s=time,
            speed_up=speed_up,
            efficiency=speed_up.value / workers,
            worker_hours=hours,
            money=None if self.job.worker_hour is None else hours * self.job.worker_hour,
            checkpoint_interval_s=interval,
            lost_s=time.value - step.value * self.steps,
        )

    def warnings_of(self, row: ClusterRow) -> list[str]:
        """Return the warning that a row has hardly seen a pause, if so."""
        pause = self.cluster.pause
        if pause is None:
            return []
        seconds = self.steps_to_see(row.workers) * row.step.value
        if row.workers * seconds / (pause.every + pause.length) >= FEWEST_PAUSES:
            return []
        return [f"{row.workers:,} workers: pauses are so rare that few were simulated; the step may take longer"]


def run_cluster(cluster: Cluster, job: Job, seed: int, on_progress: Progress | None = None) -> ClusterAnswer:
    """Return what training takes on each of the cluster's numbers of workers, simulated with common random numbers.

    Numbers beyond the batch, whose last workers would have no sample, are left out with a warning, and so are those on
    which training takes over 1,000 years, as where failures nearly always come before the next checkpoint.

    Parameters
    ----------
    cluster
        Its samples, epochs, step, gradient_bytes and worker_hour are not looked at: those of `job` count.
    seed
        Of all draws.
    on_progress
        Told of the numbers of workers done, and of all.

    Raises
    ------
    InputError
        Where no number of workers is left, or pauses come too often to be simulated.
    """
    setting = _Setting(cluster, job, seed, load_profile("default"))
    asked = [count for count in cluster.workers if count <= cluster.batch]
    warnings = _beyond(cluster, asked)
    report = on_progress or (lambda *_: None)
    setting.check_pauses()
    alone = setting.simulated(1)
    rows = []
    for done, workers in enumerate(asked):
        report(done, len(asked))
        row = setting.row(alone if workers == 1 else setting.simulated(workers), alone)
        if row is None:
            warnings.append(f"{workers:,} workers are left out: training takes them over 1,000 years")
        else:
            rows.append(row)
            warnings += setting.warnings_of(row)
    report(len(asked), len(asked))
    if not rows:
        raise InputError(f"training.cluster.workers: expected numbers that can train; {'; '.join(warnings)}")
    return answer_of(rows, setting.steps, cluster.deadline, warnings)


def _beyond(cluster: Cluster, asked: Sequence[int]) -> list[str]:
    """Return the warning of numbers of workers that the batch is too small for."""
    beyond = [f"{count:,}" for count in cluster.workers if count not in asked]
    if not beyond:
        return []
    return [f"{', '.join(beyond)} workers are left out: a batch of {cluster.batch:,} samples has none for some of them"]


def _summary_of(plan: Plan) -> Callable[[Iterable[Result]], tuple[float, float]]:
    """Return what makes the mean seconds of a step and of a worker's part of it of one replication's results."""

    def summarise(blocks: Iterable[Result]) -> tuple[float, float]:
        check, latencies, busy = ConservationCheck(1, 0), [], []
        for block in blocks:
            check.add(block)
            latencies.append(block.latency)
            busy.append(block.busy[0].sum())
        latency = np.concatenate(latencies)  # (steps,)
        return float(latency.mean()), float(np.sum(busy)) / latency.size / int(plan.stages.shards[0])

    return summarise


def _with_failures(
    failures: Failures | None, workers: int, step: Estimate, steps: int
) -> tuple[float | None, Estimate]:
    """Return the training time between checkpoints, and the expected time of all steps.

    A checkpoint is written between two steps, so at most one a step.
    """
    if failures is None:
        return None, step.scaled(steps)
    mttf = failures.mttf / workers
    wanted = daly_interval_s(failures.checkpoint, mttf) if failures.interval is None else failures.interval
    interval = max(wanted, step.value)

    def expected(step_s: float) -> float:
        work = max(step_s, 0.0) * steps
        return expected_time_s(work, interval, failures.checkpoint, failures.restart, mttf)

    return interval, Estimate(expected(step.value), expected(step.low), expected(step.high))


def _ratio(upper: Sequence[float], lower: Sequence[float]) -> Estimate:
    """Return the ratio of two means over the same replications, with the interval of what each is off the ratio.

    Source: Cochran, Sampling Techniques, 3rd edition, 1977, chapter 6.
    """
    over, under = np.array(upper), np.array(lower)  # (R,)
    ratio = float(over.mean() / under.mean())
    off = over - ratio * under  # (R,), of mean 0
    error = float(off.std(ddof=1) / math.sqrt(off.size) / under.mean())
    return around(ratio, error, off.size)
