"""What the commands print, where, and how they end."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

import simulator as package
from tests.cli.conftest import SIMULATOR, SMALL

CAPACITY_SCHEMA = json.loads((Path(package.__file__).parent / "report" / "capacity.schema.json").read_text())


def test_run_prints_tables_and_ends_with_0_when_met(simulator, small):
    """A run that meets its objectives prints the tables and the answer, and exits with 0."""
    outcome = simulator("run", small())
    assert outcome.code == 0
    assert "Yes: at 100 QPS p99 is" in outcome.stdout
    assert max(map(len, outcome.stdout.splitlines())) <= 80


def test_missed_ends_with_3(simulator, small):
    """A missed objective is exit code 3."""
    assert simulator("run", small(sla={"qps": 100, "objectives": ["p99 < 1ms"]})).code == 3


def test_saturated_ends_with_4(simulator, small):
    """A saturated system is exit code 4, said loudly, with null instead of percentiles."""
    outcome = simulator("run", small(sla={"qps": 1000, "objectives": ["p99 < 1s"]}), "--json")
    assert outcome.code == 4
    assert outcome.document["saturated"]
    assert outcome.document["latency_ms"]["p99"]["value"] is None
    assert "SATURATED" in simulator("run", small(sla={"qps": 1000})).stdout


def test_inconclusive_ends_with_4(simulator, small):
    """One replication decides nothing: exit code 4."""
    assert simulator("run", small(), "--replications", "1").code == 4


def test_json_is_one_document_and_nothing_else(simulator, small):
    """With --json stdout is exactly one JSON document."""
    outcome = simulator("run", small(), "--json")
    assert outcome.document["command"] == "run"
    assert outcome.document["objectives"][0]["verdict"] == "met"
    assert outcome.document["conservation"]["arrived"] == outcome.document["conservation"]["completed"]


def test_overrides_are_recorded(simulator, small):
    """--set, --seed and --replications stand in the document's provenance and take effect."""
    changes = ["--set", "funnel.first.shards=2", "--seed", 5, "--replications", 2]
    document = simulator("run", small(), "--json", *changes).document
    assert document["provenance"]["overrides"] == {
        "funnel.first.shards": "2",
        "seed": "5",
        "traffic.replications": "2",
    }
    assert (document["seed"], document["replications"], document["stages"][0]["shards"]) == (5, 2, 2)


def test_engines_print_the_same_digits(simulator, small):
    """--engine simpy and --engine compiled print the same document but for the engine's name."""
    one, two = (simulator("run", small(), "--json", "--engine", engine).document for engine in ("simpy", "compiled"))
    assert one | {"engine": ""} == two | {"engine": ""}


def test_the_same_command_prints_the_same(simulator, small):
    """Two runs of one scenario print the same bytes."""
    assert simulator("run", small(), "--json").stdout == simulator("run", small(), "--json").stdout


def test_quiet_keeps_stderr_empty(simulator, small):
    """With --quiet neither progress nor warnings are printed."""
    assert simulator("run", small(), "--quiet", "--replications", "1").stderr == ""


def test_no_escape_codes_without_a_terminal(simulator, small):
    """With NO_COLOR and into a file there are no escape codes."""
    outcome = simulator("run", small(), NO_COLOR="1")
    assert "\x1b" not in outcome.stdout + outcome.stderr


def test_out_writes_the_same_document(simulator, small, tmp_path):
    """--out writes to the file what would have been printed."""
    printed = simulator("run", small(), "--json").stdout
    assert simulator("run", small(), "--json", "--out", tmp_path / "answer.json").stdout == ""
    assert (tmp_path / "answer.json").read_text() == printed


def test_check_says_what_it_read(simulator, small):
    """A good scenario is summed up stage by stage, or as JSON."""
    assert "first: assumed cost, 3 shards" in simulator("check", small()).stdout
    assert simulator("check", small(), "--json").document["valid"]


def test_check_gives_problems_as_json(simulator, small):
    """A bad scenario is a JSON document of its problems with exit code 2."""
    outcome = simulator("check", small(seed=-1), "--json")
    assert outcome.code == 2
    assert outcome.document["problems"][0]["path"] == "seed"


