"""Where a problem is said to be, and what is advised, in the corners: aliases, replaced settings, odd keys."""

import pytest

from simulator.errors import InputError
from simulator.scenario.load import load_scenario, parse_scenario


def test_a_mistyped_key_of_an_aliased_value_is_sorted_by_its_own_place(problems, smallest):
    """A key whose value is an alias of something far above stands where it is written, not where the value is."""
    text = smallest.replace("name: small", "name: &text small").replace("qps", "qsp") + "    extra: *text\n"
    assert [problem.place for problem in problems(text)] == ["bad.yaml:2:11", "bad.yaml:9:5"]


def test_a_section_set_whole_forgets_what_was_set_in_it(problems, smallest):
    """After --set replaces a section, its problems are placed at that setting, not at an earlier one inside it."""
    found = problems(smallest, "traffic.qps=x", "traffic={qps: y, candidates: 5}")
    assert [problem.place for problem in found] == ["--set traffic={qps: y, candidates: 5}"]


def test_a_setting_inside_a_section_set_before_answers_for_itself(problems, smallest):
    """Set into a section that an earlier setting made, a bad value is the later setting's."""
    found = problems(smallest, "traffic={qps: 5, candidates: 5}", "traffic.qps=x")
    assert [problem.place for problem in found] == ["--set traffic.qps=x"]


def test_a_key_named_as_its_law_does_not_hide_the_others(problems, smallest):
    """In a uniform law with a stray key `uniform`, the bad `low` is still placed at `low`."""
    text = smallest + "    idle_cost: {distribution: uniform, low: 5, uniform: 1ms, high: 9ms}\n"
    assert [problem.path for problem in problems(text)] == [
        "funnel.rank.idle_cost.low",
        "funnel.rank.idle_cost.uniform",
    ]


@pytest.mark.parametrize("written", ["-5", "-0.5"])
def test_a_negative_number_is_not_advised_to_take_a_unit(problem, smallest, written):
    """`-5` as a duration is refused without the advice to write -5ms, which would be refused too."""
    assert problem(f"{smallest}    idle_cost: {written}\n").message == (
        f"expected a duration with a unit such as 5ms, got {written}"
    )


@pytest.mark.parametrize(("written", "meant"), [("qsp", "qps"), ("canditates", "candidates"), ("querys", "queries")])
def test_swapped_and_mistaken_letters_find_the_nearest_name(problem, smallest, written, meant):
    """Short keys too are recognised when two letters change places."""
    text = smallest.replace("{qps: 10, candidates: 1000}", f"{{qps: 10, candidates: 1000, {written}: 5}}")
    assert problem(text).remedy == f"did you mean {meant}?"


def test_a_mistyped_key_among_percentiles_gets_its_nearest_name(problem, smallest):
    """Among percentiles, where any key could be one, `tial` is recognised as tail."""
    text = smallest + "    idle_cost: {distribution: percentiles, p0: 1ms, p50: 2ms, p100: 3ms, tial: 2ms}\n"
    found = problem(text)
    assert (found.path, found.remedy) == ("funnel.rank.idle_cost.tial", "did you mean tail?")


def test_a_warmup_has_a_bound(problem, smallest):
    """More warmup queries than a replication could ever hold are refused; the largest count is not."""
    bounded = smallest.replace("candidates: 1000", "candidates: 1000, warmup: 1e9")
    assert parse_scenario(bounded).traffic.warmup == 10**9
    assert problem(bounded.replace("1e9", "1e300")).message == "expected at most 1,000,000,000 queries, got 1e+300"


def test_a_path_that_no_system_takes_is_said_so():
    """A null byte in the scenario's own path gives one message, as any file that cannot be read."""
    with pytest.raises(InputError, match="cannot be read"):
        load_scenario("a\0b.yaml")
