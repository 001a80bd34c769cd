"""Values drawn again from a file of measurements."""

import math
from collections.abc import Iterable
from typing import ClassVar, Generic, Literal, Self

from pydantic import PrivateAttr, ValidationInfo, model_validator

from simulator.distributions.base import FloatArray, Law, Magnitude
from simulator.distributions.measurements import read_measurements
from simulator.distributions.named_files import named_file
from simulator.distributions.written import value_error

__all__ = ["Empirical"]


class Empirical(Law[Magnitude], Generic[Magnitude]):
    """Each value of `file` equally likely: one number a line, or the `column` of a CSV file; durations in seconds.

    A relative path starts at the folder of the scenario, handed down as the validation context's "folder".
    """

    FILE_KEY: ClassVar[str] = "file"

    distribution: Literal["empirical"] = "empirical"
    """The law\'s name."""
    file: str
    """Path of the file, from the scenario's folder."""
    column: str | None = None
    """The column to read, where the file is a CSV file with a header line."""
    _samples: tuple[float, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Self:
        try:
            self._take(value for _, value in read_measurements(named_file(self.file, info), self.column))
        except KeyError as error:
            raise value_error("column", error.args[0]) from error
        except ValueError as error:
            raise value_error(self.FILE_KEY, str(error)) from error
        return self

    @classmethod
    def of(cls, samples: Iterable[float]) -> "Empirical[Magnitude]":
        """Return the law of values that no file holds, at least one."""
        law = cls.model_construct(file="", column=None)
        law._take(samples)  # noqa: SLF001  of this very class
        return law

    def _take(self, samples: Iterable[float]) -> None:
        """Keep the values of this law."""
        self._samples = tuple(sorted(samples))

    @property
    def samples(self) -> tuple[float, ...]:
        """The file's values in rising order."""
        return self._samples

    def __hash__(self) -> int:
        return hash((self.file, self.column, self._samples))

    def quantile(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Return the sample at place floor(u n)."""
        import numpy as np  # a tenth of a second to load, and only runs need it

        del upper  # the samples are few enough for one tail to tell
        samples = np.array(self._samples)
        return samples[np.minimum((lower * samples.size).astype(np.int64), samples.size - 1)]

    def mean_value(self) -> float:
        """Return the samples' mean."""
        return math.fsum(self._samples) / len(self._samples)
