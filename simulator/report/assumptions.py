"""What a report rests on: each number's source, what is not modelled, and how to get the same numbers."""

import shlex

from simulator.capacity.run_answer import RunAnswer
from simulator.report.sentence import arrivals_text
from simulator.scenario.model import Stage, Study
from simulator.units import format_duration

__all__ = ["assumptions_of", "not_modelled", "reproduction"]

ALWAYS = (
    "Requests on the wire do not slow each other down: each delay is drawn by itself.",
    "Workers do not share anything: no memory bandwidth, no cache, no other tenant of their machine takes their time.",
    "A shard's speed does not depend on its neighbours, nor one query's cost on what was asked just before.",
    "Nothing is deployed, restarted or rebalanced while the queries come, but for what the scenario's faults say.",
)


def assumptions_of(answer: RunAnswer) -> list[tuple[str, str, str]]:
    """Return (what, measured, fitted or assumed, as what) for each input that the numbers rest on."""
    scenario = answer.scenario
    rows = [("arrivals", "assumed" if scenario.traffic.trace is None else "measured", arrivals_text(answer.plan))]
    for stage, found in zip(scenario.funnel, answer.stages, strict=True):
        rows.append((f"cost of {stage.name}", found.source, _cost(stage, answer)))
        rows.append((f"network of {stage.name}", "assumed", _network(stage)))
    merge = scenario.merge
    said = f"profile {answer.profile.name}" if merge.measured else "as the scenario says"
    rows.append(("merge", "measured" if merge.measured else "assumed", said))
    if scenario.prices is not None:
        price = f"{scenario.prices.worker_hour:g} {scenario.prices.currency} a worker and hour"
        rows.append(("prices", "assumed", price))
    return rows


def _cost(stage: Stage, answer: RunAnswer) -> str:
    """Return what the cost of a stage is taken from."""
    faster = stage.speed * answer.scenario.costs.speed
    speed = "" if faster == 1 else f", {faster:g} times as fast"
    if stage.cost is not None:
        return f"as the scenario says{speed}"
    return f"{stage.ranker} in profile {answer.profile.name}{speed}"


def _network(stage: Stage) -> str:
    """Return the mean delays of a stage's network."""
    there, back = (law.mean_value() for law in (stage.network.request, stage.network.response))
    return (
        "no delay" if there == back == 0 else f"{format_duration(there)} there, {format_duration(back)} back on average"
    )


def not_modelled(answer: RunAnswer) -> list[str]:
    """Return what the answer leaves out."""
    found = list(ALWAYS)
    if answer.scenario.traffic.users is None:
        found.append("Users ask whatever answers they get: nobody gives up, and nobody asks again.")
    if not answer.plan.merge_workers:
        found.append("The broker is never busy: a merge takes time, and queries do not wait for one another there.")
    return found


def reproduction(study: Study, overrides: dict[str, str]) -> str:
    """Return the command that gives the same numbers, of the scenario's file by its name."""
    name = f"{study.name.replace('-', '_')}.yaml"
    own = {path: value for path, value in overrides.items() if path != "seed"}
    settings = [f"--set {shlex.quote(f'{path}={value}')}" for path, value in own.items()]
    return " ".join(["simulator report", name, f"--seed {study.seed}", *settings])
