"""What a scenario must not say although every single value of it is well written."""

from typing import Any

from simulator.distributions.constant import Constant
from simulator.scenario.model import Scenario
from simulator.scenario.problems import Finding, nearest
from simulator.scenario.source import Path, Source
from simulator.scenario.traffic_checks import check_traffic

__all__ = ["cross_check", "take_out_unsupported"]

_UNSUPPORTED = {
    "scenario": ("faults", "training", "bias", "admission"),
    "traffic": ("cache", "users", "think"),
    "stage": (
        "deadline",
        "on_deadline",
        "hedging",
        "queue_limit",
        "retry",
        "batching",
        "imbalance",
        "autoscaling",
    ),
}
_UNSUPPORTED_ARRIVALS = ("closed",)


def take_out_unsupported(source: Source) -> list[Finding]:
    """Return a finding for everything the format knows and the engines do not yet, and take it out of the data."""
    found = _take(source.data, (), "scenario")
    traffic, funnel = source.data.get("traffic"), source.data.get("funnel")
    if isinstance(traffic, dict):
        found += _take(traffic, ("traffic",), "traffic")
        if traffic.get("arrivals") in _UNSUPPORTED_ARRIVALS:
            found.append(_finding(("traffic", "arrivals"), str(traffic["arrivals"]), "use poisson or constant"))
            del traffic["arrivals"]
    for i, stage in enumerate(funnel if isinstance(funnel, list) else []):
        if isinstance(stage, dict):
            found += _take(stage, ("funnel", i), "stage")
    return found


def _take(section: dict[str, Any], path: Path, kind: str) -> list[Finding]:
    """Return findings for the unsupported keys of one section and remove them."""
    present = [key for key in _UNSUPPORTED[kind] if key in section]
    for key in present:
        del section[key]
    return [_finding((*path, key), key, "leave it out") for key in present]


def _finding(path: Path, what: str, remedy: str) -> Finding:
    """Return the finding that something is not supported yet."""
    return Finding(path, f"{what} is not supported yet", remedy, at_key=path[-1] == what)


def cross_check(scenario: Scenario) -> list[Finding]:
    """Return what does not fit together in `scenario`."""
    found = [*_names_twice(scenario), *_costless(scenario), *_keeping_too_much(scenario)]
    return [*found, *_sizing_nothing(scenario), *check_traffic(scenario)]


def _names_twice(scenario: Scenario) -> list[Finding]:
    """Return the stages whose name is taken."""
    names = [stage.name for stage in scenario.funnel]
    return [
        Finding(("funnel", i, "name"), f"expected a name of its own for each stage, got {name!r} again")
        for i, name in enumerate(names)
        if name in names[:i]
    ]


def _costless(scenario: Scenario) -> list[Finding]:
    """Return the stages that say neither whom they ask nor what it costs."""
    return [
        Finding(("funnel", i), "expected a ranker or a cost, got neither", "add ranker: logistic, or cost: 4ms")
        for i, stage in enumerate(scenario.funnel)
        if stage.ranker is None and stage.cost is None
    ]


def _keeping_too_much(scenario: Scenario) -> list[Finding]:
    """Return the stages that are to keep more than reaches them."""
    counts = [law.mean if isinstance(law, Constant) else None for law in scenario.traffic.candidate_laws]
    fixed = [count for count in counts if count is not None]
    entering = max(fixed) if fixed and len(fixed) == len(counts) else None
    found = []
    for i, stage in enumerate(scenario.funnel):
        if stage.keep is not None and entering is not None and stage.keep > entering:
            found.append(
                Finding(
                    ("funnel", i, "keep"),
                    f"expected at most the {entering:,.0f} candidates that enter the stage, got {stage.keep:,}",
                )
            )
        entering = min(stage.keep, entering) if stage.keep and entering is not None else stage.keep or entering
    return found


def _sizing_nothing(scenario: Scenario) -> list[Finding]:
    """Return the choices that are offered for stages that are not there."""
    names = [stage.name for stage in scenario.funnel]
    return [
        Finding(
            ("size", "stages", name), f"expected the name of a stage, got {name!r}", nearest(name, names), at_key=True
        )
        for name in scenario.size.stages
        if name not in names
    ]
