"""An ONNX model as a ranker: `simulator calibrate onnx_ranker:OnnxRanker`, run in this folder.

Needs onnxruntime; skl2onnx and scikit-learn only to make a model here. Give InferenceSession the path of your own.
"""

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession, SessionOptions
from skl2onnx import to_onnx
from sklearn.neural_network import MLPRegressor

from simulator.data.world import make_world

__all__ = ["OnnxRanker"]


class OnnxRanker:
    """A small neural network, run by ONNX Runtime on one thread as a worker of a stage has."""

    def __init__(self) -> None:
        world = make_world(users=300, items=200)
        log = world.splits.train
        X = np.hstack([world.user_features[log.user], world.item_features[log.item]]).astype(np.float32)
        self.trained = MLPRegressor(hidden_layer_sizes=(32,), max_iter=500, early_stopping=True, random_state=0).fit(
            X, log.click
        )
        options = SessionOptions()
        options.intra_op_num_threads = 1
        self.session = InferenceSession(to_onnx(self.trained, X[:1]).SerializeToString(), options)

    def score(self, query: NDArray[np.float32], candidates: NDArray[np.float32]) -> NDArray[np.floating]:
        """Return one number for each candidate: the expected clicks."""
        X = np.hstack([np.tile(query, (len(candidates), 1)), candidates])
        return self.session.run(None, {"X": X})[0].ravel()
