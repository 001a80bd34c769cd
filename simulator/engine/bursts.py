"""The clock of bursty traffic: calm and bursts take turns, and a Poisson process is run through them.

A two-state Markov-modulated Poisson process, exactly: between changes its rate is constant, so the time at which x mean
seconds have passed is found by walking along the phases (Fischer & Meier-Hellstern, "The Markov-modulated Poisson
process cookbook", Performance Evaluation 18, 1993). The phases are drawn in real time: another rate keeps every burst.
"""

import math

import numpy as np
from numpy.typing import NDArray

from simulator.draws import stream_of, uniform_at
from simulator.kernels import jit

__all__ = ["burst_times", "first_phase"]

PHASE, NUMBER, BEGIN, END, PASSED = range(5)


def first_phase(address: tuple[int, int], means: tuple[float, float]) -> tuple[np.uint64, NDArray[np.float64]]:
    """Return the stream of the phases' lengths, and the state of the clock at time 0.

    The phase at time 0 is a burst as often as any time is one, so that the mean rate holds from the start.

    Parameters
    ----------
    address
        (seed, replication) of the draws.
    means
        Mean seconds of a calm time and of a burst.
    """
    stream = stream_of(*address, "bursts")
    calm, burst = means
    phase = float(uniform_at(stream_of(*address, "first burst"), 0, 0) < burst / (calm + burst))
    state = np.array([phase, 0.0, 0.0, -math.log1p(-uniform_at(stream, 0, 0)) * means[int(phase)], 0.0])
    return stream, state


@jit(nogil=True)
def burst_times(
    passed: NDArray[np.float64],
    stream: np.uint64,
    rates: tuple[float, float],
    means: tuple[float, float],
    state: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the times by which each of `passed` mean seconds have passed, shape (n,).

    Parameters
    ----------
    passed
        Never decreasing, from 0 on.
    stream, state
        As `first_phase` returns them; later calls go on from `state`, and give the same bits however the points are
        divided over calls.
    rates, means
        Of calm and burst: the rate over the mean rate, and the mean seconds of one.
    """
    out = np.empty_like(passed)
    phase, number = int(state[PHASE]), int(state[NUMBER])
    begin, end, before = state[BEGIN], state[END], state[PASSED]
    for i in range(passed.size):
        within = rates[phase] * (end - begin)
        while passed[i] >= before + within:
            before += within
            phase, number, begin = 1 - phase, number + 1, end
            end = begin - math.log1p(-uniform_at(stream, number, 0)) * means[phase]
            within = rates[phase] * (end - begin)
        out[i] = min(begin + (passed[i] - before) / rates[phase], end)
    state[PHASE], state[NUMBER], state[BEGIN], state[END], state[PASSED] = phase, number, begin, end, before
    return out
