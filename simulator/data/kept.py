"""Arrays that took long to make, kept in the user's cache for the next process."""

import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from simulator.data.features import FloatArray
from simulator.data.fetch import shelf

__all__ = ["kept", "sources_key"]


def sources_key(folders: Iterable[Path], *settings: object) -> str:
    """Return a key that changes with any Python file in `folders`, with NumPy's version, and with `settings`."""
    digest = hashlib.sha256(repr((np.__version__, settings)).encode())
    for file in sorted(file for folder in folders for file in folder.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def kept(name: str, key: str, make: Callable[[], FloatArray]) -> FloatArray:
    """Return the array that `make` gives, read from the cache where it was kept under the same key.

    One file a name, replaced whole where the key has changed. A cache that cannot be read or written costs time and
    nothing else.
    """
    path = shelf() / f"{name}.npz"
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            if str(file["key"]) == key:
                found: FloatArray = file["array"]
                return found
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        pass  # none, or what a crash left of one
    array = make()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            np.savez(file, key=np.array(key), array=array)
        Path(file.name).replace(path)
    except OSError:
        pass
    return array
