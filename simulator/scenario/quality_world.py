"""The world that a funnel's rankers are trained on and its quality is judged by."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from simulator.distributions.written import read_number, value_error
from simulator.scenario.fields import Text
from simulator.scenario.file_names import TableName
from simulator.scenario.section import Section

__all__ = ["QualityWorld"]

OF_A_FILE = ("user", "item", "time", "label", "liked_from")


class QualityWorld(Section):
    """The world that the rankers are trained on and the funnel is judged by: synthetic, MovieLens, or your own log."""

    world: Literal["synthetic", "movielens-100k"] = "synthetic"
    """A world by its name; `simulator data get movielens-100k` brings MovieLens."""
    interactions: TableName | None = None
    """Your own log instead: path of a CSV or Parquet file, from the scenario's folder."""
    user: Text = "user"
    """Its column of users."""
    item: Text = "item"
    """Its column of items."""
    time: Text = "time"
    """Its column of times: seconds, or dates."""
    label: Text | None = "label"
    """Its column of clicks as 0 and 1, or of ratings; null where every row is a click."""
    liked_from: Annotated[float, Field(ge=-1e9, le=1e9)] = 1.0
    """The lowest label that counts as a click."""
    split: Literal["time", "random"] = "time"
    """How a log is parted into what is learnt from and what is judged by; the other split is shown beside it."""

    @field_validator("liked_from", mode="before")
    @classmethod
    def _number(cls, value: object) -> float:
        return read_number(value)

    @model_validator(mode="after")
    def _one_world(self) -> Self:
        if self.interactions is not None:
            if "world" in self.model_fields_set:
                raise value_error("world", f"a world or interactions, got both {self.world} and a file; drop one")
            return self
        for key in OF_A_FILE:
            if key in self.model_fields_set:
                raise value_error(key, f"interactions beside {key}, got none: name the file of the log")
        return self

    @property
    def recorded(self) -> bool:
        """Whether it is a log of real users."""
        return self.interactions is not None or self.world != "synthetic"
