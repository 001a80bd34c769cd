"""What balancing is worth, in load that four replicas bear at the same p99."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from simulator.capacity.search import find_maximum
from simulator.costs.profile import load_profile
from simulator.scenario.load import load_scenario

SCENARIO = Path(__file__).parents[3] / "scenarios" / "balancing.yaml"


def test_knowing_more_about_the_replicas_bears_more():
    """least_outstanding > power_of_two > round_robin > random, by over four standard errors of paired roots."""
    rules = ("least_outstanding", "power_of_two", "round_robin", "random")
    roots = []
    for rule in rules:
        scenario = load_scenario(SCENARIO, [f"funnel.rank.balancing={rule}"])
        roots.append(np.array(find_maximum(scenario, load_profile("default")).roots))
    for better, worse in pairwise(roots):
        less = better - worse
        assert less.mean() > 4 * less.std(ddof=1) / np.sqrt(less.size)
