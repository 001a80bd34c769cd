"""When a second attempt is sent, and what becomes of the one that loses.

A hedge is sent once for each call that is still unanswered `after` the stage began, has an attempt on its way, and has
another replica to go to (never the first attempt's own). The broker looks at all calls of the stage at once, in order
of shards; nothing is sent for a call that waits to be retried. Two live attempts of one call are twins.

`never` lets the loser run. `on_start` withdraws a twin that no worker has begun when the other begins (tied requests);
a hedge sent to a call already in service is a new attempt like any other. `on_response` waits for the first answer,
then withdraws the twin, or stops it in service and frees its worker. Cancelling takes no time.
"""

from simulator.kernels import jit

__all__ = ["CANCEL", "NEVER", "ON_RESPONSE", "ON_START", "loses_on_response", "loses_on_start"]

CANCEL = ("never", "on_start", "on_response")
NEVER, ON_START, ON_RESPONSE = range(len(CANCEL))


@jit(inline="always")
def loses_on_start(cancel: int, begun: bool) -> bool:
    """Return whether an attempt is withdrawn because its twin begins service; `begun` if it is itself in service."""
    return cancel == ON_START and not begun


@jit(inline="always")
def loses_on_response(cancel: int) -> bool:
    """Return whether an attempt is withdrawn, or stopped, because its twin has been answered."""
    return cancel == ON_RESPONSE
