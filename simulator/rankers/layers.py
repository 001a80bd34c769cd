"""The parts that models of text share: each forward step beside its gradient.

Shapes: R rows, V classes or words, W width; "..." are any leading axes.
"""

import numpy as np
from scipy.sparse import csr_array
from scipy.special import log_softmax

from simulator.data.features import FloatArray, IntArray

__all__ = [
    "cross_entropy",
    "layer_norm",
    "layer_norm_gradient",
    "softmax_gradient",
    "summed_by_number",
    "unit",
    "unit_gradient",
]

NORM_EPSILON = 1e-5


def cross_entropy(logits: FloatArray, targets: IntArray) -> tuple[float, FloatArray]:
    """Return the sum of -log softmax(logits) at the targets, shape (R,), and its gradient by logits, shape (R, V)."""
    rows = np.arange(len(targets))
    log_p = log_softmax(logits, axis=1)  # (R, V)
    slope = np.exp(log_p)
    slope[rows, targets] -= 1.0
    return -float(log_p[rows, targets].sum()), slope


def softmax_gradient(p: FloatArray, dp: FloatArray) -> FloatArray:
    """Return the gradient by logits from p = softmax(logits) over the last axis and the gradient by p."""
    slope = p * dp
    slope -= p * slope.sum(axis=-1, keepdims=True)
    return slope


def summed_by_number(numbers: IntArray, rows: FloatArray, count: int) -> FloatArray:
    """Return the sum of `rows`, shape (R, W), of each number below `count`, shape (count, W).

    `numbers` has R entries in any shape; it is the gradient of looking rows of a table up.
    """
    ones = np.ones(numbers.size, dtype=rows.dtype)
    # A sparse product adds up several times as fast as np.add.at.
    which = csr_array((ones, numbers.ravel(), np.arange(numbers.size + 1)), shape=(numbers.size, count))
    return np.asarray(which.T @ rows)


def layer_norm(x: FloatArray, gain: FloatArray, offset: FloatArray) -> tuple[FloatArray, tuple[FloatArray, FloatArray]]:
    """Return gain (x - mean) / deviation + offset over the last axis, and what its gradient needs.

    Source: Ba, Kiros & Hinton, "Layer normalization", 2016, equations 3 and 4.
    """
    centred = x - x.mean(axis=-1, keepdims=True)
    inverse = 1 / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + NORM_EPSILON)  # (..., 1)
    normal = centred * inverse
    return normal * gain + offset, (normal, inverse)


def layer_norm_gradient(
    dy: FloatArray, gain: FloatArray, kept: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the gradients by x, shape (..., W), by gain and by offset, shape (W,)."""
    normal, inverse = kept
    dn = dy * gain
    dx = dn - dn.mean(axis=-1, keepdims=True)
    dx -= normal * (dn * normal).mean(axis=-1, keepdims=True)
    dx *= inverse
    leading = tuple(range(dy.ndim - 1))
    return dx, (dy * normal).sum(axis=leading), dy.sum(axis=leading)


def unit(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return x of length 1 along the last axis, and the lengths it had, shape (..., 1); zero stays zero."""
    length = np.maximum(np.sqrt(np.square(x).sum(axis=-1, keepdims=True)), np.finfo(x.dtype).tiny)
    return x / length, length


def unit_gradient(dy: FloatArray, y: FloatArray, length: FloatArray) -> FloatArray:
    """Return the gradient by x of y = x / length, shape (..., W)."""
    dx: FloatArray = (dy - y * (dy * y).sum(axis=-1, keepdims=True)) / length
    return dx
