"""A diagnosis as rows and sentences, for the terminal and for reports alike: from the whole to the part at fault."""

import math

import numpy as np

from simulator.diagnosis.answer import Diagnosed, Latency
from simulator.diagnosis.elasticity import Change
from simulator.diagnosis.lost_quality import LostQuality
from simulator.diagnosis.tail import OF_ANSWER, PARTS, Blame, Tail
from simulator.report.diagnose_data_text import data_sentences, data_tables
from simulator.report.text_table import Said, TextTable
from simulator.statistics.intervals import Estimate

__all__ = ["biggest_part", "change_text", "diagnose_said", "diagnose_sentence"]

MS = 1000.0
SHOWN = 0.005
"""Parts of the tail below this share of what it takes beyond a typical query are left out of the table."""

MOST_SEGMENTS = 8


def diagnose_said(answer: Diagnosed) -> Said:
    """Return `answer` in words."""
    tables = [*(_of_latency(answer.latency) if answer.latency else [])]
    tables += _of_quality(answer.quality) if answer.quality else []
    tables += data_tables(answer.data) if answer.data else []
    kept = [table for table in tables if table.rows]
    return Said(answer.study, diagnose_sentence(answer), _effort(answer), answer.warnings, kept, answer.complete)


def diagnose_sentence(answer: Diagnosed) -> str:
    """Return why it is slow, what to change, where good documents are lost, and what is wrong with the data."""
    said = []
    if answer.latency is not None:
        said += [_why_slow(answer.latency.tail)] if answer.latency.tail else []
        said += [_change_next(answer.latency)] if answer.latency.elasticities.changes else []
    if answer.quality is not None:
        said.append(_where_lost(answer.quality))
    if answer.data is not None:
        said += data_sentences(answer.data)
    return " ".join(said)


def _effort(answer: Diagnosed) -> str:
    """Return what the answer comes from."""
    said = []
    if answer.latency is not None:
        run, tail = answer.latency.run, answer.latency.tail
        traced = f"{tail.queries:,} queries at and over p99 traced" if tail else "no query was completed"
        said.append(f"{run.plan.replications} replications, {traced}")
        said.append(f"{len(answer.latency.elasticities.changes)} changes under the same luck")
    if answer.data is not None:
        (one, two), (n, m) = answer.data.names, answer.data.rows
        said.append(f"{n:,} rows {one}, {m:,} {two}" if " in " in one else f"{n:,} rows of {one}, {m:,} of {two}")
    return "; ".join(said) or "nothing to look into"


def biggest_part(tail: Tail) -> tuple[str, str, float]:
    """Return the stage and part in which the tail loses most beyond typical queries, and its share of all it loses."""
    beyond = tail.parts - tail.typical_parts
    s, part = np.unravel_index(int(np.argmax(beyond)), beyond.shape)
    whole = max(tail.latency - tail.typical_latency, 1e-12)
    return tail.names[int(s)], PARTS[int(part)], float(beyond[s, part] / whole)


def _why_slow(tail: Tail) -> str:
    """Return where the slowest queries lose their time, and whose fault that is."""
    stage, part, share = biggest_part(tail)
    words = "waiting for the slowest shard" if part == "slowest shard" else part
    text = (
        f"The slowest 1% take {tail.latency * MS:.3g} ms, {(tail.latency - tail.typical_latency) * MS:.3g} ms more "
        f"than a typical query, {share:.0%} of that {words} of {stage}"
    )
    guilty = _guilty(tail, stage)
    return f"{text}{f': {guilty}' if guilty else ''}."


def _guilty(tail: Tail, stage: str) -> str:
    """Return what stands out among the answers that were waited for in `stage`."""
    telling = [one for one in tail.blames if one.stage == stage and _tells(one)]
    if not telling:
        return ""
    first = telling[0]
    beside = f", {first.fair:.0%} of its shards" if first.kind == "fault" and math.isfinite(first.fair) else ""
    return f"{first.tail:.0%} of them wait for {first.name}{beside}"


def _tells(blame: Blame) -> bool:
    """Return whether the tail has something in common that is neither usual nor a fair share."""
    usual = blame.fair if math.isfinite(blame.fair) else blame.typical
    return blame.tail >= 0.1 and blame.tail > 1.5 * usual


def _change_next(latency: Latency) -> str:
    """Return what to change next."""
    change = latency.elasticities.next
    if change is None:
        return "None of the changes tried lowers the p99 or carries more load beyond luck."
    p99 = latency.run.latency["p99"].value * MS
    said = f"Change next: {change_text(change)}"
    if change.helps:
        said += f", p99 {change.p99.value * MS:+.3g} ms of {p99:.3g} ({change.relative_p99.value:+.0%})"
    if math.isfinite(change.max_qps.value):
        said += f", maximum {change.max_qps.value:+.3g} QPS ({change.relative_max_qps.value:+.0%})"
    return f"{said}{_price(change, latency)}."


def change_text(change: Change) -> str:
    """Return a change in words, with its stage."""
    return f"{change.stage} {change.what}"


def _price(change: Change, latency: Latency) -> str:
    """Return what a change costs, after a comma."""
    prices = latency.run.scenario.prices
    if change.per_hour is not None and prices is not None:
        return f", for {change.per_hour:+.3g} {prices.currency} an hour" if change.per_hour else ""
    return f", for {change.workers:+,.0f} workers" if change.workers else ""


def _where_lost(quality: LostQuality) -> str:
    """Return which stage loses the good documents."""
    worst = quality.worst
    return (
        f"Of the ideal NDCG@10 the funnel finds {quality.ndcg.value:.3f}; {worst.stage} loses most of the rest, "
        f"{worst.lost.value:.3f}."
    )


