"""An answer as tables for a terminal of 80 columns."""

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.capacity.run_answer import Judged, RunAnswer
from simulator.engine.traffic import CONSTANT, POISSON
from simulator.report.fleet import fleet_sentences
from simulator.report.sentence import answer_sentence, arrivals_text, worst_window_sentence
from simulator.statistics.intervals import Estimate
from simulator.units import format_duration

__all__ = [
    "POLICY_HEADS",
    "busiest_shards",
    "new_table",
    "percent",
    "policy_rows",
    "run_tables",
    "shares",
    "spread",
    "times_beside",
]

_COLOURS = {"met": "green", "missed": "red", "inconclusive": "yellow"}


def run_tables(answer: RunAnswer, parts: Sequence[RenderableType] = ()) -> RenderableType:
    """Return the tables of a run: latency, stages, objectives, further `parts`, and the sentence that answers."""
    blocks: list[RenderableType] = [_heading(answer)]
    if answer.saturated:
        blocks.append(
            Text(
                f"SATURATED: {', '.join(answer.saturated)} {_why_saturated(answer)}. The backlog grows for as long as "
                "the load lasts, so there is no latency to report. Lower the load, or add replicas, workers or shards.",
                style="bold red",
            )
        )
    else:
        blocks.append(_latency(answer))
    blocks.append(_stages(answer))
    acts = policy_rows(answer)
    if acts:
        blocks.append(_policies(acts))
    beside = times_beside(answer)
    if beside:
        blocks.append(_theory(beside))
    if answer.classes:
        blocks.append(_classes(answer))
    if answer.all_judged:
        blocks.append(_objectives(answer))
    blocks.extend(parts)
    if worst := worst_window_sentence(answer):
        blocks.append(Text(worst))
    blocks += map(Text, fleet_sentences(answer))
    blocks.append(Text(answer_sentence(answer), style="bold"))
    return Group(*blocks)


def _why_saturated(answer: RunAnswer) -> str:
    """Return what shows that a queue is saturated: the load offered to it, or the latency that was seen to grow."""
    if answer.load.saturated(answer.plan):
        return "is offered all it can serve or more"
    return f"falls behind: the last quarter of the queries took {answer.backlog.growth:.1f} times as long as the first"


def spread(found: Estimate) -> str:
    """Return the interval of an estimate of seconds for people."""
    if found.low != found.low:  # NaN: one replication
        return "no interval"
    return f"{format_duration(max(found.low, 0.0))} – {format_duration(found.high)}"


def shares(found: Estimate) -> str:
    """Return the interval of a share for people."""
    if found.low != found.low:  # NaN: one replication
        return "no interval"
    return f"{max(found.low, 0.0):.2%} – {min(found.high, 1.0):.2%}"


def percent(found: Estimate) -> str:
    """Return a share for people."""
    return f"{found.value:.1%}" if found.value >= 0.0995 or found.value == 0 else f"{found.value:.2%}"


def new_table(title: str) -> Table:
    """Return an empty table in the house's look."""
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )


def _heading(answer: RunAnswer) -> Text:
    """Return what was simulated, in one line."""
    plan = answer.plan
    text = Text(f"{answer.scenario.name}", style="bold")
    text.append(
        f"  {answer.offered_qps:,.6g} QPS, {plan.replications} x {plan.queries:,} queries after {plan.warmup:,} of "
        f"warm-up, seed {plan.seed}\n",
        style="default",
    )
    if plan.arrivals.kind not in (CONSTANT, POISSON):
        text.append(f"{arrivals_text(plan)}\n", style="default")
    if not answer.complete:
        text.append("Interrupted: what follows is of the part that was simulated.\n", style="yellow")
    if answer.scenario.question:
        text.append(answer.scenario.question, style="italic")
    return text


def _latency(answer: RunAnswer) -> Table:
    """Return the latencies with their intervals."""
    table = new_table("Latency of a query")
    table.add_column("")
    table.add_column("estimate", justify="right")
    table.add_column("95% interval", justify="right")
    for name, found in answer.latency.items():
        if found.value == found.value:
            table.add_row(name, format_duration(found.value), spread(found))
    for limit, found in answer.over.items():
        table.add_row(f"over {format_duration(limit)}", percent(found), shares(found))
    return table


