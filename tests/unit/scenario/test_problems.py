"""Every mistake gives one problem: its place, its path with stage names, what was expected and got, what to do."""

import pytest

from simulator.scenario.ranker_names import BUILT_IN

SMALL = """\
name: small
traffic: {qps: 10, candidates: 1000}
funnel:
  - name: rank
    cost: 5ms
"""
RANKER = f"a ranker ({', '.join(BUILT_IN)}) or your own as module:Class"
STAGE = "name: small\ntraffic: {qps: 10, candidates: 1000}\nfunnel:\n  - name: rank\n    "


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cost: 5", "5:11: funnel.rank.cost: expected a duration with a unit such as 5ms, got 5; write 5ms or 5s"),
        (
            "cost: 1.5",
            "5:11: funnel.rank.cost: expected a duration with a unit such as 5ms, got 1.5; write 1.5ms or 1.5s",
        ),
        ("cost: true", "5:11: funnel.rank.cost: expected a duration with a unit such as 5ms, got true"),
        ("cost: [5ms]", "5:11: funnel.rank.cost: expected a duration with a unit such as 5ms, got a list"),
        ("cost: -5ms", "5:11: funnel.rank.cost: expected a duration with a unit"),
        ("cost: 5 parsecs", "5:11: funnel.rank.cost: expected a duration with a unit"),
        (
            "cost: 1e300h",
            "5:11: funnel.rank.cost: expected a duration of at most 1,000,000,000s (30 years), got '1e300h'",
        ),
        ("cost: {}", "5:11: funnel.rank.cost: expected a distribution, or fixed and per_candidate, got neither"),
        ("cost: {fixed: 3}", "5:19: funnel.rank.cost.fixed: expected a duration with a unit"),
        ("cost: {fixed: 3ms, cv: -1}", "5:28: funnel.rank.cost.cv: expected a number of at least 0, got -1"),
        (
            "cost: {mean: 4ms}",
            "5:12: funnel.rank.cost.mean: expected a known key, got 'mean' (known here: distribution, fixed, per_cand",
        ),
        ("cost: {fixd: 4ms}", "5:12: funnel.rank.cost.fixd: expected a known key, got 'fixd' (did you mean fixed?)"),
        (
            "cost: {distribution: lognrmal, mean: 5ms}",
            "5:26: funnel.rank.cost.distribution: expected the name of a distribution, got 'lognrmal' (did you mean",
        ),
        ("cost: {distribution: 5}", "5:26: funnel.rank.cost.distribution: expected the name of a distribution, got 5"),
        (
            "cost: {distribution: null}",
            "5:26: funnel.rank.cost.distribution: expected the name of a distribution, got nothing",
        ),
        (
            "cost: {distribution: gamma, mean: 5ms}",
            "5:11: funnel.rank.cost: expected a key 'cv', got none (add cv:)",
        ),
        (
            "cost: {distribution: gamma, mean: 5ms, cv: 010}",
            "5:48: funnel.rank.cost.cv: expected a number without a leading zero, got '010'",
        ),
        (
            "cost: {distribution: uniform, low: 5ms, high: 1ms}",
            "5:51: funnel.rank.cost.high: expected a value at or above low, got one below it",
        ),
        (
            "cost: {distribution: percentiles, p0: 5ms, p50: 1ms}",
            "5:53: funnel.rank.cost.p50: expected a value at or above p0, got one below it",
        ),
        (
            "cost: {distribution: percentiles, p0: 5ms, mean: 9ms, p50: 8ms}",
            "5:48: funnel.rank.cost.mean: expected percentiles p0 to p100 and tail as keys, got 'mean'",
        ),
        (
            "cost: {distribution: empirical, file: absent.csv}",
            "5:43: funnel.rank.cost.file: expected a readable text file, got absent.csv (No such file or directory)",
        ),
        (
            "network: {request: {mean: 3ms}}\n    cost: 5ms",
            "5:24: funnel.rank.network.request: expected a key 'distribution', got none",
        ),
        (
            "network: 5ms\n    cost: 5ms",
            "5:14: funnel.rank.network: expected a mapping of keys, got '5ms' (known here: request, response)",
        ),
        ("cots: 5ms\n    cost: 5ms", "5:5: funnel.rank.cots: expected a known key, got 'cots' (did you mean cost?)"),
        (
            "ranker: logistik",
            f"5:13: funnel.rank.ranker: expected {RANKER}, got 'logistik' (did you mean logistic?)",
        ),
        (
            "ranker: my/rankers.py:Mine",
            f"5:13: funnel.rank.ranker: expected {RANKER}, got 'my/rankers.py:Mine'",
        ),
        (
            "cost: {measured: absent.csv}",
            "5:22: funnel.rank.cost.measured: expected a readable text file, got absent.csv (No such file",
        ),
        (
            "cost: {measured: absent.csv, colum: a}",
            "5:34: funnel.rank.cost.colum: expected a known key, got 'colum' (did you mean column?)",
        ),
        (
            "cost: 1ms\n    network: {request: {measured: absent.csv}}",
            "6:24: funnel.rank.network.request: expected a key 'distribution', got none",
        ),
        ("ranker: mlp\n    balancing: fair", "6:16: funnel.rank.balancing: expected 'random', 'round_robin'"),
        (
            "shards: 2",
            "4:5: funnel.rank: expected a ranker or a cost, got neither (add ranker: logistic, or cost: 4ms)",
        ),
        ("idle_cost: 2ms", "4:5: funnel.rank: expected a ranker or a cost, got neither"),
        (
            "cost: 5ms\n    keep: 5_000",
            "6:11: funnel.rank.keep: expected at most the 1,000 candidates that enter the stage, got 5,000",
        ),
        (
            "cost: 5ms\n    keep: 10\n  - name: last\n    cost: 5ms\n    keep: 20",
            "9:11: funnel.last.keep: expected at most the 10 candidates that enter the stage, got 20",
        ),
        (
            "cost: 5ms\n  - name: rank\n    cost: 5ms",
            "6:11: funnel.rank.name: expected a name of its own for each stage, got 'rank' again",
        ),
        ("cost: 5ms\n  - cost: 6ms", "6:5: funnel.1: expected a key 'name', got none (add name:)"),
        ("cost: 5ms\n  - fast", "6:5: funnel.1: expected a mapping of keys, got 'fast'"),
    ],
)
def test_mistakes_in_a_stage(problem, line, expected):
    """A mistake in a stage is said once, at its line and column, under the stage's name."""
    assert str(problem(f"{STAGE}{line}\n")).startswith(f"bad.yaml:{expected}")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("funel: 3", "6:1: funel: expected a known key, got 'funel' (did you mean funnel?)"),
        ("zzz: 3", "6:1: zzz: expected a known key, got 'zzz' (known here: name, question, seed,"),
        ("seed: -1", "6:7: seed: expected a whole number of at least 0, got -1"),
        ("question: 5", "6:11: question: expected text, got 5; put it in quotes"),
        ("sla: 5", "6:6: sla: expected a mapping of keys, got 5 (known here: qps, objectives)"),
        ("sla: {qps: 0}", "6:12: sla.qps: expected a number of at least 1e-09, got 0"),
        ("costs: {speed: 0}", "6:16: costs.speed: expected a number above 0, got 0"),
        ("costs: {extrapolate: yes}", "6:22: costs.extrapolate: expected true or false, got 'yes'"),
        ("costs: {extrapolate: 1}", "6:22: costs.extrapolate: expected true or false, got 1"),
        ("merge: {workers: 0}", "6:18: merge.workers: expected a whole number of at least 1, got 0"),
        ("merge: {fixed: 5}", "6:16: merge.fixed: expected a duration with a unit"),
        ("prices: {}", "6:9: prices: expected a key 'worker_hour', got none (add worker_hour:)"),
        ("prices: {worker_hour: -1}", "6:23: prices.worker_hour: expected a number of at least 0, got -1"),
    ],
)
def test_mistakes_in_other_sections(problem, line, expected):
    """A mistake outside the funnel is said once, at its line and column."""
    assert str(problem(f"{SMALL}{line}\n")).startswith(f"bad.yaml:{expected}")


