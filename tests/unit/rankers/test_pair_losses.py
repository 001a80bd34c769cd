"""Losses of pairs: their slopes, their exact limits on a toy with room for every score, and what each is worth.

The toy: U users, I items, tabular embeddings of full width, so that any matrix of scores can be reached. A batch holds
every pair (u, i) with every draw (j, k) of items, as often as their chances, in tenths, say: its mean loss is the
expected loss itself, and nothing is left to luck.
"""

import itertools

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize

from simulator.data.world import make_world
from simulator.rankers import two_tower
from simulator.rankers.pair_losses import LOSSES, MARGIN, log_loss, margin, sampled_softmax
from simulator.rankers.two_tower_losses import TOWERS_BY_LOSS, ndcg_by_loss

PAIRS = np.array([[5, 2, 1, 2], [1, 1, 6, 2], [3, 3, 2, 2]])  # ten times p(i | u)
DRAWN = np.array([4, 3, 2, 1])  # ten times q(i)
STEP = 1e-6


def scores(rng, shape=(7, 5)):
    """Return scores of pairs and of what was drawn against them, some of it taken out."""
    own, others = rng.normal(size=shape[0]), rng.normal(size=shape)
    others[2, 1] = others[2, 3] = -np.inf
    return own, others


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("seed", range(3))
def test_slopes_are_those_of_the_loss(name, seed):
    """The slope by every score is within 1e-7 of the central difference; a hit has none."""
    own, others = scores(np.random.default_rng(seed))
    found = LOSSES[name](own, others)

    def slope(array, index):
        ends = []
        for sign in (1, -1):
            kept, array[index] = array[index], array[index] + sign * STEP
            ends.append(LOSSES[name](own, others).loss)
            array[index] = kept
        return (ends[0] - ends[1]) / (2 * STEP)

    for array, slopes in ((own, found.own), (others, found.others)):
        expected = [slope(array, index) if np.isfinite(array[index]) else 0.0 for index in np.ndindex(array.shape)]
        assert slopes.ravel() == pytest.approx(expected, abs=1e-7)


def torch_loss(torch, name, own, others):
    """Return PyTorch's own form of a loss of pairs."""
    functional = torch.nn.functional
    if name == "log_loss":
        observed = functional.binary_cross_entropy_with_logits(own, torch.ones_like(own))
        return observed + functional.binary_cross_entropy_with_logits(others, torch.zeros_like(others))
    if name == "margin":
        leads = own[:, None].expand_as(others)
        return functional.margin_ranking_loss(leads, others, torch.ones_like(others), margin=MARGIN)
    choices = torch.cat([own[:, None], others], dim=1)
    return functional.cross_entropy(choices, torch.zeros(len(own), dtype=torch.long))


@pytest.mark.parametrize("name", LOSSES)
def test_torch_agrees(name):
    """PyTorch's own losses and automatic slopes, in double precision, agree to 1e-12."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(4)
    own, others = rng.normal(size=6), rng.normal(size=(6, 3))
    s, o = (torch.tensor(array, requires_grad=True) for array in (own, others))
    loss = torch_loss(torch, name, s, o)
    loss.backward()
    found = LOSSES[name](own, others)
    assert found.loss == pytest.approx(loss.item(), rel=1e-12)
    assert found.own == pytest.approx(s.grad.numpy(), rel=1e-12)
    assert found.others == pytest.approx(o.grad.numpy(), rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_torch_agrees_on_the_towers(name):
    """Both towers' forward pass, the corrected loss with its penalty and every gradient are PyTorch's to 1e-10."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(6)
    start = two_tower.initial_parameters((5, 4), (6, 3), rng)
    parameters = {key: block + 0.3 * rng.normal(size=block.shape) for key, block in start.items()}
    columns = rng.normal(size=(7, 5)), rng.normal(size=(7, 4)), rng.normal(size=(8, 4))
    batch = two_tower.Pairs(*columns, np.zeros((7, 8), dtype=bool), -rng.random(7), -rng.random(8))
    p = {key: torch.tensor(block, requires_grad=True) for key, block in parameters.items()}

    def tower(which, rows):
        return torch.relu(torch.tensor(rows) @ p[f"{which}_W1"] + p[f"{which}_b1"]) @ p[f"{which}_W2"]

    u, v, drawn = tower("user", batch.users), tower("item", batch.items), tower("item", batch.negatives)
    own, others = (u * v).sum(dim=1) - torch.tensor(batch.own_log_q), u @ drawn.T - torch.tensor(batch.drawn_log_q)
    penalty = sum((block**2).sum() for key, block in p.items() if "_W" in key)
    loss = torch_loss(torch, name, own, others) + 0.5 * two_tower.L2 * penalty
    loss.backward()
    found, gradient = two_tower.loss_and_gradient(parameters, batch, LOSSES[name])
    assert found == pytest.approx(loss.item(), rel=1e-10)
    for key in parameters:
        assert gradient[key] == pytest.approx(p[key].grad.numpy(), rel=1e-10, abs=1e-14), key


