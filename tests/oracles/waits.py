"""Queues and their join as bare recursions, slow and obvious, sharing no code with the engines.

Letters: Q queries in order of arrival, N shards. All times are absolute seconds.
"""

import numpy as np

__all__ = ["fork_join", "kiefer_wolfowitz"]


def kiefer_wolfowitz(arrivals, services, workers):
    """Return when each query starts and ends in a FIFO queue, two arrays (Q,).

    Kiefer & Wolfowitz, "On the theory of queues with many servers", 1955: the ordered vector of the servers' remaining
    work, written here as the ordered times at which they fall free. The next query starts when the first of them is
    free, or on arrival; that server is then free when the query ends. With one worker this is Lindley's recursion.
    """
    free = [0.0] * workers
    starts, ends = [], []
    for arrival, service in zip(arrivals, services, strict=True):
        start = max(arrival, free[0])
        free[0] = start + service
        starts.append(start)
        ends.append(free[0])
        free.sort()
    return np.array(starts), np.array(ends)


def fork_join(arrivals, services, workers):
    """Return when each query's last shard ends, (Q,): N queues with the same arrivals and `services`, (Q, N)."""
    ends = [kiefer_wolfowitz(arrivals, column, workers)[1] for column in services.T]
    return np.max(ends, axis=0)
