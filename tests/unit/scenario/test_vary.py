"""What varies in a comparison: the text of an axis, and the grid of scenarios that axes span over a file."""

import pytest

from simulator.errors import InputError, ScenarioError, TooLargeError
from simulator.scenario.grid import MOST_CELLS, load_grid
from simulator.scenario.load import parse_scenario
from simulator.scenario.vary import parse_axis, short_texts


@pytest.mark.parametrize(
    ("text", "paths", "values"),
    [
        ("seed=1", ["seed"], [("1",)]),
        (" traffic.qps = 1 , 2 ", ["traffic.qps"], [("1",), ("2",)]),
        ("funnel.a.shards,replicas=6x1,3x2", ["funnel.a.shards", "funnel.a.replicas"], [("6", "1"), ("3", "2")]),
        ("funnel.a.shards,traffic.qps=6x1", ["funnel.a.shards", "traffic.qps"], [("6", "1")]),
        ("a.cost,keep={max: 1} x 2", ["a.cost", "a.keep"], [("{max: 1}", "2")]),
        ("a.cost={fixed: 1ms, cv: 1},5ms", ["a.cost"], [("{fixed: 1ms, cv: 1}",), ("5ms",)]),
        ("sla.objectives=[p99 < 5ms, mean < 1ms],[]", ["sla.objectives"], [("[p99 < 5ms, mean < 1ms]",), ("[]",)]),
        ("a.b='x,y',z", ["a.b"], [("'x,y'",), ("z",)]),
        ("funnel.a.distribution=exponential,gamma", ["funnel.a.distribution"], [("exponential",), ("gamma",)]),
        ("a.cost.p99.9=5ms", ["a.cost.p99.9"], [("5ms",)]),
    ],
)
def test_an_axis_is_read_as_written(text, paths, values):
    """Commas part values outside brackets and quotes, x those that vary together; a bare path shares the prefix."""
    axis = parse_axis(text)
    assert (list(axis.paths), list(axis.values)) == (paths, values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "PATH=V1,V2"),
        ("a.b", "PATH=V1,V2"),
        ("=5", "PATH=V1,V2"),
        ("a..b=5", "PATH=V1,V2"),
        ("a.b,=5", "PATH=V1,V2"),
        ("a.b=", "at least one value after a.b="),
        ("a.b=  ", "at least one value"),
        ("a.b=1,,2", "a value between commas"),
        ("a.b=1,", "a value between commas"),
        ("a.b,c=1", "2 values joined by x for a.b, a.c, got '1'"),
        ("a.b,c=1x2,3", "got '3'"),
        ("a.b,c=1x2x3", "got '1x2x3'"),
        ("a.b,c=1x", "got '1x'"),
        ("a.b,b=1x2", "each path once"),
    ],
)
def test_an_axis_that_says_nothing_is_refused(text, expected):
    """No path, no value, a gap between commas, and too few or too many values are each refused in words."""
    with pytest.raises(ValueError, match="got") as caught:
        parse_axis(text)
    assert expected in str(caught.value)


@pytest.fixture
def grid(tmp_path, smallest):
    """Return a function that spans a grid over a small scenario of the stages find and rank."""

    def span(*vary, extra="", overrides=()):
        path = tmp_path / "small.yaml"
        path.write_text(smallest + extra)
        return load_grid(path, overrides, vary)

    return span


def test_the_last_axis_varies_fastest(grid):
    """Two axes are every value of one with every value of the other, in order, with the values as they were read."""
    cells = grid("funnel.find.shards=1_0,20", "traffic.qps=5,0.5").cells
    assert [list(cell.settings.values()) for cell in cells] == [[10, 5], [10, 0.5], [20, 5], [20, 0.5]]
    assert [(cell.scenario.funnel[0].shards, cell.scenario.offered_qps) for cell in cells] == [
        (10, 5),
        (10, 0.5),
        (20, 5),
        (20, 0.5),
    ]


def test_settings_hold_for_all_cells_and_what_varies_wins(grid):
    """An override applies to every cell, and a varied setting replaces it."""
    cells = grid("funnel.find.shards=3,4", overrides=["seed=9", "funnel.find.shards=7"]).cells
    assert {cell.scenario.seed for cell in cells} == {9}
    assert [cell.scenario.funnel[0].shards for cell in cells] == [3, 4]


