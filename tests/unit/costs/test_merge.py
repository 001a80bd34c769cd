import numpy as np
import pytest

from simulator.costs.merge import ENTRIES, KEEP, ListsToMerge

SEED = 4
"""One under which no two scores are equal, which would leave the order open."""


@pytest.mark.parametrize("lists", [1, 3, KEEP // ENTRIES, KEEP // ENTRIES + 1, 200])
def test_a_merge_is_a_plain_sort_of_all_entries(lists):
    """The ids that come back are the first of all entries sorted by descending score, however many there are."""
    answers = ListsToMerge(200, np.random.default_rng(SEED))
    entries = [
        (-float(score), int(doc))
        for scores, docs in zip(answers.scores[:lists], answers.ids[:lists], strict=True)
        for score, doc in zip(scores, docs, strict=True)
    ]
    assert len({score for score, _ in entries}) == len(entries)
    assert answers.merge(lists).tolist() == [doc for _, doc in sorted(entries)[:KEEP]]


def test_each_list_arrives_sorted():
    """A shard's list is in descending score, as a shard sends it."""
    answers = ListsToMerge(7, np.random.default_rng(0))
    assert all((np.diff(scores) <= 0).all() for scores in answers.scores)
