"""What a scenario says about training: how much data a quality takes, where it comes from, and on what it is trained.

What each of them means is said in simulator/training.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from simulator.scenario.fields import (
    Choices,
    Count,
    Documents,
    Duration,
    Factor,
    Multiple,
    Price,
    Rate,
    Share,
    Slug,
    Spread,
    Variation,
    at_least_one,
    counts_between,
)
from simulator.scenario.file_names import FileName, ProfileName
from simulator.scenario.ranker_names import RankerName, RankerNames
from simulator.scenario.section import Section

__all__ = [
    "OF_SOURCES",
    "Augmentation",
    "Cluster",
    "Curve",
    "Failures",
    "Pause",
    "SourceOfSamples",
    "Splits",
    "Step",
    "Training",
    "Transfer",
]

Columns = Literal["logistic", "mlp", "two_tower"]
Seeds = Annotated[int, Field(ge=2, le=1_000)]

OF_SOURCES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "online": (("click_rate",), ("qps", "logged", "slots", "examination")),
    "random": (("share", "click_rate"), ("qps", "lost_clicks", "click_value")),
    "labellers": (("price", "per_hour"), ("people", "hours_a_day", "accuracy", "votes", "sample_price", "most")),
    "existing": (("samples",), ("price",)),
    "prompt": (("share", "answer_rate"), ("qps", "accuracy", "price")),
}
"""By kind of source: the keys that it needs, and those that it may have beside name, kind, worth and delay."""


class Curve(Section):
    """How the error falls with the samples: as measured for our rankers, or as you measured it for yours."""

    file: FileName | None = None
    """CSV file of your own training runs, from the scenario's folder: columns samples and error, one row a run."""
    world: Literal["profile", "synthetic", "movielens-100k"] = "profile"
    """The runs of the training profile, or runs made now in a synthetic world or on MovieLens, and kept."""
    points: Annotated[int, Field(ge=4, le=20)] = 8
    """Of runs made now: numbers of samples, each about the same factor more than the one before."""
    seeds: Seeds = 5
    """Of runs made now: runs for each number of samples."""


class SourceOfSamples(Section):
    """Where samples come from; a sample is a click, or a label that says which of the items shown is the right one."""

    name: Slug
    """What tables and plots call it."""
    kind: Literal["online", "random", "labellers", "existing", "prompt"]
    """Clicks on a system that serves; clicks on random lists; people who label; data there is; answers of users."""
    worth: Share = 1.0
    """What a sample is worth in samples like those of the learning curve, beside what its own kind takes off."""
    delay: Duration = 0.0
    """Time from the start until the first samples can be learnt from."""
    qps: Rate | None = None
    """Of online, random and prompt: queries a second; the scenario's own unless given."""
    logged: Share = 1.0
    """Of online: share of the queries that are logged."""
    click_rate: Variation | None = None
    """Of online and random: clicks a query; may be above 1. Unless given, the bias section's first policy and random
    lists are simulated, and so is what a random list loses."""
    slots: Annotated[int, Field(ge=1, le=1_000)] = 10
    """Of online: places of a list."""
    examination: Spread = 0.0
    """Of online: position j is looked at with probability j^-examination; clicks are weighed by its inverse."""
    share: Share | None = None
    """Of random: share of the queries that are given random lists. Of prompt: share whose users are asked."""
    lost_clicks: Variation = 0.0
    """Of random: clicks that a query with a random list loses; simulated where click_rate is, none otherwise."""
    click_value: Price = 0.0
    """Of random: what a lost click costs."""
    answer_rate: Share | None = None
    """Of prompt: share of those asked who answer."""
    price: Price | None = None
    """Of labellers: of a label. Of prompt: of a question asked, for the annoyance. Of existing: of all of it."""
    per_hour: Rate | None = None
    """Of labellers: labels that one gives in an hour."""
    people: Count = 1
    """Of labellers: how many work at once."""
    hours_a_day: Annotated[float, Field(gt=0, le=24)] = 8.0
    """Of labellers: hours that each works a day, weekends not counted off."""
    accuracy: Share = 1.0
    """Of labellers and prompt: probability that a label is right."""
    votes: Literal["auto"] | Annotated[int, Field(ge=1, le=999)] = "auto"
    """Of labellers: labels for each sample, of which the majority counts; the number that costs least unless given."""
    sample_price: Price = 0.0
    """Of labellers: what a sample to be labelled costs before any label."""
    most: Documents | None = None
    """Of labellers: samples there are to be labelled; no end unless given."""
    samples: Documents | None = None
    """Of existing: how many there are."""


class Augmentation(Section):
    """Changed copies of each sample that are learnt from too."""

    factor: Multiple
    """How many there are of each sample with its copies."""
    worth: Share
    """What a copy is worth in real samples."""


