"""What a scenario says about the loop between a ranking and its own data; what it means is said in simulator/bias."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from simulator.scenario.fields import (
    Count,
    Documents,
    Duration,
    Factor,
    Share,
    Slug,
    Spread,
    Switch,
    Text,
    at_least_one,
)
from simulator.scenario.file_names import FileName
from simulator.scenario.section import Section

__all__ = [
    "Arm",
    "Bias",
    "Boost",
    "ColdStart",
    "Examination",
    "Experiment",
    "Logging",
    "Novelty",
    "Policy",
    "RecordedLog",
    "Weights",
]

MOST_STEPS = 100_000
Positions = Annotated[int, Field(ge=1, le=1_000)]
Steps = Annotated[int, Field(ge=1, le=MOST_STEPS)]


class Examination(Section):
    """Which positions of a list its user looks at."""

    model: Literal["position", "cascade", "best"] = "position"
    """By position alone; from the top until a click; or all of the list, to click on what pleases most."""
    power: Spread = 1.0
    """Of position: position j is looked at with probability j^-power."""
    patience: Share = 0.9
    """Of cascade: probability to look on after an item without a click."""


class Boost(Section):
    """Places of the list that are kept for new items."""

    slots: Positions = 1
    """Places kept, the last of the list."""
    steps: Steps | None = None
    """How long an item is new, in steps from its arrival."""
    impressions: Count | None = None
    """Up to how many times shown an item is new."""


class ColdStart(Section):
    """A rule that ranks before there is a log to learn from."""

    rule: Literal["random", "newest", "popular_first"] = "random"
    """How lists are made until then."""
    steps: Steps
    """How long, in steps."""


class Weights(Section):
    """Clicks that are learnt from with a weight of 1 over the probability that the item was shown there."""

    clip: Factor = 1000.0
    """The largest weight, where 1 is the weight of a random list."""


class Policy(Section):
    """How lists are made."""

    recommender: Literal["popular_first", "proportional", "personalised", "thompson", "oracle", "random"] = (
        "popular_first"
    )
    """What ranks."""
    by: Literal["clicks", "rate"] = "clicks"
    """Of popular_first: whether the most clicked come first, or the most clicked per time shown."""
    ties: Literal["global", "per_user"] = "global"
    """Of popular_first: whether equals are in one order for all, or in a new order for each request."""
    power: Spread = 1.0
    """Of proportional: an item is shown in proportion to its clicks to this power."""
    upper_confidence: Spread = 0.0
    """Of popular_first by rate: times sqrt(2 ln(shown in all) / shown) that is added to an item's rate."""
    factors: Annotated[int, Field(ge=1, le=256)] = 16
    """Of personalised: numbers that describe a user and an item."""
    retrain: Steps = 1
    """Steps from one training on the log to the next."""
    exploration: Share = 0.0
    """Share of traffic that is given random items."""
    explore: Literal["request", "slot"] = "request"
    """Whether a whole list is random, or single places of it."""
    boost: Boost | None = None
    """Places for new items; none unless given."""
    cold_start: ColdStart | None = None
    """What ranks at first; the recommender itself unless given."""
    weights: Weights | None = None
    """Weights of the clicks that are learnt from; all 1 unless given."""


class Arm(Policy):
    """One of several policies to compare; what it does not say is as in `bias` itself."""

    name: Slug
    """What tables, plots and experiments call it."""


class Novelty(Section):
    """How much more users click at first on lists that are new to them."""

    lift: Share
    """Share of clicks more at the start of an experiment."""
    half_life: Factor
    """Steps in which the lift halves."""


