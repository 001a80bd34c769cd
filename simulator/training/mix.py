"""Which samples to take from which source: the cheapest mix by a date, and the fastest within a budget.

Both are linear programmes. Of the fastest, each time between two sources' first samples is one of its own, in which the
days are a variable too; the first that can be met has the answer. A source with a price as a whole is taken or not, and
each way to take such sources is tried.

Letters: S sources; x samples of each.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Literal

import numpy as np
from scipy.optimize import OptimizeResult, linprog

from simulator.training.sources import Supply

__all__ = ["Mix", "cheapest", "fastest", "most_worth", "worth_over_days"]

LONGEST_DAYS = 36_525.0
"""A century: what takes longer is called never."""

_NOTHING_TO_SOLVE = OptimizeResult({"success": False})  # type: ignore[call-arg]  # a dict with attributes

MOST_MONEY = 1e15
"""More than any budget."""

Outcome = Literal["found", "too_late", "too_dear", "nothing_sells"]


@dataclass(frozen=True)
class Mix:
    """What to take from which source.

    Attributes
    ----------
    outcome
        "found"; "too_late" where there are not enough by the date whatever is paid; "too_dear" where the budget does
        not suffice; "nothing_sells" where no source gives anything of worth.
    samples, worth
        By source, as delivered and in clean samples, copies counted in; empty unless found.
    cost, days
        Of all, and until the last of them is there; NaN unless found.
    shadow_price
        What one more clean sample costs in the cheapest mix, and the days that it takes in the fastest; NaN unless
        found.
    advice
        What to do about an outcome other than "found"; else empty.
    """

    outcome: Outcome
    samples: dict[str, float]
    worth: dict[str, float]
    cost: float
    days: float
    shadow_price: float
    advice: str = ""


def cheapest(
    supplies: Sequence[Supply], needed: float, days: float = math.inf, budget: float = math.inf, copies: float = 1.0
) -> Mix:
    """Return the mix worth `needed` clean samples that costs least.

    Parameters
    ----------
    needed
        Clean samples, above 0.
    days, budget
        Time and money there is.
    copies
        What a sample with its changed copies counts, at least 1.
    """
    until = min(days, LONGEST_DAYS)
    best: tuple[float, Sequence[Supply], OptimizeResult] | None = None
    for taken in _ways(supplies):
        worth, price = _coefficients(taken, copies)
        caps = [supply.samples_by(until) for supply in taken]
        bounds = [(0.0, cap if math.isfinite(cap) else None) for cap in caps]
        found = linprog(price, A_eq=worth[None], b_eq=[needed], bounds=bounds) if taken else _NOTHING_TO_SOLVE
        cost = found.fun + sum(supply.fixed_price for supply in taken) if found.success else math.inf
        if found.success and (best is None or cost < best[0]):
            best = cost, taken, found
    if best is None or best[0] > budget * (1 + 1e-12):
        return _none(supplies, needed, (days, budget), copies, None if best is None else best[0])
    cost, taken, found = best
    return _mix(taken, found.x, copies, cost, float(found.eqlin.marginals[0]))


def fastest(
    supplies: Sequence[Supply], needed: float, days: float = math.inf, budget: float = math.inf, copies: float = 1.0
) -> Mix:
    """Return the mix worth `needed` clean samples that is there first; parameters as of `cheapest`."""
    until = min(days, LONGEST_DAYS)
    edges = sorted({0.0, until, *(supply.delay_days for supply in supplies if supply.delay_days < until)})
    for low, high in pairwise([*edges, until]):  # at the very end what comes only then
        options = [found for taken in _ways(supplies) if (found := _within(taken, needed, (low, high), budget, copies))]
        if options:
            taken, x, shadow = min(options, key=lambda option: option[1][-1])
            cost = sum(supply.price * n + supply.fixed_price for supply, n in zip(taken, x, strict=False))
            return _mix(taken, x[:-1], copies, cost, shadow)
    least = cheapest(supplies, needed, days, math.inf, copies)
    return _none(supplies, needed, (days, budget), copies, least.cost if least.outcome == "found" else None)


def most_worth(
    supplies: Sequence[Supply], days: float = math.inf, budget: float = math.inf, copies: float = 1.0
) -> float:
    """Return the clean samples that time and money buy at most, infinite where nothing bounds them."""
    until = min(days, LONGEST_DAYS)
    best = 0.0
    for taken in _ways(supplies):
        worth, price = _coefficients(taken, copies)
        left = min(budget, MOST_MONEY) - sum(supply.fixed_price for supply in taken)
        if not taken or left < 0:
            continue
        caps = [supply.samples_by(until) for supply in taken]
        bounds = [(0.0, cap if math.isfinite(cap) else None) for cap in caps]
        found = linprog(-worth, A_ub=price[None], b_ub=[left], bounds=bounds)
        best = max(best, -float(found.fun or 0.0) if found.success else math.inf)
    return best


def worth_over_days(
    mix: Mix, supplies: Sequence[Supply], days: Sequence[float], copies: float = 1.0
) -> dict[str, list[float]]:
    """Return the clean samples of each source of `mix` after each of `days`, taken as soon as they come."""
    found = {}
    for supply in supplies:
        taken = mix.samples.get(supply.name, 0.0)
        if taken > 0:
            found[supply.name] = [min(taken, supply.samples_by(day)) * supply.worth * copies for day in days]
    return found


def _ways(supplies: Sequence[Supply]) -> Iterator[Sequence[Supply]]:
    """Yield the sources to choose among, each way to take or leave those that have a price as a whole."""
    whole = [supply for supply in supplies if supply.fixed_price > 0]
    for wanted in product((True, False), repeat=len(whole)):
        left = {supply.name for supply, take in zip(whole, wanted, strict=True) if not take}
        yield [supply for supply in supplies if supply.name not in left and supply.worth > 0]


def _coefficients(taken: Sequence[Supply], copies: float) -> tuple[np.ndarray, np.ndarray]:
    """Return worth and price of a sample by source, shape (S,) each."""
    return np.array([supply.worth * copies for supply in taken]), np.array([supply.price for supply in taken])


def _within(
    taken: Sequence[Supply], needed: float, between: tuple[float, float], budget: float, copies: float
) -> tuple[Sequence[Supply], np.ndarray, float] | None:
    """Return sources, (samples, days) and shadow price of the soonest mix between two days; None if there is none."""
    worth, price = _coefficients(taken, copies)
    left = min(budget, MOST_MONEY) - sum(supply.fixed_price for supply in taken)
    if left < 0 or not taken:
        return None
    rows, limits = [np.append(price, 0.0)], [left]
    bounds: list[tuple[float, float | None]] = []
    for i, supply in enumerate(taken):
        is_open = supply.delay_days <= between[0]
        bounds.append((0.0, (supply.most if math.isfinite(supply.most) else None) if is_open else 0.0))
        if is_open and math.isfinite(supply.per_day):  # x_i - rate days <= -rate delay
            row = np.zeros(len(taken) + 1)
            row[i], row[-1] = 1.0, -supply.per_day
            rows, limits = [*rows, row], [*limits, -supply.per_day * supply.delay_days]
    found = linprog(
        np.append(np.zeros(len(taken)), 1.0),
        A_ub=np.array(rows),
        b_ub=limits,
        A_eq=np.append(worth, 0.0)[None],
        b_eq=[needed],
        bounds=[*bounds, between],
    )
    if not found.success:
        return None
    return taken, np.asarray(found.x), float(found.eqlin.marginals[0])


def _mix(taken: Sequence[Supply], x: np.ndarray, copies: float, cost: float, shadow: float) -> Mix:
    """Return a mix that was found."""
    samples = {supply.name: float(n) for supply, n in zip(taken, x, strict=True) if n > 1e-9}
    by_name = {supply.name: supply for supply in taken}
    worth = {name: n * by_name[name].worth * copies for name, n in samples.items()}
    days = max((_days_of(by_name[name], n) for name, n in samples.items()), default=0.0)
    return Mix("found", samples, worth, float(cost), days, shadow)


def _days_of(supply: Supply, samples: float) -> float:
    """Return the days until a source has given so many samples."""
    return supply.delay_days + (0.0 if math.isinf(supply.per_day) else samples / supply.per_day)


def _none(
    supplies: Sequence[Supply], needed: float, there: tuple[float, float], copies: float, cost: float | None
) -> Mix:
    """Return why there is no mix, and what would help; `cost` is what it would take without a budget."""
    days, budget = there
    useful = [supply for supply in supplies if supply.worth > 0 and supply.per_day > 0 and supply.most > 0]
    if not useful:
        why = "no source gives a sample that is worth anything: a click rate of 0, or labels right half of the time"
        return _nothing("nothing_sells", why if supplies else "no source is said: add training.sources")
    if cost is not None:
        have = most_worth(supplies, days, budget, copies)
        buys = "buys nothing" if have < 1 else f"buys {have:,.0f} of {needed:,.0f}"
        return _nothing("too_dear", f"a budget of {budget:,.2f} for data {buys} clean samples; {cost:,.0f} would do")
    have = most_worth(supplies, days, math.inf, copies)
    first = min(supply.delay_days for supply in useful)
    when = fastest(supplies, needed, math.inf, math.inf, copies) if math.isfinite(days) else None
    later = f"; {when.days:,.1f} days would do" if when is not None and when.outcome == "found" else ""
    late = f", the first only after {first:,.1f}" if first > days else ""
    span = f"within {days:,.1f} days" if math.isfinite(days) else "within a century"
    return _nothing("too_late", f"{span} there are {have:,.0f} of {needed:,.0f} clean samples{late}{later}")


def _nothing(outcome: Outcome, advice: str) -> Mix:
    """Return that there is no mix."""
    return Mix(outcome, {}, {}, math.nan, math.nan, math.nan, advice)
