"""The answer to `simulator train`: what a model takes in samples, time, machines and money until it is ready."""

import math
from dataclasses import dataclass, replace

from simulator.costs.profile import load_profile
from simulator.engine.replications import Progress
from simulator.errors import InputError, Interrupted
from simulator.scenario.model import Scenario, Study
from simulator.scenario.training import Cluster, Training
from simulator.statistics.intervals import Estimate
from simulator.training.cluster_answer import ClusterAnswer, ClusterRow
from simulator.training.cluster_run import AssumedStep, Job, run_cluster
from simulator.training.complexity import SAME_TRAINING, Complexity, complexity_of
from simulator.training.curve_answer import CurveAnswer, curve_of
from simulator.training.freeze_or_tune import TransferAnswer, transfer_answer
from simulator.training.go_no_go import GoAnswer, decide
from simulator.training.mix import Mix, cheapest, fastest
from simulator.training.profile import RankerTraining, load_training_profile
from simulator.training.sources import DAY, ClickRates, Supply, supply_of

__all__ = ["DataAnswer", "TrainAnswer", "find_training"]

BYTES_OF_PARAMETER = 8


@dataclass(frozen=True)
class DataAnswer:
    """Where the samples for the target come from.

    What training takes is left of the time and the money for them.

    Attributes
    ----------
    supplies
        What each source gives.
    copies
        What a sample with its changed copies counts.
    needed
        Clean samples that the target takes.
    cheapest, fastest
        The mixes.
    cost, days
        Of the cheapest mix and of the fastest, at the estimate of the samples and at both ends of its interval;
        infinite where an end cannot be had.
    """

    supplies: tuple[Supply, ...]
    copies: float
    needed: Estimate
    cheapest: Mix
    fastest: Mix
    cost: Estimate
    days: Estimate


