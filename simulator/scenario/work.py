"""How much work a scenario asks for, known before anything heavy is loaded or begun."""

from simulator.errors import InputError, TooLargeError
from simulator.scenario.model import Scenario
from simulator.units import format_duration, parse_number

__all__ = ["CAPACITY_RUNS", "check_work", "parse_requests", "requests_of"]

CAPACITY_RUNS = 16
"""About how many times a search for the maximum load simulates each replication."""


A_SECOND = 2e8
"""Requests that a core simulates in a second at least, where nothing feeds back."""


def requests_of(scenario: Scenario, runs: float = 1) -> float:
    """Return about how many requests to shards `runs` runs of `scenario` send, without an automatic warm-up."""
    traffic = scenario.traffic
    requests = 0.0
    shares = [one.share for one in traffic.classes] or [1.0]
    for law, share in zip(traffic.candidate_laws, shares, strict=True):
        entering = law.mean_value()
        for stage in scenario.funnel:
            requests += share * min(entering, stage.shards)
            entering = min(entering, stage.keep or entering)
    stated = 0 if traffic.warmup == "auto" else traffic.warmup
    return runs * traffic.replications * (scenario.queries + stated) * requests


def check_work(requests: float, limit: float) -> None:
    """Raise TooLargeError if `requests` to shards are over `limit`, with the estimate and what would lower it."""
    if requests > limit:
        raise TooLargeError(
            f"about {requests:.1e} requests to shards, some {format_duration(requests / A_SECOND)} of work, over the "
            f"limit of {limit:.1e}; lower traffic.queries, traffic.replications or shards, or raise --max-requests"
        )


def parse_requests(text: str) -> float:
    """Return the limit that --max-requests writes, such as 1e11 or 200_000_000; raises InputError if it is none."""
    try:
        limit = parse_number(text)
    except ValueError as error:
        raise InputError(f"--max-requests: expected {error}") from error
    if limit <= 0:
        raise InputError(f"--max-requests: expected a number above 0, got {text}")
    return limit
