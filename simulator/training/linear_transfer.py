"""Transfer where its risk is known exactly: linear regression on Gaussian columns.

n examples of d independent standard normal columns; the answer is a linear function of them plus noise of variance s^2.
What another task has learnt is a k-dimensional projection of the columns, k < d, which holds all of the function but a
part of squared length b^2. Then the expected squared error of the fitted function is

    fine-tuned, least squares over all d columns    s^2 d / (n - d - 1)
    frozen, least squares over the k projections    b^2 + (s^2 + b^2) k / (n - k - 1)

since the part that the projections lack is noise to them.

Source: the mean of an inverse Wishart matrix, Muirhead, Aspects of Multivariate Statistical Theory, 3.2.12 and 3.2.1.
"""

from dataclasses import dataclass

import numpy as np

from simulator.data.features import FloatArray
from simulator.data.randomness import generator
from simulator.training.transfer import Arm

__all__ = ["LinearTask"]


@dataclass(frozen=True)
class LinearTask:
    """A regression and what another task has learnt of it.

    Attributes
    ----------
    columns, projections
        d and k, with 1 <= k < d.
    noise
        s^2, the variance of an answer that no column tells, above 0.
    bias
        b^2, the squared length of what the projections lack, at least 0.
    """

    columns: int
    projections: int
    noise: float
    bias: float

    def __post_init__(self) -> None:
        if not 1 <= self.projections < self.columns:
            raise ValueError(f"expected 1 <= projections < columns; got {self.projections} and {self.columns}")
        if self.noise <= 0 or self.bias < 0:
            raise ValueError(f"expected noise above 0 and bias of at least 0; got {self.noise} and {self.bias}")

    def fine_tuned_risk(self, n: int) -> float:
        """Return the expected squared error of all columns fitted to `n` examples, n >= d + 2."""
        return self.noise * self.columns / self._spare(n, self.columns)

    def frozen_risk(self, n: int) -> float:
        """Return the expected squared error of the projections fitted to `n` examples, n >= k + 2."""
        return self.bias + (self.noise + self.bias) * self.projections / self._spare(n, self.projections)

    @property
    def crossing(self) -> float:
        """The number of examples from which fine-tuning has the smaller risk; infinite without a bias.

        The root above d + 1 of the quadratic that equal risks make of x = n - d - 1.
        """
        if self.bias == 0:
            return float("inf")
        apart = self.columns - self.projections
        linear = self.noise * self.columns - self.bias * apart - (self.noise + self.bias) * self.projections
        root = (linear**2 + 4 * self.bias * self.noise * self.columns * apart) ** 0.5
        return self.columns + 1 + float(linear + root) / (2 * self.bias)

    def arms(self) -> dict[str, Arm]:
        """Return both ways to learn the task, for `sweep`; equal seeds give both the same examples."""
        return {"fine_tuned": self._fine_tuned, "frozen": self._frozen}

    def _fine_tuned(self, n: int, seed: int) -> float:
        """Return the squared error of least squares over all columns."""
        X, y, truth, _ = self._examples(n, seed)
        return float(((np.linalg.lstsq(X, y)[0] - truth) ** 2).sum())

    def _frozen(self, n: int, seed: int) -> float:
        """Return the squared error of least squares over the projections."""
        X, y, truth, projection = self._examples(n, seed)
        return float(((projection @ np.linalg.lstsq(X @ projection, y)[0] - truth) ** 2).sum())

    def _examples(self, n: int, seed: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return X (n, d), y (n,), the true weights (d,) and the projection (d, k), orthonormal."""
        rng = generator(seed, "linear task")
        d, k = self.columns, self.projections
        frame, _ = np.linalg.qr(rng.standard_normal((d, k + 1)))  # (d, k + 1)
        truth = frame[:, :k] @ rng.standard_normal(k) + self.bias**0.5 * frame[:, k]  # (d,)
        X = rng.standard_normal((n, d))
        return X, X @ truth + self.noise**0.5 * rng.standard_normal(n), truth, frame[:, :k]

    def _spare(self, n: int, fitted: int) -> int:
        """Return n - fitted - 1; raises ValueError where the risk is not finite."""
        if n < fitted + 2:
            raise ValueError(f"the risk of {fitted} fitted weights is finite from {fitted + 2} examples on; got {n}")
        return n - fitted - 1
