"""The tables of a scenario's synthetic log, with the skew that it plants between the offline and the online path."""

import numpy as np
import pandas as pd

from simulator.data.film_log import MONTHS, make_film_log
from simulator.data.randomness import generator
from simulator.diagnosis.tables import Roles, Tables, is_number
from simulator.scenario.diagnosis import FilmLogAsked, PlantedSkew

__all__ = ["film_tables"]

OLD = 0.3
"""What an older state of a number is off by, in standard deviations."""

PERIODS = 4
"""The months beside those asked get a quarter of the queries: they only show how distributions move."""


def film_tables(asked: FilmLogAsked, seed: int) -> Tables:
    """Return what the ranker is trained on and what it serves; where a skew is planted, both paths' rows as served."""
    train = make_film_log(asked.trained, asked.queries, seed, "trained ")
    serve = make_film_log(asked.served, asked.queries, seed, "served ")
    roles = Roles(key="id", label="click", query="query", time="month", unused=asked.unused)
    online = serve.table
    for planted in asked.skew:
        online = _skewed(online, planted, generator(seed, f"skew of {planted.feature}"))
    others = {}
    if asked.trained != asked.served:
        few = max(1, asked.queries // PERIODS)
        others = {month: make_film_log([month], few, seed, f"in {month} ").table for month in MONTHS}
    return Tables(
        train=train.table,
        serve=online,
        roles=roles,
        names=(_named("trained", asked.trained), _named("served", asked.served)),
        offline=serve.table if asked.skew else None,
        truth=train.probability,
        serve_truth=serve.probability,
        others=others,
    )


def _named(what: str, months: tuple[str, ...]) -> str:
    """Return what to call a table."""
    return f"{what} in {months[0].capitalize()}" + (f" to {months[-1].capitalize()}" if len(months) > 1 else "")


def _skewed(table: pd.DataFrame, planted: PlantedSkew, rng: np.random.Generator) -> pd.DataFrame:
    """Return `table` as the online path gives it."""
    column = table[planted.feature]
    hit = rng.random(len(table)) < planted.share
    numeric = is_number(column)
    changed = column.copy()
    if planted.kind == "missing":
        changed = changed.mask(hit)
    elif planted.kind == "default":
        changed = changed.mask(hit, 0.0 if numeric else "unknown")
    elif planted.kind == "type":
        changed = column.map("{:.6g} units".format if numeric else str.upper)
    elif numeric and planted.kind == "scale":
        changed = changed.mask(hit, column * planted.factor)
    elif numeric:
        changed = changed.mask(hit, column + OLD * column.std() * rng.standard_normal(len(table)))
    else:  # an older state of a category, and another unit of one, is another value of it
        changed = changed.mask(hit, pd.Series(rng.permutation(column.to_numpy()), index=column.index))
    return table.assign(**{planted.feature: changed})
