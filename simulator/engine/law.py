"""Laws as flat tables: a random value is a table look-up and one multiply-add, the same bits in every engine.

The quantile function is cut into cells that halve towards both tails, 128 to an octave, and is a straight line
inside a cell. With relative cell width h <= 2^-7 the error of an exponential quantile is at most h^2/8 = 8e-6 means,
in either tail alike. The cell of a uniform number is read off its own exponent and leading mantissa bits.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.distributions.base import Law
from simulator.distributions.constant import Constant
from simulator.distributions.empirical import Empirical
from simulator.draws import key_of, random_bits, uniform_at, uniform_of
from simulator.kernels import jit, kernel

__all__ = [
    "CELLS_AN_OCTAVE",
    "CONSTANT",
    "LawTables",
    "fill_shards",
    "fill_twins",
    "query_values",
    "tabulate",
    "value_at",
    "value_of",
]

CONSTANT, CELLS, STEPS = 0, 1, 2

_CELL_BITS = 7
CELLS_AN_OCTAVE = 1 << _CELL_BITS
_SHIFT = 52 - _CELL_BITS
_FIRST = int(np.float64(2.0**-53).view(np.int64)) >> _SHIFT
_HALF = (int(np.float64(0.5).view(np.int64)) >> _SHIFT) - _FIRST  # cells on each side of the median


class LawTables(NamedTuple):
    """Every law of a plan, one after the other; law i owns level[offset[i]:offset[i + 1]] and the same of slope.

    Law i has the mean mean[i]. A law of kind CONSTANT is value[i]; of kind CELLS is level + slope * tail in the cell
    of the uniform number; of kind STEPS is one of its sorted samples, kept in level.
    """

    kind: NDArray[np.int64]
    mean: NDArray[np.float64]
    value: NDArray[np.float64]
    offset: NDArray[np.int64]
    level: NDArray[np.float64]
    slope: NDArray[np.float64]


def tabulate(laws: list[Law[Any]]) -> LawTables:
    """Return the tables of `laws`, in their order; identical laws are computed once."""
    kinds, values, levels, slopes = [], [], [], []
    for law in laws:
        kind, value, level, slope = _table(law)
        kinds.append(kind)
        values.append(value)
        levels.append(level)
        slopes.append(slope)
    offset = np.concatenate([[0], np.cumsum([level.size for level in levels])])
    return LawTables(
        np.array(kinds, dtype=np.int64),
        np.array([law.mean_value() for law in laws]),
        np.array(values, dtype=np.float64),
        offset.astype(np.int64),
        np.concatenate(levels),
        np.concatenate(slopes),
    )


@lru_cache(maxsize=256)
def _table(law: Law[Any]) -> tuple[int, float, NDArray[np.float64], NDArray[np.float64]]:
    """Return (kind, value, level, slope) of one law."""
    empty = np.empty(0)
    if isinstance(law, Constant):
        return CONSTANT, float(law.mean), empty, empty
    if isinstance(law, Empirical):
        samples = np.sort(np.asarray(law.samples, dtype=np.float64))
        return STEPS, 0.0, samples, np.zeros_like(samples)
    tail = (np.arange(_FIRST, _FIRST + _HALF + 1, dtype=np.int64) << _SHIFT).view(np.float64)
    sides = [law.quantile(tail, 1.0 - tail), law.quantile(1.0 - tail, tail)]
    slope = np.concatenate([np.diff(side) / np.diff(tail) for side in sides])
    level = np.concatenate([side[:-1] for side in sides]) - slope * np.tile(tail[:-1], 2)
    return CELLS, 0.0, level, slope


@jit(inline="always")
def _cell(u: float) -> tuple[int, float]:
    """Return the cell of `u` and its distance from the nearer end of (0, 1)."""
    lower = u < 0.5
    tail = u if lower else 1.0 - u
    cell = (np.float64(tail).view(np.int64) >> _SHIFT) - _FIRST
    return cell + (0 if lower else _HALF), tail


@kernel()
def value_at(laws: LawTables, law: int, stream: np.uint64, query: int, shard: int, attempt: int = 0) -> float:
    """Return the value of law number `law` for one query, shard and attempt in `stream`."""
    if laws.kind[law] == CONSTANT:
        return laws.value[law]
    return value_of(laws, law, uniform_at(stream, query, shard, attempt))


@kernel()
def value_of(laws: LawTables, law: int, u: float) -> float:
    """Return the value of law number `law` at the uniform number `u`; the law is not constant."""
    first = laws.offset[law]
    if laws.kind[law] == STEPS:
        return laws.level[first + np.int64(u * (laws.offset[law + 1] - first))]
    cell, tail = _cell(u)
    return laws.level[first + cell] + laws.slope[first + cell] * tail


@kernel()
def fill_shards(
    out: NDArray[np.float64],
    cells: NDArray[np.uint32],
    span: tuple[np.uint64, np.uint64],
    laws: LawTables,
    law: int,
    address: tuple[np.uint64, int],
) -> None:
    """Write the values of law number `law` for one query at the shards of `span` into `out`, shape (N,).

    `address` is (stream, query). `cells`, shape (N,), is room to work in: the cells are found first, in a loop that
    vectorises, and looked up in a second one, which cannot; in one loop neither would.
    """
    if laws.kind[law] == CELLS:
        _find_cells(out, cells, span, address)
        _look_up(out, out, cells, span, laws, law)
    else:
        _fill_one_by_one(out, span, laws, law, address)


@kernel()
def fill_twins(
    outs: tuple[NDArray[np.float64], NDArray[np.float64]],
    cells: NDArray[np.uint32],
    span: tuple[np.uint64, np.uint64],
    laws: LawTables,
    twins: tuple[int, int],
    address: tuple[np.uint64, int],
) -> None:
    """Do as `fill_shards` for two laws that take the same draws, which are made once."""
    out, other = outs
    law, other_law = twins
    if laws.kind[law] == CELLS and laws.kind[other_law] == CELLS:
        _find_cells(out, cells, span, address)
        _look_up(out, other, cells, span, laws, other_law)
        _look_up(out, out, cells, span, laws, law)
    else:
        fill_shards(out, cells, span, laws, law, address)
        fill_shards(other, cells, span, laws, other_law, address)


@kernel(inline="always")
def _find_cells(
    tails: NDArray[np.float64],
    cells: NDArray[np.uint32],
    span: tuple[np.uint64, np.uint64],
    address: tuple[np.uint64, int],
) -> None:
    """Write the cell of each shard's uniform number, and its distance from the nearer end."""
    low, high = span
    stream, query = address
    key = key_of(stream, query, 0)
    for j in range(low, high):
        cell, tails[j] = _cell(uniform_of(random_bits(key, j)))
        cells[j] = cell


