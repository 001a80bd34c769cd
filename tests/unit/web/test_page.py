"""The what-if page, driven as Streamlit drives it: sliders move the numbers, uploads are checked, pins stay."""

import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import simulator
from simulator.errors import InputError
from simulator.scenario.load import parse_scenario, text_with
from simulator.web.what_if import answer_of, check_upload, curve_of, knobs_of, settings_of, shards_of
from tests.what_if import HUNDRED_SHARDS, served

testing = pytest.importorskip("streamlit.testing.v1", reason="the extra web is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own

PAGE = Path(simulator.__file__).parent / "web" / "page.py"
SIMULATOR = Path(sys.executable).parent / "simulator"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """The port of the page, served by the command."""
    path = tmp_path_factory.mktemp("served") / "small.yaml"
    path.write_text(HUNDRED_SHARDS)
    with served(path) as found:
        yield found


@pytest.fixture
def page(tmp_path, monkeypatch):
    """The page on a small scenario, drawn once."""
    (tmp_path / "small.yaml").write_text(HUNDRED_SHARDS)
    monkeypatch.setenv("SIMULATOR_WEB_FILE", str(tmp_path / "small.yaml"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # Streamlit leaves the page there
    return testing.AppTest.from_file(str(PAGE), default_timeout=120).run()


def metrics(page) -> dict[str, str]:
    """The numbers of the headline by name."""
    return {metric.label: metric.value for metric in page.metric}


def test_the_headline_answers(page):
    """p99, maximum, bottleneck, cost and verdict are there, without an error."""
    assert not page.exception
    assert not page.error
    assert set(metrics(page)) == {"p99", "max QPS", "bottleneck", "cost an hour", "verdict"}
    assert metrics(page)["p99"].endswith(" ms")
    assert metrics(page)["cost an hour"] == "20.10 EUR"


def test_a_slider_moves_the_numbers(page):
    """With more load the p99 rises, and the maximum stays; with a third replica the cost rises."""
    before = metrics(page)
    sliders = {slider.label: slider for slider in page.slider}
    sliders["QPS"].set_value(300.0).run()
    after = metrics(page)
    assert float(after["p99"].split()[0]) > float(before["p99"].split()[0])
    sliders = {slider.label: slider for slider in page.slider}
    sliders["first: replicas"].set_value(3).run()
    assert metrics(page)["cost an hour"] == "30.10 EUR"
    assert not page.exception


def test_pinned_what_ifs_stand_side_by_side(page):
    """Two pins are two rows, the second with its settings."""
    pin = next(button for button in page.button if button.label == "Pin this what-if")
    pin.click().run()
    {slider.label: slider for slider in page.slider}["first: workers"].set_value(2).run()
    next(button for button in page.button if button.label == "Pin this what-if").click().run()
    table = page.dataframe[0].value
    assert list(table["settings"]) == ["as it is", "funnel.first.workers=2"]


def test_a_wrong_scenario_is_a_message_on_the_page(page, tmp_path):
    """A scenario with an unknown key is shown as an error with its place; the page lives on."""
    (tmp_path / "small.yaml").write_text(HUNDRED_SHARDS.replace("replicas", "replica"))
    page.run()
    assert not page.exception
    assert "small.yaml:7" in page.error[0].value


def test_the_knobs_are_those_of_the_scenario():
    """QPS, and of each stage its sizes, keep where it is said, a deadline, and hedging where it can be."""
    names = [knob.name for knob in knobs_of(parse_scenario(HUNDRED_SHARDS))]
    assert names[0] == "QPS"
    assert "first: keep" in names
    assert "second: keep" not in names
    assert "first: hedge after, ms (0: never)" in names
    assert "second: hedge after, ms (0: never)" not in names


def test_settings_are_what_moved():
    """Sliders that stand where they began say nothing; a deadline and a hedge are written as in the file."""
    knobs = knobs_of(parse_scenario(HUNDRED_SHARDS))
    values = [knob.value for knob in knobs]
    assert settings_of(knobs, values) == []
    moved = {"first: deadline, ms (0: none)": 30, "first: hedge after, ms (0: never)": 10}
    settings = settings_of(knobs, [moved.get(knob.name, knob.value) for knob in knobs])
    assert settings == [
        "funnel.first.deadline=30ms",
        "funnel.first.hedging={after: 10ms, cancel: on_response}",
    ]
    assert answer_of(HUNDRED_SHARDS, "small", settings, Path()).run.coverage.value <= 1


def test_more_shards_are_a_longer_wait_for_the_slowest():
    """Where a call's cost does not fall with its candidates, p99 rises with the shards of the widest stage."""
    stage, points = shards_of(answer_of(HUNDRED_SHARDS, "small", [], Path()))
    assert stage == "first"
    assert [shards for shards, _ in points] == [25, 50, 100, 200, 400]
    assert [ms for _, ms in points] == sorted(ms for _, ms in points)


def test_the_curve_rises_towards_the_bound():
    """p99 rises with load, and no point lies beyond the bound."""
    found = answer_of(HUNDRED_SHARDS, "small", [], Path())
    points = curve_of(found)
    assert [ms for _, ms in points] == sorted(ms for _, ms in points)
    assert points[-1][0] < 1_000


@pytest.mark.parametrize(
    "hostile",
    [
        "cost: {measured: /etc/passwd}",
        "cost: {distribution: empirical, file: /etc/passwd}",
        "ranker: os:system",
        "rankers: [mlp, os:system]",
    ],
)
def test_an_upload_that_names_files_or_code_is_refused(hostile):
    """Files and code of this machine are refused before anything is read or imported."""
    text = f"name: a\ntraffic: {{qps: 1, candidates: 1}}\nfunnel:\n  - {{name: s, {hostile}}}\n"
    with pytest.raises(InputError, match="the page takes"):
        check_upload(text, "upload.yaml")


def test_a_bomb_is_refused():
    """A billion laughs is an error, at once."""
    laughs = "\n".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10) if i else 'ha'}]" for i in range(12))
    with pytest.raises(simulator.ScenarioError):
        check_upload(laughs, "bomb.yaml")