class Experiment(Section):
    """Two arms beside each other in one world, each with its share of the users."""

    treatment: Slug
    """The arm that is tried, or has been shipped."""
    control: Slug
    """The arm that it is compared with; before the start all users have it."""
    control_share: Share = 0.5
    """Share of the users that have the control."""
    start: Steps
    """Steps before the experiment, which all users spend with the control."""
    shared_log: Switch = False
    """Whether both arms learn from the rows of both, or each from its own."""
    looks: Annotated[int, Field(ge=1, le=100)] = 1
    """How often the result is looked at."""
    novelty: Novelty | None = None
    """How much more users click on what is new; no more unless given."""


class Logging(Section):
    """What a row, a step and a training are at the load that the scenario serves."""

    row_bytes: Count = 50
    """Size of a logged row."""
    wanted_rows: Documents | None = None
    """Rows of random items that a training set takes."""
    step: Duration = 3600.0
    """How long a step is; an hour unless given."""
    training: Duration = 0.0
    """Time of a worker that one training takes."""


class RecordedLog(Section):
    """Rows that a policy logged, to judge another policy from."""

    file: FileName
    """Path of a CSV or Parquet file, from the scenario's folder; one row an impression, or one a request."""
    reward: Text = "click"
    """Its column of what came of each row, such as clicks as 0 and 1."""
    target: Text = "target"
    """Its column of how likely the policy in question would have shown what the row shows."""
    propensity: Text | None = "propensity"
    """Its column of how likely the policy that wrote the log was to show it; null where nobody wrote that down."""
    random: Text | None = None
    """Its column that marks rows of random lists as 1; none unless given."""


class Bias(Policy):
    """Users, items, and a policy that learns from the clicks on its own lists."""

    world: Literal["synthetic", "movielens-100k", "open-bandit"] = "synthetic"
    """Where users and items come from; of open-bandit, which holds the logs of two policies, nothing is simulated."""
    log: RecordedLog | None = None
    """Your own log to judge a policy from; nothing is simulated then."""
    users: Count = 1_000
    """Users, each of whom asks once a step; of a data set, its own."""
    items: Count = 1_000
    """Items at the start; of a data set, its own."""
    new_items: Spread = 0.0
    """Items that arrive in a step, on average."""
    click_rate: Share = 0.1
    """Mean probability of a click on an item that is looked at."""
    quality: Spread = 1.0
    """How much items differ for all users: the standard deviation of the log odds of a click."""
    tastes: Spread = 1.0
    """How much they differ from user to user: the standard deviation of the log odds of a click."""
    half_life: Factor | None = None
    """Steps in which the probability of a click on an item halves as it ages; never unless given."""
    start_clicks: Spread = 1.0
    """Clicks that each item is counted with before the first."""
    slots: Positions = 10
    """Places of a list."""
    examination: Examination = Examination()
    """Which places a user looks at."""
    steps: Steps = 50
    """Steps, of one request by each user."""
    replications: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Independent repetitions, which the intervals come from."""
    known_at: Count = 10
    """Clicks from which an item counts as discovered."""
    logging: Logging = Logging()
    """What a row, a step and a training are in the world outside, for what a day takes."""
    arms: Annotated[tuple[Arm, ...], BeforeValidator(at_least_one("arm"))] | None = None
    """Policies to compare under the same luck, each alone; the policy of `bias` itself unless given."""
    ab_test: Experiment | None = None
    """An experiment that decides between two arms."""
    holdout: Experiment | None = None
    """A shipped arm, and a small share of the users that keep the one before it for long."""

    @property
    def recorded(self) -> bool:
        """Whether logs are judged, and nothing is simulated."""
        return self.log is not None or self.world == "open-bandit"

    def policies(self) -> dict[str, Policy]:
        """Return the policies by the names of their arms, with what they take over from `bias` itself."""
        own: dict[str, Any] = {name: getattr(self, name) for name in Policy.model_fields}
        if not self.arms:
            return {self.recommender: Policy.model_construct(**own)}
        return {
            arm.name: Policy.model_construct(
                **own | {name: getattr(arm, name) for name in arm.model_fields_set - {"name"}}
            )
            for arm in self.arms
        }
