"""The diagnosis of data as rows and sentences."""

import math

from simulator.diagnosis.answer import DataDiagnosis
from simulator.diagnosis.drift import FeatureDrift
from simulator.diagnosis.missed import Candidate, Missed
from simulator.diagnosis.seasons import DriftCost
from simulator.diagnosis.skew import Skew
from simulator.report.text_table import TextTable
from simulator.statistics.intervals import Estimate

__all__ = ["data_sentences", "data_tables"]

MOST_FEATURES, MOST_COLUMNS = 20, 8
DRIFT_NOTE = (
    "PSI over tenths of the first table or over categories; its size by the usual 0.1 and 0.25; W1: Wasserstein "
    "distance in standard deviations; by luck: chance of such a PSI if nothing moved, false discoveries controlled"
)


def data_sentences(data: DataDiagnosis) -> list[str]:
    """Return what is wrong with the data, the dearest first."""
    said = [_skew_sentence(data.skew)] if data.skew else []
    if data.skew is None or data.skew.worst is None:
        said.append(_drift_sentence(data))
    if data.missed is not None:
        said += _missed_sentence(data.missed)
    return said


def _skew_sentence(skew: Skew) -> str:
    """Return which feature both paths compute differently, and what that costs."""
    worst = skew.worst
    if worst is None:
        return f"Both paths give the same features in all {skew.joined:,} rows that they share."
    text = (
        f"{worst.feature} is the same offline and online in {worst.exact.value:.1%} of {skew.joined:,} rows "
        f"({worst.kind}: {worst.detail})"
    )
    others = sum(1 for one in skew.features if one.kind) - 1
    text += f", and {others} more {'feature differs' if others == 1 else 'features differ'}" if others else ""
    if skew.cost is None:
        return f"{text}."
    cost = skew.cost
    return (
        f"{text}: NDCG@10 {cost.online.value:.3f} where tests promised {cost.offline.value:.3f}. One function for both "
        f"paths gives that back; training on what is logged at serving wins {_between(cost.logged)}."
    )


def _drift_sentence(data: DataDiagnosis) -> str:
    """Return which features moved, and what that costs."""
    moved = [one for one in data.drift if one.verdict == "drifted"]
    unsure = [one for one in data.drift if one.verdict == "inconclusive"]
    if not moved:
        said = f"No feature is seen to drift among {len(data.drift)}"
        said += f"; {len(unsure)} have too few rows to tell" if unsure else ""
    else:
        first = moved[0]
        beside = len(moved) - 1
        said = f"{first.feature} drifted most, PSI {first.psi:.3f} ({first.size})"
        said += f", and {beside} more beyond luck" if beside else ""
    if data.drift_cost is None:
        return f"{said}."
    cost = data.drift_cost
    if cost.lost.high < 0:
        return f"{said}; served like this, the ranker loses {-cost.lost.value:.3f} of NDCG@10 {_interval(cost.lost)}."
    return f"{said}; that costs no NDCG@10 beyond luck {_interval(cost.lost)}."


def _missed_sentence(missed: Missed) -> list[str]:
    """Return which feature is missing."""
    if not missed.candidates:
        return []
    found = missed.missing
    if found is None:
        return ["None of the unused columns makes predictions better beyond luck."]
    better = f"by {found.loss.value:.4f} of {missed.loss.value:.4f} and NDCG@10 rises by {_between(found.ndcg)}"
    return [f"The missing feature is {found.column}: with it the log loss falls {better}."]


def _between(found: Estimate) -> str:
    """Return a difference with its interval."""
    return f"{found.value:+.3f} {_interval(found)}"


def _interval(found: Estimate) -> str:
    """Return an interval in brackets."""
    return f"({found.low:+.3f} to {found.high:+.3f})"


def data_tables(data: DataDiagnosis) -> list[TextTable]:
    """Return the tables of the data."""
    found = [_drift(data)]
    if data.drift_cost is not None:
        found.append(_cost(data.drift_cost))
    if data.skew is not None:
        found += _skew(data.skew)
    return found + (_missed(data.missed) if data.missed is not None else [])


def _drift(data: DataDiagnosis) -> TextTable:
    """Return how features moved."""
    rows = [
        (
            one.feature,
            _number(one.psi),
            one.size if math.isfinite(one.psi) else "–",
            _number(one.ks) if one.numeric else "–",
            _number(one.wasserstein) if one.numeric else "–",
            _chance(one.q_value),
            _verdict(one),
        )
        for one in data.drift[:MOST_FEATURES]
    ]
    hidden = len(data.drift) - len(rows)
    return TextTable(
        f"Change of distribution, {data.names[0]} to {data.names[1]}",
        ("feature", "PSI", "size", "KS", "W1", "by luck", "verdict"),
        rows,
        DRIFT_NOTE + (f"; {hidden} more in the JSON" if hidden else ""),
    )


