"""`simulator validate`, `simulator serve` and `calibrate --from`, as a user calls them."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import simulator as package
from tests.cli.conftest import SIMULATOR
from tests.oracles.processes import all_gone

REPORT = Path(package.__file__).parent / "report"
STAGE = {"name": "rank", "cost": {"distribution": "lognormal", "mean": "2ms", "cv": 0.3}, "shards": 1}
QUICK = ("--duration", "4s", "--repeats", "2", "--loads", "30%,60%")


@pytest.fixture
def log(tmp_path):
    """A log of a queue whose calls take 1 ms, 500 a second."""
    rng = np.random.default_rng(0)
    arrival, end, rows = np.cumsum(rng.exponential(1 / 500, 2000)), 0.0, []
    for came in arrival.tolist():
        end = max(came, end) + 0.001
        rows.append(f"{came:.6f},{end - came:.6f}")
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["arrival,latency", *rows]))
    return path


def test_json_is_one_document_of_the_schema(simulator, small):
    """Served, loaded and predicted: both sides, the noise floor and the goals, in one document."""
    outcome = simulator("validate", small(funnel=[STAGE]), *QUICK, "--json")
    assert outcome.code in {0, 3, 4}  # how good it is depends on what else runs here
    document = outcome.document
    jsonschema.Draft202012Validator(json.loads((REPORT / "validate.schema.json").read_text())).validate(document)
    assert [row["utilization"] for row in document["loads"]] == [0.3, 0.6]
    for row in document["loads"]:
        assert row["latency_ms"]["p50"]["measured"]["value"] >= 1
        assert row["latency_ms"]["p50"]["predicted"]["value"] >= 1
        assert 0 < row["broker_utilization"] < 1
    assert 50 < document["max_qps"]["measured"]["value"] < 520
    assert document["served"][0]["restarts"] == 0


def test_it_prints_tables_and_writes_a_page(simulator, small, tmp_path):
    """Predicted against measured within 80 columns, and a page with a plot; a load beyond capacity is declared."""
    page = tmp_path / "out" / "validation.md"
    page.parent.mkdir()
    loads = ("--duration", "4s", "--repeats", "1", "--loads", "50%,130%")
    outcome = simulator("validate", small(funnel=[STAGE]), *loads, "--report", page)
    assert outcome.code in {0, 3, 4}
    assert "Predicted against measured" in outcome.stdout
    assert max(map(len, outcome.stdout.splitlines())) <= 80
    assert "130% of what can be done: saturated" in outcome.stderr
    assert "| 130% |" in page.read_text()
    assert (page.parent / "validation" / "small.svg").read_text().startswith("<?xml")


def test_what_the_ranker_cost_in_service_becomes_a_profile(simulator, small, tmp_path):
    """Busy and idle laws, the wire and the broker, in a file that the same scenario can be simulated with."""
    profile, asked = tmp_path / "seen.json", small(funnel=[{"name": "rank", "ranker": "logistic"}])
    outcome = simulator("validate", asked, *QUICK, "--profile", profile, "--quiet")
    assert outcome.code in {0, 3, 4}
    served = json.loads(profile.read_text())["served"]["logistic"]
    assert 0 < served["broker_s"] < served["request_s"][-1]
    found = simulator("run", asked, "--set", f"costs.profile={profile}", "--set", "traffic.qps=10", "--json").document
    assert found["stages"][0]["cost_source"] == "measured"
    stood_in = simulator("validate", small(funnel=[STAGE]), *QUICK, "--profile", profile, "--quiet")
    assert stood_in.code == 2
    assert "expected a funnel of rankers served" in stood_in.stderr


def test_more_workers_than_cores_are_scaled_down(simulator, small):
    """100 shards become as many as there are cores, and that is said."""
    stage = STAGE | {"shards": 100}
    outcome = simulator("validate", small(funnel=[stage]), "--duration", "2s", "--repeats", "1", "--loads", "30%")
    assert "scaled down from 100 workers" in " ".join(outcome.stderr.split())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--loads", "0%"), "--loads: expected shares above 0%"),
        (("--loads", "many"), "--loads: expected shares such as"),
        (("--duration", "0s"), "--duration: expected more than no time"),
        (("--trace", "nowhere.csv"), "nowhere.csv: cannot be read"),
    ],
)
def test_mistakes_are_told(simulator, small, options, said):
    """What was expected and what was got; exit code 2."""
    outcome = simulator("validate", small(), *options)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert said in " ".join(outcome.stderr.split())


def test_a_log_is_replayed_and_learnt_from(simulator, small, log, tmp_path):
    """The shipped cost is not the log's; the cost learnt from it is, and predicts p50 within 2%."""
    funnel = [{"name": "rank", "ranker": "mlp"}]
    asked = small(funnel=funnel, traffic={"candidates": 1, "replications": 5})
    document = simulator("validate", asked, "--trace", log, "--json").document
    jsonschema.Draft202012Validator(json.loads((REPORT / "replay.schema.json").read_text())).validate(document)
    assert document["queries"] == 2000
    profile = tmp_path / "ours.json"
    assert simulator("calibrate", "mlp", "--from", log, "--out", profile).code == 0
    document = simulator("validate", asked, "--trace", log, "--set", f"costs.profile={profile}", "--json").document
    assert abs(document["latency_ms"]["p50"]["error"]) < 0.02
    outcome = simulator("calibrate", "--from", log, "--out", profile)
    assert outcome.code == 2
    assert "expected the one RANKER" in outcome.stderr


