"""How users go through a list: frequencies of clicks against their probabilities."""

import numpy as np
import pytest

from simulator.bias.ranking import Asked
from simulator.bias.reading import expected_clicks, make_reader, read

USERS = 40_000
CHANCE = np.array([0.3, 0.05, 0.6, 0.2], np.float32)


def clicks_of(model, power=1.0, patience=0.9, chance=CHANCE):
    """What all users click on the same list, shape (U, k), and the reader."""
    reader = make_reader(model, len(chance), power, patience)
    click = np.ones((1, USERS, len(chance)), bool)
    asked = Asked(np.array([8], np.uint64), 0, np.ones((1, USERS), bool))
    read(reader, np.broadcast_to(chance, click.shape).copy(), click, asked)
    return click[0], reader


def agree(found, expected):
    """Whether shares of all users are `expected`, within 4 standard errors."""
    return (np.abs(found - expected) <= 4 * np.sqrt(expected * (1 - expected) / USERS)).all()


@pytest.mark.parametrize("power", [0.0, 1.0, 2.5])
def test_by_position_clicks_are_looks_times_chances(power):
    """Place j is clicked with j^-power times the item's probability, each place without regard to the others."""
    click, reader = clicks_of("position", power=power)
    expected = np.arange(1.0, 5.0) ** -power * CHANCE
    assert agree(click.mean(axis=0), expected)
    assert agree((click[:, 0] & click[:, 2]).mean(), expected[0] * expected[2])
    assert reader.by_position == pytest.approx(np.arange(1.0, 5.0) ** -power)


@pytest.mark.parametrize("patience", [0.0, 0.7, 1.0])
def test_a_cascade_ends_with_a_click(patience):
    """Place j is clicked with p_j times patience (1 - p) of each above (Craswell et al., WSDM 2008), at most one."""
    click, reader = clicks_of("cascade", patience=patience)
    reached = np.cumprod(np.append(1.0, patience * (1 - CHANCE[:-1])))
    assert agree(click.mean(axis=0), reached * CHANCE)
    assert click.sum(axis=1).max() == 1
    assert reader.by_position is None


def test_the_best_is_clicked():
    """Everybody clicks on the likeliest item, the first of equals."""
    click, _ = clicks_of("best", chance=np.array([0.1, 0.4, 0.2, 0.4], np.float32))
    assert (click == [False, True, False, False]).all()


@pytest.mark.parametrize("model", ["position", "cascade", "best"])
def test_expected_clicks_are_the_mean_of_clicks(model):
    """Of each reader, within 4 standard errors."""
    click, reader = clicks_of(model)
    total = click.sum(axis=1)
    assert abs(total.mean() - expected_clicks(reader, CHANCE)) <= 4 * total.std() / USERS**0.5


def test_who_does_not_ask_clicks_nothing_new():
    """Rows of users that do not ask stay as they were."""
    reader, mine = make_reader("position", 4, 0.0, 1.0), np.arange(10)[None] % 2 == 0
    click = np.ones((1, 10, 4), bool)
    read(reader, np.zeros((1, 10, 4), np.float32), click, Asked(np.array([8], np.uint64), 0, mine))
    assert (click.all(axis=2) == ~mine).all()
