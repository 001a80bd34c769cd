"""What became of simulated queries, and the quantities that rows of exact.json name, of them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.engine.result import COMPLETED, Result

__all__ = ["Row", "Sample", "value_of"]

Row = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """What became of n measured queries.

    Attributes
    ----------
    sojourn, wait
        (n,) seconds in the system, and in queues.
    completed, whole
        (n,) whether the query got an answer, and whether every shard of every stage answered.
    calls, attempts
        Shards that all queries together call if they visit all stages, and requests that were sent.
    coverage
        The share of shards that answered, averaged over stages, summed over queries.
    busy_s
        Seconds of service given to the queries.
    """

    sojourn: np.ndarray
    wait: np.ndarray
    completed: np.ndarray
    whole: np.ndarray
    calls: float
    attempts: float
    coverage: float
    busy_s: float

    @classmethod
    def of(cls, blocks: Iterable[Result], warmup: int = 0) -> "Sample":
        """One replication without its first `warmup` queries, for which its busy time does not count either."""
        first, found = 0, []
        for block in blocks:
            size = block.arrival.size
            rows = slice(min(size, max(0, warmup - first)), None)
            first += size
            covered = block.coverage[rows]
            found.append(
                cls(
                    sojourn=block.latency[rows],
                    wait=block.parts[rows, :, 1].sum(axis=1),
                    completed=block.outcome[rows] == COMPLETED,
                    whole=(covered == 1).all(axis=1),
                    calls=float(covered.shape[0] * sum(one.shape[0] for one in block.busy)),
                    attempts=float(block.attempts[rows].sum()),
                    coverage=float(covered.sum() / covered.shape[1]),
                    busy_s=float(sum(one.sum() for one in block.busy)),
                )
            )
        return cls.joined(found)

    @classmethod
    def joined(cls, samples: Sequence["Sample"]) -> "Sample":
        """The queries of all of `samples`."""
        columns = {name: [getattr(sample, name) for sample in samples] for name in cls.__dataclass_fields__}
        joined = {name: np.concatenate(found) if np.ndim(found[0]) else sum(found) for name, found in columns.items()}
        return cls(**joined)


def value_of(row: Row, sample: Sample) -> float:
    """The quantity that a row names, of a sample; what is given of accepted queries is of those that completed."""
    quantity = row["quantity"].replace("Kingman upper bound on ", "")
    plain = re.sub(r"E\[(max|X_\(k:N\))\]", "E[T]", quantity.replace(" | accepted", ""))
    assert " | " not in plain, f"no such condition: {plain}"
    of_accepted = "accepted" in quantity
    chosen = sample.completed if of_accepted else slice(None)
    sojourn, wait = sample.sojourn[chosen], sample.wait[chosen]
    if plain.startswith(("P(", "mean completeness", "extra fraction")):
        assert not of_accepted, f"no such quantity: {quantity}"
        return _share_of(plain, row["params"], sample)
    if plain == "sd[W]":
        return float(wait.std())
    if match := re.match(r"E\[([TW])\]", plain):
        return float((sojourn if match[1] == "T" else wait).mean())
    match = re.match(r"(?:([TW]) )?p([\d.]+)", plain)
    assert match, f"no such quantity: {plain}"
    samples = wait if match[1] == "W" else sojourn
    return float(np.percentile(samples, float(match[2]), method="inverted_cdf"))


def _share_of(quantity: str, parameters: dict[str, Any], sample: Sample) -> float:
    """The share of queries, shards or requests that a quantity names.

    Who abandons is not served: as services last 1 s on average, whoever they are for, their share is what the busy
    seconds per query lack, though a query also fails whose service ends after its deadline.
    """
    match quantity.partition(" (")[0]:
        case "P(wait)" | "P(W>0)":
            return float((sample.wait > 0).mean())
        case "P(arrival finds system empty)":
            return float((sample.wait == 0).mean())
        case "P(T>tau)":
            return float((sample.sojourn > parameters["tau"]).mean())
        case "P(complete by D)":
            return float((sample.whole & (sample.sojourn <= parameters["D"])).mean())
        case "P(block)":
            return float(1 - sample.completed.mean())
        case "P(miss deadline)":
            return float(1 - (sample.completed & (sample.sojourn <= parameters["tau"])).mean())
        case "P(abandon)":
            return 1 - sample.busy_s / sample.completed.size
        case "mean completeness":
            return sample.coverage / sample.completed.size
        case "extra fraction":
            return sample.attempts / sample.calls - 1
    raise AssertionError(f"no such quantity: {quantity}")
