"""Logs that were really written: what another policy would have earned, by each estimator, and which to believe."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulator.bias.estimators import Logged, PolicyValue, estimates
from simulator.bias.open_bandit_study import Campaign, study_open_bandit
from simulator.data.features import FloatArray
from simulator.data.interactions import read_parquet, read_table
from simulator.errors import InputError
from simulator.scenario.bias import RecordedLog
from simulator.scenario.model import Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RecordedAnswer", "find_recorded"]

OPEN_BANDIT = "open-bandit"


@dataclass(frozen=True, eq=False)
class RecordedAnswer:
    """What logs say.

    Attributes
    ----------
    study
        What was asked.
    rows
        Of the user's log; 0 of Open Bandit.
    values
        Reward a row of the policy in question by each estimator, from the user's log.
    campaigns
        What the logs of Open Bandit say.
    """

    study: Study
    rows: int
    values: tuple[PolicyValue, ...]
    campaigns: tuple[Campaign, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why not to believe which number."""
        own = [(f"{value.method}", value.doubts) for value in self.values]
        theirs = [
            (f"{campaign.name}, {judged.policy} by {value.method}", value.doubts)
            for campaign in self.campaigns
            for judged in campaign.policies
            for value in judged.from_other
            if value.method != "naive"  # the mean of the other policy, shown to be seen beside
        ]
        return tuple(f"{name}: {doubt}" for name, doubts in (*own, *theirs) for doubt in doubts)


def find_recorded(study: Study) -> RecordedAnswer:
    """Return what the logs that the bias section of `study` names say.

    Raises
    ------
    InputError
        Where a file cannot be read, lacks a column, or holds what no log can; or Open Bandit has not been brought.
    """
    bias = study.bias
    if bias is None or not bias.recorded:
        raise ValueError("a study whose bias section names a log")
    if bias.log is None:
        return RecordedAnswer(study, 0, (), study_open_bandit())
    logged = _read(bias.log)
    return RecordedAnswer(study, len(logged.reward), estimates(logged), ())


def _read(log: RecordedLog) -> Logged:
    """Return the rows of a file."""
    path = Path(log.file)
    table = read_parquet(path) if path.suffix == ".parquet" else read_table(path, ",")
    names = {"reward": log.reward, "target": log.target, "propensity": log.propensity, "random": log.random}
    if log.propensity is not None and log.propensity not in table and "propensity" not in log.model_fields_set:
        names["propensity"] = None  # nobody named it, and it is not there: the log has none
    missing = [name for name in names.values() if name is not None and name not in table]
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}; it has {', '.join(map(str, table.columns))}: name the columns of "
            "the file in bias.log"
        )
    columns = {key: _numbers(table[name], name, path) for key, name in names.items() if name is not None}
    random = columns.get("random")
    return Logged(
        columns["reward"], columns["target"], columns.get("propensity"), None if random is None else random > 0
    )


def _numbers(column: "pd.Series", name: str, path: Path) -> FloatArray:
    """Return a column as numbers."""
    try:
        return np.asarray(column.to_numpy(dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: column {name}: expected numbers ({error})") from error
