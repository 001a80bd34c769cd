"""A scenario file as plain data that remembers where everything was written."""

import re
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Path", "Source", "inside", "keys_of", "shown_path"]

Path = tuple[str | int, ...]

_LEVEL = re.compile(r"p\d+")


@dataclass
class Source:
    """Plain data with the place of every key and value.

    Attributes
    ----------
    file
        The file's name as the user gave it.
    data
        Dicts, lists and scalars, as read; overrides edit it.
    values, keys
        (line, column), from 1, of the value at each path, and of the key that leads to it.
    overrides
        What the user wrote after --set, by the path that it set.
    """

    file: str
    data: Any = None
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    overrides: dict[Path, str] = field(default_factory=dict)

    def place(self, path: Path, *, of_key: bool = False) -> str:
        """Return where `path` was written: file:line:column, or --set PATH=VALUE; else where what holds it was."""
        override = self._override(path)
        if override is not None:
            return f"--set {override}"
        mark = self._mark(path, of_key=of_key)
        return f"{self.file}:{mark[0]}:{mark[1]}" if mark else self.file

    def position(self, path: Path, *, of_key: bool = False) -> tuple[int, int]:
        """Return a sort key that follows the file, overrides last."""
        if self._override(path) is not None:
            return (1 << 30, 0)
        return self._mark(path, of_key=of_key) or (0, 0)

    def _mark(self, path: Path, *, of_key: bool) -> tuple[int, int] | None:
        """Return the line and column of `path`, else of what holds it."""
        for length in range(len(path), -1, -1):
            marks = self.keys if of_key and length == len(path) else self.values
            if path[:length] in marks:
                return marks[path[:length]]
        return None

    def _override(self, path: Path) -> str | None:
        """Return the setting that last wrote `path`, or something that holds it."""
        prefixes = (path[:length] for length in range(len(path), 0, -1))
        return next((self.overrides[prefix] for prefix in prefixes if prefix in self.overrides), None)


def keys_of(written: str) -> list[str]:
    """Return the keys of a path; the point in a percentile such as p99.9 parts nothing."""
    parts = written.split(".")
    if len(parts) > 1 and parts[-1].isdecimal() and _LEVEL.fullmatch(parts[-2]):
        parts[-2:] = [f"{parts[-2]}.{parts[-1]}"]
    return parts


def shown_path(data: Any, path: Path) -> str:  # noqa: ANN401  plain data of any shape
    """Return a path as a user writes it, list items by their `name` where they have one: funnel.rank.shards."""
    words = []
    for part in path:
        item = inside(data, part)
        named = isinstance(part, int) and isinstance(item, dict) and isinstance(item.get("name"), str)
        words.append(item["name"] if named else str(part))
        data = item
    return ".".join(words)


def inside(data: Any, part: str | int) -> Any:  # noqa: ANN401  plain data of any shape
    """Return data[part], None where there is no such thing."""
    if isinstance(data, dict):
        return data.get(part)
    if isinstance(data, list) and isinstance(part, int) and part < len(data):
        return data[part]
    return None