def test_schema_prints_json(simulator):
    """The schema is one JSON document that knows the funnel."""
    assert "funnel" in simulator("schema").document["properties"]


def test_version_and_help(simulator):
    """--version and --help answer without a command."""
    assert simulator("--version").stdout.strip()
    assert "calibrate" in simulator("--help").stdout


def test_the_interpreter_runs_the_same_command(small, tmp_path):
    """`python -m simulator` is the command, for where its script is not on the path."""
    asked = [sys.executable, "-m", "simulator", "check", small(), "--json"]
    told = subprocess.run(asked, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert json.loads(told.stdout)["schema_version"]


def test_report_prints_where_and_what(simulator, small, tmp_path):
    """A report names its page and gives the answer."""
    outcome = simulator("report", small(), "-o", tmp_path / "reports")
    assert outcome.code == 0
    assert (tmp_path / "reports" / "small" / "index.html").exists()
    assert "Yes: at 100 QPS" in outcome.stdout


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interruptions_end_with_their_codes(small, sent, code):
    """Ctrl-C ends a long run with 130, SIGTERM with 143, both with one line and no traceback."""
    slow = SMALL["traffic"] | {"queries": 20_000, "replications": 10_000}
    process = subprocess.Popen(
        [SIMULATOR, "run", small(traffic=slow), "--engine", "simpy"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(4)
    process.send_signal(sent)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in stderr


REACHED = {"qps": 100, "objectives": ["p99 < 12ms"]}


def test_capacity_prints_the_curve_and_the_answer(simulator, small):
    """A capacity search prints the curve, the confirmation and the maximum, within 80 columns."""
    outcome = simulator("capacity", small(sla=REACHED))
    assert outcome.code == 0
    assert "QPS (95% interval" in " ".join(outcome.stdout.split())
    assert max(map(len, outcome.stdout.splitlines())) <= 80


def test_capacity_prints_one_document(simulator, small):
    """With --json the maximum, the bound and what limits are one document."""
    document = simulator("capacity", small(sla=REACHED), "--json").document
    jsonschema.Draft202012Validator(CAPACITY_SCHEMA).validate(document)
    most = document["max_qps"]
    assert 0 < most["low"] < most["value"] < most["high"] <= document["analytic_bound_qps"]
    assert document["limited_by"] == {"objective": "p99 < 12ms", "stage": "first"}


def test_capacity_of_the_impossible_ends_with_3(simulator, small):
    """An objective that is missed at no load is an answer with exit code 3."""
    outcome = simulator("capacity", small(sla={"qps": 100, "objectives": ["p99 < 1ms"]}))
    assert outcome.code == 3
    assert "Never" in outcome.stdout


def test_until_adds_replications(simulator, small):
    """--until adds replications until the p99 is that well known, within the budget."""
    document = simulator("run", small(), "--json", "--until", "5%").document
    tail = document["latency_ms"]["p99"]
    assert document["replications"] > 3
    assert (tail["high"] - tail["low"]) / 2 <= 0.05 * tail["value"]
    assert simulator("run", small(), "--json", "--until", "0.1%", "--max-replications", 7).document["replications"] == 7


@pytest.mark.parametrize("command", ["run", "capacity", "report"])
def test_work_over_the_limit_is_refused_at_once(simulator, small, command):
    """More requests than --max-requests end with 5 and the estimate, before anything is simulated."""
    long = SMALL["traffic"] | {"queries": 1_000_000_000, "replications": 1000}
    outcome = simulator(command, small(traffic=long))
    assert outcome.code == 5
    assert "e+1" in outcome.stderr
    assert "--max-requests" in outcome.stderr
    assert outcome.stdout == ""


def test_quality_is_printed_where_the_stages_have_rankers(simulator, small):
    """A funnel of trained rankers is judged unless --no-quality says not to; one of assumed costs never is."""
    trained = small(funnel=[{"name": "only", "ranker": "logistic", "keep": 20}])
    assert "The funnel finds 100% of the 10 that logistic would pick" in " ".join(
        simulator("run", trained).stdout.split()
    )
    assert simulator("run", trained, "--json").document["quality"]["stages"][0]["keep"] == 20
    assert "quality" not in simulator("run", trained, "--json", "--no-quality").document
    assert "quality" not in simulator("run", small(), "--json").document
