"""A ranker that the user brings: whatever has score(query, candidates), named module:Class.

It is made by calling the class without arguments. It may also have example(n, number), which returns a query and n
candidates of its own to be measured with; without, it is given columns of numbers as our own rankers learn from.
With fit(world) it learns from the log of a world of users and items, and can be judged there: then score is given the
columns of a user of that world, shape (A,), and those of items, shape (n, B), in single precision.

Shapes: n candidates, I items, A user columns, B item columns, T users.
"""

import importlib
import inspect
import sys
from collections.abc import Sized
from pathlib import Path
from typing import Any

import numpy as np

from simulator.data.features import FloatArray, IntArray
from simulator.data.learnable import Learnable
from simulator.errors import InputError

__all__ = ["OwnRanker", "load_own"]

CONTRACT = "a method score(query, candidates) that returns one number for each candidate"


class OwnRanker:
    """A user's ranker, each of whose answers is checked.

    Attributes
    ----------
    name
        The module:Class that it was asked for by.
    """

    def __init__(self, name: str, model: Any) -> None:  # noqa: ANN401  whatever the user brings
        self.name = name
        self._model = model

    @property
    def brings_examples(self) -> bool:
        """Whether it says itself what to be measured with."""
        return callable(getattr(self._model, "example", None))

    @property
    def learns(self) -> bool:
        """Whether it can be trained on a world, and so judged: it has a fit that one argument is enough for."""
        try:
            inspect.signature(self._model.fit).bind("a world")
        except (AttributeError, TypeError, ValueError):
            return False
        return True

    def scores_on(self, world: Learnable, users: IntArray) -> FloatArray:
        """Return the scores of every item of `world` for `users`, shape (T, I), after learning from the world.

        Raises
        ------
        InputError
            Where `fit` fails, or as `score` does.
        """
        try:
            self._model.fit(world)
        except Exception as error:
            raise InputError(
                f"{self.name}: fit(world) failed with {_raised(error)}; it learns from the columns "
                "world.user_features and world.item_features and from the log world.splits.train"
            ) from error
        rows = world.user_features.astype(np.float32)  # (U, A)
        items = world.item_features.astype(np.float32)  # (I, B)
        return np.stack([self.score(rows[user], items, f"user {user} of the world") for user in users])  # (T, I)

    def example(self, n: int, number: int) -> tuple[Any, Sized]:
        """Return the ranker's own query and `n` candidates, others for another `number`.

        Raises
        ------
        InputError
            Where it fails, or gives anything else.
        """
        try:
            query, candidates = self._model.example(n, number)
            count = len(candidates)
        except Exception as error:
            raise InputError(
                f"{self.name}: example({n}, {number}): expected a query and {n} candidates, "
                f"got {_raised(error)}; return (query, candidates)"
            ) from error
        if count != n:
            raise InputError(f"{self.name}: example({n}, {number}): expected {n} candidates, got {count}")
        return query, candidates

    def score(self, query: object, candidates: Sized, label: str) -> FloatArray:
        """Return the scores of the candidates, shape (n,), higher is better.

        Parameters
        ----------
        query, candidates
            What the ranker takes.
        label
            What messages call the query, such as "query 17".

        Raises
        ------
        InputError
            Where the ranker fails, or does not give one finite number for each candidate; says for which query, what
            was expected, what was got and what to do.
        """
        expected = f"{self.name}, {label}: expected {len(candidates):,} scores, one for each candidate"
        try:
            scores = np.asarray(self._model.score(query, candidates), dtype=np.float64)
        except Exception as error:
            raise InputError(f"{expected}, got {_raised(error)}; call score with such candidates yourself") from error
        if scores.shape != (len(candidates),):
            flat = scores.size == len(candidates)
            remedy = "return scores.ravel()" if flat else "return them in the candidates' order, leaving none out"
            got = f"{scores.size:,}" if scores.ndim == 1 else f"an array of shape {scores.shape}"
            raise InputError(f"{expected}, got {got}; {remedy}")
        bad = np.flatnonzero(~np.isfinite(scores))
        if bad.size:
            raise InputError(
                f"{expected}, got {bad.size:,} that are not finite, the first {scores[bad[0]]} at place {bad[0]}; "
                "give what cannot be scored a low finite number"
            )
        return scores


def load_own(name: str) -> OwnRanker:
    """Return the user's ranker `name`, module:Class, from the installed packages or the working folder.

    A module of the working folder takes the place of no installed one.

    Raises
    ------
    InputError
        Where the import fails, there is no such class, it cannot be made, or it has no score.
    """
    module_name, _, attribute = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # a module may raise anything while it is imported
        raise InputError(
            f"{name}: cannot import {module_name}, got {_raised(error)}; "
            f"it is looked for in the installed packages and the working folder, {here}"
        ) from error
    found = getattr(module, attribute, None)
    if found is None:
        known = ", ".join(key for key, value in vars(module).items() if isinstance(value, type)) or "none"
        place = getattr(module, "__file__", None) or "a namespace"
        raise InputError(f"{name}: expected a class {attribute} in {place}, got none; its classes: {known}")
    try:
        model = found() if isinstance(found, type) else found
    except Exception as error:
        raise InputError(f"{name}: {attribute}() failed with {_raised(error)}; it is made without arguments") from error
    if not callable(getattr(model, "score", None)):
        raise InputError(f"{name}: expected {CONTRACT}, got a {type(model).__name__} without; add the method")
    return OwnRanker(name, model)


def _raised(error: Exception) -> str:
    """Return what was raised, in one line."""
    return f"{type(error).__name__}: {error}".splitlines()[0]
