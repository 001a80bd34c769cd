"""How good what a funnel finds is: its stages' rankers, trained, on a world whose truth is known.

Each test query's candidates are the items of the world, of a recorded log those that its user has not met before. A
stage ranks what reaches it and hands on its best; what is lost there no later stage can find. Estimates are means over
persons with Student-t intervals, the queries of one counting as their mean: they are not independent. Losses are
differences within each query. Of a recorded log what a user is going to like stands for the truth.

A scenario has more candidates than the world has items, so what its stages keep is scaled: ten stay ten, all stay
all, and counts between keep their place on a logarithmic scale. By the tails of a Gaussian copula that keeps whether
the last ranker's best survive an earlier cut; keeping the same share of all, with the ten fixed, makes every cut look
far deeper. Measured in a world of 131,072 items, two_tower before mlp: keeping 1,310 keeps 98% of the last
ranker's ten best; in one of 4,096 items, 220 (the logarithmic scale) keep 99%, 41 (the same share) only 74%.

Shapes: T test queries, P persons who ask them, I items, n items of a stage's list.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.capacity.judged import book_for, has_quality, mean_candidates
from simulator.capacity.run_answer import RunAnswer
from simulator.capacity.score_book import Recorded, ScoreBook
from simulator.data.features import FloatArray
from simulator.data.randomness import generator
from simulator.rankers.metrics import discounted_gain
from simulator.scenario.model import Scenario
from simulator.statistics.intervals import Estimate, estimate

__all__ = [
    "TOP_K",
    "Cut",
    "Quality",
    "StageQuality",
    "cuts_of",
    "funnel_gains",
    "quality_of",
    "quality_of_run",
    "scaled_keep",
]

TOP_K = 10
"""How many results a user looks at: the k of NDCG@k and recall@k."""

SEED = 0


class Cut(NamedTuple):
    """What one stage does to the candidates: it ranks them and hands on the best `keep`.

    `shards` are the slices that the items are spread over, of which a share of `coverage` answers.
    """

    name: str
    ranker: str
    keep: int
    shards: int = 1
    coverage: float = 1.0


@dataclass(frozen=True)
class StageQuality:
    """What is left after one stage.

    Attributes
    ----------
    recall, recall_of_kept, true_recall
        The share that is left of the last ranker's ten best of all items, of as many of its best as the stage keeps,
        and of the ten best by the truth; of a log all that was liked, for no liked item is better than another.
    ndcg
        NDCG@10 were the funnel to end here.
    loss
        NDCG@10 that the stage's cut costs: with the last ranker ordering what enters the stage, less with it ordering
        what leaves. The stages' losses add up to what the funnel lacks of ranking everything with the last ranker.
    """

    cut: Cut
    entering: int
    recall: Estimate
    recall_of_kept: Estimate
    true_recall: Estimate
    ndcg: Estimate
    loss: Estimate


@dataclass(frozen=True, eq=False)
class Quality:
    """What a funnel finds.

    Attributes
    ----------
    everything
        NDCG@10 of ranking every item with the last ranker.
    loss
        What the funnel lacks of that.
    coverage_loss
        NDCG@10 that shards without an answer cost; None where all answer.
    items, queries, persons, candidates
        Items of the world, test queries, who asks them, and the candidates of the scenario that the items stand for.
    ranked
        Items that a query ranks, on average.
    ndcgs
        NDCG@10 of each person, shape (P,), to compare funnels by.
    recorded
        The log that is judged by; None of a synthetic world.
    other
        The same funnel on the log in the other split, where it was asked for.
    """

    stages: tuple[StageQuality, ...]
    everything: Estimate
    loss: Estimate
    coverage_loss: Estimate | None
    items: int
    queries: int
    persons: int
    candidates: int
    ranked: float
    ndcgs: FloatArray
    recorded: Recorded | None = None
    other: "Quality | None" = None

    @property
    def ndcg(self) -> Estimate:
        """NDCG@10 of the whole funnel."""
        return self.stages[-1].ndcg

    @property
    def scaled(self) -> bool:
        """Whether the items stand for more candidates than they are."""
        return self.candidates > self.items

    @property
    def losing(self) -> str | None:
        """The stage whose cut costs most; None where no cut's cost is beyond luck."""
        worst = max(self.stages, key=lambda stage: stage.loss.value)
        return worst.cut.name if worst.loss.low > 0 else None