def get(address):
    """The answer of a URL, as text."""
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310
        return answer.read().decode()


def free_port():
    """A port that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ready(port):
    """Wait until a service answers, at most half a minute, and return its address."""
    began, root = time.monotonic(), f"http://127.0.0.1:{port}"
    while True:
        try:
            assert json.loads(get(f"{root}/healthz")) == {"ready": True}
        except OSError:
            assert time.monotonic() - began < 30
            time.sleep(0.1)
        else:
            return root


def test_a_funnel_is_served_over_http_and_drains(small, tmp_path):
    """Ready within 10 s; answers, counts, refuses a port that is taken, and ends on SIGTERM with no process left."""
    port, file = free_port(), small(funnel=[STAGE | {"shards": 2, "keep": 5}])
    with subprocess.Popen(
        [SIMULATOR, "serve", file, "--port", str(port)], stderr=subprocess.PIPE, text=True
    ) as serving:
        root = ready(port)
        answer = json.loads(get(f"{root}/search?user=ann"))
        assert len(answer["ids"]) == 5
        assert answer["coverage"] == 1
        assert answer["latency_ms"] >= 1
        metrics = get(f"{root}/metrics")
        assert "simulator_latency_seconds_count 1.0" in metrics
        assert 'simulator_queue_length{stage="rank"} 0.0' in metrics
        assert metrics.endswith("# EOF\n")
        for header, value, code in (("Host", "evil.example", 400), ("Origin", "http://evil.example", 403)):
            with pytest.raises(urllib.error.HTTPError, match=str(code)):
                get(urllib.request.Request(f"{root}/search?user=ann", headers={header: value}))  # noqa: S310
        again = subprocess.run([SIMULATOR, "serve", file, "--port", str(port)], capture_output=True, text=True)
        assert again.returncode == 2
        assert f"127.0.0.1:{port} cannot be had" in again.stderr
        children = Path(f"/proc/{serving.pid}/task/{serving.pid}/children").read_text().split()
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(timeout=20) == 143
    assert children
    assert all_gone(map(int, children))


def test_a_query_on_its_way_is_answered_before_the_end(small):
    """SIGTERM while a call of a second is under way: its answer still comes, and then the service ends."""
    port, slow = free_port(), STAGE | {"cost": {"distribution": "constant", "mean": "1s"}, "keep": 5}
    with (
        ThreadPoolExecutor(1) as pool,
        subprocess.Popen(
            [SIMULATOR, "serve", small(funnel=[slow]), "--port", str(port)], stderr=subprocess.DEVNULL
        ) as serving,
    ):
        root = ready(port)
        answer = pool.submit(get, f"{root}/search?user=ann")
        time.sleep(0.3)
        serving.send_signal(signal.SIGTERM)
        assert len(json.loads(answer.result())["ids"]) == 5
        assert serving.wait(timeout=20) == 143


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system does not say which cores a process has")
def test_one_core_is_enough_to_serve_and_said(small):
    """On one core the broker and its worker share it: it works, and the answer says when the load came late."""
    command = [SIMULATOR, "validate", small(funnel=[STAGE | {"shards": 2}]), *QUICK, "--json"]
    found = subprocess.run(
        command,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
    )
    document = json.loads(found.stdout)
    assert document["served"][0]["processes"] == 1
    assert any("scaled down from 2 workers to 1" in warning for warning in document["warnings"])