@pytest.mark.parametrize(
    ("traffic", "expected"),
    [
        ("candidates: 5", "2:10: traffic: expected a load in traffic.qps or sla.qps, got none (add qps: 1000)"),
        ("qps: 5", "2:10: traffic: expected a key 'candidates', got none (add candidates:)"),
        ("qps: 5, candidates: 0", "2:31: traffic.candidates: expected a whole number of at least 1, got 0"),
        ("qps: 5, candidates: 2.5", "2:31: traffic.candidates: expected a whole number of at least 1, got 2.5"),
        ("qps: 5, candidates: -5", "2:31: traffic.candidates: expected a number of at least 0, got -5"),
        ("qps: 5, candidates: 5ms", "2:31: traffic.candidates: expected a number, got '5ms'"),
        (
            "qps: 5, candidates: {distribution: exponential, mean: 5ms}",
            "2:65: traffic.candidates.mean: expected a number, got '5ms'",
        ),
        ("qps: no, candidates: 5", "2:16: traffic.qps: expected a number, got 'no'"),
        ("qps: 5, candidates: 5, queries: 0", "2:43: traffic.queries: expected a whole number of at least 1, got 0"),
        (
            "qps: 5, candidates: 5, warmup: -1",
            "2:42: traffic.warmup: expected auto or a whole number of queries of at least 0, got -1",
        ),
        ("qps: 5, candidates: 5, warmup: long", "2:42: traffic.warmup: expected auto or a whole number"),
        (
            "qps: 5, candidates: 5, arrivals: Poisson",
            "2:44: traffic.arrivals: expected 'poisson', 'constant', 'bursty', 'daily', 'trace' or 'closed', got 'Poi",
        ),
    ],
)
def test_mistakes_in_the_traffic(problem, traffic, expected):
    """A mistake in the traffic is said once, at its line and column."""
    text = SMALL.replace("qps: 10, candidates: 1000", traffic)
    assert str(problem(text)).startswith(f"bad.yaml:{expected}")


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        ("p99 < 5", "a duration such as 500ms to compare p99 with, got '5'"),
        ("p99 < 1%", "a duration such as 500ms to compare p99 with, got '1%'"),
        ("coverage >= 500ms", "a share such as 1% or 0.01 to compare coverage with, got '500ms'"),
        ("error_rate < 150%", "a share from 0% to 100% to compare error_rate with, got '150%'"),
        ("over(1) < 1%", "a duration with a unit"),
        ("p0 < 5ms", "a percentile above 0 and below 100, got 'p0 < 5ms'; for the largest write max"),
        ("p100 < 5ms", "a percentile above 0 and below 100, got 'p100 < 5ms'; for the largest write max"),
        ("p9.9.9 < 5ms", "a number, got '9.9.9'"),
        ("p(99 < 5ms", "an objective such as p99 < 500ms"),
        ("p99 = 5ms", "an objective such as p99 < 500ms"),
        ("fast", "an objective such as p99 < 500ms, over(1s) < 0.1%, error_rate < 0.1% or coverage >= 99%, got 'fast'"),
        (
            "p99: 5ms",
            "an objective such as p99 < 500ms, over(1s) < 0.1%, error_rate < 0.1% or coverage >= 99%, got a m",
        ),
    ],
)
def test_objectives_that_say_nothing_are_refused(problem, objective, expected):
    """An objective that compares a latency with a share, or no known metric, is refused at its own place."""
    found = problem(f"{SMALL}sla:\n  objectives:\n    - mean < 1s\n    - {objective}\n")
    assert (found.place, found.path) == ("bad.yaml:9:7", "sla.objectives.1")
    assert found.message.startswith(f"expected {expected}")


