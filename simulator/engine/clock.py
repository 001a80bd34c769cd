"""SimPy's clock, made to keep the order of events of order.py.

SimPy orders the events of one instant by priority, then by age; here the priority is the event's rank, and whatever
SimPy does on its own behalf in between (starting a process, granting a resource) happens at once.
"""

from collections.abc import Callable
from heapq import heappush
from typing import Any

import simpy
from simpy.events import EventPriority

__all__ = ["Clock"]

AT_ONCE = EventPriority(-(1 << 64))  # before any rank


class Clock(simpy.Environment):
    """A SimPy environment whose events of one instant happen in the order of their ranks."""

    def schedule(self, event: simpy.Event, priority: EventPriority = AT_ONCE, delay: float = 0) -> None:
        """Schedule what SimPy itself asks for before any ranked event of the same instant."""
        del priority
        super().schedule(event, AT_ONCE, delay)

    def at(self, time: float, rank: int) -> simpy.Event:
        """Return an event that happens at the absolute `time`, in the place of `rank` among its instant's."""
        event = self.event()
        event._ok, event._value = True, None  # noqa: SLF001  how SimPy's own Timeout is born: already decided
        heappush(self._queue, (time, EventPriority(rank), next(self._eid), event))
        return event

    def call(self, time: float, rank: int, function: Callable[..., None], *arguments: Any) -> None:  # noqa: ANN401
        """Call `function` at the absolute `time`, in the place of `rank` among its instant's events."""
        event = self.at(time, rank)
        assert event.callbacks is not None  # noqa: S101  it has not happened yet
        event.callbacks.append(lambda _: function(*arguments))
