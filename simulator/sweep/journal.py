"""What a sweep has found so far, on disk: a line a cell, so that a killed sweep goes on where it was.

A line is written whole and flushed to the disk before the next cell counts as done; a last line that was cut short is
left out when the journal is read again. When all is done the journal is written anew in the order of the cells.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from simulator.errors import InputError
from simulator.report.files import unwritten, write_text

__all__ = ["Journal"]

Row = dict[str, Any]


class Journal:
    """The journal at a path; `rows` holds what is known by key. Use as a context manager to add to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[str, Row] = {}
        self._file: IO[str] | None = None
        self._read()

    def _read(self) -> None:
        """Read what is there; cuts off a last line that was not written whole."""
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        for number, line in enumerate(whole.decode("utf-8", errors="replace").splitlines(), 1):
            try:
                entry = json.loads(line)
                self.rows[entry["key"]] = entry["row"]
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(
                    f"{self.path}:{number}: no line of a journal; remove that line, or the file to start anew"
                ) from error
        if len(whole) < len(content):
            with self.path.open("r+b") as file:
                file.truncate(len(whole))

    def __enter__(self) -> Self:
        try:
            self._file = self.path.open("a", encoding="utf-8")
        except OSError as error:
            raise unwritten(self.path, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, key: str, row: Row) -> None:
        """Write down what was found for a cell."""
        if self._file is None:
            raise ValueError("a journal that is open")
        try:
            self._file.write(line_of(key, row))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise unwritten(self.path, error) from error
        self.rows[key] = row

    def tidy(self, keys: Iterable[str]) -> None:
        """Write the journal anew: the rows of `keys` in their order, then those that other sweeps asked for."""
        first = list(keys)
        others = sorted(self.rows.keys() - set(first))
        write_text(self.path, "".join(line_of(key, self.rows[key]) for key in (*first, *others)))


def line_of(key: str, row: Row) -> str:
    """Return the line of one cell."""
    return json.dumps({"key": key, "row": row}, ensure_ascii=False, allow_nan=False) + "\n"
