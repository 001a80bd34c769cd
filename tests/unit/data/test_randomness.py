import numpy as np
import pytest

from simulator.data.randomness import generator


def test_the_same_seed_and_purpose_give_the_same_numbers():
    """A stream is a function of its seed and its purpose alone."""
    assert np.array_equal(generator(3, "users").random(5), generator(3, "users").random(5))


@pytest.mark.parametrize(("seed", "purpose"), [(4, "users"), (3, "items")])
def test_another_seed_or_purpose_gives_other_numbers(seed, purpose):
    """Streams that differ in seed or in purpose share no number."""
    here, there = generator(3, "users").random(1000), generator(seed, purpose).random(1000)
    assert not np.isin(here, there).any()


def test_streams_of_two_purposes_are_uncorrelated():
    """The correlation of two streams of 100,000 numbers is within four standard errors of zero."""
    here, there = generator(0, "a").random(100_000), generator(0, "b").random(100_000)
    assert abs(np.corrcoef(here, there)[0, 1]) < 4 / 100_000**0.5


def test_a_negative_seed_is_refused_with_its_value():
    """The message gives the seed that was asked for."""
    with pytest.raises(ValueError, match="got -1"):
        generator(-1, "users")
