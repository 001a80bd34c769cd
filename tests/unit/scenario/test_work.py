"""How much work a scenario asks for."""

import json

import pytest

from simulator.errors import InputError, TooLargeError
from simulator.scenario.load import parse_scenario
from simulator.scenario.work import check_work, parse_requests, requests_of

ASKED = {
    "name": "work",
    "traffic": {"qps": 1, "candidates": 5000, "queries": 100, "replications": 3, "warmup": 50},
    "funnel": [{"name": "a", "shards": 10, "cost": "1ms", "keep": 4}, {"name": "b", "shards": 20, "cost": "1ms"}],
}


def test_requests_are_counted_by_stage():
    """150 queries x 3 replications x (10 shards + 4 of 20 that get a candidate)."""
    assert requests_of(parse_scenario(json.dumps(ASKED))) == 150 * 3 * 14


def test_too_much_work_is_refused_with_the_estimate():
    """Over the limit the error names the estimate and what lowers it."""
    with pytest.raises(TooLargeError, match=r"6\.3e\+03 requests.*lower traffic\.queries"):
        check_work(6300, 1000)
    check_work(1000, 1000)


@pytest.mark.parametrize(("text", "limit"), [("1e12", 1e12), ("200_000", 2e5)])
def test_limits_are_numbers(text, limit):
    """A limit is written as any number of a scenario."""
    assert parse_requests(text) == limit


@pytest.mark.parametrize("text", ["many", "0", "-5", "nan", ""])
def test_bad_limits_are_named(text):
    """What is no number above 0 is refused by the option's name."""
    with pytest.raises(InputError, match="--max-requests"):
        parse_requests(text)
