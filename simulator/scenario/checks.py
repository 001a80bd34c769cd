"""What a scenario must not say although every single value of it is well written."""

from simulator.distributions.constant import Constant
from simulator.scenario.bias_checks import check_bias
from simulator.scenario.model import Scenario, Study
from simulator.scenario.policy_checks import check_policies
from simulator.scenario.problems import Finding, nearest
from simulator.scenario.traffic_checks import check_traffic
from simulator.scenario.training_checks import check_training

__all__ = ["cross_check"]


def cross_check(scenario: Study) -> list[Finding]:
    """Return what does not fit together in `scenario`."""
    serves = isinstance(scenario, Scenario)
    found = check_bias(scenario.bias) if scenario.bias else []
    if scenario.training:
        priced = isinstance(scenario, Scenario) and scenario.prices is not None
        clicked = scenario.bias is not None and not scenario.bias.recorded
        found += check_training(scenario.training, serves=serves, priced=priced, clicked=clicked)
    if scenario.diagnosis and not (serves or scenario.diagnosis.has_data):
        expected = "expected a log, or train and serve, where nothing is served, got neither"
        found.append(Finding(("diagnosis",), expected, "add log: {trained: [december], served: [january]}"))
    return [*found, *(_check_serving(scenario) if isinstance(scenario, Scenario) else ())]


def _check_serving(scenario: Scenario) -> list[Finding]:
    """Return what does not fit together in what is to be served."""
    found = [*_names_twice(scenario), *_costless(scenario), *_keeping_too_much(scenario), *_choosing_nothing(scenario)]
    return [*found, *check_traffic(scenario), *check_policies(scenario)]


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


def _choosing_nothing(scenario: Scenario) -> list[Finding]:
    """Return the choices that are offered for stages that are not there."""
    names = [stage.name for stage in scenario.funnel]
    offered = {
        "size": set(scenario.size.stages),
        "optimize": set(scenario.optimize.stages if scenario.optimize else ()),
    }
    return [
        Finding(
            (section, "stages", name), f"expected the name of a stage, got {name!r}", nearest(name, names), at_key=True
        )
        for section, stages in offered.items()
        for name in sorted(stages.difference(names))
    ]
