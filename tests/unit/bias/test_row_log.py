"""The rows that a run logs, as a file has them."""

import csv
import io

import pytest

from simulator.bias.answer import find_bias
from simulator.bias.row_log import HEADS, RowLog, check_rows
from simulator.errors import TooLargeError
from simulator.scenario.bias import Bias
from simulator.scenario.model import Study

ARMS = [{"name": "none"}, {"name": "some", "exploration": 0.2}]


def test_a_file_has_every_row_of_the_first_replication():
    """One row for each place of each user in each step of each arm; its clicks are those that the answer counts."""
    asked = {"users": 30, "items": 20, "slots": 3, "steps": 5, "replications": 1, "arms": ARMS}
    study = Study.model_validate({"name": "rows", "bias": asked})
    log = RowLog()
    answer = find_bias(study, row_log=log)
    rows = list(csv.DictReader(io.StringIO(log.text())))
    assert tuple(rows[0]) == HEADS
    assert len(rows) == 2 * 5 * 30 * 3
    for arm in answer.arms:
        own = [row for row in rows if row["arm"] == arm.name]
        clicks = sum(int(row["click"]) for row in own)
        assert clicks / (5 * 30) == pytest.approx(arm.totals["click_rate"].value, rel=1e-12)
        assert sum(int(row["random"]) for row in own) == arm.random_rows.value
    ranked = {float(row["propensity"]) for row in rows if row["arm"] == "none"}
    assert ranked == {1.0}
    some = {round(float(row["propensity"]), 6) for row in rows if row["arm"] == "some"}
    assert some == {round(0.2 / 20, 6), round(0.8 + 0.2 / 20, 6)}  # random alone, or ranked there as well


def test_too_many_rows_are_refused_before_the_run():
    """Two million rows at most; the message has the count."""
    with pytest.raises(TooLargeError, match="--log: 500,000,000 rows"):
        check_rows(Bias.model_validate({"steps": 50}), 1_000_000)