def quality_of_run(answer: RunAnswer, *, both: bool = True) -> Quality | None:
    """Return the quality of the funnel that was simulated, with the coverage seen; None without rankers for it.

    Of a recorded log the other split stands beside it unless `both` is false.
    """
    scenario = answer.scenario
    if not has_quality(scenario):
        return None
    stages = range(len(answer.stages))
    coverage = [float(np.mean([one.stages[s].coverage for one in answer.summaries])) for s in stages]

    def judged(split: str) -> Quality:
        book = book_for(scenario, split)
        return quality_of(cuts_of(scenario, book, coverage), book, mean_candidates(scenario))

    found = judged(scenario.quality.split)
    if not (both and scenario.quality.recorded):
        return found
    return replace(found, other=judged("random" if scenario.quality.split == "time" else "time"))


def scaled_keep(keep: int, candidates: int, items: int) -> int:
    """Return how many of `items` stand for `keep` of `candidates`; the same number where there are items for all."""
    if candidates <= items or keep <= TOP_K:
        return min(keep, items)
    if keep >= candidates:
        return items
    place = math.log(keep / TOP_K) / math.log(candidates / TOP_K)
    return round(TOP_K * math.exp(place * math.log(items / TOP_K)))


def cuts_of(scenario: Scenario, book: ScoreBook, coverage: Sequence[float] | None = None) -> tuple[Cut, ...]:
    """Return what the stages of a scenario with rankers do to the items of `book`.

    Parameters
    ----------
    coverage
        By stage, the share of shards that answer; all of them unless given.
    """
    candidates, items = mean_candidates(scenario), book.relevance.shape[1]
    cuts = []
    for stage, answering in zip(scenario.funnel, coverage or [1.0] * len(scenario.funnel), strict=True):
        kept = min(stage.keep or candidates, candidates)
        cuts.append(
            Cut(stage.name, stage.ranker or "", scaled_keep(kept, candidates, items), stage.shards, min(answering, 1.0))
        )
    return tuple(cuts)


def quality_of(cuts: Sequence[Cut], book: ScoreBook, candidates: int | None = None) -> Quality:
    """Return the quality of the funnel of `cuts`, at least one, over all items of `book`.

    Parameters
    ----------
    candidates
        How many documents the items stand for; themselves unless given.
    """
    T, items = book.relevance.shape
    ideal = discounted_gain(np.take_along_axis(book.relevance, book.best[:, :TOP_K], axis=1), TOP_K)  # (T,)
    judge = _Judge(book, cuts[-1].ranker, ideal)
    lists = _pass(cuts, book)
    left = [judge.by_last(None), *(judge.by_last(one) for one in lists)]  # NDCG by the last ranker after each cut
    ndcgs = judge.ndcg(lists[-1])
    whole = [cut._replace(coverage=1.0) for cut in cuts]
    lacking = any(cut.coverage < 1 for cut in cuts)
    uncovered = judge.ndcg(_pass(whole, book)[-1]) - ndcgs if lacking else None
    entering = [items, *(one.items.shape[1] for one in lists)]
    return Quality(
        stages=tuple(
            judge.stage(cut, n, (one, before - after))
            for cut, n, one, before, after in zip(cuts, entering[:-1], lists, left[:-1], left[1:], strict=True)
        ),
        everything=judge.mean(left[0]),
        loss=judge.mean(left[0] - left[-1]),
        coverage_loss=None if uncovered is None else judge.mean(uncovered),
        items=items,
        queries=T,
        persons=len(np.unique(book.person)),
        candidates=candidates or items,
        ranked=float(book.ranked.sum(axis=1).mean()),
        ndcgs=book.by_person(ndcgs),
        recorded=book.recorded,
    )


def funnel_gains(cuts: Sequence[Cut], book: ScoreBook) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
    """Return the discounted gain of each of the first ten results, that of the ideal ten, and the results' items.

    Each of shape (T, 10) or as many as there are; the sum of the first over the sum of the second is NDCG@10.
    """
    last = _pass(cuts, book)[-1]
    items, answered = last.items[:, :TOP_K], last.answered[:, :TOP_K]
    gains = np.where(answered, np.take_along_axis(book.relevance, items, axis=1), 0.0)
    ideal = np.take_along_axis(book.relevance, book.best[:, :TOP_K], axis=1)
    return _discounted(gains), _discounted(ideal), items


def _discounted(gains: FloatArray) -> FloatArray:
    """Return each gain of lists, shape (T, n), at its discount."""
    return np.asarray(gains / np.log2(np.arange(2, gains.shape[1] + 2)))


class _List(NamedTuple):
    """What a stage hands on for each query, the best first: items, shape (T, n), and whether each has an answer.

    What a query does not rank has none.
    """

    items: NDArray[np.int64]
    answered: NDArray[np.bool_]


