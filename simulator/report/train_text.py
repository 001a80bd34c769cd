"""A training answer as rows and sentences, for the terminal and for reports alike."""

import math

from simulator.report.text_table import Said, TextTable
from simulator.statistics.intervals import Estimate
from simulator.training.answer import DataAnswer, TrainAnswer
from simulator.training.cluster_answer import ClusterAnswer
from simulator.training.complexity import Complexity, Growth
from simulator.training.go_no_go import GoRow
from simulator.training.learning_curve import LearningCurve
from simulator.training.measured_curve import reading_of
from simulator.training.mix import Mix
from simulator.training.sources import Supply
from simulator.units import format_duration

__all__ = ["days_text", "parted", "train_said", "train_sentence"]

DAY = 86_400.0
MEGA = 1e6
TAKES_HEADS = ("ranker", "parameters", "a step", "memory", "passes", "1,000 served")
TAKES_NOTE = "A step of the ranker's own batch in one thread, as measured, and a call of 1,000 candidates"
GROWTH_HEADS = ("ranker", "batch", "columns", "width", "samples", "candidates")
GROWTH_NOTE = (
    "The power of each size that time grows with, over what was measured, and in brackets over the larger half: a "
    "step's time, a whole training's in samples, a call's in candidates. 1: twice the size takes twice the time"
)
CURVE_HEADS = ("ranker", "limit", "power", "at the most samples", "fit")
CURVE_NOTE = (
    "Error (1 - NDCG@10) = limit + scale n^-power; fit: the chance of points this far off, were that right; – where "
    "they do not follow it, and are read between what was measured"
)


def train_said(answer: TrainAnswer) -> Said:
    """Return `answer` in words."""
    tables = _tables(answer)
    return Said(answer.study, train_sentence(answer), _effort(answer), answer.warnings, tables, answer.complete)


def train_sentence(answer: TrainAnswer) -> str:
    """Return the answer: samples, time and money for the target, the best cluster, and what to do with embeddings."""
    said = [*_target(answer), *([_data(answer.data, answer.currency)] if answer.data else [])]
    if answer.cluster:
        said.append(_cluster(answer.cluster, answer.currency))
    if answer.ready_days is not None:
        said.append(f"The model is ready after {days_text(answer.ready_days)}.")
    if answer.go:
        said += [_go(row) for row in answer.go.rows]
    if answer.transfer:
        advice = answer.transfer.advice
        said.append(f"{advice[0].upper()}{advice[1:]}.")
    return " ".join(said or [_curve(answer)])


def days_text(days: float) -> str:
    """Return days for people, in hours where they are few."""
    if not math.isfinite(days):
        return "never"
    return format_duration(days * DAY) if days < 2 else f"{days:,.1f} days"


def _effort(answer: TrainAnswer) -> str:
    """Return what the answer comes from."""
    points = answer.curve.curve.points
    return (
        f"learning curve of {answer.curve.ranker} at {len(points)} numbers of samples up to {points[-1].samples:,} "
        f"({answer.curve.source}); steps of training profile {answer.profile}"
    )


def _curve(answer: TrainAnswer) -> str:
    """Return where the curve goes."""
    curve = answer.curve.curve
    limit = f", and a limit of {_between(curve.limit)}" if curve.follows else ""
    return f"{answer.curve.ranker} has an error of {_at_most(curve)} samples{limit}."


def _target(answer: TrainAnswer) -> list[str]:
    """Return what the target takes, where one is asked."""
    curve, needed = answer.curve, answer.curve.needed
    if needed is None or curve.target is None:
        return []
    quality = f"{curve.ranker} reaches {1 - curve.target:.4g}"
    if needed.outcome == "not_reachable":
        return [f"{curve.ranker} does not reach {1 - curve.target:.4g}: {needed.advice}."]
    n = needed.samples
    high = f"{n.high:,.0f}" if math.isfinite(n.high) else "no end known"
    return [f"{quality} with {n.value:,.0f} samples ({n.low:,.0f} to {high})."]


