import numpy as np

from simulator.data.features import LEVEL, PAIR_COLUMNS, TASTES, pair_features


def test_the_pair_columns_are_the_match_and_the_gap():
    """A user and an item that share two tastes and differ by 3 in price: match 2 / sqrt(8), gap 3."""
    user, item = np.zeros(TASTES + 2), np.zeros((1, TASTES + 4))
    user[:2] = item[0, :2] = 1.0
    user[LEVEL], item[0, LEVEL] = 1.0, -2.0
    assert np.allclose(pair_features(user, item), [[2 / 8**0.5, 3.0]], rtol=1e-15)


def test_one_user_for_all_items_equals_a_row_for_each():
    """What a ranker is trained on and what it sees when it serves are the same columns."""
    rng = np.random.default_rng(0)
    user, items = rng.normal(size=TASTES + 2), rng.normal(size=(7, TASTES + 4))
    served = pair_features(user, items)
    assert served.shape == (7, PAIR_COLUMNS)
    assert np.allclose(served, pair_features(np.tile(user, (7, 1)), items), rtol=1e-12)


def test_single_precision_stays_single():
    """Columns in single precision give pair columns in single precision."""
    assert pair_features(np.zeros(10, np.float32), np.zeros((3, 12), np.float32)).dtype == np.float32