def _pass(cuts: Sequence[Cut], book: ScoreBook) -> list[_List]:
    """Return what each stage hands on."""
    lists: list[_List] = []
    for cut in cuts:
        given = _ranked(lists[-1], book.scores(cut.ranker), cut.keep) if lists else _best(book, cut.ranker, cut.keep)
        if cut.coverage < 1:
            covered = np.take_along_axis(_covered(cut, book), given.items, axis=1)
            given = given._replace(answered=given.answered & covered)
        lists.append(given)
    return lists


def _best(book: ScoreBook, ranker: str, keep: int) -> _List:
    """Return the best `keep` of all items by a ranker."""
    items = book.order(ranker)[:, :keep]
    return _List(items, np.take_along_axis(book.ranked, items, axis=1))


def _ranked(given: _List, scores: FloatArray, keep: int) -> _List:
    """Return the best `keep` of a list by `scores`, shape (T, I); what has no answer comes last."""
    values = np.where(given.answered, np.take_along_axis(scores, given.items, axis=1), -np.inf)
    order = np.argsort(-values, axis=1, kind="stable")[:, :keep]
    return _List(np.take_along_axis(given.items, order, axis=1), np.take_along_axis(given.answered, order, axis=1))


def _covered(cut: Cut, book: ScoreBook) -> NDArray[np.bool_]:
    """Return whether the shard of each item answers each user, shape (T, I).

    Items are spread over the shards by chance and each shard answers or not by its own, the same luck at any coverage:
    what a low coverage loses contains what a higher one does.
    """
    T, items = book.relevance.shape
    shard_of, luck = generator(SEED, f"shards of {cut.name}"), generator(SEED, f"answers to {cut.name}")
    _, shard = np.unique(shard_of.integers(cut.shards, size=items), return_inverse=True)  # only shards that hold any
    answers = luck.random((T, int(shard.max()) + 1)) < cut.coverage
    return answers[:, shard]


class _Judge:
    """Judges lists by the truth, shape (T, I), and by the last ranker."""

    def __init__(self, book: ScoreBook, last: str, ideal: FloatArray) -> None:
        self.book, self.last, self.ideal = book, last, ideal

    def ndcg(self, given: _List) -> FloatArray:
        """Return the NDCG@10 of a list in its own order, shape (T,)."""
        relevance = np.take_along_axis(self.book.relevance, given.items[:, :TOP_K], axis=1)
        gains = np.where(given.answered[:, :TOP_K], relevance, 0.0)
        return np.asarray(discounted_gain(gains, TOP_K) / self.ideal)

    def by_last(self, given: _List | None) -> FloatArray:
        """Return the NDCG@10 of a list as the last ranker orders it, shape (T,); of all items for None."""
        if given is None:
            return self.ndcg(_best(self.book, self.last, TOP_K))
        return self.ndcg(_ranked(given, self.book.scores(self.last), TOP_K))

    def stage(self, cut: Cut, entering: int, found: tuple[_List, FloatArray]) -> StageQuality:
        """Return what is left after a stage, given what it hands on and its losses, shape (T,)."""
        given, losses = found
        left = np.zeros(self.book.relevance.shape, dtype=bool)  # (T, I)
        np.put_along_axis(left, given.items, given.answered, axis=1)

        def share(wanted: NDArray[np.bool_]) -> Estimate:
            return self.mean(np.sum(left & wanted, axis=1) / np.sum(wanted, axis=1))

        def first(n: int) -> NDArray[np.bool_]:
            return self._among(self.book.order(self.last)[:, :n])

        return StageQuality(
            cut=cut,
            entering=entering,
            recall=share(first(TOP_K)),
            recall_of_kept=share(first(given.items.shape[1])),
            true_recall=share(self._true),
            ndcg=self.mean(self.ndcg(given)),
            loss=self.mean(losses),
        )

    def mean(self, values: FloatArray) -> Estimate:
        """Return the mean over persons of values of queries, shape (T,), with its interval."""
        return estimate(self.book.by_person(values).tolist())

    def _among(self, items: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of all items are among `items`, shape (T, n), and ranked, shape (T, I)."""
        found = np.zeros(self.book.ranked.shape, dtype=bool)
        np.put_along_axis(found, items, values=True, axis=1)
        return found & self.book.ranked

    @cached_property
    def _true(self) -> NDArray[np.bool_]:
        """The ten best by the truth, shape (T, I); all that is relevant where nothing is more so than another."""
        relevance = self.book.relevance
        if np.isin(relevance, (0, 1)).all():
            return relevance > 0
        return self._among(self.book.best[:, :TOP_K])
