"""Hours of drawn scenarios through both engines and the search: no disagreement, no broken law, no growing memory.

Two minutes unless SIMULATOR_SOAK says how long: SIMULATOR_SOAK=1h pytest tests/agreement/test_soak.py -s
"""

import ctypes
import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from simulator.capacity.search import find_maximum
from simulator.errors import InputError
from simulator.scenario.load import parse_scenario
from simulator.units import parse_duration
from tests.agreement.drawn import PROFILE, agree, scenarios

LONG_S = parse_duration(os.environ.get("SIMULATOR_SOAK", "2min"))
ROUND, SEARCHES = 100, 10
WARM = 3
"""Rounds until everything has been compiled and met."""
GROWTH_MB = 16
"""What a process may grow by once it is warm."""


def memory_mb() -> float:
    """Memory of this process that is in use, once the allocator has given back what it keeps for later."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of the C library of most Linux systems
    if trim:
        trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def searches_agree(asked: dict) -> bool:
    """Assert that the search finds the same roots by both engines; whether there was a maximum to search."""
    open_load = {"sla": {"qps": 1, "objectives": ["p90 < 3s", "error_rate < 50%"]}}
    traffic = {**asked["traffic"], "replications": 2, "queries": 40}
    try:
        scenario = parse_scenario(json.dumps(asked | open_load | {"traffic": traffic}))
        found = [find_maximum(scenario, PROFILE, engine) for engine in ("compiled", "simpy")]
    except InputError:
        return False  # closed loads, and stages that cost nothing, have no maximum
    assert found[0].roots == found[1].roots
    return True


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from Linux's /proc")
def test_engines_and_searches_agree_for_as_long_as_asked():
    """Scenario after scenario, drawn anew in every round, for minutes or hours; prints what it went through."""
    began, rounds, searched, scenarios_met, memory = time.monotonic(), 0, 0, 0, []
    while time.monotonic() - began < LONG_S or rounds < WARM + 2:
        met: list[dict] = []

        @seed(rounds)
        @settings(
            max_examples=ROUND,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(scenarios())
        def a_round(scenario: dict) -> None:
            agree(scenario)
            met.append(scenario)  # noqa: B023  called in this very round

        a_round()
        searched += sum(searches_agree(one) for one in met[:: ROUND // SEARCHES])
        scenarios_met, rounds = scenarios_met + len(met), rounds + 1
        memory.append(memory_mb())
    settled, half = memory[WARM:], (rounds - WARM) // 2
    grown = min(settled[half:]) - min(settled[:half])  # what is held at the least: garbage waits for its collection
    said = f"{scenarios_met:,} scenarios, {searched:,} searches, {memory[-1]:.0f} MB, {grown:+.1f} MB since warm"
    print(said)  # noqa: T201  what an hour came to
    assert searched > 0
    assert grown < GROWTH_MB