def _data(data: DataAnswer, currency: str) -> str:
    """Return when they are there, and what they cost."""
    if data.cheapest.outcome != "found":
        return f"They are not to be had: {data.cheapest.advice}."
    first = f"They cost at least {data.cheapest.cost:,.0f} {currency}, after {days_text(data.cheapest.days)}"
    if data.fastest.outcome != "found":
        return f"{first}; sooner: {data.fastest.advice}."
    return f"{first}; the fastest mix has them after {days_text(data.fastest.days)} for {data.fastest.cost:,.0f}."


def _cluster(found: ClusterAnswer, currency: str) -> str:
    """Return the workers that make the deadline, or the fastest; that a deadline is missed is a warning."""
    row = found.best or found.fastest
    money = "" if row.money is None else f" and {row.money:,.2f} {currency}"
    what = "Training takes" if found.best else "At best, training takes"
    workers = "1 worker" if row.workers == 1 else f"{row.workers:,} workers"
    return f"{what} {format_duration(row.time_s.value)}{money} on {workers}."


def parted(row: GoRow) -> str:
    """Return how a log is parted, after "parted"."""
    return "at random" if row.split == "random" else f"by {row.split}"


def _go(row: GoRow) -> str:
    """Return what one way to part the log decides."""
    found, verdict = row.difference, row.verdict.replace("_", " ")
    return (
        f"Parted {parted(row)} the test says {verdict}: {row.chosen} has {found.value:+.3f} NDCG@10 ({found.low:+.3f} "
        f"to {found.high:+.3f}) over today's."
    )


def _tables(answer: TrainAnswer) -> list[TextTable]:
    """Return the tables that have rows, in the order of a reader's questions."""
    data, cluster, transfer = answer.data, answer.cluster, answer.transfer
    found = [
        TextTable(
            "Where samples come from",
            ("source", "a day", "from day", "price", "worth", "cheapest mix", "fastest mix"),
            [_source_row(supply, data) for supply in data.supplies] if data else [],
            _of_sources(data) if data else "",
        ),
        TextTable(
            "Training on several workers",
            ("workers", "step", "waiting", "all-reduce", "time", "speed-up", "hours", f"cost, {answer.currency}"),
            _cluster_rows(cluster) if cluster else [],
            "Waiting: share of a step for the slowest worker; time: with failures and checkpoints where asked",
        ),
        TextTable(
            "Go or no-go for an A/B test: NDCG@10",
            ("parted", "chosen", "validation", "test", "today", "difference", "verdict", "persons known", "later"),
            [_go_row(row) for row in (answer.go.rows if answer.go else ())],
            "The candidate that is best on the validation part against today's on the test part, by person, and the "
            "step size, times its own, that is best there; persons known: of the test rows, those whose person was "
            "learnt from; later: rows learnt from that are later than the first test row, a leak of the future",
        ),
        TextTable(
            "Embeddings learnt elsewhere: 1 - NDCG@10",
            ("users", "from scratch", "frozen", "fine-tuned", "best"),
            [
                (
                    f"{row.amount:,}",
                    *(_with_half(row.losses[arm]) for arm in ("scratch", "frozen", "fine_tuned")),
                    (row.winner or "too close").replace("_", "-"),
                )
                for row in (transfer.rows if transfer else ())
            ],
            "± 95% interval over seeds; arms are compared seed by seed, so intervals that overlap may still differ",
        ),
        TextTable("Learning curves", CURVE_HEADS, _curve_rows(answer), CURVE_NOTE),
        TextTable("What rankers take", TAKES_HEADS, [_takes_row(one) for one in answer.complexity], TAKES_NOTE),
        TextTable("How that grows", GROWTH_HEADS, [_growth_row(one) for one in answer.complexity], GROWTH_NOTE),
    ]
    return [table for table in found if table.rows]


def _go_row(row: GoRow) -> tuple[str, ...]:
    """Return one way to part the log."""
    return (
        parted(row),
        f"{row.chosen}, {row.rates[row.chosen]:g}x",
        f"{row.validation[row.chosen]:.3f}",
        f"{row.candidate.value:.3f}",
        f"{row.baseline.value:.3f}",
        _with_half(row.difference),
        row.verdict.replace("_", " "),
        f"{1 - row.unseen:.0%}",
        f"{row.later:.0%}",
    )