def test_a_download_is_the_scenario_with_its_settings():
    """The YAML that is offered parses to the scenario with the sliders' settings; untouched it is the same text."""
    assert text_with(HUNDRED_SHARDS, []) == HUNDRED_SHARDS
    changed = parse_scenario(text_with(HUNDRED_SHARDS, ["funnel.first.workers=3", "sla.qps=70"]))
    assert changed == parse_scenario(HUNDRED_SHARDS, overrides=["funnel.first.workers=3", "sla.qps=70"])


def test_another_address_needs_the_flag(tmp_path):
    """Without --expose the page refuses to listen where others reach it."""
    done = subprocess.run([SIMULATOR, "web", "--host", "0.0.0.0"], capture_output=True, text=True, check=False)  # noqa: S104
    assert done.returncode == 2
    assert "--expose" in done.stderr


def test_the_page_is_served_on_this_machine_alone(port):
    """The command serves a page on 127.0.0.1 that answers, and listens nowhere else."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
        assert answer.status == 200
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = [line[1] for line in lines if line[1].endswith(f":{port:04X}") and line[3] == "0A"]
    assert listening == [f"0100007F:{port:04X}"]


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1", "http://127.0.0.1:{port}", 101),
        ("localhost", "http://localhost:{port}", 101),
        ("127.0.0.1", "http://evil.example", 403),
        ("evil.example", "http://evil.example:{port}", 403),
    ],
)
def test_another_site_gets_no_connection_even_under_a_name_that_leads_here(port, host, origin, status):
    """The page's numbers come over a WebSocket, which opens for the page itself, under the names of this machine."""
    head = (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Origin: {origin.format(port=port)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(100).decode("latin-1")
    assert answer.startswith(f"HTTP/1.1 {status}")


def test_a_browser_drags_a_slider_and_reads_the_new_p99(port, browser):
    """In a real browser the load's slider is moved by the keyboard, and the p99 of the page follows."""
    tab = browser.new_page()
    tab.goto(f"http://127.0.0.1:{port}")
    metric = tab.locator('[data-testid="stMetricValue"]').first
    metric.wait_for(timeout=60_000)
    before = float(metric.inner_text().split()[0])
    slider = tab.get_by_role("slider").first
    slider.focus()
    slider.press("End")
    tab.wait_for_function(
        "before => parseFloat(document.querySelector('[data-testid=stMetricValue]').innerText) > before",
        arg=before,
        timeout=30_000,
    )
    assert float(metric.inner_text().split()[0]) > before
    tab.close()


def test_json_scenarios_are_yaml_too():
    """A scenario written as JSON is taken, since JSON is YAML."""
    check_upload(json.dumps({"name": "a"}), "a.yaml")
