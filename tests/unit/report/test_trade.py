"""Comparisons of policies: what is given up and added, what a deadline trades, and the way through a fault."""

import json
from io import StringIO

import pytest
from matplotlib.figure import Figure
from rich.console import Console

from simulator.capacity.compare import compare
from simulator.capacity.run import run_scenario
from simulator.report.build import Beside, write_report
from simulator.report.compare_sentence import compare_sentence
from simulator.report.compare_table import compare_tables, policy_rows
from simulator.report.course_plot import COMPARE_COURSE, RUN_COURSE
from simulator.report.look import LIGHT
from simulator.report.trade_plot import TRADE_PLOT
from simulator.scenario.grid import load_grid

ASKED = {
    "name": "policies",
    "sla": {"qps": 50, "objectives": ["p99 < 25ms", "coverage >= 90%"]},
    "traffic": {"candidates": 100, "queries": 1000, "replications": 2, "warmup": 0},
    "funnel": [{"name": "s", "shards": 4, "cost": {"distribution": "exponential", "mean": "4ms"}}],
    "faults": [{"kind": "slow", "stage": "s", "factor": 2, "from": "5s", "for": "5s"}],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function that compares the settings of an axis."""
    path = tmp_path_factory.mktemp("policies") / "asked.yaml"
    path.write_text(json.dumps(ASKED))
    return lambda axis: compare(load_grid(path, vary=[axis]))


@pytest.fixture(scope="module")
def deadlines(made):
    """Three deadlines."""
    return made("funnel.s.deadline=5ms,10ms,20ms")


def test_the_table_says_what_each_row_gives_up(deadlines):
    """Coverage, errors, extra requests and wasted work stand in a row each; the tables still fit 80 columns."""
    rows = policy_rows(deadlines)
    assert [row[0] for row in rows] == [f"{row.run.coverage.value:.2%}" for row in deadlines.rows]
    assert deadlines.rows[0].run.coverage.value < deadlines.rows[2].run.coverage.value
    with StringIO() as out:
        Console(file=out, width=80).print(compare_tables(deadlines))
        assert "What is given up, and what is added" in out.getvalue()
        assert max(map(len, out.getvalue().splitlines())) <= 80


def test_nothing_given_up_is_no_table(made):
    """Rows in which every query is answered in full by one request each say nothing of it."""
    found = made("funnel.s.shards=2,4")
    assert policy_rows(found) == []
    assert not TRADE_PLOT.applies(found)


def test_rows_in_which_queries_fail_are_told_by_that(made):
    """The latencies of the few that are answered are no reason; how many are not is said instead."""
    found = made("funnel.s.deadline=500us,20ms")
    lost = found.rows[0].run.error_rate.value
    assert lost > 0.3
    sentence = compare_sentence(found)
    ours = found.rows[1].run.error_rate.value
    assert f"Without an answer stay {lost:.1%} with deadline=500us, beside {ours:.1%}." in sentence
    assert "Beside it" not in sentence
    assert "lowest p99" not in sentence


def test_the_trade_is_drawn_by_rising_p99(deadlines):
    """Each row stands at its p99 and the share that it misses, with the objectives' two lines."""
    figure = Figure(layout="constrained")
    TRADE_PLOT.make(deadlines)(figure, LIGHT)
    (axes,) = figure.axes
    tails, missing = axes.get_lines()[0].get_data()
    assert list(tails) == [row.run.latency["p99"].value * 1000 for row in deadlines.rows]
    assert list(missing) == [1 - row.run.coverage.value for row in deadlines.rows]
    words = {text.get_text().strip() for text in axes.texts}
    assert {"5ms", "10ms", "20ms", "p99 < 25ms", "coverage >= 90%"} <= words


def test_the_way_through_a_fault_is_drawn(made, tmp_path):
    """A run draws its own course, a comparison a line for each row, and both mark the fault."""
    found = made("funnel.s.replicas=1,2")
    answer = run_scenario(found.grid.base)
    for plot, lines in ((RUN_COURSE.make(answer), 2), (COMPARE_COURSE.make(found), 3)):
        figure = Figure(layout="constrained")
        plot(figure, LIGHT)
        answered, _ = figure.axes
        assert len(answered.get_legend().get_texts()) == lines
        assert [text.get_text() for text in answered.texts] == [" fault"]
    alone = write_report(answer, tmp_path / "alone", {}).parent
    together = write_report(answer, tmp_path / "together", {}, Beside(comparison=found)).parent
    assert "![The course of the run](plots/course.svg)" in (alone / "report.md").read_text()
    assert (together / "report.md").read_text().count("plots/course.svg") == 1
