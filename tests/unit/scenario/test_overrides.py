"""--set PATH=VALUE changes the file's data before it is validated, and answers for what it wrote."""

import pytest

from simulator.scenario.load import parse_scenario


@pytest.mark.parametrize(
    ("setting", "look", "value"),
    [
        ("seed=5", lambda found: found.seed, 5),
        (" seed = 5 ", lambda found: found.seed, 5),
        ("funnel.find.shards=200", lambda found: found.funnel[0].shards, 200),
        ("funnel.1.shards=200", lambda found: found.funnel[1].shards, 200),
        ("traffic.queries=2_00", lambda found: found.traffic.queries, 200),
        ("sla.qps=3", lambda found: found.sla.qps, 3.0),
        ('sla.objectives=["p99 < 100ms"]', lambda found: found.sla.objectives[0].value, 0.1),
        ("sla.objectives=[p99 <= 100ms]", lambda found: found.sla.objectives[0].comparator, "<="),
        ("funnel.rank.cost=5ms", lambda found: found.funnel[1].cost.mean, 0.005),
        ("funnel.rank.cost.mean=5ms", lambda found: (found.funnel[1].cost.mean, found.funnel[1].cost.cv), (0.005, 0.3)),
        ("funnel.rank.cost={fixed: 1ms}", lambda found: found.funnel[1].cost.fixed, 0.001),
        ("funnel.rank.network.request=2ms", lambda found: found.funnel[1].network.request.mean, 0.002),
        ("funnel.find.keep=null", lambda found: found.funnel[0].keep, None),
        ("funnel.find.keep=", lambda found: found.funnel[0].keep, None),
        ("question=a=b", lambda found: found.question, "a=b"),
    ],
)
def test_a_setting_changes_its_value(smallest, setting, look, value):
    """Stages go by name or number, mappings are made as needed, values are read as in the file."""
    assert look(parse_scenario(smallest, overrides=[setting])) == value


def test_the_last_setting_wins_and_both_of_one_section_hold(smallest):
    """Settings apply in order; two under a section that the file lacks share it."""
    found = parse_scenario(smallest, overrides=["seed=5", "seed=6", "prices.worker_hour=1", "prices.currency=EUR"])
    assert (found.seed, found.prices.worker_hour, found.prices.currency) == (6, 1.0, "EUR")


def test_a_percentile_with_a_point_is_one_key(smallest):
    """p99.9 at the end of a path is one key, whether the file has it or not."""
    settings = ["funnel.rank.cost={distribution: percentiles, p0: 1ms, p50: 2ms}", "funnel.rank.cost.p99.9=9ms"]
    assert parse_scenario(smallest, overrides=settings).funnel[1].cost.points()[-1] == (99.9, 0.009)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("seed", "seed: expected PATH=VALUE, as in funnel.retrieve.shards=200 (add =VALUE)"),
        ("", ": expected PATH=VALUE"),
        ("=5", "=5: expected PATH=VALUE"),
        ("traffic..qps=5", "expected PATH=VALUE"),
        ("sed=5", "sed: expected a known key, got 'sed' (did you mean seed?)"),
        ("trafic.qps=5", "trafic: expected a known key, got 'trafic' (did you mean traffic?)"),
        ("funnel.find.shrads=5", "funnel.find.shrads: expected a known key, got 'shrads' (did you mean shards?)"),
        ("funnel.fnd.shards=5", "funnel.fnd: expected one of find, rank, got 'fnd' (did you mean find?)"),
        ("funnel.7.shards=5", "funnel.7: expected one of find, rank, got '7' (known here: find, rank)"),
        ("funnel.²=5", "funnel.²: expected one of find, rank"),
        ("name.x=5", "name: expected a mapping to set x in, got 'small'"),
        ("traffic.qps.x=5", "traffic.qps: expected a mapping to set x in, got 10"),
        ("funnel=5", "funnel: expected a list of at least one stage, got 5"),
        ("funnel.find=5", "funnel.0: expected a mapping of keys, got 5"),
        ("funnel.find.shards=0", "funnel.find.shards: expected a whole number of at least 1, got 0"),
        ("funnel.find.shards=010", "funnel.find.shards: expected a number without a leading zero"),
        ("funnel.find.keep=5000", "funnel.find.keep: expected at most the 1,000 candidates"),
        ("training.epochs=5", "training.epochs: expected a known key, got 'epochs'"),
        ("funnel.find.hedging.after=5ms", "funnel.find.hedging: expected at least 2 replicas"),
        ("funnel.find.deadline=5", "funnel.find.deadline: expected a duration with a unit such as 5ms, got 5"),
        ("traffic.cache.hit_rate=130%", "traffic.cache.hit_rate: expected a share from 0% to 100%"),
        ("traffic.qps=[", "traffic.qps: expected YAML"),
        ("traffic.qps=!!int 5", "traffic.qps: expected no tags"),
        ("traffic.qps=\udcff", "traffic.qps: expected text, got broken characters"),
        ("funnel.rank.cost={distribution: gamma, mean: 5, cv: 1}", "funnel.rank.cost.mean: expected a duration"),
        ("sla.objectives={a: 1}", "sla.objectives: expected a list, got a mapping"),
    ],
)
def test_a_setting_that_cannot_be_is_shown_as_written(problem, smallest, setting, expected):
    """A setting's mistake is one problem, placed at the setting itself, with the nearest name."""
    found = problem(smallest, setting)
    assert found.place == f"--set {setting}"
    assert expected in str(found)


def test_settings_come_after_the_file(problems, smallest):
    """The file's own problems come first, a setting's after them, each with its place."""
    found = problems(f"{smallest}bogus: 1\n", "seed=-1")
    assert [problem.place for problem in found] == ["bad.yaml:9:1", "--set seed=-1"]


def test_a_setting_into_an_objective_is_refused(problem, smallest):
    """An objective is text, in which nothing can be set."""
    found = problem(f"{smallest}sla: {{objectives: [p99 < 5ms]}}\n", "sla.objectives.0.x=3")
    assert found.message == "expected a mapping to set x in, got 'p99 < 5ms'"


def test_a_stage_whose_name_is_no_text_can_still_be_counted(problems):
    """A stage with a bad name goes by its number."""
    text = "name: x\ntraffic: {qps: 1, candidates: 1}\nfunnel: [{name: 5, cost: 1ms}]\n"
    found = problems(text, "funnel.a.shards=2")
    assert "expected one of 0, got 'a'" in found[-1].message
