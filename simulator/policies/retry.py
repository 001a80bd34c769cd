"""Whether and when a call is tried again after its attempts failed.

An attempt fails when it is refused, lost with its replica, finds no replica, or is given up after `timeout`. The shard
knows nothing of being given up: the request stays where it is, is served in its turn, and its answer is ignored - the
wasted work that keeps a retry storm alive. When a call has no live attempt left it is tried again, until `attempts`
(the first and a hedge among them) have been made; then it has failed for good, and so it has when the budget is empty.

The n-th retry of a call waits backoff x 2^(n-1), at most MOST_BACKOFFS times the first, varied uniformly by up to the
share `jitter` to either side. The budget is a bucket of tokens of the whole stage, empty at first: each call puts in
the share `budget`, each retry takes one, and the bucket holds at most BUCKET of them, so that no calm time saves up for
a storm.
"""

from simulator.kernels import jit

__all__ = ["BUCKET", "MOST_BACKOFFS", "backoff_s", "saved", "withdraws"]

BUCKET = 100.0
MOST_BACKOFFS = 64.0


@jit()
def backoff_s(backoff: float, jitter: float, retries: int, luck: float) -> float:
    """Return the seconds before the retry that follows `retries` others; `luck` uniform in (0, 1)."""
    return backoff * min(MOST_BACKOFFS, 2.0**retries) * (1.0 + jitter * (2.0 * luck - 1.0))


@jit(inline="always")
def saved(tokens: float, budget: float) -> float:
    """Return the tokens in a bucket after one more call."""
    return min(BUCKET, tokens + budget)


@jit(inline="always")
def withdraws(tokens: float) -> bool:
    """Return whether a bucket pays for a retry."""
    return tokens >= 1.0
