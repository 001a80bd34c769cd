"""A worker: a process of its own that takes requests from the broker one by one, and answers each."""

import gc
import os
import struct
import sys
import time
from contextlib import redirect_stdout, suppress

import numpy as np

from simulator.data.features import FloatArray, IntArray
from simulator.serving.calls import Work, call_of

__all__ = ["ANSWER", "READY", "REQUEST", "answer_of", "request_of", "work_until_alone"]

REQUEST = struct.Struct("=qqq")
"""Ticket, user, candidates; behind it their ids, unless they are the worker's own."""
ANSWER = struct.Struct("=qddB")
"""Ticket, when it was received and when its answer was ready, and whether the worker had waited for it; behind it the
ids kept, best first, and their scores, 8 and 4 bytes each."""
READY = b"ready"
LOOK_MS = 250
"""How often a worker that waits looks whether whoever started it is still there."""


def request_of(ticket: int, user: int, candidates: IntArray | int) -> bytes:
    """Return a request as it is sent."""
    if isinstance(candidates, int):
        return REQUEST.pack(ticket, user, candidates)
    return REQUEST.pack(ticket, user, len(candidates)) + candidates.tobytes()


def answer_of(message: bytes) -> tuple[tuple[int, float, float, bool], IntArray, FloatArray]:
    """Return what an answer says: ticket, received, ended and waited; ids, shape (k,); scores, shape (k,)."""
    ticket, received, ended, waited = ANSWER.unpack_from(message)
    count = (len(message) - ANSWER.size) // 12
    ids = np.frombuffer(message, dtype=np.int64, count=count, offset=ANSWER.size)
    scores = np.frombuffer(message, dtype=np.float32, count=count, offset=ANSWER.size + 8 * count)
    return (ticket, received, ended, bool(waited)), ids, scores


def work_until_alone(work: Work, address: str, identity: bytes, core: int | None) -> None:
    """Be a worker until the process that started this one is gone.

    Parameters
    ----------
    address
        Where the broker listens.
    identity
        What the broker calls this worker.
    core
        The core to stay on; any where None.
    """
    import signal  # a worker's own affair, as is ZeroMQ

    import zmq
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    parent = os.getppid()
    if core is not None:
        os.sched_setaffinity(0, {core})
    # What a user's ranker prints is no part of a command's output.
    with threadpool_limits(limits=1), redirect_stdout(sys.stderr), zmq.Context() as context:
        call = call_of(work)
        with context.socket(zmq.DEALER) as socket, suppress(zmq.ContextTerminated):
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.IDENTITY, identity)
            socket.connect(address)
            call(0, _own_candidates(work), waited=True)  # what is slow only once is over before the first request
            gc.collect()
            gc.freeze()
            gc.disable()
            socket.send(READY)
            while True:
                waited = not socket.poll(0)
                while waited and not socket.poll(LOOK_MS):
                    if os.getppid() != parent:
                        return
                message = socket.recv()
                received = time.perf_counter()
                ticket, user, size = REQUEST.unpack_from(message)
                own = len(message) == REQUEST.size
                candidates = size if own else np.frombuffer(message, dtype=np.int64, offset=REQUEST.size)
                ids, scores = call(user, candidates, waited=waited)
                ids = ids + work.first if own else ids
                ended = time.perf_counter()
                head = ANSWER.pack(ticket, received, ended, waited)
                socket.send(head + ids.tobytes() + scores.astype(np.float32, copy=False).tobytes())
                os.sched_yield()


def _own_candidates(work: Work) -> IntArray | int:
    """Return candidates for a first call."""
    return min(work.items, 100)
