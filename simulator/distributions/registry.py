"""Every law by its name in a scenario."""

from typing import Any

from simulator.distributions.base import Law
from simulator.distributions.constant import Constant
from simulator.distributions.empirical import Empirical
from simulator.distributions.exponential import Exponential
from simulator.distributions.gamma import Gamma
from simulator.distributions.hyperexponential import Hyperexponential
from simulator.distributions.lognormal import Lognormal
from simulator.distributions.pareto import Pareto
from simulator.distributions.percentiles import Percentiles
from simulator.distributions.uniform import Uniform

__all__ = ["LAWS"]

LAWS: dict[str, type[Law[Any]]] = {
    "constant": Constant,
    "uniform": Uniform,
    "exponential": Exponential,
    "lognormal": Lognormal,
    "gamma": Gamma,
    "hyperexponential": Hyperexponential,
    "pareto": Pareto,
    "empirical": Empirical,
    "percentiles": Percentiles,
}