def _verdict(one: FeatureDrift) -> str:
    """Return a verdict with what is odd about the feature."""
    return f"{one.verdict}, {one.note}" if one.note else one.verdict


def _number(value: float) -> str:
    """Return a number of three digits."""
    return f"{value:.3f}" if math.isfinite(value) else "–"


def _chance(value: float) -> str:
    """Return a chance."""
    if not math.isfinite(value):
        return "–"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _with_half(found: Estimate, sign: str = "") -> str:
    """Return a number with half its interval."""
    return f"{found.value:{sign}.4f} ±{(found.high - found.low) / 2:.4f}"


def _cost(cost: DriftCost) -> TextTable:
    """Return what the drift costs."""
    return TextTable(
        "What it costs: NDCG@10 on queries served",
        ("ranker", "NDCG@10"),
        [
            ("as trained", _with_half(cost.stale)),
            ("trained on other queries served", _with_half(cost.fresh)),
            ("lost", _with_half(cost.lost, "+")),
        ],
        f"A logistic ranker on {cost.queries:,} queries held out, paired by query",
    )


def _skew(skew: Skew) -> list[TextTable]:
    """Return how the paths differ, and what that costs."""
    rows = [
        (one.feature, f"{one.exact.value:.2%}", f"{one.exact.low:.2%} to {one.exact.high:.2%}", f"{one.within:.2%}",
         f"{one.kind}: {one.detail}" if one.kind else "the same")
        for one in skew.features[:MOST_FEATURES]
    ]  # fmt: skip
    features = TextTable(
        "Offline and online, the same rows",
        ("feature", "exact", "95% interval", "close", "how they differ"),
        rows,
        f"{skew.joined:,} rows joined, of {skew.offline_rows:,} offline and {skew.online_rows:,} online; close: equal "
        "but for rounding",
    )
    if skew.cost is None:
        return [features]
    cost = skew.cost
    return [
        features,
        TextTable(
            "What the skew costs, and what mends it: NDCG@10",
            ("trained on, served with", "NDCG@10", "less served as now"),
            [
                ("offline features, online features: as now", _with_half(cost.online), ""),
                ("offline, offline: one function for both", _with_half(cost.offline), f"{-cost.lost.value:+.4f}"),
                ("online, online: log at serving", f"{cost.online.value + cost.logged.value:.4f}",
                 _with_half(cost.logged, "+")),
            ],
            "A logistic ranker on every second query, paired by query",
        ),
    ]  # fmt: skip


def _missing(one: Candidate, missed: Missed) -> str:
    """Return whether a column is a missing feature."""
    if one.helps:
        return "missing"
    return f"nothing beside {missed.candidates[0].column}" if one.loss.low > 0 else "no gain"


def _missed(missed: Missed) -> list[TextTable]:
    """Return what the worst predictions have in common, and what each unused column would gain."""
    columns = [
        (one.column, "yes" if one.used else "no", f"{one.distance:.3f}", f"{one.unexplained:.4f}", _chance(one.q_value),
         one.where)
        for one in missed.columns[:MOST_COLUMNS]
    ]  # fmt: skip
    candidates = [
        (one.column, _with_half(one.loss, "+"), _with_half(one.ndcg, "+"), _missing(one, missed))
        for one in missed.candidates
    ]
    return [
        TextTable(
            f"The {missed.worst:,} worst of {missed.rows:,} predictions beside the rest",
            ("column", "used", "apart", "unexplained", "by luck", "clicks a row too many or few"),
            columns,
            "Apart: 0 alike, 1 without overlap; unexplained: clicks less predicted clicks a row, root mean square over "
            "the column's values",
        ),
        TextTable(
            "For whom the ranker finds least: NDCG@10",
            ("queries", "how many", "NDCG@10"),
            [(one.name, f"{one.queries:,}", _with_half(one.ndcg)) for one in missed.segments[:MOST_COLUMNS]],
            f"All {missed.queries:,} queries held out: {_with_half(missed.ndcg)}",
        ),
        TextTable(
            "Which feature is missing: the ranker retrained with each",
            ("column", "log loss less", "NDCG@10 more", "verdict"),
            candidates,
            f"On {missed.queries:,} queries held out, paired; intervals hold for the best of all that were tried",
        ),
    ]
