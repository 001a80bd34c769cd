"""`simulator compare` from outside: what it prints, how it ends, and every kind of input it refuses."""

import json
import signal
import subprocess
import time

import jsonschema
import pytest
from referencing import Registry, Resource

from tests.cli.conftest import SIMULATOR, SMALL
from tests.cli.test_bad_input import refused
from tests.conftest import PACKAGE

SHARDS = ("--vary", "funnel.first.shards=1,3,9")


def test_prints_tables_and_ends_with_0_where_a_row_meets_all(simulator, small):
    """A grid is tables within 80 columns, with the best row and why, and ends with 0."""
    outcome = simulator("compare", small(), *SHARDS)
    assert outcome.code == 0
    assert "Best: shards=" in outcome.stdout
    assert max(map(len, outcome.stdout.splitlines())) <= 80
    assert outcome.stderr == "warning: shards 1, 3, 9: too few queries for p99.9; raise traffic.queries\n"


def test_json_is_one_document_that_fits_the_shipped_schema(simulator, small):
    """With --json stdout is one document, valid by compare.schema.json, its rows in the grid's order."""
    outcome = simulator("compare", small(), *SHARDS, "--vary", "traffic.qps=50,100", "--json", "-q", "--seed", 7)
    schemas = {
        name: json.loads((PACKAGE / "report" / f"{name}.schema.json").read_text()) for name in ("run", "compare")
    }
    registry = Registry().with_resource("run.schema.json", Resource.from_contents(schemas["run"]))
    jsonschema.Draft202012Validator(schemas["compare"], registry=registry).validate(outcome.document)
    settings = [list(row["settings"].values()) for row in outcome.document["rows"]]
    assert settings == [[shards, qps] for shards in (1, 3, 9) for qps in (50, 100)]
    assert outcome.document["seed"] == 7
    assert outcome.document["provenance"]["overrides"] == {"seed": "7"}
    assert outcome.stderr == ""


def test_rows_are_runs(simulator, small):
    """A row's latency is that of `run` with the setting, its maximum that of `capacity`."""
    path, setting = small(), ("--set", "funnel.first.shards=9", "--json")
    row = simulator("compare", path, *SHARDS, "--json").document["rows"][2]
    assert row["latency_ms"] == simulator("run", path, *setting).document["latency_ms"]
    assert row["max_qps"] == simulator("capacity", path, *setting).document["max_qps"]


def test_the_file_may_say_what_to_compare(simulator, small):
    """A compare section is used without --vary, by `compare` and by `report`, and replaced by it."""
    path = small(compare={"vary": ["funnel.first.shards,workers=6x1,3x2"]})
    assert len(simulator("compare", path, "--json").document["rows"]) == 2
    assert len(simulator("compare", path, *SHARDS, "--json").document["rows"]) == 3
    outcome = simulator("report", path)
    assert "Best: shards=" in outcome.stdout
    assert outcome.code == 0


@pytest.mark.parametrize(
    ("objectives", "replications", "code"),
    [(["p99 < 50ms"], 3, 0), (["p99 < 1us"], 3, 3), (["p99 < 50ms"], 1, 4), ([], 3, 0)],
    ids=["met", "missed", "undecided", "nothing asked"],
)
def test_exit_codes(simulator, small, objectives, replications, code):
    """0 if a row meets all objectives, 3 if none does, 4 if that is undecided."""
    path = small(sla={"qps": 100, "objectives": objectives})
    assert simulator("compare", path, *SHARDS, "-q", "--replications", replications).code == code