def test_coverage_may_be_bounded_from_above_too(problems, smallest):
    """Odd but sound: every metric takes every comparator."""
    assert problems(f"{smallest}sla: {{objectives: [coverage < 99%, p99 > 5ms, p99]}}\n")[0].path == "sla.objectives.2"


def test_all_problems_come_at_once_in_the_files_order(problems):
    """Mistakes of every kind - values, keys, missing, unsupported, repeated - are shown together, first line first."""
    text = (
        "name: Bad Name\n"
        "seed: -1\n"
        "traffic: {candidates: 5ms, arrivals: sometimes}\n"
        "funnel:\n"
        "  - name: rank\n"
        "    shards: 0\n"
        "    shards: 1\n"
        "    hedging: {after: soon}\n"
        "  - ranker: mpl\n"
        "bogus: 1\n"
    )
    found = problems(text)
    assert [problem.place.removeprefix("bad.yaml:") for problem in found] == [
        "1:7", "2:7", "3:23", "3:38", "6:13", "7:5", "8:22", "9:5", "9:13", "10:1"
    ]  # fmt: skip
    assert all(problem.message for problem in found)


@pytest.mark.parametrize("funnel", ["[]", "null", "5", "{}", "fast"])
def test_a_funnel_has_stages(problem, funnel):
    """A funnel that is empty or no list is refused once."""
    text = f"name: x\ntraffic: {{qps: 1, candidates: 1}}\nfunnel: {funnel}\n"
    assert problem(text).message.startswith("expected a list of at least one stage, got")


@pytest.mark.parametrize("name", ["Web", "a b", "", "-a", "a/b", "../x", "a" * 81, "é"])
def test_names_are_slugs(problem, name):
    """A name that could not be a folder's is refused."""
    assert problem(SMALL.replace("name: small", f"name: '{name}'")).message.startswith("expected a name of ")


def test_a_value_is_shown_as_the_file_writes_it(problem):
    """A refused number appears as it was written, not as what it was read into."""
    assert str(problem(f"{SMALL}costs: {{speed: 0}}\n")).endswith("expected a number above 0, got 0")
    assert str(problem(f"{STAGE}cost: {{fixed: 1ms, cv: -1}}\n")).endswith("expected a number of at least 0, got -1")
