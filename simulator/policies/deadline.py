"""What a stage makes of the answers that it has when it ends, at its deadline or before.

A stage ends when each of its calls has been answered or has failed for good, or at its deadline, whichever is first; an
answer at the very instant of the deadline is in time. At the deadline, requests that no worker has begun are withdrawn
wherever they are; those in service are finished, and their work is wasted. Without any answer the query has failed.
With some, the query goes on with what they hold (`partial`), unless the deadline cut the stage short and the scenario
wants all or nothing (`fail`): shards that were refused or lost before cost coverage, not the query.
"""

from simulator.kernels import jit

__all__ = ["handed_on", "has_failed"]


@jit(inline="always")
def has_failed(answered: int, late: bool, all_or_nothing: bool) -> bool:
    """Return whether a query ends here: with `answered` answers in all, `late` if the deadline ended the stage."""
    return answered == 0 or (late and all_or_nothing)


@jit(inline="always")
def handed_on(candidates: int, answered: int, called: int) -> int:
    """Return the candidates that the next stage gets: `candidates` x answered / called, rounded down, at least 1.

    In whole numbers, without an intermediate product that could overflow: `called` is below 2^20.
    """
    share, rest = candidates // called, candidates % called
    return max(1, share * answered + rest * answered // called)
