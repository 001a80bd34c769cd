"""Every recommender by the name that a scenario calls it."""

from simulator.bias.recommenders.base import Recommender
from simulator.bias.recommenders.newest import Newest
from simulator.bias.recommenders.oracle import Oracle
from simulator.bias.recommenders.personalised import Personalised
from simulator.bias.recommenders.popular_first import PopularFirst
from simulator.bias.recommenders.proportional import Proportional
from simulator.bias.recommenders.random import Random
from simulator.bias.recommenders.thompson import Thompson

__all__ = ["RECOMMENDERS"]

RECOMMENDERS: dict[str, Recommender] = {
    "popular_first": PopularFirst(),
    "proportional": Proportional(),
    "personalised": Personalised(),
    "thompson": Thompson(),
    "oracle": Oracle(),
    "random": Random(),
    "newest": Newest(),
}
