"""What a search for the cheapest system found, in words: the answer, what would help, what was taken for granted."""

from simulator.capacity.price import cost_per_hour, workers_in_all
from simulator.capacity.size import SizeAnswer, Winner, total_workers
from simulator.capacity.size_bounds import StageBounds
from simulator.capacity.size_space import Design, Setting, has_fixed_shards
from simulator.capacity.size_trial import Trial
from simulator.units import format_duration

__all__ = [
    "advice",
    "assumptions",
    "nearest_miss",
    "shown_design",
    "shown_found",
    "shown_setting",
    "shown_trial",
    "size_sentence",
]


def size_sentence(answer: SizeAnswer) -> str:
    """Return the answer in one sentence."""
    if not answer.complete:
        return (
            f"Not finished: of {answer.steps.grid:,} designs {answer.steps.looked_at:,} were looked at, from the "
            f"cheapest up, and none was confirmed{_conditions(answer)}."
        )
    if answer.winner is None:
        return f"Nowhere: no design of the {answer.steps.grid:,} in the space meets the SLA{_conditions(answer)}."
    design = answer.winner.design
    stages = zip(answer.bounds, design, strict=True)
    parts = ", ".join(f"{bounds.space.name} {shown_setting(setting)}" for bounds, setting in stages)
    prices, hourly = answer.scenario.prices, cost_per_hour(answer.scenario, total_workers(design))
    cost = f" ({hourly:,.2f} {prices.currency} an hour)" if prices else ""
    worst = "" if not answer.winner.trial.lost else f", at worst that of {answer.winner.trial.lost}"
    return (
        f"{total_workers(design):,} workers{cost}: {parts} (shards x replicas x workers). "
        f"{shown_trial(answer.winner.trial)} with fresh seeds{_conditions(answer)}{worst}. "
        f"{_rank(answer, answer.winner)}; {_own(answer)}."
    )


def _conditions(answer: SizeAnswer) -> str:
    """Return at what load and after what loss the SLA is to hold."""
    text = f" at {answer.target_qps:,g} QPS"
    if answer.headroom:
        text += f" (the SLA's and {answer.headroom:.0%} headroom)"
    if answer.survive:
        lost = "one replica" if answer.survive == 1 else f"{answer.survive} replicas"
        text += f" after the loss of {lost} of every shard of a stage"
    return text


def _rank(answer: SizeAnswer, winner: Winner) -> str:
    """Return what is known of cheaper designs."""
    if not winner.proven:
        return "Not every cheaper design was tried, as too many are near the limit: say less under size.stages"
    pairs = zip(answer.bounds, winner.design, strict=True)
    unjudged = sum(stage.reasons(cheaper_than=one.total_workers).get("too near", 0) for stage, one in pairs)
    undecided = answer.steps.inconclusive + answer.steps.unconfirmed
    text = "Every cheaper design of the space misses the SLA"
    if undecided:
        text += f", {undecided:,} of them within the intervals"
    if unjudged:
        text += f", or has one of {unjudged:,} settings too near to full for runs of this length to judge"
    return text


def _own(answer: SizeAnswer) -> str:
    """Return how the scenario's own design compares."""
    own = workers_in_all(answer.scenario)
    return f"the scenario's own design has {own:,} workers"


def shown_setting(setting: Setting | None) -> str:
    """Return shards x replicas x workers; a dash for a stage that a part leaves out."""
    return f"{setting.shards}x{setting.replicas}x{setting.workers}" if setting else "–"


def shown_design(design: Design) -> str:
    """Return the settings of a design in the stages' order."""
    return "  ".join(map(shown_setting, design))


def shown_found(trial: Trial) -> str:
    """Return what a trial found of the objective nearest to its limit: p99 60.1 ms."""
    if trial.objective is None:
        return "overloaded"
    metric, value = trial.objective.text.split()[0], trial.found.value
    if value != value:
        return f"{metric} unknown: too few queries"
    is_time = trial.objective.metric in ("percentile", "mean", "max")
    return f"{metric} {format_duration(value) if is_time else f'{value:.3%}'}"


def shown_trial(trial: Trial) -> str:
    """Return what a trial found of the objective nearest to its limit, and the limit."""
    limit = " ".join(trial.objective.text.split()[1:]) if trial.objective else ""
    return f"{shown_found(trial)} (asked: {limit})" if limit else shown_found(trial)


