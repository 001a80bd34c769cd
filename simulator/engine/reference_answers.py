"""The answers to some queries one by one, by the reference engine; event_run.py has the compiled engine's."""

import numpy as np
from numpy.typing import NDArray

from simulator.engine.answers import ANSWER
from simulator.engine.plan import Plan
from simulator.engine.reference import Simulation
from simulator.engine.servers import Request

__all__ = ["answers_to"]


def answers_to(plan: Plan, replication: int, watched: NDArray[np.bool_]) -> NDArray[np.void]:
    """Return every answer in time to the queries that `watched`, shape (Q,), marks, as records of ANSWER in order."""
    simulation, rows = Simulation(plan, replication), list[tuple[float, ...]]()

    def note(request: Request) -> None:
        if watched[request.query] and request.replica is not None:
            where = (request.query, request.stage, request.shard, request.replica.number, request.attempt)
            times = (request.sent, request.to_shard, request.arrived, request.begun, request.work, request.service)
            rows.append((*where, request.batch, *times, request.to_broker))

    simulation.on_answer = note
    simulation.run()
    return np.array(rows, dtype=ANSWER)