def expected_problem(draws):
    """Return the users (P,), items (P,) and draws (P, M) of every case, as often as it happens, and its times."""
    cases, times = [], []
    for u, i in np.ndindex(PAIRS.shape):
        for drawn in itertools.product(range(len(DRAWN)), repeat=draws):
            cases.append((u, i, *drawn))
            times.append(PAIRS[u, i] * np.prod(DRAWN[list(drawn)]))
    rows = np.repeat(np.array(cases), times, axis=0)
    return rows[:, 0], rows[:, 1], rows[:, 2:]


def fitted(loss, draws, corrected):
    """Return the scores (U, I) that the embeddings reach at the least of the expected loss, and its slope there.

    Slopes of 1e-7 bound the error of a score by 1e-7 over the curvature of the loss, which is above 1e-2 here: 1e-5.
    """
    user, item, drawn = expected_problem(draws)
    shape, width = PAIRS.shape, len(PAIRS)
    split = shape[0] * width
    log_q = np.log(DRAWN / DRAWN.sum()) if corrected else np.zeros(len(DRAWN))

    def objective(flat):
        U, V = flat[:split].reshape(-1, width), flat[split:].reshape(-1, width)
        S = U @ V.T  # (U, I)
        found = loss(S[user, item] - log_q[item], S[user[:, None], drawn] - log_q[drawn])
        dS = np.zeros(shape)
        np.add.at(dS, (user, item), found.own)
        np.add.at(dS, (user[:, None], drawn), found.others)
        return found.loss, np.concatenate([(dS @ V).ravel(), (dS.T @ U).ravel()])

    start = np.random.default_rng(0).normal(size=split + shape[1] * width)
    best = minimize(objective, start, jac=True, method="BFGS", options={"gtol": 1e-8, "maxiter": 5000})
    slope = np.abs(objective(best.x)[1]).max()
    U, V = best.x[:split].reshape(-1, width), best.x[split:].reshape(-1, width)
    return U @ V.T, slope


def centred(S):
    """Return scores less their mean by user: what is left of them up to a constant of the user."""
    return S - S.mean(axis=1, keepdims=True)


P_OF_I = PAIRS / PAIRS.sum(axis=1, keepdims=True)
RATIO = np.log(P_OF_I / (DRAWN / DRAWN.sum()))


@pytest.mark.parametrize("draws", [1, 2])
def test_without_the_correction_popularity_is_divided_out(draws):
    """Sampled softmax ends at log p(i | u) / q(i) + a constant of the user, however many are drawn."""
    S, slope = fitted(sampled_softmax, draws, corrected=False)
    assert slope < 1e-7
    assert np.abs(centred(S) - centred(RATIO)).max() < 1e-5


@pytest.mark.parametrize("draws", [1, 2])
def test_with_the_correction_popularity_is_learnt(draws):
    """The logQ correction takes sampled softmax to log p(i | u) + a constant of the user."""
    S, slope = fitted(sampled_softmax, draws, corrected=True)
    assert slope < 1e-7
    assert np.abs(centred(S) - centred(np.log(P_OF_I))).max() < 1e-5
    assert np.abs(centred(S) - centred(RATIO)).max() > 0.1  # the two limits are not one


def test_the_log_loss_ends_at_the_ratio_itself():
    """Told from random pairs by the log loss, scores end at log p(i | u) / q(i), with no constant left open."""
    S, slope = fitted(log_loss, 1, corrected=False)
    assert slope < 1e-7
    assert np.abs(S - RATIO).max() < 1e-5