class Splits(Section):
    """Parts of MovieLens to learn from, to choose by and to judge by, for a go or no-go of an A/B test."""

    by: Annotated[tuple[Literal["time", "random", "user"], ...], BeforeValidator(at_least_one("split"))] = (
        "time",
        "random",
        "user",
    )
    """Ways to part the log: by time, rows at random, or by user."""
    baseline: Columns = "logistic"
    """The model that serves today."""
    candidates: Annotated[tuple[Columns, ...], BeforeValidator(at_least_one("ranker"))] = ("mlp", "two_tower")
    """Models to choose from on the validation part; the one chosen is held against the baseline on the test part."""
    rates: Annotated[tuple[Factor, ...], BeforeValidator(at_least_one("rate"))] = (0.3, 1.0, 3.0)
    """Step sizes to train each candidate with, as multiples of its own; chosen on the validation part too."""


class Step(Section):
    """What a training step takes: measured unless given."""

    fixed: Duration = 0.0
    """What every step takes."""
    per_sample: Duration = 0.0
    """What each sample of the step adds."""
    cv: Spread = 0.0
    """Coefficient of variation of the noise of a worker's time, lognormal."""


class Pause(Section):
    """Pauses of a worker, each for itself: garbage collection, a neighbour, the network."""

    every: Duration
    """Mean time between the pauses of a worker, exponential."""
    length: Duration = Field(alias="for")
    """How long each lasts."""


class Failures(Section):
    """Workers that fail, and the checkpoints that training starts again from."""

    mttf: Duration
    """Mean time to failure of one worker, exponential; when one fails, all start again from the last checkpoint."""
    checkpoint: Duration
    """How long it takes to write a checkpoint, during which nobody trains."""
    restart: Duration = 0.0
    """How long it takes from a failure until all train again."""
    interval: Duration | None = None
    """Training time between checkpoints; the one by Daly that loses least unless given."""


class Cluster(Section):
    """The machines that train together: each works on its part of every step's samples, then all share the gradient."""

    workers: Choices = counts_between(1, 16)
    """Numbers of workers to look at."""
    samples: Documents | None = None
    """Samples to train on; as many as the target takes unless given."""
    batch: Count = 256
    """Samples of one step, over all workers: the same for any number of them, and so is what is learnt."""
    epochs: Factor | None = None
    """Passes over the samples; as many as the ranker was measured to take unless given."""
    step: Step | None = None
    """What a worker's part of a step takes; measured unless given."""
    speed: Factor = 1.0
    """How many times as fast as measured a worker is."""
    gradient_bytes: Documents | None = None
    """Bytes that are shared in each step; those of the ranker's parameters unless given."""
    gigabits: Rate = 10.0
    """Bandwidth of each worker's link in Gbit/s."""
    hop: Duration = 50e-6
    """How long a message between two workers takes however short it is."""
    pause: Pause | None = None
    """Pauses of workers; none unless given."""
    failures: Failures | None = None
    """Failures of workers; none unless given."""
    worker_hour: Price | None = None
    """Price of one worker for an hour; prices.worker_hour unless given."""
    deadline: Duration | None = None
    """When training is to be done; the cheapest number of workers that makes it is named."""


class Transfer(Section):
    """Whether to rank ads from scratch, or by the users' embeddings that a feed has taught, frozen or fine-tuned."""

    have: Count | None = None
    """Users at hand whose ads are learnt from."""
    amounts: Choices = (30, 100, 300, 1000)
    """Numbers of such users to try."""
    seeds: Seeds = 10
    """Runs for each number."""


class Training(Section):
    """How a model gets its data and how long it trains, asked by `simulator train`."""

    ranker: RankerName = "two_tower"
    """The model to train."""
    rankers: RankerNames = ("logistic", "mlp", "two_tower")
    """The models that the table of complexity sets beside each other."""
    profile: ProfileName = "default"
    """Measured training steps and learning curves: shipped, or a file that `simulator calibrate --training` wrote."""
    target: Annotated[Share, Field(gt=0, lt=1)] | None = None
    """Quality to reach, 1 - error; of our rankers NDCG@10."""
    within: Duration | None = None
    """Time there is until the model is to be ready; no end unless given."""
    budget: Price | None = None
    """Money there is for data and for training once; no end unless given."""
    curve: Curve = Curve()
    """How the error falls with the samples."""
    sources: tuple[SourceOfSamples, ...] = ()
    """Where samples may come from, all at once or some of them."""
    augmentation: Augmentation | None = None
    """Changed copies of samples; none unless given."""
    splits: Splits | None = None
    """A go or no-go for an A/B test, from a log in parts; not asked unless given."""
    cluster: Cluster | None = None
    """The machines that train; not asked unless given."""
    transfer: Transfer | None = None
    """Embeddings learnt elsewhere; not asked unless given."""
