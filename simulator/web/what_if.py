"""What the page asks: a scenario with a few of its values changed, answered in well under a second.

Answers come from fewer and shorter replications than `simulator run` takes, which their intervals show; everything that
is pinned or reported is what the command line would say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from simulator.capacity.price import cost_per_hour, mean_workers
from simulator.capacity.run import run_with
from simulator.capacity.run_answer import RunAnswer
from simulator.capacity.search import Maximum, find_maximum, has_maximum
from simulator.costs.profile import load_profile
from simulator.errors import InputError, SimulatorError
from simulator.scenario.load import parse_scenario, plain_data_of
from simulator.scenario.model import Scenario
from simulator.scenario.ranker_names import is_own
from simulator.scenario.work import check_work, requests_of

__all__ = ["Knob", "WhatIf", "answer_of", "check_upload", "curve_of", "knobs_of", "settings_of", "shards_of"]

REQUESTS = 2_000_000
"""Requests to shards of one answer: some hundredths of a second of work."""

MOST_QUERIES, FEWEST_QUERIES, REPLICATIONS = 4_000, 500, 4
LIMIT = 1e9
FILES = ("file", "measured", "interactions", "train", "serve", "log")
"""Keys by which a scenario names a file: an uploaded one may not."""


@dataclass(frozen=True)
class Knob:
    """A slider: the path that it sets, what it is called, its value, and how far it goes."""

    path: str
    name: str
    value: float
    low: float
    high: float
    step: float


@dataclass(frozen=True, eq=False)
class WhatIf:
    """What a run says, and what it costs; the maximum load is searched when it is asked for."""

    run: RunAnswer
    per_hour: float | None
    workers: float

    @cached_property
    def maximum(self) -> Maximum | None:
        """The maximum load under the objectives; None where there is nothing to search it by."""
        scenario = self.run.scenario
        return find_maximum(scenario, self.run.profile) if has_maximum(scenario) else None


def check_upload(text: str, name: str) -> None:
    """Raise InputError where an uploaded scenario names files or code of this machine."""
    for path, value in _leaves(plain_data_of(text, name)):
        if path[-1] in FILES or (path[-1] == "profile" and value != "default"):
            raise InputError(
                f"{name}: {'.'.join(path)}: a file of this machine; the page takes scenarios without files"
            )
        if path[-1] in ("ranker", "rankers") and isinstance(value, str) and is_own(value):
            raise InputError(f"{name}: {'.'.join(path)}: {value} is code; the page takes shipped rankers alone")


def _leaves(value: Any, path: tuple[str, ...] = ("",)) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401
    """Yield every value of plain data with its path, mappings and lists among them."""
    yield path, value
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, (*path, str(key)))
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part, path)


def knobs_of(scenario: Scenario) -> list[Knob]:
    """Return the sliders of a scenario: its load, and each stage's sizes, keep, deadline and hedging."""
    qps = scenario.offered_qps
    load = "sla.qps" if scenario.sla is not None and scenario.traffic.qps is None else "traffic.qps"
    found = [Knob(load, "QPS", qps, _nice(qps / 10), _nice(qps * 3), _nice(qps / 100))]
    for stage in scenario.funnel:
        at, name = f"funnel.{stage.name}", stage.name
        found.append(Knob(f"{at}.shards", f"{name}: shards", stage.shards, 1, max(8, 3 * stage.shards), 1))
        if stage.autoscaling is None:
            found.append(Knob(f"{at}.replicas", f"{name}: replicas", stage.replicas, 1, max(8, 3 * stage.replicas), 1))
        found.append(Knob(f"{at}.workers", f"{name}: workers", stage.workers, 1, max(8, 3 * stage.workers), 1))
        if stage.keep is not None:
            found.append(Knob(f"{at}.keep", f"{name}: keep", stage.keep, 1, 3 * stage.keep, max(1, stage.keep // 50)))
        deadline = 0.0 if stage.deadline is None else stage.deadline * 1e3
        found.append(Knob(f"{at}.deadline", f"{name}: deadline, ms (0: none)", deadline, 0, 500, 1))
        if stage.replicas > 1 and stage.hedging is None:
            found.append(Knob(f"{at}.hedging", f"{name}: hedge after, ms (0: never)", 0, 0, 100, 1))
    return found


def _nice(value: float) -> float:
    """Return a number of two digits."""
    return float(f"{max(value, 1e-3):.2g}")


def settings_of(knobs: list[Knob], values: list[float]) -> list[str]:
    """Return the settings of those sliders that have been moved, as PATH=VALUE."""
    found = []
    for knob, value in zip(knobs, values, strict=True):
        if value == knob.value:
            continue
        key = knob.path.rpartition(".")[2]
        text = f"{value:g}"
        if key == "deadline":
            text = f"{value:g}ms" if value else "null"
        elif key == "hedging":
            text = f"{{after: {value:g}ms, cancel: on_response}}"
        found.append(f"{knob.path}={text}")
    return found


def answer_of(text: str, name: str, settings: list[str], folder: Path) -> WhatIf:
    """Return the answer to a scenario's text with settings.

    Raises
    ------
    SimulatorError
        As on the command line; also where one answer takes more than 1e9 requests.
    """
    scenario = parse_scenario(text, name, [*settings, f"traffic.replications={REPLICATIONS}"], folder)
    traffic = scenario.traffic
    per_query = requests_of(scenario) / max(1, scenario.queries) / REPLICATIONS
    queries = int(
        min(MOST_QUERIES, max(FEWEST_QUERIES, REQUESTS / REPLICATIONS / max(1.0, per_query)), scenario.queries)
    )
    if traffic.arrivals not in ("daily", "trace"):
        scenario = scenario.model_copy(update={"traffic": traffic.model_copy(update={"queries": queries})})
        scenario.traffic.model_fields_set.add("queries")
    check_work(requests_of(scenario), LIMIT)
    profile = load_profile(scenario.costs.profile)
    run = run_with(scenario, profile, "compiled")
    workers = mean_workers(run.stages)
    return WhatIf(run, cost_per_hour(scenario, workers), workers)


def shards_of(
    found: WhatIf, times: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
) -> tuple[str, list[tuple[int, float]]]:
    """Return the widest stage, and (shards, p99 in milliseconds) at so many times its shards, unless saturated."""
    scenario = found.run.scenario
    s, stage = max(enumerate(scenario.funnel), key=lambda pair: pair[1].shards)
    points = []
    for shards in dict.fromkeys(max(1, round(stage.shards * factor)) for factor in times):
        changed = stage.model_copy(update={"shards": shards})
        funnel = (*scenario.funnel[:s], changed, *scenario.funnel[s + 1 :])
        p99 = _p99(found, scenario.model_copy(update={"funnel": funnel}))
        points += [(shards, p99)] if p99 is not None else []
    return stage.name, points


def _p99(found: WhatIf, scenario: Scenario) -> float | None:
    """Return the p99 of a scenario in milliseconds; None where it cannot be simulated, or is saturated."""
    try:
        run = run_with(scenario, found.run.profile, "compiled")
    except SimulatorError:
        return None
    return None if run.saturated else run.latency["p99"].value * 1e3


def curve_of(found: WhatIf, shares: tuple[float, ...] = (0.2, 0.4, 0.6, 0.75, 0.85, 0.92)) -> list[tuple[float, float]]:
    """Return (QPS, p99 in milliseconds) at shares of the bound at which the busiest queue is full."""
    bound = found.run.plan.qps / found.run.load.highest if found.run.load.highest > 0 else 0.0
    scenario, points = found.run.scenario, []
    for share in shares:
        traffic = scenario.traffic.model_copy(update={"qps": share * bound, "replications": 2})
        traffic.model_fields_set.add("qps")
        p99 = _p99(found, scenario.model_copy(update={"traffic": traffic}))
        points += [(share * bound, p99)] if p99 is not None else []
    return points