@pytest.mark.parametrize("p", [0.2, 0.35, 0.7])
def test_the_margin_says_which_ratio_is_larger_not_by_how_much(p):
    """Of two items the better by p(i | u) / q(i) ends exactly MARGIN ahead, whatever the size of the ratios."""
    q = 0.4
    leads = np.linspace(-3, 3, 601)  # of the first item; the loss is straight between -MARGIN and MARGIN

    def expected(lead):
        first = margin(np.array([lead]), np.array([[0.0]])).loss
        second = margin(np.array([0.0]), np.array([[lead]])).loss
        return p * (1 - q) * first + (1 - p) * q * second

    best = leads[np.argmin([expected(lead) for lead in leads])]
    assert best == pytest.approx(MARGIN if p / q > (1 - p) / (1 - q) else -MARGIN)


@pytest.mark.parametrize("name", LOSSES)
def test_towers_follow_the_slope_of_every_loss(name):
    """Each parameter of the towers has the slope of central differences within 1e-6, corrected by log q too."""
    rng = np.random.default_rng(2)
    start = two_tower.initial_parameters((5, 4), (6, 3), rng)
    parameters = {key: block + 0.3 * rng.normal(size=block.shape) for key, block in start.items()}
    hits = np.zeros((7, 8), dtype=bool)
    hits[2, 5] = True
    columns = rng.normal(size=(7, 5)), rng.normal(size=(7, 4)), rng.normal(size=(8, 4))
    batch = two_tower.Pairs(*columns, hits, -rng.random(7), -rng.random(8))
    _, gradient = two_tower.loss_and_gradient(parameters, batch, LOSSES[name])
    for key, block in parameters.items():
        slope = np.empty_like(block)
        for index in np.ndindex(block.shape):
            moved = [{**parameters, key: block.copy()} for _ in range(2)]
            moved[0][key][index] += 1e-5
            moved[1][key][index] -= 1e-5
            high, low = (two_tower.loss_and_gradient(one, batch, LOSSES[name])[0] for one in moved)
            slope[index] = (high - low) / 2e-5
        assert np.linalg.norm(gradient[key] - slope) < 1e-6 * np.linalg.norm(slope), key


@pytest.mark.slow
def test_the_correction_costs_quality_where_shown_lists_are_ranked():
    """Dividing popularity out ranks what was shown better than learning it, query by query, beyond the interval."""
    values = ndcg_by_loss(make_world(users=1500, items=800, seed=0), seed=0, k=10)
    assert values.keys() == TOWERS_BY_LOSS.keys()
    for name in ("two_tower", "two_tower_log_loss", "two_tower_margin"):
        apart = values[name] - values["two_tower_corrected"]
        assert apart.mean() - stats.t.ppf(0.975, apart.size - 1) * stats.sem(apart) > 0.05


def test_the_correction_divides_by_the_chance_to_be_drawn():
    """With towers that give zero, a pair of chance 1/10 against one of 4/10 costs log((10 + 2.5) / 10)."""
    zero = {
        key: 0 * block for key, block in two_tower.initial_parameters((2, 2), (3, 2), np.random.default_rng(0)).items()
    }
    one = np.ones((1, 2))
    batch = two_tower.Pairs(one, one, one, np.zeros((1, 1), dtype=bool), np.log([0.1]), np.log([0.4]))
    loss, _ = two_tower.loss_and_gradient(zero, batch)
    assert loss == pytest.approx(np.log(1.25))


def test_towers_learn_what_the_correction_says_they_do():
    """Scores of towers with the correction rise with an item's showings, far more than those without."""
    world = make_world(users=600, items=300, seed=1)
    users = np.unique(world.splits.test.user)
    slopes = {}
    for name in ("two_tower", "two_tower_corrected"):
        ranker = TOWERS_BY_LOSS[name].fit(world, seed=0)
        mean = np.mean([ranker.score(user, slice(None)) for user in users], axis=0)
        slopes[name] = np.polyfit(np.log(np.maximum(np.bincount(world.splits.train.item, minlength=300), 1)), mean, 1)[
            0
        ]
    assert slopes["two_tower_corrected"] > slopes["two_tower"] + 0.5
