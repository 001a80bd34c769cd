"""The frontier of an optimisation for people: sentences, and the rows of its table as text."""

from typing import Any

from simulator.capacity.optimize import OptimizeAnswer
from simulator.capacity.optimize_space import Design
from simulator.capacity.optimize_trial import Confirmed
from simulator.capacity.quality import TOP_K
from simulator.report.quality_text import assumption_sentence
from simulator.units import format_duration

__all__ = [
    "cost_text",
    "design_lines",
    "optimize_context",
    "optimize_rows",
    "optimize_sentence",
    "pick_sentence",
    "point_heads",
    "search_sentence",
]

_MEETS = {"met": "yes", "missed": "no", "inconclusive": "unsure"}


def point_heads(answer: OptimizeAnswer) -> tuple[str, ...]:
    """Return the heads of the frontier's table."""
    return ("stage, ranker, keep, SxRxW", f"NDCG@{TOP_K}", "p99", "cost/h" if _priced(answer) else "workers", "SLA")


def optimize_rows(answer: OptimizeAnswer) -> list[tuple[str, ...]]:
    """Return the cells of each point; the stages of a design are the lines of the first."""
    return [
        (
            "\n".join(design_lines(point.design)) + (" (own)" if point is answer.own else ""),
            f"{point.quality.ndcg.value:.4f}",
            format_duration(point.run.latency["p99"].value),
            cost_text(answer, point.cost, unit=False),
            _MEETS[point.run.verdict] if point.run.all_judged else "–",
        )
        for point in answer.points
    ]


def design_lines(design: Design) -> list[str]:
    """Return a design's stages, one a line."""
    return [f"{one.name}: {one.ranker}, {one.keep:,}, {one.shards}x{one.replicas}x{one.workers}" for one in design]


def cost_text(answer: OptimizeAnswer, cost: float, *, unit: bool = True) -> str:
    """Return a cost as money an hour, or as workers where nothing is priced."""
    prices = answer.scenario.prices
    if prices is None:
        return f"{cost:,.0f}" + (" workers" if unit else "")
    return f"{cost:,.2f}" + (f" {prices.currency} an hour" if unit else "")


def optimize_sentence(answer: OptimizeAnswer) -> str:
    """Return what is left to choose from, and how the scenario's own design stands."""
    if not answer.complete:
        done = answer.ended.get("simulated", 0)
        return f"Not finished: {done:,} of {answer.trials:,} designs were simulated, and none was confirmed."
    if not answer.points:
        return f"No design bears {answer.target_qps:,g} QPS: every one that was tried is saturated."
    best, last = answer.points[0], answer.points[-1]
    tails = [point.run.latency["p99"].value for point in answer.points]
    costs = [point.cost for point in answer.points]
    text = (
        f"{len(answer.points)} of {len({one.design for one in answer.tried})} designs are worth choosing from at "
        f"{answer.target_qps:,g} QPS: NDCG@{TOP_K} {last.quality.ndcg.value:.3f} to {best.quality.ndcg.value:.3f}, "
        f"p99 {format_duration(min(tails))} to {format_duration(max(tails))}, "
        f"{cost_text(answer, min(costs), unit=False)} to {cost_text(answer, max(costs))}; "
    )
    return text + _own(answer)


def _own(answer: OptimizeAnswer) -> str:
    """Return how the scenario's own design stands."""
    if answer.own is None:
        return "the scenario's own is saturated."
    if answer.own_is_best:
        return "the scenario's own is one of them."
    better = answer.better_than_own
    return f"{len(better)} of them beat{'s' if len(better) == 1 else ''} the scenario's own in every way."


def pick_sentence(answer: OptimizeAnswer) -> str:
    """Return the cheapest design that meets the SLA and finds as much as the best; empty without an SLA."""
    if not answer.scenario.objectives or not answer.points:
        return ""
    pick = answer.pick
    if pick is None:
        return "None of them surely meets the SLA."
    return (
        f"Cheapest that meets the SLA and finds as much, but for luck, as the best that does: {_in_line(pick)}, at "
        f"NDCG@{TOP_K} {pick.quality.ndcg.value:.3f}, p99 {format_duration(pick.run.latency['p99'].value)} and "
        f"{cost_text(answer, pick.cost)}."
    )


def _in_line(point: Confirmed) -> str:
    """Return a design in a sentence."""
    return " then ".join(design_lines(point.design))


def search_sentence(answer: OptimizeAnswer) -> str:
    """Return how the search went, and what its quality was judged on."""
    ended = answer.ended
    parts = [f"{ended.get('simulated', 0):,} designs simulated", f"{ended.get('dominated', 0):,} dominated"]
    parts += [
        f"{ended[how]:,} {words}"
        for how, words in (
            ("overloaded", "proposed but overloaded"),
            ("not measured", "proposed beyond what was measured"),
            ("saturated", "saturated when confirmed"),
        )
        if ended.get(how)
    ]
    judged = f" {assumption_sentence(answer.points[0].quality)}" if answer.points else ""
    return f"{', '.join(parts)}; every point was simulated again with fresh seeds.{judged}"


def optimize_context(answer: OptimizeAnswer) -> dict[str, Any]:
    """Return what a report's templates show of the frontier, as text."""
    rows = [(row[0].replace("\n", "; "), *row[1:]) for row in optimize_rows(answer)]
    return {
        "sentence": optimize_sentence(answer),
        "pick": pick_sentence(answer),
        "search": search_sentence(answer),
        "heads": point_heads(answer),
        "rows": rows,
    }


def _priced(answer: OptimizeAnswer) -> bool:
    """Return whether costs are money."""
    return answer.scenario.prices is not None
