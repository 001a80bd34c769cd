"""The Pareto frontier against its definition."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.capacity.frontier import dominates, frontier

COSTS = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))


@given(st.lists(COSTS, max_size=25))
def test_every_item_is_on_the_frontier_or_beaten_by_one_that_is(items):
    """No point of the frontier dominates another, and each item left out is dominated by one, or equal to one."""
    best = frontier(items, lambda item: item)
    assert not any(dominates(a, b) for a in best for b in best)
    assert len(set(best)) == len(best)
    for item in items:
        assert item in best or any(dominates(one, item) for one in best)


def test_an_item_better_in_one_way_and_worse_in_another_stays():
    """What can only be traded is kept, in its order; what is worse in every way is not, and of equals the first is."""
    items = [("a", (1, 3)), ("b", (3, 1)), ("c", (3, 3)), ("d", (1, 3))]
    assert [name for name, _ in frontier(items, lambda item: item[1])] == ["a", "b"]
