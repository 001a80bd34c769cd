"""What must not be said of traffic although every single value is well written."""

import math

from simulator.scenario.model import Scenario, Traffic
from simulator.scenario.problems import Finding

__all__ = ["check_traffic"]

EXAMPLES = {
    "bursty": "bursty: {burst_factor: 5, burst_share: 10%, mean_burst: 2s}",
    "daily": "daily: {low: 40%, peak_hour: 20}",
    "trace": "trace: {file: arrivals.csv, column: seconds}",
}
FEWEST_IN_A_CYCLE = 0.1
"""Mean queries from one burst to the next, below which bursts are too short to tell from none."""


def check_traffic(scenario: Scenario) -> list[Finding]:
    """Return what does not fit together in the traffic of `scenario`."""
    traffic = scenario.traffic
    found = [*_sections(traffic), *_classes(traffic), *_too_long_for_the_trace(traffic)]
    has_load = traffic.qps or traffic.arrivals in ("trace", "closed") or (scenario.sla and scenario.sla.qps)
    if not has_load:
        found.append(Finding(("traffic",), "expected a load in traffic.qps or sla.qps, got none", "add qps: 1000"))
    elif not found and traffic.arrivals == "bursty" and traffic.bursty:
        cycle = scenario.offered_qps * (traffic.bursty.mean_burst + traffic.bursty.mean_calm)
        if cycle < FEWEST_IN_A_CYCLE:
            found.append(
                Finding(
                    ("traffic", "bursty", "mean_burst"),
                    f"expected bursts that several queries fall into, got {cycle:.2g} queries from one to the next",
                    "make bursts longer, or say arrivals: poisson, which this is",
                )
            )
    return found


def _sections(traffic: Traffic) -> list[Finding]:
    """Return the section that the arrivals lack, or those that no `arrivals` line asks for."""
    if traffic.arrivals in EXAMPLES and getattr(traffic, traffic.arrivals) is None:
        message = f"expected a key {traffic.arrivals!r} that describes the arrivals, got none"
        return [Finding(("traffic",), message, f"add {EXAMPLES[traffic.arrivals]}")]
    if "arrivals" in traffic.model_fields_set:  # a section beside other arrivals waits for --set traffic.arrivals
        return []
    return [
        Finding(
            ("traffic", name), f"expected arrivals: {name} beside it, got none", f"add arrivals: {name}", at_key=True
        )
        for name in EXAMPLES
        if getattr(traffic, name) is not None
    ]


def _classes(traffic: Traffic) -> list[Finding]:
    """Return what is wrong with the classes taken together, and where candidates are missing."""
    names = [one.name for one in traffic.classes]
    found = [
        Finding(("traffic", "classes", i, "name"), f"expected a name of its own for each class, got {name!r} again")
        for i, name in enumerate(names)
        if name in names[:i]
    ]
    shares = math.fsum(one.share for one in traffic.classes)
    if traffic.classes and abs(shares - 1) > 1e-9:
        message = f"expected shares that sum to 100%, got {shares * 100:.10g}%"
        found.append(Finding(("traffic", "classes"), message, "change one of them"))
    if traffic.candidates is None:
        where = [("traffic", "classes", i) for i, one in enumerate(traffic.classes) if one.candidates is None]
        missing = where if traffic.classes else [("traffic",)]
        found += [Finding(path, "expected a key 'candidates', got none", "add candidates:") for path in missing]
    return found


def _too_long_for_the_trace(traffic: Traffic) -> list[Finding]:
    """Return the finding that more queries are asked for than the trace holds."""
    if traffic.arrivals != "trace" or traffic.trace is None:
        return []
    held, warmup = len(traffic.trace.times), 0 if traffic.warmup == "auto" else traffic.warmup
    asked = warmup + (traffic.queries if "queries" in traffic.model_fields_set else 1)
    if asked <= held:
        return []
    key = "queries" if "queries" in traffic.model_fields_set and traffic.queries > held - warmup else "warmup"
    message = f"expected at most the {held:,} queries of the trace, warm-up included, got {asked:,}"
    return [Finding(("traffic", key), message, "ask for fewer, or leave queries out to replay the whole trace")]
