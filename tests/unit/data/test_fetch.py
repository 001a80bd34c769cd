"""Data sets reach the cache whole and checked, or not at all."""

import hashlib
import subprocess
import zipfile
from dataclasses import replace

import pytest

from simulator.data import fetch as module
from simulator.data.fetch import cached, fetch, needed, shelf
from simulator.data.sources import SOURCES
from simulator.errors import InputError, OutputError

NAME = "movielens-100k"


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """Put a stand-in for pip that brings a small archive, with its sha256 pinned, and an empty cache."""
    monkeypatch.setenv("SIMULATOR_DATA", str(tmp_path / "shelf"))
    source = SOURCES[NAME]
    archive = tmp_path / "package.whl"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in (*source.files, "not-ours.py"):
            packed.writestr(f"{source.root}/{file}", f"contents of {file}")
    calls = []

    def run(command, **_):
        calls.append(command)
        folder = command[command.index("--dest") + 1]
        (module.Path(folder) / "package.whl").write_bytes(archive.read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(module.subprocess, "run", run)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    monkeypatch.setitem(SOURCES, NAME, replace(source, sha256=digest))
    return calls


def test_only_the_files_named_are_kept(pip):
    """The folder holds the data set's files and nothing else, and nothing is left beside it."""
    folder = fetch(NAME)
    assert sorted(path.name for path in folder.iterdir()) == sorted(SOURCES[NAME].files)
    assert (folder / "ml-100k.inter").read_text() == "contents of ml-100k.inter"
    assert list(shelf().iterdir()) == [folder]
    assert cached(NAME) == needed(NAME) == folder


def test_pip_is_asked_for_one_archive_without_what_it_depends_on(pip):
    """The package is downloaded at its pinned version, not installed."""
    fetch(NAME)
    assert len(pip) == 1
    assert {"download", "--no-deps", SOURCES[NAME].package} <= set(pip[0])
    assert "==" in SOURCES[NAME].package


def test_other_bytes_are_refused(pip, monkeypatch):
    """An archive with another sha256 leaves no data set behind and both sums are told."""
    monkeypatch.setitem(SOURCES, NAME, replace(SOURCES[NAME], sha256="0" * 64))
    with pytest.raises(InputError, match=rf"expected sha256 {'0' * 64}, got [0-9a-f]{{64}}"):
        fetch(NAME)
    assert cached(NAME) is None
    assert list(shelf().iterdir()) == []


def test_an_incomplete_folder_is_made_whole(pip):
    """A data set that lost a file counts as absent and is brought again."""
    folder = fetch(NAME)
    (folder / "ml-100k.user").unlink()
    assert cached(NAME) is None
    fetch(NAME)
    assert cached(NAME) == folder


def test_no_network_is_one_clear_message(pip, monkeypatch):
    """What pip said last is passed on, with what works without."""
    failed = subprocess.CompletedProcess([], 1, "", "WARNING: retrying\nERROR: No matching distribution\n")
    monkeypatch.setattr(module.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(InputError, match=r"cannot bring recbole==1.2.1 \(ERROR: No matching.*the synthetic world"):
        fetch(NAME)
    assert list(shelf().iterdir()) == []


def test_a_cache_that_cannot_be_written_is_named(pip, monkeypatch, tmp_path):
    """A file in the folder's place is an error about the output, with what to set."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SIMULATOR_DATA", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="set SIMULATOR_DATA to another folder"):
        fetch(NAME)


def test_what_was_not_brought_says_which_command_brings_it(pip):
    """Reading before bringing names the command."""
    with pytest.raises(InputError, match=f"simulator data get {NAME}"):
        needed(NAME)


def test_the_cache_is_where_the_user_keeps_caches(monkeypatch, tmp_path):
    """SIMULATOR_DATA comes before XDG_CACHE_HOME, and that before the home folder."""
    monkeypatch.setenv("SIMULATOR_DATA", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert shelf() == tmp_path / "own"
    monkeypatch.delenv("SIMULATOR_DATA")
    assert shelf() == tmp_path / "xdg" / "capacity-simulator"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert shelf() == tmp_path / ".cache" / "capacity-simulator"


def test_an_unknown_data_set_is_told_those_there_are():
    """A name that is none is answered with the names."""
    with pytest.raises(InputError, match="there are movielens-100k, open-bandit, lee-news"):
        fetch("movielens")
