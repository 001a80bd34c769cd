"""The examples of users' own rankers keep to what they show."""

import sys
from pathlib import Path

import numpy as np
import pytest

from simulator.costs.own_calls import OwnCalls
from simulator.data.world import make_world
from simulator.rankers.own import load_own

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def in_examples(monkeypatch):
    """Work in the folder of the examples, leaving no compiled files there."""
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def pairs():
    """Return a user's columns, items' columns, and both side by side."""
    rng = np.random.default_rng(0)
    query, candidates = rng.normal(size=10).astype(np.float32), rng.normal(size=(50, 12)).astype(np.float32)
    return query, candidates, np.hstack([np.tile(query, (50, 1)), candidates])


@pytest.mark.parametrize(
    ("name", "package"),
    [("sklearn_ranker:SklearnRanker", "sklearn"), ("onnx_ranker:OnnxRanker", "onnxruntime")],
)
def test_an_example_can_be_measured(in_examples, name, package):
    """The example is loaded by its name and keeps the best 10 of 500 candidates in a call."""
    pytest.importorskip(package)
    calls = OwnCalls(load_own(name), make_world(users=20, items=30, seed=0), keep=10)
    calls.prepare(500, 3)
    assert len(set(calls(500, 3).tolist())) == 10


def test_onnx_runtime_scores_as_the_model_that_was_converted(in_examples):
    """ONNX Runtime's scores are scikit-learn's within single precision, which is 1e-6 of scores up to 1."""
    pytest.importorskip("onnxruntime")
    import onnx_ranker

    ranker = onnx_ranker.OnnxRanker()
    query, candidates, X = pairs()
    assert ranker.score(query, candidates) == pytest.approx(ranker.trained.predict(X), abs=1e-5)


def test_scikit_learn_scores_by_the_chance_of_a_click(in_examples):
    """The scores are the model's probabilities of the class of clicks."""
    pytest.importorskip("sklearn")
    import sklearn_ranker

    ranker = sklearn_ranker.SklearnRanker()
    query, candidates, _ = pairs()
    utility = ranker.features.rows(query, candidates) @ ranker.model.coef_[0] + ranker.model.intercept_[0]
    assert ranker.score(query, candidates) == pytest.approx(1 / (1 + np.exp(-utility)), rel=1e-5)
