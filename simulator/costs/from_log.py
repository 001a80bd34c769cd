"""A cost from a log of production: what each request took of its worker, from when it came and how long it took.

A queue that is served first in first out by c workers begins a request when it comes, or when fewer than c of those
before it are left, whichever is later; the rest of its latency is service. A request that did not wait follows the idle
law, one that did the busy law.

Source: the Lindley recursion read backwards; Kiefer & Wolfowitz, "On the theory of queues with many servers", 1955, for
c workers.
"""

import heapq
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simulator.costs.fit import fit_law
from simulator.costs.profile import CostLaw, Profile, RankerCost, load_profile
from simulator.distributions.base import FloatArray
from simulator.errors import InputError

__all__ = ["FEWEST_CALLS", "profile_from_log", "services"]

FEWEST_CALLS = 30
MOST_SIZES = 12
"""Requests are parted by their candidates into about as many groups."""


def services(arrival: FloatArray, latency: FloatArray, workers: int) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the seconds of service of each request, shape (Q,), and whether it waited.

    Parameters
    ----------
    arrival, latency
        Of each request in the order of arrival, shape (Q,), in seconds.
    workers
        c, at least 1.

    Raises
    ------
    InputError
        Where a request ended before it could have begun: the queue was no first in first out of so many workers.
    """
    ends, found, waited = list[float](), np.empty(len(arrival)), np.zeros(len(arrival), dtype=bool)
    for q, (came, took) in enumerate(zip(arrival.tolist(), latency.tolist(), strict=True)):
        free = heapq.heappop(ends) if len(ends) == workers else -np.inf
        begins, end = max(came, free), came + took
        found[q], waited[q] = end - begins, free > came
        heapq.heappush(ends, end)
    early = float(np.mean(found <= 0))
    if early > 0.01:
        raise InputError(
            f"{early:.1%} of the requests ended before the one ahead of them: expected the log of one queue served "
            f"first in first out by {workers} worker{'s' if workers > 1 else ''}; say how many with --workers, or log "
            "one queue"
        )
    return np.maximum(found, 0.0), waited


def profile_from_log(
    ranker: str, name: str, log: tuple[FloatArray, ...], workers: int, provenance: dict[str, str]
) -> Profile:
    """Return a cost profile of one ranker, called `name`, from what a log says.

    The merge is the shipped profile's: a log of requests does not tell it.

    Parameters
    ----------
    log
        Arrival in seconds, candidates, and latency in seconds of each request in the order of arrival, shape (Q,) each.
    workers
        Workers of the queue.
    provenance
        Where and when.

    Raises
    ------
    InputError
        As `services` does, and where there are fewer than 30 requests.
    """
    arrival, candidates, latency = log
    seconds, waited = services(arrival, latency, workers)
    known = seconds > 0
    if int(known.sum()) < FEWEST_CALLS:
        raise InputError(f"expected at least {FEWEST_CALLS} requests to learn a cost from, got {int(known.sum())}")
    busy, idle = (_law(candidates, seconds, known & kind, known) for kind in (waited, ~waited))
    return Profile(
        name=name,
        provenance=provenance,
        rankers={ranker: RankerCost(busy=busy, idle=idle)},
        merge=load_profile("default").merge,
    )


def _law(candidates: FloatArray, seconds: FloatArray, kind: NDArray[np.bool_], known: NDArray[np.bool_]) -> CostLaw:
    """Return the law of the calls of a kind; of all where they are too few."""
    chosen = kind if int(kind.sum()) >= FEWEST_CALLS else known
    return fit_law(_by_size(candidates[chosen], seconds[chosen]))


def _by_size(candidates: FloatArray, seconds: FloatArray) -> Mapping[int, FloatArray]:
    """Return seconds by the mean candidates of groups of alike size."""
    sizes = np.unique(candidates)
    if sizes.size <= MOST_SIZES:
        return {round(float(size)): seconds[candidates == size] for size in sizes}
    edges = np.quantile(candidates, np.linspace(0, 1, MOST_SIZES + 1)[1:-1])
    group = np.searchsorted(edges, candidates, side="right")
    return {round(float(candidates[group == g].mean())): seconds[group == g] for g in np.unique(group).tolist()}
