"""Files are whole, old or absent, whatever happens while they are written."""

import errno
import os
import subprocess
import sys

import pytest

from simulator.errors import OutputError, SimulatorError
from simulator.report import files
from simulator.report.files import write_bytes, write_text

KILLED = """
import os, sys
from pathlib import Path
from simulator.report import files

os.link = lambda *_, **__: os._exit(9)
files.write_text(Path(sys.argv[1]), "new")
"""


@pytest.fixture(params=[True, False], ids=["nameless", "named"])
def place(request, monkeypatch, tmp_path):
    """A folder with an old file, on a system that knows files without a name or not."""
    if request.param and not files.NAMELESS:
        pytest.skip("this system has no files without a name")
    monkeypatch.setattr(files, "NAMELESS", request.param)
    (tmp_path / "report.json").write_text("old")
    return tmp_path


def names(folder):
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_whole(place):
    """The new content stands under the old name, readable as the user's mask says, and nothing beside it."""
    before = os.umask(0o027)
    try:
        write_text(place / "report.json", "new")
        write_bytes(place / "plot.svg", b"<svg/>")
    finally:
        os.umask(before)
    assert (place / "report.json").read_text() == "new"
    assert names(place) == ["plot.svg", "report.json"]
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o640}


def test_a_relative_path_is_one_of_the_working_folder(place, monkeypatch):
    """A bare name is a file here."""
    monkeypatch.chdir(place)
    write_text(files.Path("report.json"), "new")
    assert (place / "report.json").read_text() == "new"


def test_a_file_that_cannot_be_written_leaves_nothing(place):
    """Writing under a file instead of a folder is one clear error, and leaves no temporary file."""
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(place / "report.json" / "report.json", "{}")
    assert names(place) == ["report.json"]


def test_a_full_disk_leaves_what_was_there(place, monkeypatch):
    """Where the rename finds no space, the old file stays, and the new one is gone."""

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.Path, "replace", full)
    with pytest.raises(SimulatorError, match="no space left"):
        write_text(place / "report.json", "new")
    assert (place / "report.json").read_text() == "old"
    assert names(place) == ["report.json"]


@pytest.mark.parametrize("call", ["open", "link"])
def test_what_knows_only_names_gets_one(tmp_path, monkeypatch, call):
    """Where a disk refuses a file without a name, or a sandbox to name it afterwards, it is written under one."""
    if not files.NAMELESS:
        pytest.skip("this system has no files without a name")
    real = getattr(os, call)

    def refuse(path, *settings, **more):
        if call == "link" or settings[0] & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return real(path, *settings, **more)

    monkeypatch.setattr(files.os, call, refuse)
    write_text(tmp_path / "report.json", "new")
    assert names(tmp_path) == ["report.json"]


def test_a_killed_process_leaves_no_half_of_a_file(tmp_path):
    """Killed when all is written and nothing named yet, it leaves the old file and nothing beside it."""
    if not files.NAMELESS:
        pytest.skip("this system has no files without a name")
    (tmp_path / "report.json").write_text("old")
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "report.json")], check=False)
    assert ended.returncode == 9
    assert names(tmp_path) == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "old"