def _of_sources(data: DataAnswer) -> str:
    """Return what the table of sources does not say itself."""
    copies = [f"with its copies each counts {data.copies:.3g}"] if data.copies != 1 else []
    notes = [f"{supply.name}: {supply.note}" for supply in data.supplies if supply.note]
    return "; ".join(["Worth: of a sample in clean ones; mixes in samples as delivered", *copies, *notes])


def _source_row(supply: Supply, data: DataAnswer) -> tuple[str, ...]:
    """Return one source."""
    price = f"{supply.price:,.3g}" if not supply.fixed_price else f"{supply.fixed_price:,.10g} in all"
    return (
        supply.name,
        "at once" if math.isinf(supply.per_day) else f"{supply.per_day:,.0f}",
        f"{supply.delay_days:.3g}",
        price,
        f"{supply.worth:.2f}",
        _taken(data.cheapest, supply.name),
        _taken(data.fastest, supply.name),
    )


def _taken(mix: Mix, name: str) -> str:
    """Return the samples of a source in a mix."""
    return f"{mix.samples.get(name, 0.0):,.0f}" if mix.outcome == "found" else "–"


def _cluster_rows(cluster: ClusterAnswer) -> list[tuple[str, ...]]:
    """Return the rows of the cluster, the best one marked."""
    return [
        (
            f"{row.workers:,}{' *' if row is cluster.best else ''}",
            format_duration(row.step.value),
            f"{row.slowest_share:.0%}",
            format_duration(row.all_reduce_s),
            format_duration(row.time_s.value),
            f"{row.speed_up.value:.2f}",
            f"{row.worker_hours:,.3g}",
            "–" if row.money is None else f"{row.money:,.2f}",
        )
        for row in cluster.rows
    ]


def _curve_rows(answer: TrainAnswer) -> list[tuple[str, ...]]:
    """Return the curves: that of the answer, then those of the other rankers that were measured."""
    others = [(one.ranker, one.curve) for one in answer.complexity if one.curve and one.ranker != answer.curve.ranker]
    return [
        (
            name,
            _between(curve.limit) if curve.follows else "–",
            _between(curve.power, 2) if curve.follows else "–",
            _at_most(curve, "at"),
            f"{curve.misfit:.2g}",
        )
        for name, curve in ((answer.curve.ranker, answer.curve.curve), *others)
    ]


def _at_most(curve: LearningCurve, word: str = "after") -> str:
    """Return the error at the largest number of samples that was measured."""
    return f"{reading_of(curve).error(curve.measured_to):.3f} {word} {curve.measured_to:,}"


def _takes_row(one: Complexity) -> tuple[str, ...]:
    """Return what one ranker takes."""
    return (
        one.ranker,
        f"{one.parameters:,}",
        f"{format_duration(one.step_s)} of {one.batch:,}",
        f"{one.step_bytes / MEGA:,.1f} MB",
        str(one.epochs),
        "–" if one.serve_s is None else format_duration(one.serve_s),
    )


def _growth_row(one: Complexity) -> tuple[str, ...]:
    """Return how what one ranker takes grows."""
    growths = (one.in_batch, one.in_features, one.in_width, one.in_samples, one.in_candidates)
    return (one.ranker, *map(_growth, growths))


def _growth(growth: Growth | None) -> str:
    """Return a growth's power, and that of the larger half."""
    if growth is None:
        return "–"
    large = "" if growth.at_large is None else f" ({growth.at_large.value:.2f})"
    return f"{growth.power.value:.2f}{large}"


def _between(found: Estimate, digits: int = 3) -> str:
    """Return an estimate with its interval."""
    return f"{found.value:.{digits}f} ({found.low:.{digits}f} to {found.high:.{digits}f})"


def _with_half(found: Estimate) -> str:
    """Return an estimate with half its interval."""
    return f"{found.value:.3f} ± {(found.high - found.low) / 2:.3f}"