def test_the_file_may_say_what_to_compare(grid):
    """Without axes of the command line those of the compare section span the grid; with them they do not."""
    section = "compare: {vary: ['funnel.find.shards,replicas=6x1,3x2']}\n"
    assert [cell.label for cell in grid(extra=section).cells] == [
        "funnel.find.shards=6, funnel.find.replicas=1",
        "funnel.find.shards=3, funnel.find.replicas=2",
    ]
    assert len(grid("seed=1", extra=section).cells) == 1


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        (["funnel.fnd.shards=1,2"], "--vary funnel.fnd.shards=1,2: funnel.fnd: expected one of find, rank, got 'fnd'"),
        (["funnel.find.shrads=1,2"], "expected a known key, got 'shrads' (did you mean shards?)"),
        (["funnel.find.shards=1,many"], "--vary funnel.find.shards=1,many: funnel.find.shards: expected a number"),
        (["seed=1", "funnel.find.shards=2,0"], "--vary funnel.find.shards=2,0: funnel.find.shards: expected a whole"),
        (["traffic.qps=["], "--vary traffic.qps=[: traffic.qps: expected YAML"),
    ],
)
def test_a_cell_that_is_no_scenario_is_one_problem_at_its_axis(grid, axes, expected):
    """An unknown path and a value of another type are said once, as after --set, at the axis that holds them."""
    with pytest.raises(ScenarioError) as caught:
        grid(*axes)
    assert len(caught.value.problems) == 1
    assert expected in str(caught.value)


def test_what_a_setting_breaks_elsewhere_names_the_setting(grid):
    """A value of the file that no longer fits says with which setting."""
    with pytest.raises(ScenarioError, match=r"keep: expected at most the 5 cand.*with traffic\.candidates=5"):
        grid("traffic.candidates=5,1000", extra="", overrides=["funnel.find.keep=100"])


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ([], "add --vary funnel.find.shards=10,20,50"),
        (["funnel.find.shards=1", "funnel.find.shards=2"], "each setting once"),
        (["funnel.find.shards=1", "funnel.0.shards=2"], "got funnel.find.shards and funnel.0.shards"),
        (["funnel.rank.cost=1ms", "funnel.rank.cost.mean=2ms"], "each setting once"),
        (["seed=1,2"], "rows of one seed"),
        (["traffic.replications=2,3"], "as many replications"),
        (["funnel.find.shards="], "--vary funnel.find.shards=: expected at least one value"),
    ],
)
def test_a_grid_that_cannot_be_compared_is_refused(grid, axes, expected):
    """Nothing to vary, one setting varied twice by any name, and rows without shared draws are refused."""
    with pytest.raises(InputError) as caught:
        grid(*axes)
    assert expected in str(caught.value)


def test_a_grid_of_too_many_cells_is_refused_with_their_number(grid):
    """One cell more than the limit is too large, and the message counts cells and simulations."""
    many = ",".join(map(str, range(1, 74)))  # 73 x 137 = 10,001
    more = ",".join(map(str, range(1, 138)))
    with pytest.raises(TooLargeError, match=f"at most {MOST_CELLS:,} rows, got 73 x 137 = 10,001.*600,060 simulations"):
        grid(f"funnel.find.shards={many}", f"traffic.qps={more}")


@pytest.mark.parametrize(
    ("values", "short"),
    [
        ([None, {"max": 8}], ["off", "on"]),
        ([None, {"min": 1, "max": 8}, {"min": 2, "max": 8}], ["off", "min 1", "min 2"]),
        ([5, {"mean": "1ms"}], ["as written 0", "on"]),
        ([None, 5], ["as written 0", "as written 1"]),
    ],
)
def test_a_section_is_called_by_what_tells_it_apart(values, short):
    """Of sections only entries that differ are shown, or that they are there; other values stay as written."""
    assert short_texts([f"as written {i}" for i in range(len(values))], values) == short


@pytest.mark.parametrize("vary", ["[]", "[5]", "seed", "['a.b']", "['a.b=']", "['a.b,c=1']"])
def test_a_compare_section_is_checked_with_the_file(problem, smallest, vary):
    """A bad axis in the file is a problem of the file, with its line."""
    found = problem(f"{smallest}compare: {{vary: {vary}}}\n")
    assert found.place.startswith("bad.yaml:9:")
    assert found.message.startswith("expected")


def test_a_compare_section_asks_nothing_of_a_run(smallest):
    """A scenario with a compare section is otherwise the scenario without it."""
    found = parse_scenario(f"{smallest}compare: {{vary: [seed=1]}}\n")
    assert found.model_copy(update={"compare": None}) == parse_scenario(smallest)
