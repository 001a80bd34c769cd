"""Values drawn again from a file of measurements."""

import csv
import math
from pathlib import Path
from typing import Generic, Literal, Self

import numpy as np
from pydantic import PrivateAttr, ValidationInfo, model_validator

from simulator.distributions.base import FloatArray, Law, Magnitude
from simulator.distributions.written import shown, value_error

__all__ = ["Empirical"]


class Empirical(Law[Magnitude], Generic[Magnitude]):
    """Each value of `file` equally likely: one number a line, or the `column` of a CSV file; durations in seconds.

    A relative path starts at the folder of the scenario, handed down as the validation context's "folder".
    """

    distribution: Literal["empirical"] = "empirical"
    """The law\'s name."""
    file: str
    """Path of the file, from the scenario's folder."""
    column: str | None = None
    """The column to read, where the file is a CSV file with a header line."""
    _samples: tuple[float, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Self:
        folder = Path((info.context or {}).get("folder", "."))
        try:
            self._samples = tuple(sorted(_numbers(folder / self.file, self.column)))
        except KeyError as error:
            raise value_error("column", error.args[0]) from error
        except ValueError as error:
            raise value_error("file", str(error)) from error
        return self

    @property
    def samples(self) -> tuple[float, ...]:
        """The file's values in rising order."""
        return self._samples

    def __hash__(self) -> int:
        return hash((self.file, self.column, self._samples))

    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return the sample at place floor(u n)."""
        del upper  # the samples are few enough for one tail to tell
        samples = np.array(self._samples)
        return samples[np.minimum((lower * samples.size).astype(np.int64), samples.size - 1)]

    def mean_value(self) -> float:
        """Return the samples' mean."""
        return math.fsum(self._samples) / len(self._samples)


def _numbers(path: Path, column: str | None) -> list[float]:
    """Return the numbers of a file; raises ValueError that names the file and the line, KeyError without the column."""
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
    return [_number(path, line, text) for line, text in rows]


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
