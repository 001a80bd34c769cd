"""Durations, shares and numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.units import format_duration, parse_duration, parse_number, parse_share


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250us", 250e-6),
        ("0.4us", 0.4e-6),
        ("0.3ms", 0.3e-3),
        ("5ms", 5e-3),
        ("1.5s", 1.5),
        ("10min", 600.0),
        ("24h", 86400.0),
        ("7 d", 604800.0),
        ("1_000ms", 1.0),
        ("1e3us", 1e-3),
        ("0s", 0.0),
    ],
)
def test_durations_are_seconds(text, seconds):
    """A duration is exactly the float nearest to what is written."""
    assert parse_duration(text) == seconds


@given(st.integers(0, 10**6), st.sampled_from([("ns", "e-9"), ("us", "e-6"), ("ms", "e-3"), ("s", "")]))
def test_durations_are_the_nearest_floats(number, unit):
    """Whatever the unit, the seconds are those of the decimal number itself."""
    assert parse_duration(f"{number}{unit[0]}") == float(f"{number}{unit[1]}")


@pytest.mark.parametrize("text", ["5", "ms", "-5ms", "5 lightyears", "5ms6", "nanms", "infs", "", "010ms", "1e999s"])
def test_what_is_no_duration_is_refused(text):
    """Text without a unit or a decent number is refused with what was got."""
    with pytest.raises(ValueError, match="got"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "share"), [("1%", 0.01), ("0.1%", 0.001), ("100 %", 1.0), ("0.25", 0.25)])
def test_shares_are_between_nothing_and_all(text, share):
    """A share is a percentage or a plain number."""
    assert parse_share(text) == pytest.approx(share, rel=1e-15)


@pytest.mark.parametrize("text", ["010", "1e999", "one", "0x10", "1__0", "12:30"])
def test_what_is_no_number_is_refused(text):
    """Octals, sexagesimals, infinities and words are no numbers."""
    with pytest.raises(ValueError, match="number"):
        parse_number(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 ms"), (2.5e-4, "250 us"), (0.0123, "12.3 ms"), (1.0, "1.00 s"), (90.0, "90.0 s"), (7200.0, "2.00 h")],
)
def test_durations_are_written_in_the_unit_that_reads_best(seconds, text):
    """A duration for people has three digits and a fitting unit."""
    assert format_duration(seconds) == text
