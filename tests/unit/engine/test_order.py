"""The order of events at one instant."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.order import (
    ARRIVAL,
    COMPLETION,
    DEADLINE,
    ENTRY,
    FAULT,
    HEDGE,
    MAX_ATTEMPT,
    MAX_QUERIES,
    MAX_SHARDS,
    MAX_STAGES,
    NEW,
    RESPONSE,
    RETRY,
    SCALE,
    TIMEOUT,
    WAIT,
    address_of,
    rank_of,
    unpack,
)

EVENTS = st.tuples(
    st.integers(COMPLETION, NEW),
    st.integers(0, MAX_QUERIES - 1),
    st.integers(0, MAX_STAGES - 1),
    st.integers(ENTRY, MAX_SHARDS),
    st.integers(0, MAX_ATTEMPT),
)


@given(EVENTS, EVENTS)
def test_ranks_compare_as_the_fields_do(one, two):
    """Of two events that with the smaller (kind, query, stage, shard, attempt) has the smaller rank."""
    assert (rank_of(*one) < rank_of(*two)) == (one < two)


@given(EVENTS)
def test_ranks_unpack_to_what_they_were_made_of(event):
    """No field of an event is lost in its rank."""
    assert unpack(rank_of(*event)) == event


def test_kinds_come_in_the_order_of_the_contract():
    """Completion, response, timers (deadline first), faults, arrivals (a new query last)."""
    timers = [DEADLINE, HEDGE, RETRY, TIMEOUT, WAIT]
    assert [COMPLETION, RESPONSE, *timers, FAULT, SCALE, ARRIVAL, NEW] == list(range(11))


@given(EVENTS, EVENTS)
def test_events_of_one_request_share_their_address(one, two):
    """Two events have the same address if and only if they differ in nothing but their kind."""
    assert (address_of(rank_of(*one)) == address_of(rank_of(*two))) == (one[1:] == two[1:])
