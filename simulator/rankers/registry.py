"""Every ranker by the name that a scenario calls it."""

from simulator.rankers.base import Ranker
from simulator.rankers.bilstm import BiLSTM
from simulator.rankers.cross_encoder import CrossEncoder
from simulator.rankers.logistic import Logistic
from simulator.rankers.mlp import MLP
from simulator.rankers.transformer import Transformer
from simulator.rankers.two_tower import TwoTower
from simulator.rankers.two_tower_ivf import TwoTowerIVF
from simulator.rankers.word2vec import Word2Vec

__all__ = ["RANKERS"]

RANKERS: dict[str, type[Ranker]] = {
    ranker.name: ranker
    for ranker in (Logistic, MLP, TwoTower, TwoTowerIVF, Word2Vec, BiLSTM, Transformer, CrossEncoder)
}