def test_engines_print_the_same_digits(simulator, small):
    """--engine simpy and --engine compiled print the same document but for the engine's name."""
    path = small(sla={"qps": 100, "objectives": []})
    calls = (("compare", path, *SHARDS, "--json", "--engine", engine) for engine in ("simpy", "compiled"))
    one, two = (simulator(*call).document for call in calls)
    assert one | {"engine": ""} == two | {"engine": ""}


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        (["funnel.frist.shards=1,2"], ["--vary funnel.frist.shards=1,2", "did you mean first?"]),
        (["funnel.first.shrads=1,2"], ["--vary funnel.first.shrads=1,2", "did you mean shards?"]),
        (["sed=1"], ["did you mean seed?"]),
        (["funnel.first.shards="], ["at least one value", "got none"]),
        (["funnel.first.shards"], ["PATH=V1,V2"]),
        ([""], ["PATH=V1,V2"]),
        (["funnel.first.shards=1,,2"], ["a value between commas"]),
        (["funnel.first.shards=1,many"], ["funnel.first.shards", "expected a number, got 'many'"]),
        (["funnel.first.shards=1,2ms"], ["expected a number, got '2ms'"]),
        (["funnel.first.cost=5ms,5"], ["a duration with a unit", "write 5ms or 5s"]),
        (["funnel.first.shards=1,[2]"], ["got a list"]),
        (["funnel.first.shards=0,1"], ["at least 1", "got 0"]),
        (["funnel.first.shards,replicas=1x2,3"], ["2 values joined by x", "got '3'"]),
        (["funnel.first.shards,replicas=1x2x3"], ["2 values joined by x"]),
        (["funnel.first.shards,shards=1x2"], ["each path once"]),
        (["funnel.first.shards=1", "funnel.0.shards=2"], ["each setting once"]),
        (["funnel.first.cost=1ms", "funnel.first.cost.mean=2ms"], ["each setting once"]),
        (["seed=1,2"], ["one seed", "--seed"]),
        (["traffic.replications=2,3"], ["--replications"]),
        (["funnel.first.keep=1,101"], ["at most the 100 candidates"]),
        (["costs.profile=nowhere.json"], ["nowhere.json", "simulator calibrate"]),
        ([], ["add --vary funnel.first.shards=10,20,50"]),
    ],
)
def test_what_cannot_be_compared_is_refused(simulator, small, vary, words):
    """Each bad axis is refused with what was expected, what was got, and what to do."""
    options = [part for axis in vary for part in ("--vary", axis)]
    assert refused(simulator("compare", small(), *options), *words)


def test_an_unknown_path_is_said_once(simulator, small):
    """One mistake in an axis of three values is one line."""
    assert len(simulator("compare", small(), "--vary", "funnel.frist.shards=1,2,3").stderr.splitlines()) == 1


def test_a_grid_of_too_many_rows_is_refused_with_the_estimate(simulator, small):
    """Over 10,000 rows are refused at once with their number and exit code 5."""
    many = ",".join(map(str, range(1, 202)))
    began = time.monotonic()
    outcome = simulator("compare", small(), "--vary", f"funnel.first.shards={many}", "--vary", f"traffic.qps={many}")
    assert outcome.code == 5
    assert outcome.stdout == ""
    assert "40,401" in outcome.stderr
    assert time.monotonic() - began < 20


def test_work_beyond_the_limit_is_refused_with_the_estimate(simulator, small):
    """Rows that together send more requests than --max-requests are refused with exit code 5 and the estimate."""
    assert simulator("compare", small(), *SHARDS, "-q", "--max-requests", "120_000").code == 0
    outcome = simulator("compare", small(), *SHARDS, "--max-requests", "110_000")  # 6 x 3 x 500 x (1 + 3 + 9) = 117,000
    assert (outcome.code, outcome.stdout) == (5, "")
    assert "1.2e+05 requests" in outcome.stderr


def test_check_reads_the_compare_section(simulator, small):
    """`check` refuses a file whose own comparison has an unknown path, and says where."""
    outcome = simulator("check", small(compare={"vary": ["funnel.frist.shards=1,2"]}))
    assert refused(outcome, "small.yaml: compare.vary funnel.frist.shards=1,2", "did you mean first?")


def test_unwritable_output_is_refused_before_the_work(simulator, small, tmp_path):
    """An --out that is a folder is refused."""
    assert refused(simulator("compare", small(), *SHARDS, "--out", tmp_path), "--out")


def test_out_writes_what_would_be_printed(simulator, small, tmp_path):
    """--out gets the same document."""
    printed = simulator("compare", small(), *SHARDS, "--json").stdout
    assert simulator("compare", small(), *SHARDS, "--json", "--out", tmp_path / "rows.json").stdout == ""
    assert (tmp_path / "rows.json").read_text() == printed


def test_ctrl_c_says_so(small):
    """An interrupted comparison leaves stdout empty and one line on stderr, with exit code 130."""
    path = small(traffic=SMALL["traffic"] | {"queries": 20_000, "replications": 2_000})
    process = subprocess.Popen(
        [SIMULATOR, "compare", path, *SHARDS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(5)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "error: interrupted\n")
    assert process.returncode == 130
