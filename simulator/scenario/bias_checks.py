"""What a bias section must not say although every single value of it is well written."""

from simulator.scenario.bias import Bias, Experiment, Policy
from simulator.scenario.problems import Finding, nearest
from simulator.scenario.source import Path

__all__ = ["check_bias"]

KNOWN_LISTS = "popular_first with ties: global, personalised, thompson and oracle"


def check_bias(bias: Bias) -> list[Finding]:
    """Return what does not fit together in `bias`."""
    names = [arm.name for arm in bias.arms or ()]
    found = [
        Finding(("bias", "arms", i, "name"), f"expected a name of its own for each arm, got {name!r} again")
        for i, name in enumerate(names)
        if name in names[:i]
    ]
    if bias.click_rate == 0:
        found.append(Finding(("bias", "click_rate"), "expected a share above 0%: without a click nothing is learnt"))
    if bias.logging.step == 0:
        found.append(Finding(("bias", "logging", "step"), "expected a duration above 0, got 0"))
    policies = bias.policies()
    for i, policy in enumerate(policies.values()):
        found += _check_policy(policy, ("bias", "arms", i) if names else ("bias",), bias.slots)
    for key, experiment in (("ab_test", bias.ab_test), ("holdout", bias.holdout)):
        if experiment is not None:
            found += _check_experiment(experiment, ("bias", key), list(policies), bias.steps)
    return found


def _check_policy(policy: Policy, at: Path, slots: int) -> list[Finding]:
    """Return what does not fit in one policy, written `at`."""
    found = []
    if policy.upper_confidence > 0 and not (policy.recommender == "popular_first" and policy.by == "rate"):
        expected = "expected recommender: popular_first with by: rate, for an upper bound is one of a rate"
        found.append(Finding((*at, "upper_confidence"), expected, "add by: rate, or leave it out"))
    boost = policy.boost
    if boost is None:
        return found
    if boost.steps is None and boost.impressions is None:
        found.append(Finding((*at, "boost"), "expected steps or impressions, until which an item is new, got neither"))
    if boost.slots > slots:
        found.append(
            Finding((*at, "boost", "slots"), f"expected at most the {slots} slots of a list, got {boost.slots}")
        )
    tied = policy.recommender == "popular_first" and policy.ties == "per_user"
    if tied or policy.recommender in {"proportional", "random"}:
        found.append(Finding((*at, "boost"), f"expected lists that are known before they are asked for: {KNOWN_LISTS}"))
    return found


def _check_experiment(experiment: Experiment, at: Path, names: list[str], steps: int) -> list[Finding]:
    """Return what does not fit in an experiment on the arms `names`."""
    found = []
    for role in ("treatment", "control"):
        name = getattr(experiment, role)
        if name not in names:
            found.append(Finding((*at, role), f"expected the name of an arm, got {name!r}", nearest(name, names)))
    if experiment.treatment == experiment.control and experiment.treatment in names and experiment.novelty:
        found.append(Finding((*at, "novelty"), "expected two arms that differ: in an A/A test nothing is new"))
    if experiment.start >= steps:
        found.append(
            Finding((*at, "start"), f"expected a start before the last of {steps} steps, got {experiment.start}")
        )
    if not 0 < experiment.control_share < 1:
        found.append(Finding((*at, "control_share"), "expected traffic for both arms, a share above 0% and below 100%"))
    return found
