import numpy as np
import pytest
from scipy.special import logit

from simulator.data.features import TASTES
from simulator.data.truth import Truth

FITTING, OPPOSITE = 9.0, -9.0


def odds(topic=0.0, **item):
    """Return the log odds of a click by a user who likes taste 0 at price level 0 and looks for news."""
    column = {name: np.array([item.get(name, 0.0)]) for name in ("price", "freshness", "quality", "fame")}
    taste = np.eye(1, TASTES)
    truth = Truth(tastes=taste, budget=np.zeros(1), curiosity=np.ones(1), topics=topic * taste, **column)
    return float(logit(truth.click_probability(0, np.array([0])))[0])


def test_liking_grows_with_the_match_and_saturates():
    """A better match always helps, and the second step helps far less than the first."""
    assert odds(2.0) - odds(0.0) > 5 * (odds(6.0) - odds(4.0)) > 0


def test_quality_counts_only_where_the_topic_fits():
    """A point of quality moves the log odds by 0.8 on a fitting topic and by nothing on the opposite one."""
    gained = [odds(topic, quality=1.0) - odds(topic) for topic in (FITTING, OPPOSITE)]
    assert gained == pytest.approx([0.8, 0.0], abs=1e-3)


def test_a_price_pleases_by_its_distance_alone():
    """Dearer and cheaper by the same amount are equally bad, and 3 exp(-1.5 x distance) is what is left."""
    assert odds(price=1.0) == pytest.approx(odds(price=-1.0))
    assert odds() - odds(price=1.0) == pytest.approx(3 * (1 - np.exp(-1.5)))


def test_news_please_those_who_look_for_news():
    """For a user of curiosity 1 a point of freshness is worth 0.4."""
    assert odds(freshness=1.0) - odds() == pytest.approx(0.4)


def test_fame_helps_everywhere():
    """A point of fame is worth 0.3 on any topic."""
    assert odds(FITTING, fame=1.0) - odds(FITTING) == pytest.approx(0.3)
    assert odds(OPPOSITE, fame=1.0) - odds(OPPOSITE) == pytest.approx(0.3)
