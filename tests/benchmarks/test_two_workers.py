"""A step of two processes that really train together, against what the cluster's model says: `pytest -s` prints it."""

import multiprocessing as mp
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from simulator.costs.profile import Residuals
from simulator.data.world import make_world
from simulator.rankers import mlp
from simulator.scenario.training import Cluster
from simulator.training.cluster_run import AssumedStep, Job, run_cluster
from tests.benchmarks.test_speed import note
from tests.oracles.data_parallel import Ask, training_processes

ROUNDS, MOST_ROUNDS, STEPS, BATCHES = 40, 400, 21, 4
QUIET = 0.03
"""Share of a round's time that the processes may wait for their cores, where others use them."""

ASKED = {
    "one, whole batch": Ask(1, mlp.BATCH, STEPS),
    "one, half a batch": Ask(1, mlp.BATCH // 2, STEPS),
    "two, half a batch each": Ask(2, mlp.BATCH, STEPS),
    "two, sharing alone": Ask(2, 0, STEPS),
}


def waited_s() -> float:
    """Return the seconds that the training processes have been ready to run and were not run."""
    return sum(int(Path(f"/proc/{one.pid}/schedstat").read_text().split()[1]) for one in mp.active_children()) / 1e9


def measured():
    """Return by what was asked the seconds of own work, (workers, n), to share, (n,), and of a step, (n,).

    A process's own work is from one mean gradient to its next gradient: the step of Adam, and the gradient of its part.
    What it takes to share is from the last gradient to the mean. Rounds visit all in random order; one in which others
    kept the processes from their cores is left out.
    """
    world, rng = make_world(users=2000, items=1000, seed=0), np.random.default_rng(0)
    clicked = rng.permutation(np.flatnonzero(world.splits.train.click))[: BATCHES * mlp.BATCH]
    batches = [mlp.contests(world, world.splits.train, rows, rng) for rows in clicked.reshape(BATCHES, -1)]
    start = mlp.initial_parameters(batches[0].X.shape[1], mlp.HIDDEN, rng)
    rounds, tried = [], 0
    with training_processes(2, batches, start) as train:
        while len(rounds) < ROUNDS and tried < MOST_ROUNDS:
            began, waited, tried = time.perf_counter(), waited_s(), tried + 1
            found = {name: times_of(train(ASKED[name])) for name in rng.permutation(list(ASKED)).tolist()}
            if waited_s() - waited < QUIET * (time.perf_counter() - began):
                rounds.append(found)
    if len(rounds) < ROUNDS:
        pytest.skip(f"others use the cores: {len(rounds)} of {tried} rounds were quiet")
    sys.stdout.write(f"\n{len(rounds)} of {tried} rounds were quiet\n")
    return {name: tuple(np.concatenate([one[name][i] for one in rounds], axis=-1) for i in range(3)) for name in ASKED}


def times_of(runs):
    """Return own work, to share, and of a step, of one run's steps but the first."""
    ready, shared = (np.array([getattr(run, key) for run in runs]) for key in ("ready", "shared"))  # (workers, steps)
    own = ready[:, 1:] - shared[:, :-1]
    return own, (shared - ready.max(axis=0)).mean(axis=0)[1:], np.diff(shared.mean(axis=0))


def predicted_step(half, share_s: float) -> float:
    """Return the step of two workers that the simulator predicts from one process's steps of half a batch alone."""
    step = AssumedStep(float(half.mean()), 0.0, Residuals.of(half / half.mean()))
    hop = f"{share_s / 2:.9f}s"  # two workers share in two hops, here of all that it takes
    cluster = Cluster.model_validate({"workers": [2], "batch": mlp.BATCH, "hop": hop})
    (row,) = run_cluster(cluster, Job(1e6, 1, step, gradient_bytes=0), seed=1).rows
    return row.step.value


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two processes need a core each")
@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="waits for a core are read from /proc")
def test_two_workers_take_as_long_as_predicted():
    """The mean step of two processes is within a third of what their own laws say, and of what one alone says."""
    found = measured()
    whole, half = (found[name][0][0] for name in ("one, whole batch", "one, half a batch"))
    own, share, step = found["two, half a batch each"]
    share_s, actual = float(found["two, sharing alone"][2].mean()), float(step.mean())
    slowest = float(np.maximum.outer(*own).mean())  # of every time of one with every time of the other
    together, alone = slowest + share_s, predicted_step(half, share_s)
    lines = [
        f"{name}: process {number} takes {one.mean() * 1e3:.3f} ms of its own, cv {one.std() / one.mean():.3f}"
        for name in ("one, whole batch", "one, half a batch", "two, half a batch each")
        for number, one in enumerate(found[name][0])
    ]
    lines += [
        f"correlation of the two's own times: {np.corrcoef(own)[0, 1]:.2f}",
        f"mean of the later one: {own.max(axis=0).mean() * 1e3:.3f} ms, were they independent {slowest * 1e3:.3f} ms",
        f"to share takes {share_s * 1e3:.3f} ms in a row, {share.mean() * 1e3:.3f} ms between steps",
        f"a step of two takes {actual * 1e3:.3f} ms",
        f"predicted from the laws of the two {together * 1e3:.3f} ms ({together / actual - 1:+.1%})",
        f"predicted from the law of one alone {alone * 1e3:.3f} ms ({alone / actual - 1:+.1%})",
        f"speed-up {whole.mean() / actual:.2f}, predicted {whole.mean() / alone:.2f}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    errors = f"{together / actual - 1:+.1%} from their own steps, {alone / actual - 1:+.1%} from steps of one alone"
    note("predicted step of two processes that train together against the measured", errors, "within a third")
    assert abs(together / actual - 1) < 1 / 3
    assert abs(alone / actual - 1) < 1 / 3
