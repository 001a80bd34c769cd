"""Every exact result is tested or left out for a stated reason."""

import importlib

import pytest

from tests.theory import judge
from tests.theory.left_out import LEFT_OUT, reason_to_leave_out

MODULES = ("test_queues", "test_fan_out", "test_arrivals", "test_capacity", "test_coverage", "test_policies")


@pytest.fixture(scope="module")
def tested() -> set[str]:
    """The ids that test modules ask for when they are imported."""
    for module in MODULES:
        importlib.import_module(f"tests.theory.{module}")
    return judge.TESTED


@pytest.mark.parametrize("row_id", judge.by_id())
def test_every_row_is_tested_or_left_out_for_a_reason(row_id, tested):
    """A row is in a test or in the table of reasons, and not in both."""
    assert (row_id in tested) != bool(reason_to_leave_out(row_id))


@pytest.mark.parametrize("reason", LEFT_OUT)
def test_every_reason_has_its_rows(reason):
    """No reason is left behind when its rows are gone."""
    for pattern in LEFT_OUT[reason]:
        assert any(judge.re.match(pattern, row_id) for row_id in judge.by_id()), pattern
