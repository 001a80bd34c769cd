"""Which of several designs nobody would trade for another: the Pareto frontier."""

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["dominates", "frontier"]

Item = TypeVar("Item")


def dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """Return whether `one` is nowhere worse than `other` and somewhere better; lower numbers are better."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and any(a < b for a, b in zip(one, other, strict=True))


def frontier(items: Sequence[Item], costs: Callable[[Item], Sequence[float]]) -> list[Item]:
    """Return the items that no other dominates, in their order; of items alike in all costs the first stays.

    Parameters
    ----------
    costs
        Gives what each item is judged by, as many numbers for each, lower is better, none NaN.
    """
    known = [tuple(costs(item)) for item in items]
    return [
        item
        for i, item in enumerate(items)
        if known[i] not in known[:i] and not any(dominates(other, known[i]) for other in known)
    ]
