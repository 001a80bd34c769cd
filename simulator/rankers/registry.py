"""Every ranker by the name that a scenario calls it."""

from simulator.rankers.base import Ranker
from simulator.rankers.logistic import Logistic
from simulator.rankers.mlp import MLP
from simulator.rankers.two_tower import TwoTower
from simulator.rankers.two_tower_ivf import TwoTowerIVF

__all__ = ["RANKERS"]

RANKERS: dict[str, type[Ranker]] = {ranker.name: ranker for ranker in (Logistic, MLP, TwoTower, TwoTowerIVF)}
