import numpy as np

from simulator.data.features import LEVEL, SYNTHETIC, TASTES, Features, Gap, Match


def test_the_pair_columns_are_the_match_and_the_gap():
    """A user and an item that share two tastes and differ by 3 in price: match 2 / sqrt(8), gap 3."""
    user, item = np.zeros(TASTES + 2), np.zeros((1, TASTES + 4))
    user[:2] = item[0, :2] = 1.0
    user[LEVEL], item[0, LEVEL] = 1.0, -2.0
    assert np.allclose(SYNTHETIC.of_pairs(user, item), [[2 / 8**0.5, 3.0]], rtol=1e-15)


def test_one_user_for_all_items_equals_a_row_for_each():
    """What a ranker is trained on and what it sees when it serves are the same columns."""
    rng = np.random.default_rng(0)
    user, items = rng.normal(size=TASTES + 2), rng.normal(size=(7, TASTES + 4))
    served = SYNTHETIC.of_pairs(user, items)
    assert served.shape == (7, len(SYNTHETIC.pairs))
    assert np.allclose(served, SYNTHETIC.of_pairs(np.tile(user, (7, 1)), items), rtol=1e-12)


def test_single_precision_stays_single():
    """Columns in single precision give pair columns in single precision."""
    assert SYNTHETIC.of_pairs(np.zeros(10, np.float32), np.zeros((3, 12), np.float32)).dtype == np.float32


def test_training_rows_are_serving_rows():
    """For the same pair, the row of a batch and the row built for one user and its items are equal, bit for bit."""
    features = Features(("a", "b", "c"), ("d", "e"), (Match("dot", 1, 0, 2, 0.5), Gap("gap", 0, 1)))
    rng = np.random.default_rng(1)
    users, items = rng.integers(-9, 9, (5, 3)) / 4, rng.integers(-9, 9, (5, 2)) / 4
    trained = features.rows(users, items)
    served = np.vstack([features.rows(user, item[None]) for user, item in zip(users, items, strict=True)])
    assert np.array_equal(trained, served)


def test_columns_are_named_in_their_order():
    """Each column of a row is under its name: the user's, the item's, then the comparisons."""
    features = Features(("a", "b"), ("c",), (Gap("gap", 1, 0), Match("dot", 0, 0, 1, 1.0)))
    row = features.rows(np.array([2.0, 3.0]), np.array([[5.0]]))[0]
    assert dict(zip(features.names, row, strict=True)) == {"a": 2, "b": 3, "c": 5, "gap": 2, "dot": 10}


def test_the_synthetic_world_names_each_of_its_columns():
    """A name for each column of users and items, no two alike."""
    assert (len(SYNTHETIC.user), len(SYNTHETIC.item)) == (TASTES + 2, TASTES + 4)
    assert len(set(SYNTHETIC.names)) == len(SYNTHETIC.names)


def test_comparing_states_its_operations():
    """D multiply-adds and a scaling for the match, a difference and its size for the gap."""
    assert SYNTHETIC.pair_flops == 2 * TASTES + 3
