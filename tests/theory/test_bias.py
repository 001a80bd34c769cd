"""What theory says of a ranking that learns from its own clicks, held against the loop, within 4 standard errors.

Most of it is of urns: one user who clicks on all that is shown, one place, items shown in proportion to their clicks. A
click is then a ball drawn and put back with one more of its colour.
"""

import math

import numpy as np
import pytest
from scipy.special import beta
from scipy.stats import chisquare

from simulator.bias.measures import gini
from tests.loops import asked, holds, ran, steps_of

URN = {"users": 1, "slots": 1, "click_rate": "100%", "recommender": "proportional"}
LOCKED = {"recommender": "popular_first", "retrain": 100_000, "tastes": 0}
"""The first items by number for ever, since nothing is learnt after the first step."""


@pytest.mark.parametrize(("items", "start_clicks", "steps"), [(2, 1.0, 200), (5, 0.5, 200), (3, 4.0, 50)])
def test_the_share_of_an_item_in_polyas_urn(items, start_clicks, steps):
    """Its variance is p (1 - p) (A + T) / ((A + 1) T), A balls at the start (Johnson & Kotz, Urn Models, 1977, 4.2)."""
    log, _, _ = ran(**URN, items=items, start_clicks=start_clicks, steps=steps, replications=4000)
    p, balls = 1 / items, items * start_clicks
    variance = p * (1 - p) * (balls + steps) / ((balls + 1) * steps)
    assert holds(log.clicks[:, 0] / steps, p)
    assert holds((log.clicks / steps - p) ** 2, variance)


def test_two_items_of_one_click_each_end_up_anyhow():
    """After T draws of an urn of two balls every count from 0 to T is as likely (Pólya & Eggenberger, 1923)."""
    log, _, _ = ran(**URN, items=2, steps=19, replications=10_000)
    counts = np.bincount(log.clicks[:, 0].astype(int), minlength=20)
    assert chisquare(counts).pvalue > 6e-5  # 4 standard deviations


def shares_of_power(power: float, steps: int) -> np.ndarray:
    """The law of one of two items' clicks after `steps`, by its forward equation, shape (steps + 1,)."""
    law = np.ones(1)
    for step in range(steps):
        mine, other = np.arange(1, step + 2) ** power, np.arange(step + 1, 0, -1) ** power
        chosen = mine / (mine + other)
        law = np.append(law * (1 - chosen), 0) + np.append(0, law * chosen)
    return law


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 1.5, 3.0])
@pytest.mark.parametrize("steps", [30, 300])
def test_clicks_to_a_power(power, steps):
    """The law of two items' clicks is that of the forward equation: its variance, and how often one has nearly all.

    Below 1 shares go to a half, at 1 to a random limit, above 1 one item takes all but finitely many clicks
    (Hill, Lane & Sudderth, Annals of Probability 8, 1980; Drinea, Frieze & Mitzenmacher, SODA 2002).
    """
    log, _, _ = ran(**URN, power=power, items=2, steps=steps, replications=4000)
    law, counts = shares_of_power(power, steps), np.arange(steps + 1)
    assert holds((log.clicks[:, 0] / steps - 0.5) ** 2, law @ (counts / steps - 0.5) ** 2)
    most = np.maximum(counts, steps - counts) >= 0.9 * steps
    if law[most].sum() > 0.01:
        assert holds(log.clicks.max(axis=1) >= 0.9 * steps, law[most].sum())


def test_below_power_1_shares_even_out_and_above_1_they_lock_in():
    """From 30 clicks to 300 the variance of a share falls below power 1, goes to 1/12 at 1, and grows above."""

    def variance(power: float, steps: int) -> float:
        return float(shares_of_power(power, steps) @ (np.arange(steps + 1) / steps - 0.5) ** 2)

    assert variance(0.5, 300) < 0.25 * variance(0.5, 30)
    assert variance(1.0, 300) == pytest.approx(1 / 12 * (1 + 2 / 300))
    assert variance(1.5, 300) > 1.1 * variance(1.5, 30)


def test_a_winner_of_power_2_takes_every_click():
    """All T clicks go to one of two items with prod m^2 / (m^2 + 1) of m = 2 to T, which tends to 2 pi / sinh pi."""
    steps = 100
    log, _, _ = ran(**URN, power=2, items=2, steps=steps, replications=4000)
    m = np.arange(2.0, steps + 1)
    expected = np.prod(m**2 / (m**2 + 1))
    assert expected == pytest.approx(2 * math.pi / math.sinh(math.pi), rel=1.01 / steps)
    assert holds(log.clicks.max(axis=1) == steps, expected)


