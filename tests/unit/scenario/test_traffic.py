"""Traffic that is bursty, daily, recorded or mixed: what is read, and what is refused and where."""

import pytest

from simulator.distributions.constant import Constant
from simulator.errors import ScenarioError
from simulator.scenario.load import parse_scenario

TEXT = "name: small\ntraffic: {{{}}}\nfunnel:\n  - name: rank\n    cost: 5ms\n"
BURSTY = "{burst_factor: 5, burst_share: 10%, mean_burst: 2s}"


def traffic(text, folder=None):
    """The traffic of a small scenario."""
    return parse_scenario(TEXT.format(text), "good.yaml", folder=folder)


def test_bursty_traffic_keeps_the_mean_rate():
    """What bursts bring beyond the mean rate, calm times lack: shares times rates sum to 1."""
    bursty = traffic(f"qps: 10, candidates: 1, arrivals: bursty, bursty: {BURSTY}").traffic.bursty
    assert (bursty.burst_factor, bursty.burst_share, bursty.mean_burst) == (5, 0.1, 2)
    assert 0.1 * bursty.burst_factor + 0.9 * bursty.calm_factor == pytest.approx(1, rel=1e-15)
    assert bursty.mean_burst / (bursty.mean_burst + bursty.mean_calm) == pytest.approx(0.1, rel=1e-15)


def test_a_day_is_a_day_unless_said():
    """A day peaks at 20 o'clock and lasts 24 hours unless the file says otherwise."""
    daily = traffic("qps: 10, candidates: 1, arrivals: daily, daily: {low: 40%}").traffic.daily
    assert (daily.low, daily.peak_hour, daily.duration) == (0.4, 20, 86400)


@pytest.mark.parametrize(
    ("content", "keys"), [("1005\n1006.5\n\n1009\n", ""), ("id,at\n7,1005\n8,1006.5\n9,1009\n", ", column: at")]
)
def test_a_trace_counts_from_its_first_query(tmp_path, content, keys):
    """Lines of a file, or a column of a CSV file, are times from the first on; the rate is gaps over time."""
    (tmp_path / "a.csv").write_text(content)
    found = traffic(f"candidates: 1, arrivals: trace, trace: {{file: a.csv{keys}}}", tmp_path)
    assert list(found.traffic.trace.times) == [0, 1.5, 4]
    assert found.offered_qps == 0.5
    asked = traffic(f"qps: 3, candidates: 1, arrivals: trace, trace: {{file: a.csv{keys}}}", tmp_path)
    assert asked.offered_qps == 3


def test_classes_bring_their_own_candidates():
    """A class without candidates of its own brings the traffic's; objectives are read as those of the SLA are."""
    classes = "[{name: a, share: 25%, candidates: 7}, {name: b, share: 0.75, objectives: [p99 < 5ms]}]"
    found = traffic(f"qps: 1, candidates: 3, classes: {classes}")
    assert found.traffic.candidate_laws == (Constant(mean=7.0), Constant(mean=3.0))
    assert [(item.text, c) for item, c in found.objectives] == [("p99 < 5ms", 1)]
    alone = traffic("qps: 1, classes: [{name: a, share: 1, candidates: 7}]")
    assert alone.traffic.candidate_laws == (Constant(mean=7.0),)