def _of_latency(latency: Latency) -> list[TextTable]:
    """Return the tables of why it is slow."""
    tail = latency.tail
    found = [] if tail is None else [_parts(tail), _beyond(tail), _blames(tail)]
    return [*found, _changes(latency)]


def _parts(tail: Tail) -> TextTable:
    """Return where the slowest queries lose their time, part by part."""
    whole = max(tail.latency - tail.typical_latency, 1e-12)
    rows = [("cache at the door", "", tail.door, tail.typical_door)] if tail.door else []
    rows += [
        (name, PARTS[p], float(tail.parts[s, p]), float(tail.typical_parts[s, p]))
        for s, name in enumerate(tail.names)
        for p in range(len(PARTS))
    ]
    shown = [row for row in rows if abs(row[2] - row[3]) > SHOWN * whole or row[2] > SHOWN * tail.latency]
    lines = [
        (f"{stage} {part}".strip(), f"{slow * MS:.3f}", f"{usual * MS:.3f}", f"{(slow - usual) * MS:+.3f}",
         f"{slow / tail.latency:.0%}", f"{(slow - usual) / whole:+.0%}")
        for stage, part, slow, usual in shown
    ]  # fmt: skip
    total = (
        "all",
        f"{tail.latency * MS:.3f}",
        f"{tail.typical_latency * MS:.3f}",
        f"{whole * MS:+.3f}",
        "100%",
        "100%",
    )
    return TextTable(
        "Where the slowest 1% lose their time, ms",
        ("part", "slowest 1%", "typical", "beyond", "of all", "of beyond"),
        [*lines, total],
        "Queries at and over p99 beside those between p40 and p60; network, queueing and service are those of an "
        "average shard, slowest shard what the last one took beyond it",
    )


def _beyond(tail: Tail) -> TextTable:
    """Return what the wait for the slowest shard is made of."""
    rows = [
        (name, *(f"{seconds * MS:+.3f}" for seconds in tail.beyond[s]), f"{tail.beyond[s].sum() * MS:+.3f}")
        for s, name in enumerate(tail.names)
        if abs(tail.beyond[s].sum()) > SHOWN * tail.latency
    ]
    return TextTable("What the slowest shard takes beyond an average one, ms", ("stage", *OF_ANSWER, "together"), rows)


def _blames(tail: Tail) -> TextTable:
    """Return what the answers have in common that the slowest queries waited for."""
    rows = [
        (f"{one.stage}: {one.name}", f"{one.tail:.0%}", f"{one.typical:.0%}",
         f"{one.fair:.1%}" if math.isfinite(one.fair) else "")
        for one in tail.blames
    ]  # fmt: skip
    return TextTable(
        "Who is to blame, share of the last answers",
        ("the answer came from", "slowest 1%", "typical", "fair share"),
        rows,
        "In the stage where a query lost most of its time beyond what is typical; fair share: were all alike",
    )


def _changes(latency: Latency) -> TextTable:
    """Return what changes do."""
    found = latency.elasticities.changes
    priced = any(change.per_hour is not None for change in found)
    currency = latency.run.scenario.prices.currency if latency.run.scenario.prices else ""
    rows = [
        (
            change_text(change),
            _signed(change.p99.scaled(MS), 3),
            f"{change.relative_p99.value:+.1%}" if math.isfinite(change.relative_p99.value) else "–",
            _signed(change.max_qps, 3),
            f"{change.per_hour:+.2f}" if change.per_hour is not None else f"{change.workers:+,.0f}",
        )
        for change in found
    ]
    return TextTable(
        "Change this next: each change alone",
        ("change", "p99, ms", "of p99", "max QPS", f"{currency} an hour" if priced else "workers"),
        rows,
        "Differences to the scenario as it is under the same luck, ± the 95% interval; ~ where luck explains them",
    )


def _signed(found: Estimate, digits: int) -> str:
    """Return a difference with its interval."""
    if not math.isfinite(found.value):
        return "–"
    if not math.isfinite(found.low):
        return f"{found.value:+.{digits}g}"
    sign = "" if found.low > 0 or found.high < 0 else " ~"
    return f"{found.value:+.{digits}g} ±{(found.high - found.low) / 2:.2g}{sign}"


def _of_quality(quality: LostQuality) -> list[TextTable]:
    """Return the tables of where the good documents are lost."""
    stages = [
        (one.stage, one.ranker, f"{one.lost.value:.4f} ±{one.lost.value - one.lost.low:.4f}",
         f"{one.if_ideal.value:+.4f} ±{one.if_ideal.value - one.if_ideal.low:.4f}")
        for one in quality.stages
    ]  # fmt: skip
    segments = [
        (one.name, f"{one.queries:,}", f"{one.lost.value:.4f} ±{one.lost.value - one.lost.low:.4f}", one.worst or "–")
        for one in quality.segments[:MOST_SEGMENTS]
    ]
    return [
        TextTable(
            "Where the good documents are lost: NDCG@10",
            ("stage", "ranker", "lost there", "if it were ideal"),
            stages,
            "Lost: an ideal funnel's stages replaced by the real ones from the first on, together 1 less the funnel's "
            f"{quality.ndcg.value:.3f}; if ideal: that stage alone ranks by the truth",
        ),
        TextTable(
            "For whom: NDCG@10 that the funnel lacks",
            ("queries or items", "queries", "lacks", "worst stage"),
            segments,
            "Thirds by what is known of the user; of items their part in what all queries lack",
        ),
    ]
