"""Changed copies of pictures, and what they are worth, where that is known."""

import numpy as np
import pytest

from simulator.errors import InputError
from simulator.training.augmentation import Change, changed, worth_of_copies

NOTHING = Change(degrees=0, pixels=0)


def nearest(shown, labels):
    """Label a picture as the nearest that was learnt."""
    flat = shown.reshape(len(shown), -1)

    def label(pictures):
        apart = ((pictures.reshape(len(pictures), 1, -1) - flat) ** 2).sum(axis=2)
        return labels[apart.argmin(axis=1)]

    return label


def bars(count, rng, *, moved, noise=0.4):
    """Pictures of a bar that lies or stands, in noise, its place always the same or anywhere within 2 pixels."""
    labels = rng.integers(0, 2, count)
    pictures = np.zeros((count, 9, 9))
    pictures[labels == 0, 4, 2:7] = 1
    pictures[labels == 1, 2:7, 4] = 1
    if moved:
        pictures = np.stack([np.roll(one, rng.integers(-2, 3, 2), axis=(0, 1)) for one in pictures])
    return pictures + rng.normal(0, noise, pictures.shape), labels


def test_a_copy_is_shifted_and_turned_as_said():
    """A turn about the middle leaves the middle; a shift of up to a pixel keeps what is further in; no change, none."""
    rng = np.random.default_rng(0)
    pictures = np.zeros((20, 9, 9))
    pictures[:, 4, 4] = 1
    np.testing.assert_allclose(changed(pictures, NOTHING, rng), pictures)
    np.testing.assert_allclose(changed(pictures, Change(45, 0), rng)[:, 4, 4], 1)
    moved = changed(pictures, Change(0, 1), rng)
    np.testing.assert_allclose(moved.sum(axis=(1, 2)), 1)
    assert np.all(moved[:, 3:6, 3:6].sum(axis=(1, 2)) > 1 - 1e-9)
    places = (moved * np.arange(9)).sum(axis=(1, 2)) - 4
    assert -1 <= places.min() < -0.5 < 0.5 < places.max() <= 1


def test_copies_without_a_change_are_worth_nothing():
    """The nearest neighbour learns nothing from what it has already."""
    found = worth_of_copies(bars(600, np.random.default_rng(1), moved=True), nearest, NOTHING, (20, 40, 80), 4)
    assert [(one.samples, one.worth.value) for one in found] == [(40, 0)]


def test_copies_are_worth_most_where_they_are_as_the_test_is():
    """Where bars lie anywhere, shifted copies stand for real ones; where they all lie in one place, they do harm."""
    change, sizes = Change(degrees=0, pixels=2), (20, 40, 80, 160)
    anywhere, in_place = (
        worth_of_copies(bars(700, np.random.default_rng(2), moved=moved, noise=noise), nearest, change, sizes, 8)
        for moved, noise in ((True, 0.4), (False, 0.6))
    )
    assert anywhere[0].worth.low > 0.1
    assert in_place[0].worth.high < -0.1


def test_errors_that_do_not_fall_say_nothing_of_worth():
    """A model that learns nothing has no number of pictures that its copies could stand for."""
    pictures = np.zeros((100, 3, 3)), np.zeros(100, dtype=np.int64)
    with pytest.raises(InputError, match="fewer errors from 80 pictures than from 20"):
        worth_of_copies(pictures, nearest, NOTHING, (20, 40, 80), 2)


def test_two_sizes_are_too_few():
    """Beside a size there is one smaller and one larger, and some pictures are left to judge by."""
    pictures = bars(100, np.random.default_rng(3), moved=True)
    for sizes in ((20, 40), (20, 40, 100)):
        with pytest.raises(InputError, match="at least 3 sizes below the 100 pictures"):
            worth_of_copies(pictures, nearest, NOTHING, sizes, 4)