@kernel(inline="always")
def _look_up(
    tails: NDArray[np.float64],
    out: NDArray[np.float64],
    cells: NDArray[np.uint32],
    span: tuple[np.uint64, np.uint64],
    laws: LawTables,
    law: int,
) -> None:
    """Write the values of law number `law`, of kind CELLS, at cells and tails; `out` may be `tails` itself."""
    low, high = span
    first = np.uint64(laws.offset[law])
    level, slope = laws.level, laws.slope
    for j in range(low, high):
        cell = first + cells[j]
        out[j] = level[cell] + slope[cell] * tails[j]


@kernel(inline="always")
def _fill_one_by_one(
    out: NDArray[np.float64],
    span: tuple[np.uint64, np.uint64],
    laws: LawTables,
    law: int,
    address: tuple[np.uint64, int],
) -> None:
    """Write the values of a law of another kind than CELLS."""
    low, high = span
    stream, query = address
    for j in range(low, high):
        out[j] = value_at(laws, law, stream, query, j)


@jit()
def query_values(laws: LawTables, law: int, stream: np.uint64, queries: int, first: int = 0) -> NDArray[np.float64]:
    """Return one value of law number `law` for each of `queries` queries from `first` on, shape (Q,)."""
    out = np.empty(queries)
    for q in range(queries):
        out[q] = value_at(laws, law, stream, first + q, 0)
    return out
