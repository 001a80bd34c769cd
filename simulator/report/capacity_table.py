"""A capacity search as tables for a terminal of 80 columns."""

from rich.console import Group, RenderableType
from rich.text import Text

from simulator.capacity.answer import CapacityAnswer, PartOfCapacity
from simulator.report.tables import new_table, spread
from simulator.units import format_duration

__all__ = ["capacity_sentence", "capacity_tables", "part_sentence"]


def capacity_sentence(answer: CapacityAnswer) -> str:
    """Return the answer in one sentence, with what to do next."""
    objective, queue = answer.limited_by
    maximum = answer.maximum
    floor = f"p99 at no load is {format_duration(answer.floor.latency['p99'].value)}"
    where = "the broker's merge" if queue == "merge" else f"stage {queue}"
    if maximum.outcome == "never":
        return (
            f"Never: {objective} is missed even at no load ({floor}). Shorten the calls: fewer candidates, a cheaper "
            "ranker or a faster machine; more shards where a shard's own work takes long, fewer where waiting for the "
            "slowest of them does."
        )
    if maximum.outcome == "beyond":
        return (
            f"At least {maximum.judged_qps:,.0f} QPS ({floor}): every objective holds as far as this run can "
            f"judge, {maximum.judged_qps / maximum.bound_qps:.1%} of the {maximum.bound_qps:,.0f} QPS at which {where} "
            "is full. Only more workers or replicas there would bear more; more traffic.queries judge nearer to it."
        )
    most = maximum.qps
    return (
        f"{most.value:,.0f} QPS (95% interval {most.low:,.0f} to {most.high:,.0f}), limited by {objective} in {where}; "
        f"{answer.maximum.queue} is full at {maximum.bound_qps:,.0f} QPS ({floor})."
    )


def part_sentence(part: PartOfCapacity) -> str:
    """Return what a search that was ended early had found."""
    maximum, most = part.maximum, part.maximum.qps
    return (
        f"Not finished: {len(maximum.roots):,} of {part.scenario.traffic.replications:,} replications say "
        f"{most.value:,.0f} QPS (95% interval {most.low:,.0f} to {most.high:,.0f}), not confirmed by fresh seeds; "
        f"{maximum.queue} is full at {maximum.bound_qps:,.0f} QPS."
    )


def capacity_tables(answer: CapacityAnswer) -> RenderableType:
    """Return the curve of p99 against load, the confirmation, and the sentence."""
    heading = Text(answer.scenario.name, style="bold")
    table = new_table("Latency against load")
    for head in ("QPS", "busiest", "p99", "95% interval"):
        table.add_column(head, justify="right", no_wrap=True)
    for point in answer.curve:
        here = answer.maximum.outcome == "found" and point.qps == answer.maximum.qps.value
        p99 = ("saturated", "") if point.saturated else (format_duration(point.p99.value), spread(point.p99))
        table.add_row(f"{point.qps:,.1f}", f"{point.utilization:.0%}", *p99, style="bold" if here else None)
    blocks: list[RenderableType] = [heading, table]
    if answer.maximum.outcome == "found":
        again = "; ".join(f"{one.objective.text}: {one.verdict}" for one in answer.confirmation.judged)
        tail = answer.confirmation.latency["p99"]
        found = f"{format_duration(tail.value)} ({spread(tail)})"
        blocks.append(Text(f"With fresh seeds at that load p99 is {found}; {again}."))
    blocks.append(Text(capacity_sentence(answer), style="bold"))
    return Group(*blocks)
