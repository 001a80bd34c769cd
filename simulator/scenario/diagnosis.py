"""What a scenario says for its diagnosis: which data its ranker was trained on and which it serves.

What each of them means is said in simulator/diagnosis.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, model_validator

from simulator.distributions.written import value_error
from simulator.scenario.fields import Count, Factor, Share, Text, at_least_one
from simulator.scenario.file_names import TableName
from simulator.scenario.section import Section

__all__ = ["Diagnosis", "FilmLogAsked", "PlantedSkew"]

OF_FILES = ("key", "label", "query", "time", "unused")

Month = Literal[
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
]  # fmt: skip
Months = Annotated[tuple[Month, ...], BeforeValidator(at_least_one("month"))]
Feature = Literal[
    "age", "tenure_days", "country", "device", "hour", "query_words", "genre", "actor", "director", "studio", "rating",
    "runtime", "price", "fame", "film_days", "match",
]  # fmt: skip


class PlantedSkew(Section):
    """A feature that the online path of the synthetic log computes otherwise than the offline path."""

    feature: Feature
    """Which one."""
    kind: Literal["missing", "default", "scale", "type", "stale"]
    """How it differs: left out, a default in its place, in another unit, as text, or as it was some time ago."""
    share: Share = 1.0
    """Share of rows that differ."""
    factor: Factor = 100.0
    """Of another unit: how many times as large."""


class FilmLogAsked(Section):
    """A synthetic log of a film service over the months, whose truth is known."""

    trained: Months = ("december",)
    """Months that the ranker is trained on."""
    served: Months = ("december",)
    """Months that it serves."""
    queries: Count = 3_000
    """Queries of each month, twenty films each."""
    unused: tuple[Feature, ...] = ()
    """Features that the ranker is not given."""
    skew: tuple[PlantedSkew, ...] = ()
    """What the online path does otherwise."""


class Diagnosis(Section):
    """What to look into beside the funnel: data the ranker was trained on and serves, synthetic or your own tables."""

    log: FilmLogAsked | None = None
    """A synthetic log of a film service."""
    train: TableName | None = None
    """Your own rows instead, as trained on: path of a CSV or Parquet file, from the scenario's folder."""
    serve: TableName | None = None
    """The rows served, with columns of the same names."""
    key: Text | None = None
    """The column that names the entity of a row, to join both paths by."""
    label: Text | None = None
    """The column that the ranker predicts, 0 or 1."""
    query: Text | None = None
    """The column of the query or list that a row belongs to."""
    time: Text | None = None
    """The column of dates or periods, to see how distributions change."""
    unused: tuple[Text, ...] = ()
    """Columns that the ranker is not given, of which one may be the missing feature."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        files = [key for key in ("train", "serve") if getattr(self, key) is not None]
        if self.log is not None and files:
            raise value_error(files[0], "a log or files, got both; drop one")
        if len(files) == 1:
            raise value_error("serve" if files == ["train"] else "train", f"both files, got {files[0]} alone")
        for key in OF_FILES:
            if not files and key in self.model_fields_set:
                raise value_error(key, f"train and serve beside {key}, got neither; name the files, or drop it")
        return self

    @property
    def has_data(self) -> bool:
        """Whether it names data to look into; else only what the scenario serves is looked into."""
        return self.log is not None or self.train is not None
