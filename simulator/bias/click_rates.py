"""What the loop says of clicks, for training that is to learn from them."""

from collections.abc import Callable

import numpy as np

from simulator.bias.loop import run_arm
from simulator.bias.setup import make_setting
from simulator.scenario.bias import Policy
from simulator.scenario.model import Study
from simulator.statistics.intervals import estimate
from simulator.training.sources import CLICKED, ClickRates

__all__ = ["click_rates"]


def click_rates(study: Study, on_progress: Callable[[float, float], None] = lambda *_: None) -> ClickRates | None:
    """Return the clicks a query of the bias section's first policy, and of random lists under the same luck.

    None where no source of the training section waits for them.

    Parameters
    ----------
    on_progress
        Called with (steps done, steps in all).

    Raises
    ------
    InputError, TooLargeError
        As `make_setting` does.
    """
    sources = study.training.sources if study.training else ()
    if study.bias is None or all(source.click_rate is not None for source in sources if source.kind in CLICKED):
        return None
    setting = make_setting(study.bias, study.seed)
    ranking, *_ = study.bias.policies().values()
    done = 0

    def on_step() -> None:
        nonlocal done
        done += 1
        on_progress(done, 2 * setting.steps)

    ranked, random = (
        np.mean(run_arm(policy, setting, on_step, measured=False)[1].clicks, axis=0)
        for policy in (ranking, Policy(recommender="random"))
    )
    return ClickRates(*(estimate(of.tolist()) for of in (ranked, random, ranked - random)))
