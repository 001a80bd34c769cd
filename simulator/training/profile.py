"""The training profile: how long training steps take and how errors fall with samples, and where that was measured."""

import json
from importlib.resources import files
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from simulator.costs.profile import Part, Quantiles, Residuals, Seconds, read_profile

__all__ = ["RankerTraining", "Runs", "StepPoint", "StepTime", "TrainingProfile", "load_training_profile"]

SCHEMA_VERSION: Final = 1
REMEDY = "measure one with `simulator calibrate --training --out training.json`"

Whole = Annotated[int, Field(ge=1)]


class StepPoint(Part):
    """Training steps of one size.

    Attributes
    ----------
    batch
        Samples of the step: clicks, or lists that were clicked on.
    features, hidden
        Columns of a row, or tokens of a text; and width of the model. What a ranker does not have is 1.
    parameters
        Numbers that the step changes.
    steps
        How many were timed, with their mean and quantiles at costs.profile.QUANTILE_LEVELS.
    peak_bytes
        Most memory that a step takes, its batch included.
    """

    batch: Whole
    features: Whole
    hidden: Whole
    parameters: Whole
    steps: Whole
    mean_s: Seconds
    quantiles_s: Quantiles
    peak_bytes: Annotated[int, Field(ge=0)]


class StepTime(Part):
    """The time of a step of the ranker's own size: fixed_s + per_sample_s x batch, and the noise about it.

    `fit_error` is the mean of |fit / mean - 1| over the points of the ranker's own size.
    """

    fixed_s: Seconds
    per_sample_s: Seconds
    fit_error: Seconds
    noise: Residuals
    points: Annotated[tuple[StepPoint, ...], Field(min_length=2)]

    def at(self, batch: float) -> float:
        """Return the mean seconds of a step of `batch` samples."""
        return self.fixed_s + self.per_sample_s * batch


class Runs(Part):
    """Real training runs on nested subsets of a world's log, several seeds for each number of samples.

    Attributes
    ----------
    world
        What they learnt from and were judged by.
    samples
        Clicks learnt from, rising, shape (P,).
    errors
        1 - NDCG@10 on users that no run learnt from, by samples and seed, shape (P, S).
    seconds
        Of training, as errors.
    epochs
        Passes after which the held-out loss was least, as errors; 0 where training is not by passes.
    """

    world: str
    samples: Annotated[tuple[Whole, ...], Field(min_length=4)]
    errors: tuple[tuple[Annotated[float, Field(ge=0, le=1)], ...], ...]
    seconds: tuple[tuple[Seconds, ...], ...]
    epochs: tuple[tuple[Annotated[int, Field(ge=0)], ...], ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if list(self.samples) != sorted(set(self.samples)):
            raise ValueError("samples that rise")
        shapes = {tuple(map(len, table)) for table in (self.errors, self.seconds, self.epochs)}
        if len(shapes) > 1 or {len(table) for table in (self.errors, self.seconds, self.epochs)} != {len(self.samples)}:
            raise ValueError("errors, seconds and epochs of each run at each number of samples")
        return self


class RankerTraining(Part):
    """What training a ranker takes; `epochs` are the passes that it makes, 1 where it makes none."""

    parameters: Whole
    epochs: Whole
    batch: Whole
    step: StepTime
    runs: Runs | None = None


class TrainingProfile(Part):
    """Training of rankers, with where and when it was measured."""

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str
    provenance: dict[str, str]
    rankers: dict[str, RankerTraining]

    def as_text(self) -> str:
        """Return the profile as the text of its file."""
        return json.dumps(self.model_dump(mode="json"), indent=1) + "\n"


def load_training_profile(name: str) -> TrainingProfile:
    """Return the profile called "default", which is shipped, or the one in the file of that path.

    Raises
    ------
    ProfileError
        If there is no such file, or it is no training profile; names the first keys that are wrong.
    """
    shipped = files("simulator.training").joinpath("default_profile.json")
    return read_profile(TrainingProfile, name, shipped, ("training.profile", "training profile", REMEDY))
