"""The same scenario, seed and version give the same bytes: whatever process, hash seed, cores or order."""

import json
import os
import subprocess

import pytest

from tests.cli.conftest import SIMULATOR

STAGE = {"shards": 20, "cost": {"distribution": "exponential", "mean": "2ms"}}
BUSY = {"replicas": 2, "hedging": {"after": "p95", "cancel": "on_response"}, "balancing": "least_outstanding"}


@pytest.fixture
def asked(small):
    """A scenario whose first stage runs forward, or with policies, by events."""

    def write(policies: dict) -> object:
        return small(funnel=[{"name": "first", **STAGE, **policies}, {"name": "second", "cost": "1ms"}])

    return write


@pytest.mark.parametrize("policies", [{}, BUSY], ids=["forward", "events"])
@pytest.mark.parametrize("command", ["run", "capacity"])
def test_the_same_bytes_whatever_the_process(simulator, asked, command, policies):
    """Hash seeds and numbers of threads of other libraries change no byte of the JSON."""
    path = asked(policies)
    environments = [
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "77"},
        {"OMP_NUM_THREADS": "4", "NUMBA_NUM_THREADS": "1"},
    ]
    outcomes = [simulator(command, path, "--json", "-q", **environment) for environment in environments]
    assert {outcome.code for outcome in outcomes} <= {0, 3, 4}
    assert len({outcome.stdout for outcome in outcomes}) == 1


@pytest.mark.parametrize("cores", [1, 2, 4])
def test_the_same_bytes_on_any_number_of_cores(asked, tmp_path, cores):
    """Replications side by side on one, two or four threads give what they give one after the other."""
    path = asked({})
    script = (
        f"import os; os.cpu_count = lambda: {cores}\n"
        f"import sys; sys.argv = ['simulator', 'run', {str(path)!r}, '--json', '-q']\n"
        "from simulator.cli.app import main; main()"
    )
    python = SIMULATOR.parent / "python"
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, cwd=tmp_path, env=dict(os.environ))
    assert done.returncode in (0, 3, 4), done.stderr
    alone = subprocess.run(
        [python, "-c", script.replace(f"lambda: {cores}", "lambda: 1")], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout == alone.stdout


def test_a_further_stage_or_replication_moves_no_other_draw(simulator, small):
    """The first replications, and the first stage's times, are the same with more of either."""
    funnel = [{"name": "first", **STAGE}]
    short = simulator("run", small(funnel=funnel), "--json", "-q").document
    more = simulator("run", small(funnel=funnel), "--json", "-q", "--replications", "6").document
    assert more["by_replication_ms"]["p99"][:3] == short["by_replication_ms"]["p99"]
    longer = simulator("run", small(funnel=[*funnel, {"name": "second", "cost": "1ms"}]), "--json", "-q").document
    assert json.dumps(longer["stages"][0]["latency_ms"]) == json.dumps(short["stages"][0]["latency_ms"])