def _stages(answer: RunAnswer) -> Table:
    """Return load and time by stage."""
    table = new_table("Stages (of each query's slowest request: mean)")
    table.add_column("stage", no_wrap=True)
    table.add_column("SxRxW", justify="right", no_wrap=True)
    table.add_column("candidates", justify="right", no_wrap=True)
    table.add_column("busy", justify="right")
    table.add_column("queue", justify="right")
    table.add_column("service", justify="right")
    table.add_column("p99", justify="right")
    table.add_column("cost")
    for stage in answer.stages:
        lost = stage.name in answer.saturated
        table.add_row(
            stage.name + (" *" if stage.name == answer.bottleneck else ""),
            f"{stage.shards}x{stage.replicas}x{stage.workers}",
            f"{stage.candidates.value:,.0f}",
            percent(stage.busiest),
            "–" if lost else format_duration(stage.queue.value),
            format_duration(stage.service.value),
            "–" if lost else format_duration(stage.p99.value),
            stage.source,
            style="red" if lost else None,
        )
    if answer.plan.merge_workers:
        table.add_row("merge", f"{answer.plan.merge_workers} workers", "", percent(answer.merge_utilization))
    table.caption = "\n".join(["* the busiest. SxRxW: shards x replicas x workers", *busiest_shards(answer)])
    table.caption_justify = "left"
    return table


def busiest_shards(answer: RunAnswer) -> list[str]:
    """Return a line for each stage whose shards differ: which is the busiest, and how busy all are on average."""
    return [
        f"{stage.name}: busy is its shard {stage.busiest_shard}, the busiest; {percent(stage.utilization)} on average"
        for stage in answer.stages
        if stage.busiest_shard is not None
    ]


def policy_rows(answer: RunAnswer) -> list[tuple[str, ...]]:
    """Return (stage, hedges after, extra requests, wasted work, mean replicas) of each stage where policies acted."""
    delays = answer.plan.hedge_after_s
    return [
        (
            stage.name,
            format_duration(delays[stage.name]) if stage.name in delays else "–",
            percent(stage.extra_requests),
            percent(stage.wasted),
            f"{stage.mean_replicas.value:.3g}",
        )
        for stage in answer.stages
        if stage.name in delays
        or stage.extra_requests.value
        or stage.wasted.value
        or stage.mean_replicas.value != stage.replicas
    ]


POLICY_HEADS = ("stage", "hedges after", "extra requests", "wasted work", "replicas")


def _policies(rows: list[tuple[str, ...]]) -> Table:
    """Return what the policies did."""
    table = new_table("What the policies did")
    for i, head in enumerate(POLICY_HEADS):
        table.add_column(head, justify="right" if i else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    table.caption = "extra: hedges and retries over the other requests; wasted: of the busy time"
    table.caption_justify = "left"
    return table


def times_beside(answer: RunAnswer) -> list[tuple[str, str, str, str, str]]:
    """Return (stage's quantity, theory, simulated, kind, formula) for each time that theory gives."""
    words = {"queue": "mean wait", "latency": "mean latency", "p50": "p50", "p99": "p99"}
    return [
        (
            f"{check.stage}: {words[check.quantity]}",
            format_duration(check.value),
            format_duration(answer.simulated[check.stage, check.quantity].value),
            check.kind,
            check.formula,
        )
        for check in answer.theory
        if check.quantity in words and not answer.saturated
    ]


def _theory(rows: list[tuple[str, str, str, str, str]]) -> Table:
    """Return what theory says beside what was simulated."""
    table = new_table("Beside theory")
    for head, justify in (("", "left"), ("theory", "right"), ("simulated", "right"), ("kind", "left")):
        table.add_column(head, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("formula")
    for row in rows:
        table.add_row(*row)
    return table


def _classes(answer: RunAnswer) -> Table:
    """Return the latencies of each class of queries."""
    table = new_table("Classes of queries")
    table.add_column("class", no_wrap=True)
    for head in ("share", "mean", "p50", "p99", "95% interval"):
        table.add_column(head, justify="right", no_wrap=True)
    for one in answer.classes:
        times = [one.latency[name] for name in ("mean", "p50", "p99")]
        shown = [format_duration(found.value) for found in times] + [spread(times[-1])]
        table.add_row(one.name, f"{one.share:.1%}", *(["–"] * len(shown) if answer.saturated else shown))
    return table


def _objectives(answer: RunAnswer) -> Table:
    """Return the objectives with their verdicts."""
    table = new_table("Objectives")
    table.add_column("objective")
    table.add_column("estimate", justify="right")
    table.add_column("verdict")
    for judged, name in answer.all_judged:
        text = f"{name}: {judged.objective.text}" if name else judged.objective.text
        verdict = Text(judged.verdict, _COLOURS[judged.verdict])
        if judged.more_replications:
            verdict.append(f": about {judged.more_replications:,} more replications", style="default")
        table.add_row(text, _estimate(answer, judged), verdict)
    return table


def _estimate(answer: RunAnswer, judged: Judged) -> str:
    """Return an objective's estimate for people."""
    metric = judged.objective.metric
    if answer.saturated and metric not in ("error_rate", "coverage"):
        return "none: saturated"
    if judged.estimate.value != judged.estimate.value:
        return "too few queries"
    if metric in ("percentile", "mean", "max"):
        return format_duration(judged.estimate.value)
    return percent(judged.estimate)
