"""Files of measurements: one number a line, or one column of a CSV file."""

import csv
import math
from pathlib import Path

from simulator.distributions.written import shown

__all__ = ["read_measurements"]


def read_measurements(path: Path, column: str | None) -> list[tuple[int, float]]:
    """Return (line, number) of each number in the file at `path`, in the file's order.

    Parameters
    ----------
    column
        The column to read of a CSV file with a header line; None where each line is one number, or empty.

    Raises
    ------
    ValueError
        If the file cannot be read, holds no number, or holds anything else than finite numbers of at least 0; names the
        file and the line.
    KeyError
        If there is no such column; its argument says which there are.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:  # a ValueError is text that is not UTF-8, or a path with a null byte
        raise ValueError(f"a readable text file, got {path} ({_reason(error)})") from error
    if column is None:
        rows = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    else:
        rows = _cells(path, lines, column)
    if not rows:
        raise ValueError(f"at least one number in {path}, got none")
    return [(line, _number(path, line, text)) for line, text in rows]


def _cells(path: Path, lines: list[str], column: str) -> list[tuple[int, str]]:
    """Return (line, text) of each cell of a column."""
    reader = csv.DictReader(lines)
    try:
        if column not in (reader.fieldnames or []):
            known = ", ".join(reader.fieldnames or []) or "none"
            raise KeyError(f"a column of {path} (it has: {known}), got {column!r}")
        return [(reader.line_num, row[column] or "") for row in reader]
    except csv.Error as error:
        raise ValueError(f"a CSV file, got {path}:{reader.line_num} ({error})") from error


def _number(path: Path, line: int, text: str) -> float:
    """Return one number of a file."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"a number of at least 0 at {path}:{line}, got {shown(text)}")
    return value


def _reason(error: Exception) -> str:
    """Return why a file could not be read."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
