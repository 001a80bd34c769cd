"""What a training section must not say although every single value of it is well written."""

from simulator.scenario.problems import Finding
from simulator.scenario.source import Path
from simulator.scenario.training import OF_SOURCES, Cluster, SourceOfSamples, Training

__all__ = ["check_training"]

COMMON = {"name", "kind", "worth", "delay"}


def check_training(training: Training, *, serves: bool, priced: bool, clicked: bool) -> list[Finding]:
    """Return what does not fit together in `training`.

    Parameters
    ----------
    serves
        Whether the scenario says how many queries a second there are.
    priced
        Whether it says what a worker costs.
    clicked
        Whether it says what is shown to whom, so that clicks can be simulated.
    """
    names = [source.name for source in training.sources]
    found = [
        Finding(("training", "sources", i, "name"), f"expected a name of its own for each source, got {name!r} again")
        for i, name in enumerate(names)
        if name in names[:i]
    ]
    for i, source in enumerate(training.sources):
        found += _check_source(source, ("training", "sources", i), serves=serves, clicked=clicked)
    if training.sources and training.target is None:
        found.append(
            Finding(
                ("training",), "expected a target beside sources, got none", "say the quality to reach: target: 0.9"
            )
        )
    if training.within == 0:
        found.append(Finding(("training", "within"), "expected a duration above 0, got 0"))
    return found + (_check_cluster(training.cluster, training, priced=priced) if training.cluster else [])


def _check_source(source: SourceOfSamples, path: Path, *, serves: bool, clicked: bool) -> list[Finding]:
    """Return the keys that a source lacks, and those that are another kind's."""
    needed, allowed = OF_SOURCES[source.kind]
    said = source.model_fields_set
    found = [
        Finding(
            path,
            f"expected {key} of a source of kind {source.kind}, got none",
            f"add {key}:" + (" or a bias section to simulate it" if key == "click_rate" else ""),
        )
        for key in needed
        if key not in said and not (key == "click_rate" and clicked)
    ]
    known = {*needed, *allowed} | COMMON
    found += [
        Finding((*path, key), f"expected no {key} of a source of kind {source.kind}", "leave it out", at_key=True)
        for key in sorted(said - known)
    ]
    if "qps" in allowed and source.qps is None and not serves:
        found.append(Finding(path, f"expected qps of a source of kind {source.kind}, got none", "add qps:"))
    return found


def _check_cluster(cluster: Cluster, training: Training, *, priced: bool) -> list[Finding]:
    """Return what a cluster lacks to be simulated, and to be paid for."""
    path: Path = ("training", "cluster")
    found = []
    if cluster.samples is None and training.target is None:
        found.append(Finding(path, "expected samples, or a target that says how many it takes, got neither"))
    if cluster.step is not None and cluster.step.fixed == cluster.step.per_sample == 0:
        found.append(Finding((*path, "step"), "expected fixed or per_sample above 0: a step takes time"))
    if cluster.worker_hour is None and not priced and training.budget is not None:
        found.append(Finding(path, "expected worker_hour beside a budget, got none", "add worker_hour:"))
    if cluster.failures is not None and cluster.failures.mttf == 0:
        found.append(Finding((*path, "failures", "mttf"), "expected a duration above 0, got 0"))
    if cluster.pause is not None and cluster.pause.every == 0:
        found.append(Finding((*path, "pause", "every"), "expected a duration above 0, got 0"))
    return found
