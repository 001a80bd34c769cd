"""The answer in one sentence: what a reader takes away in five seconds."""

from simulator.capacity.run_answer import Estimates, Judged, RunAnswer, WindowAnswer
from simulator.engine.plan import Plan
from simulator.engine.traffic import BURSTY, CONSTANT, DAILY, POISSON, TRACE
from simulator.units import format_duration

__all__ = ["answer_sentence", "arrivals_text", "clock_text", "headline", "window_start", "worst_window_sentence"]


def headline(answer: RunAnswer) -> str:
    """Return the one word that answers the scenario's question."""
    if answer.saturated:
        return "Saturated"
    if not answer.all_judged:
        return "Measured"
    return {"met": "Yes", "missed": "No", "inconclusive": "Undecided"}[answer.verdict]


def answer_sentence(answer: RunAnswer) -> str:
    """Return one sentence that answers the scenario's question with its number and its interval."""
    steady = answer.plan.arrivals.kind in (CONSTANT, POISSON)
    load = f"at {answer.plan.qps:,g} QPS" + ("" if steady else " on average")
    if answer.saturated:
        queue = answer.saturated[0]
        if not answer.load.saturated(answer.plan):
            return (
                f"Saturated: {load} queries take ever longer, {answer.backlog.growth:.1f} times as long at the end of "
                f"the run as at its start, and {_name(answer, queue)} is the busiest; no latency can be promised."
            )
        return (
            f"Saturated: {load} {_name(answer, queue)} is offered {answer.loads[queue]:.0%} of what it can serve, "
            "so its backlog grows for as long as the load lasts and no latency can be promised."
        )
    busiest = answer.bottleneck
    rest = f"{_name(answer, busiest)} is the busiest, at {answer.loads[busiest]:.0%} of its capacity"
    if not answer.all_judged:
        return f"{load[0].upper()}{load[1:]} p99 is {_latency(answer, 'p99')}; {rest}."
    return f"{headline(answer)}: {load} {_claim(answer, *_deciding(answer))}; {rest}."


def arrivals_text(plan: Plan) -> str:
    """Return how the queries of `plan` arrive, in a few words."""
    law = plan.arrivals
    if law.kind == BURSTY:
        calm, burst = law.phase_means
        return (
            f"bursty arrivals: {law.phase_rates[1]:g} times that in bursts of {format_duration(burst)}, "
            f"{burst / (calm + burst):.0%} of the time"
        )
    if law.kind == DAILY:
        low, high = (plan.qps * (1 + sign * law.swing) for sign in (-1, 1))
        return f"daily arrivals: {low:,.4g} to {high:,.4g} QPS, most at {clock_text(law.peak_s)}"
    return {CONSTANT: "evenly spaced arrivals", POISSON: "Poisson arrivals", TRACE: "arrivals as recorded"}[law.kind]


def worst_window_sentence(answer: RunAnswer) -> str:
    """Return when a day or a trace was slowest, empty where that is not known."""
    worst = answer.worst_window
    if worst is None or answer.saturated:
        return ""
    known = worst.p99.low == worst.p99.low  # NaN: one replication
    low, high = format_duration(max(worst.p99.low, 0.0)), format_duration(worst.p99.high)
    p99 = format_duration(worst.p99.value) + (f" (95% interval {low} to {high})" if known else "")
    return f"Worst five minutes: from {window_start(answer, worst)} on, at {worst.qps:,.4g} QPS, p99 {p99}."


def window_start(answer: RunAnswer, window: WindowAnswer) -> str:
    """Return when a window begins: the time of a day, or minutes after a recording's start."""
    return clock_text(window.from_s) if answer.plan.arrivals.kind == DAILY else f"{window.from_s / 60:,.0f} min"


def clock_text(seconds: float) -> str:
    """Return the time of day that `seconds` after a first midnight are, with the day where it is not the first."""
    day, minutes = divmod(round(seconds / 60), 24 * 60)
    time = f"{minutes // 60}:{minutes % 60:02}"
    return f"day {day + 1}, {time}" if day else time


def _name(answer: RunAnswer, queue: str) -> str:
    """Return a queue's name in a sentence, with the busiest shard of a stage whose shards differ."""
    shard = next((stage.busiest_shard for stage in answer.stages if stage.name == queue), None)
    of_shard = "" if shard is None else f"shard {shard} of "
    return "the broker's merge" if queue == "merge" else f"{of_shard}stage {queue}"


def _deciding(answer: RunAnswer) -> tuple[Judged, str]:
    """Return the objective that decides, the first with the verdict over all, and the class that it is about."""
    return next((judged, name) for judged, name in answer.all_judged if judged.verdict == answer.verdict)


def _latency(answer: Estimates, name: str, asked: str = "") -> str:
    """Return a latency with its interval, and with what was asked."""
    found = answer.latency[name]
    known = found.low == found.low  # NaN: one replication
    interval = [f"95% interval {format_duration(found.low)} to {format_duration(found.high)}"] if known else []
    aside = "; ".join([*interval, *([asked] if asked else [])])
    return format_duration(found.value) + (f" ({aside})" if aside else "")


def _claim(answer: RunAnswer, judged: Judged, class_name: str) -> str:
    """Return what the deciding objective comes to, and how many others agree."""
    of_class = f" of class {class_name}" if class_name else ""
    measures: Estimates = next((one for one in answer.classes if one.name == class_name), answer)
    objective, found = judged.objective, judged.estimate
    metric, *_, value = objective.text.split()
    asked = f"asked: {objective.comparator} {value}"
    if objective.metric in ("percentile", "mean", "max"):
        name = f"p{objective.argument:g}" if objective.metric == "percentile" else objective.metric
        what = f"{name}{of_class} is {_latency(measures, name, asked)}"
    else:
        what = f"{metric}{of_class} is {found.value:.2%} ({asked})"
    others = len(answer.all_judged) - 1
    if answer.verdict != "met" or not others:
        return what
    return f"{what}, and {others} more objective{'s hold' if others > 1 else ' holds'}"
