"""Files from elsewhere, mutated: every reader takes what it gets or refuses it in words, none ends in a traceback."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simulator.costs.profile import load_profile
from simulator.data.interactions import read_interactions
from simulator.diagnosis.tables import Roles, read_tables
from simulator.distributions.measurements import read_measurements
from simulator.engine.resolve import resolve
from simulator.errors import InputError, SimulatorError
from simulator.report.changes import changes_since, read_earlier
from simulator.scenario.load import load_scenario
from simulator.serving.replay import read_log
from simulator.sweep.cells import load_sweep
from simulator.sweep.journal import Journal
from simulator.training.profile import load_training_profile

ROOT = Path(__file__).parents[2]
TIMES = 200
VALUES = [None, True, -1, 0, 1e308, "x", "", [], {}, [None], float("nan"), 10**30, "\0", "\ud83d"]
BYTES = [b"\0", b"\xff", b'"', b",", b"\n", b"{", b"[", b"nan", b"-1", b"1e999", b"9" * 400, b"\xef\xbb\xbf"]


def table_text(rows: int = 200) -> str:
    """A log that every reader of tables understands."""
    return "user,item,time,label,arrival,latency,candidates,seconds\n" + "".join(
        f"{i % 9},{i % 17},{i},{i % 2},{i / 10},{0.01 + i % 7 / 1e3},{1 + i % 50},{i / 1e3}\n" for i in range(rows)
    )


def parquet(path: Path) -> bytes:
    """The same as a Parquet file."""
    rows = np.arange(200)
    pd.DataFrame({"user": rows % 9, "item": rows % 17, "time": rows, "label": rows % 2}).to_parquet(path)
    return path.read_bytes()


def read_profile(path: Path) -> None:
    """Take a cost profile, and plan by it."""
    resolve(load_scenario(ROOT / "scenarios/web_search.yaml"), load_profile(str(path)))


def read_both(path: Path) -> None:
    """Take a table as what was trained on and what is served."""
    read_tables(path, path, Roles("item", "label", None, None, ()))


def compare_with(path: Path) -> None:
    """Take an earlier report, and say what changed."""
    changes_since(read_earlier(path), json.loads((ROOT / "reports/web-search/report.json").read_text()))


def read_trace(path: Path) -> None:
    """Read a trace as a scenario does, to whose errors those of the file belong."""
    try:
        read_measurements(path, "seconds")
    except (ValueError, KeyError) as error:
        raise InputError(str(error)) from error


SWEEP = "name: s\nscenarios: [web_search.yaml]\nvary: ['sla.qps=1,2']\nseeds: [1, 2]\nmeasure: run\n"
JOURNAL = "".join(json.dumps({"key": f"{i:032x}", "row": {"p99_ms": i, "verdict": "met"}}) + "\n" for i in range(9))
READERS: dict[str, tuple[Callable[[Path], object], str, bytes | Path]] = {
    "profile": (read_profile, ".json", ROOT / "simulator/costs/default_profile.json"),
    "training profile": (
        lambda path: load_training_profile(str(path)),
        ".json",
        ROOT / "simulator/training/default_profile.json",
    ),
    "earlier report": (compare_with, ".json", ROOT / "reports/web-search/report.json"),
    "journal": (Journal, ".jsonl", JOURNAL.encode()),
    "sweep": (lambda path: load_sweep(path, 1e13), ".yaml", SWEEP.encode()),
    "trace": (read_trace, ".csv", table_text().encode()),
    "served log": (read_log, ".csv", table_text().encode()),
    "clicks": (read_interactions, ".csv", table_text().encode()),
    "tables": (
        lambda path: read_tables(path, path, Roles("item", "label", None, None, ())),
        ".csv",
        table_text().encode(),
    ),
}


def mutated(content: bytes, luck: random.Random, *, as_json: bool) -> bytes:
    """The content after a few random changes, of values where it is JSON, else of bytes."""
    if as_json and luck.random() < 0.7:
        document = json.loads(content)
        for _ in range(luck.randint(1, 3)):
            change(document, luck)
        return json.dumps(document).encode()
    for _ in range(luck.randint(1, 4)):
        at, end = sorted(luck.randrange(len(content) + 1) for _ in range(2))
        content = luck.choice(
            [content[:at], content[:at] + luck.choice(BYTES) + content[at:], content[:at] + content[end:]]
        )
    return content


def change(node: object, luck: random.Random) -> None:
    """Put another value somewhere into plain data, or take one out."""
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = luck.choice(keys)
        if not isinstance(node[key], dict | list) or not node[key] or luck.random() < 0.2:
            break
        node = node[key]
    if luck.random() < 0.3:
        del node[key]
    else:
        node[key] = luck.choice(VALUES)


def refusals(read: Callable[[Path], object], path: Path, content: bytes, seed: str) -> list[str]:
    """What `read` said of so many mutated files where it refused them."""
    luck, said = random.Random(seed), []
    for _ in range(TIMES):
        path.write_bytes(mutated(content, luck, as_json=path.suffix == ".json"))
        try:
            read(path)
        except SimulatorError as error:
            said.append(str(error))
    return said


@pytest.mark.parametrize("kind", READERS)
def test_a_mutated_file_is_read_or_refused_in_words(kind, tmp_path):
    """Whatever happened to a file, its reader gives what is in it or one message."""
    read, suffix, content = READERS[kind]
    (tmp_path / "web_search.yaml").write_bytes((ROOT / "scenarios/web_search.yaml").read_bytes())
    said = refusals(
        read, tmp_path / f"mutated{suffix}", content.read_bytes() if isinstance(content, Path) else content, kind
    )
    assert len(said) > 0
    assert all(said)


def test_a_mutated_parquet_file_is_read_or_refused_in_words(tmp_path):
    """The same of a binary table."""
    content = parquet(tmp_path / "whole.parquet")
    said = refusals(read_interactions, tmp_path / "mutated.parquet", content, "parquet")
    assert len(said) > 0
    assert all(said)