@dataclass(frozen=True)
class TrainAnswer:
    """What a training section asks.

    Attributes
    ----------
    study
        What was asked.
    profile
        The training profile's name.
    complexity
        What rankers take to train and to serve, by ranker.
    curve
        Error against samples.
    data
        Where samples come from; None without sources, or where no number of samples reaches the target.
    cluster
        What training takes on each number of workers; None where it is not asked, or has nothing to train on.
    go
        Whether a candidate is worth an A/B test; None where it is not asked.
    transfer
        Freeze, fine-tune or learn from scratch; None where it is not asked.
    measured_batch
        The largest batch of the ranker whose step was measured; None of a ranker that was not.
    ready_days
        Until the model is trained: the fastest mix, then the cheapest cluster in time, else the fastest; None where
        either is not known.
    complete
        Whether all was looked into that was asked: `go` and `transfer`, which take long, too.
    """

    study: Study
    profile: str
    complexity: tuple[Complexity, ...]
    curve: CurveAnswer
    data: DataAnswer | None
    cluster: ClusterAnswer | None
    go: GoAnswer | None
    transfer: TransferAnswer | None
    measured_batch: int | None
    ready_days: float | None
    complete: bool = True

    @property
    def training(self) -> Training:
        """The section that asks."""
        if self.study.training is None:
            raise ValueError("a study with a training section")
        return self.study.training

    @property
    def currency(self) -> str:
        """What prices are in."""
        prices = self.study.prices if isinstance(self.study, Scenario) else None
        return prices.currency if prices else "USD"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to be careful about."""
        data = self.data
        unmet = dict.fromkeys(mix.advice for mix in (data.cheapest, data.fastest) if mix.advice) if data else ()
        cluster = (*self._beyond_measured(), *self.cluster.warnings, self.cluster.advice) if self.cluster else ()
        return tuple(one for one in (*self.curve.warnings, *unmet, *cluster) if one)

    def _beyond_measured(self) -> tuple[str, ...]:
        """Return the warning that steps were measured with fewer samples than a worker of the cluster has, if so."""
        cluster = self.training.cluster
        if cluster is None or cluster.step is not None or self.measured_batch is None:
            return ()
        part = cluster.batch / min(cluster.workers)
        if part <= self.measured_batch:
            return ()
        said = (
            f"training.cluster.batch: a worker has up to {part:,.0f} samples of a step, steps were measured with up "
            f"to {self.measured_batch:,}; what more of them take is read off a straight line"
        )
        return (said,)


def find_training(study: Study, on_progress: Progress | None = None, clicks: ClickRates | None = None) -> TrainAnswer:
    """Return what the training section of `study` asks.

    Parameters
    ----------
    clicks
        Of sources that do not say how often what they show is clicked; simulator.bias.click_rates simulates them.
    on_progress
        Called with (done, in all) of each part that takes long.

    Raises
    ------
    InputError
        Where a profile or a file cannot be used, or a ranker was not measured.
    Interrupted
        On Ctrl-C while candidates or transfer are looked into, with the answer of what was before.
    """
    training = study.training
    if training is None:
        raise ValueError("a study with a training section")
    profile = load_training_profile(training.profile)
    costs = load_profile(study.costs.profile if isinstance(study, Scenario) else "default")
    curve = curve_of(training, profile, on_progress)
    known = profile.rankers.get(SAME_TRAINING.get(training.ranker, training.ranker))
    cluster = _cluster(study, curve, known, on_progress)
    row = None if cluster is None else cluster.best or cluster.fastest
    qps = study.offered_qps if isinstance(study, Scenario) else None
    supplies = tuple(supply_of(source, qps, clicks) for source in training.sources)
    data = _data(training, curve, row, supplies)
    answer = TrainAnswer(
        study=study,
        profile=profile.name,
        complexity=complexity_of(profile, costs, training.rankers),
        curve=curve,
        data=data,
        cluster=cluster,
        go=None,
        transfer=None,
        measured_batch=max(point.batch for point in known.step.points) if known else None,
        ready_days=data.fastest.days + row.time_s.value / DAY if data and row and data.fastest.samples else None,
    )
    try:
        if training.splits:
            answer = replace(answer, go=decide(training.splits, study.seed, on_progress))
        if training.transfer:
            answer = replace(answer, transfer=transfer_answer(training.transfer, study.seed, on_progress))
    except KeyboardInterrupt as interrupt:
        raise Interrupted(replace(answer, complete=False)) from interrupt
    return answer


def _data(
    training: Training, curve: CurveAnswer, row: ClusterRow | None, supplies: tuple[Supply, ...]
) -> DataAnswer | None:
    """Return where samples come from; None without sources, or where the target is beyond the limit.

    What training takes, by the `row` of the cluster, is taken off the time and the money there is.
    """
    if not supplies or curve.needed is None or math.isinf(curve.needed.samples.value):
        return None
    needed = curve.needed.samples
    augmentation = training.augmentation
    copies = 1 + (augmentation.factor - 1) * augmentation.worth if augmentation else 1.0
    trained_s, trained_cost = (row.time_s.value, row.money or 0.0) if row else (0.0, 0.0)
    days = math.inf if training.within is None else max(0.0, training.within - trained_s) / DAY
    budget = math.inf if training.budget is None else max(0.0, training.budget - trained_cost)

    def both(samples: float) -> tuple[Mix, Mix]:
        return cheapest(supplies, samples, days, budget, copies), fastest(supplies, samples, days, budget, copies)

    cheap, fast = both(needed.value)
    ends = [both(end) if math.isfinite(end) else None for end in (needed.low, needed.high)]
    costs = [end[0].cost if end and end[0].outcome == "found" else math.inf for end in ends]
    times = [end[1].days if end and end[1].outcome == "found" else math.inf for end in ends]
    return DataAnswer(supplies, copies, needed, cheap, fast, Estimate(cheap.cost, *costs), Estimate(fast.days, *times))


def _cluster(
    study: Study, curve: CurveAnswer, known: RankerTraining | None, on_progress: Progress | None
) -> ClusterAnswer | None:
    """Return what training takes by number of workers; None where nobody asks, or no samples reach the target."""
    cluster = study.training.cluster if study.training else None
    if cluster is None:
        return None
    samples = float(cluster.samples) if cluster.samples else curve.needed.samples.value if curve.needed else math.inf
    if math.isinf(samples):
        return None
    return run_cluster(cluster, _job(study, cluster, samples, known), study.seed, on_progress)


def _job(study: Study, cluster: Cluster, samples: float, known: RankerTraining | None) -> Job:
    """Return what is to be trained; what the scenario does not say is as measured."""
    prices = study.prices if isinstance(study, Scenario) else None
    hour = cluster.worker_hour if cluster.worker_hour is not None else prices.worker_hour if prices else None
    step = AssumedStep.of(cluster.step) if cluster.step else known.step if known else None
    if step is None:
        raise InputError(
            "training.cluster: expected a step of a ranker that was measured, or cluster.step: {fixed:, per_sample:}; "
            "got neither"
        )
    gradient = BYTES_OF_PARAMETER * known.parameters if known else 0
    return Job(
        samples=samples,
        epochs=cluster.epochs or (known.epochs if known else 1),
        step=step,
        gradient_bytes=cluster.gradient_bytes or gradient,
        worker_hour=hour,
    )
