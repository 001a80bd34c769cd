"""Bad input of every kind: one clear message on stderr, exit code 2, nothing on stdout, no traceback."""

import json

import pytest

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
    f"{c}: &{c} [{','.join(['*' + p] * 9)}]" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)


def refused(outcome, *words: str) -> bool:
    """Whether a command was refused with a message that holds all of `words`."""
    assert outcome.code == 2, outcome.stderr
    assert outcome.stdout == ""
    assert "Traceback" not in outcome.stderr
    assert not [word for word in words if word not in outcome.stderr], outcome.stderr
    return True


@pytest.mark.parametrize("command", ["run", "check", "report"])
def test_missing_file(simulator, command):
    """A file that is not there is named, and an example of one that could be given."""
    assert refused(simulator(command, "nowhere.yaml"), "nowhere.yaml", "no such file", "scenarios/")


def test_directory(simulator, tmp_path):
    """A folder instead of a file is said to be one."""
    assert refused(simulator("run", tmp_path), "a folder")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x00\xff\xfe\x80binary", ["not UTF-8"]),
        (b"", ["got nothing"]),
        (b"- a\n- b\n", ["got a list"]),
        (BOMB.encode(), ["10,000 values"]),
        (b"[" * 100_000, ["levels of nesting"]),
        (b"a: [1", [":1:", "expected YAML"]),
    ],
    ids=["binary", "empty", "list", "bomb", "brackets", "no-yaml"],
)
def test_files_that_are_no_scenario(simulator, tmp_path, content, words):
    """A binary file, an empty one, a list, a YAML bomb, brackets, and broken YAML are each refused in words."""
    (tmp_path / "bad.yaml").write_bytes(content)
    assert refused(simulator("run", tmp_path / "bad.yaml"), "bad.yaml", *words)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("costs.profile=nowhere.json", ["nowhere.json", "simulator calibrate"]),
        ("costs.profile=broken.json", ["broken.json", "schema_version", "simulator calibrate"]),
        ("funnel.first.ranker=logistics", ["did you mean logistic?"]),
        ("funnel.first.keep=101", ["at most the 100 candidates", "got 101"]),
        ("funnel.first.shards=0", ["funnel.first.shards", "at least 1", "got 0"]),
        ("funnel.frist.shards=2", ["did you mean first?"]),
        ("traffic.qeries=2", ["did you mean queries?"]),
        ("funnel.first.hedging={after: 5ms}", ["at least 2 replicas", "add replicas: 2"]),
        ("nonsense", ["PATH=VALUE"]),
    ],
)
def test_values_that_cannot_be_used(simulator, small, tmp_path, setting, words):
    """Each bad value is refused with what was expected, what was got, and what to do."""
    (tmp_path / "broken.json").write_text(json.dumps({"schema_version": 7, "name": "x"}))
    assert refused(simulator("run", small(), "--set", setting), *words)


def test_all_errors_at_once(simulator, small):
    """Three mistakes are three lines, in the order of the file."""
    funnel = [{"name": "first", "shards": 0, "workrs": 2, "cost": 5}]
    outcome = simulator("check", small(funnel=funnel))
    assert refused(outcome, "funnel.first.shards", "did you mean workers?", "write 5ms or 5s")
    assert outcome.stderr.count("small.yaml:") == 3


def test_unknown_engine(simulator, small):
    """An engine that is not there is refused with those that are."""
    assert refused(simulator("run", small(), "--engine", "simulink"), "compiled, simpy")


@pytest.mark.parametrize("arguments", [["run", "--nonsense"], ["nonsense"], ["run"]])
def test_unknown_words_on_the_command_line(simulator, arguments):
    """An unknown option, an unknown command and a missing argument are usage errors."""
    assert refused(simulator(*arguments), "Error")


@pytest.mark.parametrize("place", ["file/report.json", "folder"])
def test_unwritable_output_file(simulator, small, tmp_path, place):
    """An --out that cannot be written is refused, and nothing is left behind."""
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()
    path = small()
    before = sorted(tmp_path.rglob("*"))
    assert refused(simulator("run", path, "--json", "--out", tmp_path / place), "--out")
    assert sorted(tmp_path.rglob("*")) == before


def test_unwritable_report_folder(simulator, small, tmp_path):
    """A report under a file is refused before anything is simulated or written."""
    (tmp_path / "file").write_text("in the way")
    assert refused(simulator("report", small(), "-o", tmp_path / "file" / "reports"), "cannot be made a folder", "-o")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "small.yaml"]


def test_unknown_ranker_to_calibrate(simulator):
    """A ranker that is not there is refused with the nearest that is."""
    assert refused(simulator("calibrate", "logstic"), "did you mean logistic?")


@pytest.mark.parametrize("budget", ["10", "-1s", "0s", "soon"])
def test_bad_budget(simulator, budget):
    """A budget that is no positive duration is refused."""
    assert refused(simulator("calibrate", f"--budget={budget}"), "--budget")


LOG = "user,item,time,clicked\n" + "".join(f"{i % 9},{i},{i},{i % 2}\n" for i in range(90))


@pytest.mark.parametrize(
    ("log", "columns", "words"),
    [
        ("", {}, ["clicks.csv", "an empty file"]),
        (LOG, {}, ["no column label", "label: clicked", "label: null"]),
        (LOG, {"label": "klicked"}, ["no column klicked", "it has user, item, time, clicked"]),
        (LOG, {"label": "clicked"}, ["at least 100 rows", "got 90"]),
        (LOG.replace("1,1,1,1", "1,1,1,NaN"), {"label": "clicked"}, ["1 of 90 values of label", "row 2"]),
        (LOG.replace(",0\n", ",1\n"), {"label": "clicked"}, ["every label is 1, one class only"]),
    ],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_logs_that_cannot_be_used(simulator, small, tmp_path, log, columns, words, command):
    """A log that no ranker can learn from is refused before anything is simulated, with what to do."""
    (tmp_path / "clicks.csv").write_text(log)
    asked = small(funnel=[{"name": "first", "ranker": "logistic"}], quality={"interactions": "clicks.csv", **columns})
    assert refused(simulator(command, asked), *words)


def test_a_data_set_that_is_not_there(simulator, small, tmp_path):
    """Without MovieLens in the cache the command that brings it is named, and that the synthetic world works."""
    asked = small(funnel=[{"name": "first", "ranker": "logistic"}], quality={"world": "movielens-100k"})
    outcome = simulator("run", asked, SIMULATOR_DATA=str(tmp_path / "none"))
    assert refused(outcome, "simulator data get movielens-100k", "the synthetic world needs no data and works without")
    assert simulator("run", asked, "--no-quality", SIMULATOR_DATA=str(tmp_path / "none")).code == 0
