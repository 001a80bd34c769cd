"""Measure, fit, and say where: a cost profile of this machine."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from threadpoolctl import threadpool_info

from simulator.costs.fit import fit_law
from simulator.costs.measure import LAWS, MERGE, Measured, Progress, measure
from simulator.costs.profile import Ceilings, Profile, RankerCost, Work
from simulator.errors import InputError
from simulator.version import __version__

__all__ = ["calibrate", "provenance"]


def calibrate(
    rankers: list[str], budget_s: float, name: str, seed: int = 0, on_progress: Progress | None = None
) -> tuple[Profile, Measured]:
    """Return the cost profile of `rankers` on this machine, called `name`, and the times it was fitted to.

    Raises
    ------
    InputError
        If the budget does not suffice for two sizes of each ranker, or a user's own ranker does not score as it should.
    """
    measured = measure(rankers, budget_s, seed, on_progress)
    thin = [what for what in (*rankers, MERGE) if len(measured.times(what, "busy")) < 2]
    if thin:
        enough = max(10.0, 2 * budget_s)
        raise InputError(f"--budget: {budget_s:g}s does not suffice for {', '.join(thin)}; give {enough:g}s or more")
    costs = {ranker: _cost(ranker, measured) for ranker in rankers}
    merge = fit_law(measured.times(MERGE, "busy"))
    flops_per_s, bytes_per_s = measured.ceilings
    ceilings = Ceilings(flops_per_s=flops_per_s, bytes_per_s=bytes_per_s)
    profile = Profile(name=name, provenance=provenance(), rankers=costs, merge=merge, ceilings=ceilings)
    return profile, measured


def _cost(ranker: str, measured: Measured) -> RankerCost:
    """Return what a ranker costs, with the work of its largest call where that is known."""
    busy, idle = (fit_law(measured.times(ranker, law)) for law in LAWS)
    if ranker not in measured.work:
        return RankerCost(busy=busy, idle=idle)
    flops, read = measured.work[ranker]
    return RankerCost(busy=busy, idle=idle, work=Work(flops=flops, bytes=read))


def provenance() -> dict[str, str]:
    """Return where and when, without anything that names the machine."""
    return {
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "threads": "1",
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "blas": _blas(),
        "package": __version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def _blas() -> str:
    """Return the linear algebra that NumPy calls, such as openblas 0.3.30."""
    libraries = [library for library in threadpool_info() if library["user_api"] == "blas"]
    return f"{libraries[0]['internal_api']} {libraries[0]['version']}" if libraries else "unknown"


def _cpu() -> str:
    """Return the processor's model."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
