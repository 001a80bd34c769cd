"""Arrays kept in the user's cache."""

import numpy as np
import pytest

from simulator.data.fetch import shelf
from simulator.data.kept import kept, sources_key


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setenv("SIMULATOR_DATA", str(tmp_path / "cache"))


def refuse():
    """Make nothing."""
    raise AssertionError("made again")


def test_an_array_is_made_once_for_a_key():
    """The second time the array is read; under another key it is made anew and replaces the first."""
    first = kept("a", "key", lambda: np.arange(5.0))
    assert np.array_equal(kept("a", "key", refuse), first)
    assert kept("a", "other", lambda: np.zeros(2)).tolist() == [0, 0]
    assert np.array_equal(kept("a", "other", refuse), [0, 0])
    assert [file.name for file in shelf().iterdir()] == ["a.npz"]


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_a_broken_file_is_made_anew(content):
    """What a crash left of a file is replaced, not trusted."""
    shelf().mkdir(parents=True)
    (shelf() / "a.npz").write_bytes(content)
    assert kept("a", "key", lambda: np.ones(1)).tolist() == [1]
    assert kept("a", "key", refuse).tolist() == [1]


def test_a_cache_that_cannot_be_written_costs_nothing_else(tmp_path, monkeypatch):
    """Where the cache's folder is a file, the array is made each time."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("SIMULATOR_DATA", str(tmp_path / "file" / "cache"))
    assert kept("a", "key", lambda: np.ones(1)).tolist() == [1]


def test_the_key_changes_with_sources_and_settings(tmp_path):
    """Another file, other text or another setting gives another key; the same ones the same."""
    (tmp_path / "a.py").write_text("1")
    key = sources_key([tmp_path], 1)
    assert key == sources_key([tmp_path], 1)
    assert key != sources_key([tmp_path], 2)
    (tmp_path / "a.py").write_text("2")
    assert key != sources_key([tmp_path], 1)