def nearest_miss(answer: SizeAnswer) -> str:
    """Return the design, or the setting of a stage, that came nearest to the SLA."""
    empty = [stage for stage in answer.bounds if not stage.settings]
    if empty:
        return "; ".join(_nearest_of(stage, answer.survive) for stage in empty)
    trial = answer.nearest
    if trial is None:
        return "none was simulated"
    how = "" if None not in trial.design else ", the other stages at their largest"
    how += f", {trial.lost} after its loss" if trial.lost else ""
    undecided = "; the interval holds the limit" if trial.verdict == "inconclusive" else ""
    return f"{shown_design(trial.design)}{how}: {shown_trial(trial)}{undecided}"


def _nearest_of(stage: StageBounds, survive: int) -> str:
    """Return which setting of a stage that theory empties is nearest, and to what."""
    known = [count for count in stage.shard_counts if count.floor_ratio <= 1]
    spare = [replicas for replicas in stage.space.replicas if replicas > survive]
    name = stage.space.name
    if not stage.shard_counts:
        return f"{name}: none of its numbers of shards was measured"
    if not spare:
        return f"{name}: {stage.space.replicas[-1]} replicas, of which {survive} may be lost"
    if not known:
        best = min(stage.shard_counts, key=lambda count: count.floor_ratio)
        return (
            f"{name}: {best.shards:,} shards take {format_duration(best.floor_s)} at no load, "
            f"{best.floor_ratio:.0%} of what the SLA allows with the least of the other stages"
        )
    settings = [Setting(count.shards, spare[-1], stage.space.workers[-1]) for count in known]
    best_setting = min(settings, key=lambda setting: stage.load(setting, survive))
    return f"{name}: {shown_setting(best_setting)} would be {stage.load(best_setting, survive):.0%} busy"


def advice(answer: SizeAnswer) -> list[str]:
    """Return what would help where no design meets the SLA."""
    empty = [stage for stage in answer.bounds if not stage.settings]
    if empty:
        return [text for stage in empty for text in _advice_for(stage, answer.survive)]
    trial = answer.nearest
    if trial is not None and trial.verdict == "inconclusive":
        return ["more traffic.replications or traffic.queries decide what these leave open", *_shorter("the stages")]
    where = "the stages" if trial is None or None not in trial.design else _only(answer, trial.design)
    return [*_shorter(where), "or more replicas or workers under size.stages, if queueing is what takes long"]


def _only(answer: SizeAnswer, design: Design) -> str:
    """Return the names of the stages that a part of a design holds."""
    names = [bounds.space.name for bounds, setting in zip(answer.bounds, design, strict=True) if setting]
    return " and ".join(names)


def _shorter(where: str) -> list[str]:
    """Return how calls get shorter."""
    return [
        f"shorter calls of {where}: more shards, fewer candidates, a cheaper ranker, or a faster machine (costs.speed)",
        "a looser objective",
    ]


def _advice_for(stage: StageBounds, survive: int) -> list[str]:
    """Return what would leave something of a stage that theory empties."""
    reasons, name = stage.reasons(), stage.space.name
    known = [count for count in stage.shard_counts if count.floor_ratio <= 1]
    found = []
    if all(replicas <= survive for replicas in stage.space.replicas):
        found.append(f"size.stages.{name}.replicas of {survive + 1} or more")
    if "unmeasured" in reasons and not known:
        found.append(f"more shards of {name}, or a profile measured with more candidates (`simulator calibrate`)")
    if "too slow" in reasons and not known:
        found += _shorter(name)
    if "overloaded" in reasons:
        fewest = min(known, key=lambda count: count.servers)
        found.append(
            f"more than {fewest.servers:,.1f} workers for each of {fewest.shards:,} shards of {name}, in replicas "
            f"besides those lost: more in size.stages.{name}.replicas or .workers"
        )
    if "too near" in reasons:
        found.append("more traffic.queries, so that runs are long enough to judge loads nearer to full")
    return found


def assumptions(answer: SizeAnswer) -> list[str]:
    """Return what was taken for granted."""
    found = [
        "the memory of a machine is not modelled: any slice of the documents fits its shard",
        "every worker costs the same; the broker and the network cost nothing",
    ]
    if answer.survive:
        found.append("a lost replica is gone for good, and the others share its queries at once")
    said = {name for name, choices in answer.scenario.size.stages.items() if choices.shards}
    fixed = [stage.name for stage in answer.scenario.funnel if has_fixed_shards(stage) and stage.name not in said]
    if fixed:
        found.append(f"the cost of {', '.join(fixed)} is given for a whole call, so only its own shards are tried")
    return found
