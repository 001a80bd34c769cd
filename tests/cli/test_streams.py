"""Which stream gets what: results, progress, warnings, escape codes; and what ends a command early."""

import re
import signal
import subprocess
import time

import pytest

from simulator.cli import app
from tests.cli.conftest import SIMULATOR, started


def test_no_color_takes_the_escape_codes_out_of_a_terminal(simulator, small):
    """A terminal gets escape codes, and with NO_COLOR none, neither colour nor bold."""
    terminal = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    assert "\x1b[" in simulator("run", small(), "-q", **terminal).stdout
    assert "\x1b" not in simulator("run", small(), "-q", **terminal, NO_COLOR="1").stdout


def test_stderr_into_a_file_holds_warnings_and_nothing_else(simulator, small):
    """Without a terminal there is no progress, not even an empty line; each warning is one line."""
    lines = simulator("run", small(), "--replications", "1").stderr.splitlines()
    assert lines
    assert all(line.startswith("warning: ") for line in lines)


def test_warnings_are_not_cut_or_read_as_markup(simulator, small):
    """A warning that names something in brackets keeps them, on one line however long."""
    outcome = simulator("check", small(), "--set", "costs.profile=[red]here.json")
    assert "[red]here.json" in outcome.stderr


def test_a_pipe_gets_the_width_of_a_file(simulator, small, tmp_path):
    """What is printed into a pipe is what --out writes, the same lines at the same width."""
    assert simulator("run", small(), "-q", "--out", tmp_path / "answer.txt").code == 0
    printed = subprocess.run(
        ["env", "-u", "COLUMNS", SIMULATOR, "run", small(), "-q"], capture_output=True, text=True, check=True
    )
    assert printed.stdout == (tmp_path / "answer.txt").read_text()


def test_a_reader_that_leaves_is_no_fault(simulator, small, tmp_path):
    """Output into a pipe that is closed early ends without a traceback or a fault of ours."""
    done = subprocess.run(
        ["bash", "-c", f"'{SIMULATOR}' schema | true"], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert done.stderr == ""


def test_check_refuses_a_cost_profile_that_run_would_refuse(simulator, small):
    """A scenario whose cost profile is not there is not called good, in words or as JSON."""
    setting = ("--set", "costs.profile=nowhere.json")
    words = simulator("check", small(), *setting)
    assert (words.code, words.stdout) == (2, "")
    assert "simulator calibrate" in words.stderr
    outcome = simulator("check", small(), *setting, "--json")
    assert outcome.code == 2
    assert [problem["path"] for problem in outcome.document["problems"]] == ["costs.profile"]


def test_calibrate_looks_at_its_output_before_it_measures(simulator, tmp_path):
    """An --out under a regular file or in a folder that is not there is refused at once, not after the budget."""
    (tmp_path / "file").write_text("in the way")
    began = time.monotonic()
    for place in ("file/profile.json", "nowhere/profile.json"):
        outcome = simulator("calibrate", "--budget", "10min", "--out", place)
        assert outcome.code == 2
        assert "--out" in outcome.stderr
    assert time.monotonic() - began < 20


def test_scenarios_of_one_name_do_not_overwrite_each_other(simulator, small, tmp_path):
    """Two scenarios whose reports would go to one folder are refused before anything is written."""
    outcome = simulator("report", small(), small(), "-o", "reports")
    assert outcome.code == 2
    assert "small twice" in outcome.stderr
    assert not (tmp_path / "reports").exists()


def test_a_second_document_is_never_printed_after_a_failure(simulator, small):
    """With --json a command that is refused prints nothing on stdout."""
    outcome = simulator("run", small(), "--json", "--set", "costs.profile=nowhere.json")
    assert (outcome.code, outcome.stdout) == (2, "")


@pytest.mark.parametrize("where", ["_guarded", "make_app"])
def test_ctrl_c_while_modules_load(monkeypatch, capsys, where):
    """An interrupt before a command has begun ends as one in its middle does: 130 and one line."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(app, where, interrupted)
    monkeypatch.setattr(app.signal, "signal", lambda *_: None)
    monkeypatch.setattr(app.sys, "argv", ["simulator", "schema"])
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "error: interrupted\n")


def test_ctrl_c_shows_what_there_is_by_then(tmp_path, small):
    """An interrupted run prints the answer of the replications that ended, says so on stderr, and exits with 130."""
    path = small(traffic={"candidates": 100, "queries": 20_000, "replications": 10_000})
    began = time.monotonic()
    assert started(["run", str(path), "--replications", "4"], tmp_path, {}).code in (0, 3, 4)
    process = subprocess.Popen([SIMULATOR, "run", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1 + 2 * (time.monotonic() - began))  # twice as long as a few replications took on this machine just now
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert "Interrupted: what follows is of the part that was simulated." in stdout
    assert re.search("^warning: interrupted: these are [0-9]+ of 10,000 replications$", stderr, re.MULTILINE)
    assert stderr.endswith("error: interrupted\n")
    assert process.returncode == 130