@pytest.mark.parametrize("arriving", [0.25, 0.8])
def test_new_items_bring_a_yule_simon_law(arriving):
    """Of items that arrive with a click each, the share with n clicks is r B(n, r + 1), r = 1 / (1 - a).

    A step brings a click and, with probability b, an item that counts as clicked once: of 1 + b clicks b are first
    ones, so a = b / (1 + b) of Simon's model, and P(1) = 1 / (2 - a) (Simon, Biometrika 42, 1955).
    """
    a = arriving / (1 + arriving)
    log, _, setting = ran(**URN, items=1, new_items=arriving, steps=500, replications=100)
    alive, r = setting.coming.alive[-1], 1 / (1 - a)
    there = np.arange(log.clicks.shape[1]) < alive[:, None]
    for n in (1, 2, 3):
        share = ((log.clicks == n - 1) & there).sum(axis=1) / alive
        assert holds(share, r * beta(n, r + 1))
    assert r * beta(1, r + 1) == pytest.approx(1 / (2 - a))


@pytest.mark.parametrize("arriving", [0.25, 0.8])
def test_items_without_a_click_are_as_many_as_expected(arriving):
    """Given when items come, N of them are without a click: E N(t + 1) = E N(t) (1 - 1 / S) plus those that come.

    S counts clicks and arrivals so far, each of weight 1; the equation is exact, not of a limit.
    """
    log, _, setting = ran(**URN, items=3, new_items=arriving, steps=200, replications=500)
    alive = setting.coming.alive  # (T, R)
    expected = alive[0].astype(float)
    for step in range(setting.steps):
        expected += alive[step] - alive[max(step - 1, 0)]
        expected *= 1 - 1 / (alive[step] + step)
    there = np.arange(log.clicks.shape[1]) < alive[-1][:, None]
    assert holds(((log.clicks == 0) & there).sum(axis=1) - expected, 0)


def urn_variance(e: float, items: int, steps: int) -> float:
    """The variance of an item's share of clicks where a share `e` of the draws is even, by its second moment."""
    first, second = 1.0, 1.0  # of an item's balls
    for step in range(steps):
        balls = items + step
        drawn = (1 - e) * first / balls + e / items
        both = (1 - e) * second / balls + e * first / items
        first, second = first + drawn, second + 2 * both + drawn
    return (second - first**2) / steps**2


@pytest.mark.parametrize("e", [0.05, 0.25, 0.8])
@pytest.mark.parametrize("steps", [40, 400])
def test_an_urn_with_exploration(e, steps):
    """The variance of a share is that of the recursion with p = (1 - e) w / S + e / K, from step to step."""
    items = 4
    log, _, _ = ran(**URN, items=items, exploration=e, steps=steps, replications=4000)
    assert holds((log.clicks / steps - 1 / items) ** 2, urn_variance(e, items, steps))


@pytest.mark.parametrize(("e", "falls"), [(0.1, 0.2), (0.25, 0.5), (0.8, 1.0)])
def test_exploration_takes_luck_away_slowly(e, falls):
    """That variance falls as T^-min(2e, 1): at 10% random traffic, tenfold only in 100,000 times as long.

    Source: the drift of a share is -e / t times its distance (Pemantle, Probability Surveys 4, 2007, section 2.4).
    """
    exponent = math.log(urn_variance(e, 4, 20_000) / urn_variance(e, 4, 80_000)) / math.log(4)
    assert exponent == pytest.approx(falls, abs=0.01)


@pytest.mark.parametrize(("e", "slots"), [(0.05, 5), (0.3, 2)])
def test_exploration_of_a_locked_list_evens_out_exposure(e, slots):
    """The Gini of exposure is (1 - e)(1 - k/K), and what chance adds within the k items and within the rest.

    Two items of one group differ only by random lists, with variance 2 n e (k/K)(1 - (k - 1)/(K - 1)) of n requests.
    """
    items, users, steps = 40, 500, 20
    log, _, _ = ran(**LOCKED, users=users, items=items, slots=slots, exploration=e, steps=steps, replications=60)
    n = users * steps
    difference = math.sqrt(2 * n * e * slots / items * (1 - (slots - 1) / (items - 1))) * math.sqrt(2 / math.pi)
    chance = difference * (slots * (slots - 1) + (items - slots) * (items - slots - 1)) / (2 * items * n * slots)
    assert holds(gini(log.shown), (1 - e) * (1 - slots / items) + chance)
    assert holds(log.shown[:, :slots].sum(axis=1) / (n * slots) - slots / items, (1 - e) * (1 - slots / items))


