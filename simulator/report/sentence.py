"""The answer in one sentence: what a reader takes away in five seconds."""

from simulator.capacity.run import Judged, RunAnswer
from simulator.units import format_duration

__all__ = ["answer_sentence", "headline"]


def headline(answer: RunAnswer) -> str:
    """Return the one word that answers the scenario's question."""
    if answer.saturated:
        return "Saturated"
    if not answer.judged:
        return "Measured"
    return {"met": "Yes", "missed": "No", "inconclusive": "Undecided"}[answer.verdict]


def answer_sentence(answer: RunAnswer) -> str:
    """Return one sentence that answers the scenario's question with its number and its interval."""
    load = f"at {answer.plan.qps:,g} QPS"
    if answer.saturated:
        queue = answer.saturated[0]
        if not answer.load.saturated(answer.plan):
            return (
                f"Saturated: {load} queries take ever longer, {answer.backlog.growth:.1f} times as long at the end of "
                f"the run as at its start, and {_name(queue)} is the busiest; no latency can be promised."
            )
        return (
            f"Saturated: {load} {_name(queue)} is offered {_utilization(answer, queue):.0%} of what it can serve, "
            "so its backlog grows for as long as the load lasts and no latency can be promised."
        )
    busiest = answer.bottleneck
    rest = f"{_name(busiest)} is the busiest, at {_utilization(answer, busiest):.0%} of its capacity"
    if not answer.judged:
        return f"{load.capitalize()} p99 is {_latency(answer, 'p99')}; {rest}."
    return f"{headline(answer)}: {load} {_claim(answer, _deciding(answer))}; {rest}."


def _name(queue: str) -> str:
    """Return a queue's name in a sentence."""
    return "the broker's merge" if queue == "merge" else f"stage {queue}"


def _utilization(answer: RunAnswer, queue: str) -> float:
    """Return the utilisation of a stage or of the merge."""
    loads = {stage.name: stage.utilization.value for stage in answer.stages}
    return loads.get(queue, answer.merge_utilization.value)


def _deciding(answer: RunAnswer) -> Judged:
    """Return the objective that decides: the first with the verdict over all."""
    return next(judged for judged in answer.judged if judged.verdict == answer.verdict)


def _latency(answer: RunAnswer, name: str, asked: str = "") -> str:
    """Return a latency with its interval, and with what was asked."""
    found = answer.latency[name]
    known = found.low == found.low  # NaN: one replication
    interval = [f"95% interval {format_duration(found.low)} to {format_duration(found.high)}"] if known else []
    aside = "; ".join([*interval, *([asked] if asked else [])])
    return format_duration(found.value) + (f" ({aside})" if aside else "")


def _claim(answer: RunAnswer, judged: Judged) -> str:
    """Return what the deciding objective comes to, and how many others agree."""
    objective, found = judged.objective, judged.estimate
    metric, *_, value = objective.text.split()
    asked = f"asked: {objective.comparator} {value}"
    if objective.metric in ("percentile", "mean", "max"):
        name = f"p{objective.argument:g}" if objective.metric == "percentile" else objective.metric
        what = f"{name} is {_latency(answer, name, asked)}"
    else:
        what = f"{metric} is {found.value:.2%} ({asked})"
    others = len(answer.judged) - 1
    if answer.verdict != "met" or not others:
        return what
    return f"{what}, and {others} more objective{'s hold' if others > 1 else ' holds'}"
