"""Several processes that train one model together, against one process and against whole gradients."""

import multiprocessing as mp

import numpy as np
import pytest

from simulator.data.world import make_world
from simulator.errors import InputError, SimulatorError
from simulator.rankers import mlp
from simulator.rankers.mlp import initial_parameters, loss_and_gradient
from simulator.rankers.optimizers import Adam
from tests.oracles.data_parallel import RATE, Ask, training_processes

CONTESTS = 24


@pytest.fixture(scope="module")
def batches():
    """Return three batches of contests."""
    world, rng = make_world(users=200, items=200, seed=0), np.random.default_rng(0)
    clicked = np.flatnonzero(world.splits.train.click)[: 3 * CONTESTS].reshape(3, CONTESTS)
    return [mlp.contests(world, world.splits.train, rows, rng) for rows in clicked]


@pytest.fixture(scope="module")
def start(batches):
    """Return parameters to start from."""
    return initial_parameters(batches[0].X.shape[1], (16, 8), np.random.default_rng(1))


@pytest.fixture(scope="module")
def train(batches, start):
    """Return the function that asks three processes to train."""
    with training_processes(3, batches, start) as ask:
        yield ask


def furthest(one, other):
    """Return the largest difference of two sets of blocks."""
    assert one.keys() == other.keys()
    return max(np.abs(one[name] - other[name]).max() for name in one)


@pytest.mark.parametrize("workers", [1, 3])
def test_five_steps_end_where_one_process_does(train, batches, start, workers):
    """After five steps, each process has the parameters of training on whole batches here, to 1e-9."""
    parameters, adam = start, Adam(start)
    for i in range(5):
        parameters = adam.step(parameters, loss_and_gradient(parameters, batches[i % 3])[1], RATE)
    runs = train(Ask(workers, CONTESTS, 5))
    assert len(runs) == workers
    assert furthest(parameters, start) > 1e-3
    for run in runs:
        assert furthest(run.parameters, parameters) < 1e-9


def test_the_shared_gradient_is_that_of_the_whole_batch(train, batches, start):
    """The mean of the parts' gradients is the gradient of the batch to 1e-12, the very same for all."""
    runs = train(Ask(3, CONTESTS, 1))
    whole = loss_and_gradient(start, batches[0])[1]
    part = loss_and_gradient(start, batches[0]._replace(X=batches[0].X[: len(batches[0].X) // 3]))[1]
    assert furthest(part, whole) > 1e-3
    assert furthest(runs[0].gradient, whole) < 1e-12
    assert all(furthest(run.gradient, runs[0].gradient) == 0 for run in runs)


def test_nobody_goes_on_before_all_are_ready(train):
    """Each step's mean is there only after the last process is ready, and the next gradient only after that."""
    runs = train(Ask(3, CONTESTS, 4))
    ready, shared = (np.array([getattr(run, name) for run in runs]) for name in ("ready", "shared"))
    assert np.all(shared >= ready.max(axis=0))
    assert np.all(ready[:, 1:] > shared[:, :-1])


def test_gradients_may_be_shared_alone(train, start):
    """Without samples nothing is learnt, and the mean of equal gradients is the gradient."""
    for run in train(Ask(3, 0, 4)):
        assert furthest(run.parameters, start) == 0
        assert furthest(run.gradient, start) < 1e-15


@pytest.mark.parametrize("ask", [Ask(2, CONTESTS, 1), Ask(3, CONTESTS - 1, 1)])
def test_parts_are_equal(train, ask):
    """Two of three processes, or samples that three cannot share, are refused."""
    with pytest.raises(InputError, match="expected 1 or 3, and samples in equal parts"):
        train(ask)


def test_processes_end_with_the_body_and_their_death_is_said(batches, start):
    """A process that is killed ends the others' wait with an error, and none outlives the body."""
    before, mine = set(mp.active_children()), set()

    def killed():
        with training_processes(2, batches, start) as train:
            mine.update(set(mp.active_children()) - before)
            min(mine, key=lambda process: process.pid).kill()
            train(Ask(2, CONTESTS, 1))

    with pytest.raises(SimulatorError, match="a training process ended early"):
        killed()
    assert len(mine) == 2
    assert not any(process.is_alive() for process in mine)


def test_gradients_beyond_what_a_pipe_holds_are_refused(batches):
    """All send before they receive, so a part of the gradient that a pipe does not hold would wait for ever."""
    with pytest.raises(InputError, match="expected parameters of 65536 bytes a process, got 131088 in all"):
        training_processes(2, batches, {"w3": np.zeros(16_386)}).__enter__()
