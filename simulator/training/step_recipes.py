"""One real training step of each ranker: make the batch, find the loss and its gradient, move the parameters.

A step takes what it takes whatever is learnt, so rows and words are drawn at random; every size can be had.

Shapes: B samples of a batch, F columns of a row, T tokens of a document.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import count
from typing import Any

import numpy as np

from simulator.data.features import Features, Match
from simulator.data.impressions import Impressions
from simulator.data.randomness import generator
from simulator.data.splits import Splits
from simulator.data.text_world import DOCUMENT_TOKENS, QUERY_TOKENS, WORDS
from simulator.data.world import World
from simulator.rankers import bilstm, cross_encoder, logistic, mlp, transformer, two_tower, word2vec
from simulator.rankers.base import Parameters
from simulator.rankers.examples import examples
from simulator.rankers.optimizers import Adam
from simulator.rankers.text_encoder import cosine_loss_and_gradient
from simulator.rankers.text_lists import Lists

__all__ = ["RECIPES", "Recipe", "Size", "Step"]

USERS, ITEMS = 4_000, 2_000
ROWS_A_CLICK = 4
"""Rows of the synthetic log for each click in it."""

RATE = 1e-3
LossAndGradient = Callable[[Parameters, Any], tuple[float, Parameters]]


@dataclass(frozen=True)
class Size:
    """How large a step is.

    Attributes
    ----------
    batch
        Samples: clicks, lists that were clicked on, or of word2vec places of a text.
    features
        Columns of a row, or tokens of a document; 1 where there are none.
    hidden
        Width of the model; 1 where there is none.
    """

    batch: int
    features: int
    hidden: int


class Step:
    """A model in training; each call is a step.

    Parameters
    ----------
    loss_and_gradient
        The ranker's own.
    parameters
        Where it starts.
    make
        Gives the batch of the step of a number.
    """

    def __init__(self, loss_and_gradient: LossAndGradient, parameters: Parameters, make: Callable[[int], Any]) -> None:
        self.parameters = parameters
        self._loss_and_gradient, self._make = loss_and_gradient, make
        self._adam, self._numbers = Adam(parameters), count()

    def __call__(self) -> None:
        """Make a batch, and move the parameters against its gradient."""
        _, gradient = self._loss_and_gradient(self.parameters, self._make(next(self._numbers)))
        self.parameters = {**self.parameters, **self._adam.step(self.parameters, gradient, RATE)}

    @property
    def size(self) -> int:
        """The numbers that a step changes."""
        return sum(block.size for block in self.parameters.values())


@dataclass(frozen=True)
class Recipe:
    """How to make steps of a ranker.

    Attributes
    ----------
    own
        The size that the ranker trains at.
    epochs
        Passes that it makes; 1 of Newton's method, which makes none.
    make
        Gives a step of a size, under a seed.
    features, hidden
        Other sizes to look at, at the ranker's own batch.
    """

    own: Size
    epochs: int
    make: Callable[[Size, int], Step]
    features: tuple[int, ...] = ()
    hidden: tuple[int, ...] = ()


def _logistic(size: Size, seed: int) -> Step:
    """Return a step on the rows among which `batch` clicks are."""
    world = _rows_of(size.features, seed)
    train = world.splits.train

    def make(number: int) -> Any:  # noqa: ANN401  batches are of any kind
        rng = generator(seed, f"batch {number}")
        chosen = rng.integers(len(train), size=ROWS_A_CLICK * size.batch)
        rows = Impressions(train.query[chosen], train.user[chosen], train.item[chosen], train.click[chosen])
        return examples(world, rows)

    start = {"w": np.zeros(_columns(world)), "b": np.zeros(1)}
    return Step(logistic.loss_and_gradient, start, make)


def _mlp(size: Size, seed: int) -> Step:
    """Return a step of two layers, the second half as wide as the first."""
    world = _rows_of(size.features, seed)
    hidden = size.hidden, max(1, size.hidden // 2)
    start = mlp.initial_parameters(_columns(world), hidden, generator(seed, "start"))

    def make(number: int) -> mlp.Contests:
        rng = generator(seed, f"batch {number}")
        return mlp.contests(world, world.splits.train, _clicks(world, size.batch, rng), rng)

    return Step(mlp.loss_and_gradient, start, make)


def _two_tower(size: Size, seed: int) -> Step:
    """Return a step of two towers, whose embeddings are a quarter as wide as their hidden layers."""
    world = _rows_of(size.features, seed)
    columns = world.user_features.shape[1], world.item_features.shape[1]
    layers = size.hidden, max(1, size.hidden // 4)
    start = two_tower.initial_parameters(columns, layers, generator(seed, "start"))

    def make(number: int) -> two_tower.Pairs:
        rng = generator(seed, f"batch {number}")
        return two_tower.pairs_of(world, world.splits.train, _clicks(world, size.batch, rng), None, rng)

    return Step(two_tower.loss_and_gradient, start, make)


def _word2vec(size: Size, seed: int) -> Step:
    """Return a step of skip-gram with negative sampling, one guess for each place."""
    settings = word2vec.Settings()
    start = word2vec.initial_parameters(WORDS, size.hidden, generator(seed, "start"))

    def make(number: int) -> word2vec.Guesses:
        rng = generator(seed, f"batch {number}")
        given, guessed = rng.integers(WORDS, size=(2, size.batch))
        negatives = rng.integers(WORDS, size=settings.negatives)
        return word2vec.Guesses(given[:, None], guessed, size.batch, negatives, np.ones(len(negatives)))

    return Step(word2vec.loss_and_gradient, start, make)


def _bilstm(size: Size, seed: int) -> Step:
    """Return a step of the two directions on lists."""
    start = bilstm.initial_parameters(WORDS, size.hidden, bilstm.LAYERS, generator(seed, "start"))
    loss = partial(cosine_loss_and_gradient, bilstm.embed, bilstm.embed_gradient)
    return Step(loss, start, _lists(size, bilstm.OTHERS, seed))


def _transformer(size: Size, seed: int) -> Step:
    """Return a step of the bi-encoder on lists; its width is fixed."""
    places = max(size.features, QUERY_TOKENS)
    start = transformer.initial_parameters(WORDS, places, transformer.LAYERS, generator(seed, "start"))
    loss = partial(cosine_loss_and_gradient, transformer.embed, transformer.embed_gradient)
    return Step(loss, start, _lists(size, transformer.OTHERS, seed))


def _cross_encoder(size: Size, seed: int) -> Step:
    """Return a step of the cross-encoder on lists; its width is fixed."""
    rng = generator(seed, "start")
    places = QUERY_TOKENS + size.features
    start = transformer.initial_parameters(WORDS, places, transformer.LAYERS, rng)
    w = rng.standard_normal(transformer.WIDTH) * transformer.WIDTH**-0.5
    return Step(cross_encoder.loss_and_gradient, {**start, "w": w}, _lists(size, cross_encoder.OTHERS, seed))


def _lists(size: Size, others: int, seed: int) -> Callable[[int], Lists]:
    """Return the maker of batches of lists, of one document clicked and `others`, drawn at random."""

    def make(number: int) -> Lists:
        rng = generator(seed, f"batch {number}")
        queries = rng.integers(WORDS, size=(size.batch, QUERY_TOKENS))
        documents = rng.integers(WORDS, size=(size.batch, 1 + others, size.features))
        return Lists(queries, documents, np.eye(1 + others)[np.zeros(size.batch, dtype=int)])

    return make


@cache
def _rows_of(columns: int, seed: int) -> World:
    """Return a world whose rows have `columns` columns, one of them of a pair; what is clicked is drawn at random."""
    rng = generator(seed, f"rows of {columns}")
    A = max(1, (columns - 1) // 2)
    B = max(1, columns - 1 - A)
    rows = USERS * 10
    log = Impressions(
        np.arange(rows), rng.integers(USERS, size=rows), rng.integers(ITEMS, size=rows), rng.random(rows) < 0.25
    )
    return World(
        user_features=rng.standard_normal((USERS, A)),
        item_features=rng.standard_normal((ITEMS, B)),
        popularity=np.full(ITEMS, 1 / ITEMS),
        splits=Splits(log, log, log),
        truth=_Nothing(),
        features=Features(_names("user", A), _names("item", B), (Match("match", 0, 0, min(A, B), 1.0),)),
    )


class _Nothing:
    """The truth of a world that nobody is judged by."""

    def click_probability(self, users: object, items: Any) -> Any:  # noqa: ANN401  never called
        """Raise, for there is none."""
        raise NotImplementedError


def _names(what: str, count: int) -> tuple[str, ...]:
    """Return the names of columns."""
    return tuple(f"{what} {number}" for number in range(count))


def _columns(world: World) -> int:
    """Return how many columns a row of user, item and pair has."""
    return len(world.features.names)


def _clicks(world: World, batch: int, rng: np.random.Generator) -> Any:  # noqa: ANN401  an array of row numbers
    """Return `batch` rows with a click, of the training log."""
    return rng.choice(np.flatnonzero(world.splits.train.click), batch)


WIDTHS = (16, 32, 64, 128, 256, 512)
COLUMNS = (13, 49, 97, 193, 385)
TOKENS = (8, 16, 32, 64)

RECIPES: Mapping[str, Recipe] = {
    "logistic": Recipe(Size(256, 25, 1), 1, _logistic, COLUMNS),
    "mlp": Recipe(Size(mlp.BATCH, 25, mlp.HIDDEN[0]), mlp.SCHEDULE.epochs, _mlp, COLUMNS, WIDTHS),
    "two_tower": Recipe(
        Size(two_tower.BATCH, 25, two_tower.HIDDEN), two_tower.SCHEDULE.epochs, _two_tower, COLUMNS, WIDTHS
    ),
    "word2vec": Recipe(
        Size(512, 1, word2vec.Settings().width), word2vec.Settings().schedule.epochs, _word2vec, (), WIDTHS
    ),
    "bilstm": Recipe(
        Size(bilstm.LISTS, DOCUMENT_TOKENS, bilstm.WIDTH), bilstm.RANKING.epochs, _bilstm, TOKENS, (16, 64, 128)
    ),
    "transformer": Recipe(
        Size(transformer.LISTS, DOCUMENT_TOKENS, transformer.WIDTH), transformer.RANKING.epochs, _transformer, TOKENS
    ),
    "cross_encoder": Recipe(
        Size(cross_encoder.LISTS, DOCUMENT_TOKENS, transformer.WIDTH),
        cross_encoder.RANKING.epochs,
        _cross_encoder,
        TOKENS,
    ),
}
"""By the ranker's name; two_tower_ivf trains as two_tower does."""