def test_a_section_may_wait_for_a_setting():
    """Beside arrivals that are named, a section of others is kept for --set traffic.arrivals."""
    text = TEXT.format(f"qps: 10, candidates: 1, arrivals: poisson, bursty: {BURSTY}")
    assert parse_scenario(text, "good.yaml", ["traffic.arrivals=bursty"]).traffic.arrivals == "bursty"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("arrivals: bursty", "traffic: expected a key 'bursty' that describes the arrivals, got none (add bursty: {"),
        ("arrivals: daily", "traffic: expected a key 'daily' that describes the arrivals, got none (add daily: {"),
        ("arrivals: trace", "traffic: expected a key 'trace' that describes the arrivals, got none (add trace: {"),
        (f"bursty: {BURSTY}", "traffic.bursty: expected arrivals: bursty beside it, got none (add arrivals: bursty)"),
        (
            "arrivals: bursty, bursty: {burst_factor: 20, burst_share: 10%, mean_burst: 2s}",
            "traffic.bursty.burst_factor: expected at most 1 / burst_share = 10, got 20: bursts would bring 200%",
        ),
        (
            "arrivals: bursty, bursty: {burst_factor: 2, burst_share: 100%, mean_burst: 2s}",
            "traffic.bursty.burst_share: expected a share between 0% and 100%, neither included, got 1",
        ),
        (
            "arrivals: bursty, bursty: {burst_factor: 2, burst_share: 10 %%, mean_burst: 2s}",
            "traffic.bursty.burst_share: expected a number, got '10 %%'",
        ),
        (
            "arrivals: bursty, bursty: {burst_factor: 2, burst_share: 10%, mean_burst: 0s}",
            "traffic.bursty.mean_burst: expected a duration above 0s, got 0s",
        ),
        (
            "arrivals: bursty, bursty: {burst_factor: 2, burst_share: 10%, mean_burst: 1us}",
            "traffic.bursty.mean_burst: expected bursts that several queries fall into, got 0.0001 queries from one",
        ),
        (
            "arrivals: bursty, bursty: {burst_factor: 2, burst_share: 10%}",
            "traffic.bursty: expected a key 'mean_burst', got none",
        ),
        (
            "arrivals: daily, daily: {low: 40%, peak_hour: 24}",
            "traffic.daily.peak_hour: expected a number below 24, got 24",
        ),
        (
            "arrivals: daily, daily: {low: 140%}",
            "traffic.daily.low: expected a share from 0% to 100%, such as 10% or 0.1, got '140%'",
        ),
        (
            "arrivals: daily, daily: {low: 40%, duration: 500d}",
            "traffic.daily.duration: expected a duration above 0s and up to 366d, got 4.32e+07s",
        ),
        (
            "classes: [{name: a, share: 30%}, {name: b, share: 60%}]",
            "traffic.classes: expected shares that sum to 100%, got 90%",
        ),
        (
            "classes: [{name: a, share: 50%}, {name: a, share: 50%}]",
            "traffic.classes.a.name: expected a name of its own for each class, got 'a' again",
        ),
        ("classes: []", "traffic.classes: expected a list of at least one class, got nothing"),
        ("classes: {a: 1}", "traffic.classes: expected a list of at least one class, got a mapping"),
        (
            "classes: [{name: a, share: 100%, candidates: 0}]",
            "traffic.classes.a.candidates: expected a whole number of at least 1, got 0",
        ),
        (
            "classes: [{name: a, share: 100%, objectives: [p99 < 5]}]",
            "traffic.classes.a.objectives.0: expected a duration such as 500ms to compare p99 with, got '5'",
        ),
    ],
)
def test_mistakes_in_unsteady_and_mixed_traffic(problem, text, expected):
    """A mistake is said once, at its path, with what to do."""
    found = str(problem(TEXT.format(f"qps: 10, candidates: 1, {text}")))
    assert found.startswith("bad.yaml:2:")
    assert found.split(": ", 1)[1].startswith(expected)


def test_a_class_needs_candidates_from_somewhere(problem):
    """Where traffic.candidates is left out, each class says its own."""
    found = problem(TEXT.format("qps: 1, classes: [{name: a, share: 50%, candidates: 5}, {name: b, share: 50%}]"))
    assert (found.path, found.remedy) == ("traffic.classes.b", "add candidates:")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("1\n2\n\n1.5\n", "file: expected times that never go back at {}:4, got 1.5 after 2"),
        ("1\nnoon\n", "file: expected a number of at least 0 at {}:2, got 'noon'"),
        ("", "file: expected at least one number in {}, got none"),
        ("5\n5\n5\n", "file: expected at least two different times in {}, got 3 of the same: they have no rate"),
    ],
)
def test_a_broken_trace_is_refused_at_its_line(tmp_path, content, expected):
    """The error of a trace names the file and the line, at the place of the file in the scenario."""
    file = tmp_path / "times.txt"
    file.write_text(content)
    with pytest.raises(ScenarioError) as caught:
        traffic("candidates: 1, arrivals: trace, trace: {file: times.txt}", tmp_path)
    (found,) = caught.value.problems
    assert f"{found.path}: {found.message}" == f"traffic.trace.{expected.format(file)}"


def test_a_trace_without_the_column_says_which_there_are(tmp_path):
    """A column that a CSV file has not is refused with those it has."""
    (tmp_path / "a.csv").write_text("id,at\n1,2\n")
    with pytest.raises(ScenarioError, match=r"traffic.trace.column: expected a column of .* \(it has: id, at\)"):
        traffic("candidates: 1, arrivals: trace, trace: {file: a.csv, column: time}", tmp_path)


@pytest.mark.parametrize(("keys", "path"), [("queries: 4", "queries"), ("warmup: 3", "warmup")])
def test_a_trace_holds_only_so_many_queries(tmp_path, keys, path):
    """More queries than the trace holds, warm-up included, are refused."""
    (tmp_path / "a.txt").write_text("1\n2\n3\n")
    with pytest.raises(ScenarioError) as caught:
        traffic(f"candidates: 1, arrivals: trace, trace: {{file: a.txt}}, {keys}", tmp_path)
    (found,) = caught.value.problems
    assert found.path == f"traffic.{path}"
    assert found.message == "expected at most the 3 queries of the trace, warm-up included, got 4"