def test_exploration_of_a_locked_list_costs_what_its_items_are_better():
    """A random item instead of the locked one costs e (mu - mean mu) clicks a request, of the items' click rates mu."""
    e = 0.2
    log, course, setting = ran(
        measured=True, **LOCKED, users=200, items=20, slots=1, exploration=e, steps=30, replications=50
    )
    mu = setting.world.appeal(0)
    cost = e * (mu[:, 0] - mu.mean(axis=1))
    assert holds(np.mean(course.values["exploration_cost"], axis=0) - cost, 0)
    assert holds(np.mean(course.clicks, axis=0) - (mu[:, 0] - cost), 0)
    assert holds(log.clicks[:, 0] / log.shown[:, 0] - mu[:, 0], 0)


def test_every_item_is_seen_at_random_after_coupons_are_collected():
    """One place, e of the requests random: all K items were drawn at random after K H_K / e requests on average.

    Source: the coupon collector's problem (Feller, Introduction to Probability Theory I, IX.3).
    """
    items, e = 10, 0.2
    policy, setting = asked(**LOCKED, users=1, items=items, slots=1, exploration=e, steps=1500, replications=500)
    R = len(setting.luck.streams("reading"))
    drawn, shown_after, drawn_after = np.zeros((R, items), bool), np.zeros(R), np.zeros(R)
    for rows, log in steps_of(policy, setting):
        drawn[np.arange(R), rows.item[:, 0, 0]] |= rows.random[:, 0, 0]
        drawn_after += ~drawn.all(axis=1)
        shown_after += ~(log.shown > 0).all(axis=1)
    assert drawn.all()
    assert holds(drawn_after + 1, items * np.sum(1 / np.arange(1, items + 1)) / e)
    assert holds(shown_after + 1, until_all_are_shown(items, e))


def until_all_are_shown(items: int, e: float) -> float:
    """Expected requests until all items were shown, of which one is shown whenever nothing random is."""
    locked = 1 - e + e / items
    after, before = 0.0, 1 / locked  # with the locked item shown already, and not yet
    for missing in range(1, items):
        new = e * missing / items
        after += 1 / new
        before = (1 + new * before + locked * after) / (new + locked)
    return before


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_random_lists_tell_how_often_places_are_looked_at(power):
    """Clicks by place of random lists are in the ratio of looks, j^-power, whatever the items are worth.

    Source: Joachims, Swaminathan & Schnabel, WSDM 2017, section 4.2 (position bias by randomised lists).
    """
    log, _, _ = ran(
        recommender="random",
        users=500,
        items=50,
        slots=5,
        examination={"power": power},
        click_rate="30%",
        steps=20,
        replications=50,
    )
    rate = log.hit / log.tried  # (R, k)
    looks = np.arange(1.0, 6.0) ** -power
    assert holds(rate[:, 1:] - looks[1:] * rate[:, :1], 0)


@pytest.mark.parametrize("e", [0.01, 0.1])
def test_a_log_with_exploration_is_worth_its_random_rows(e):
    """Weights towards random lists have mean 1 and mean square sum 1 / (K^2 l), so n rows are worth about e n.

    Source: Kish, Survey Sampling, 1965 (the effective sample size (sum w)^2 / sum w^2).
    """
    items, users, steps = 100, 1000, 20
    log, _, _ = ran(**LOCKED, users=users, items=items, slots=1, exploration=e, steps=steps, replications=40)
    n = users * steps
    likely = np.full(items, e / items)
    likely[0] += 1 - e
    square = np.sum(1 / (items**2 * likely))
    assert holds(log.weights[:, 2] / n, 1)
    assert holds(log.weights[:, 3] / n, square)
    assert 1 / square == pytest.approx(e * items / (items - 1), rel=2 * e / items)
    assert holds(log.effective, n / square)
    assert log.weights[:, 4] == pytest.approx(1 / e)
