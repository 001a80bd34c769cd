"""Where samples come from, as numbers: how fast, how dear, how many, when the first, and what one is worth.

The worth of a sample is in clean ones: a label that is right with probability p counts (2 p - 1)^2 of one
(training.votes), and a click that is weighed for the place it was made in less than one that needs no weight.
"""

import math
from dataclasses import dataclass

import numpy as np

from simulator.scenario.training import SourceOfSamples
from simulator.statistics.intervals import Estimate
from simulator.training.votes import label_worth, majority_accuracy, votes_for

__all__ = ["CLICKED", "DAY", "ClickRates", "Supply", "share_of_weighted", "supply_of"]

CLICKED = ("online", "random")
"""Kinds of sources whose samples are clicks."""

DAY = 86_400.0


@dataclass(frozen=True)
class ClickRates:
    """Clicks a query that were simulated: of what serves, of random lists, and what a random list loses."""

    ranked: Estimate
    random: Estimate
    lost: Estimate


@dataclass(frozen=True)
class Supply:
    """What one source gives.

    Attributes
    ----------
    name, kind
        As the scenario says.
    per_day
        Samples a day; infinite of what is all there at once.
    most
        Samples in all; infinite without an end.
    delay_days
        Until the first.
    price, fixed_price
        Of a sample, and of the source as a whole once any of it is taken.
    worth
        Of a sample in clean ones, 0 to 1.
    note
        How that came about; may be empty.
    """

    name: str
    kind: str
    per_day: float
    most: float
    delay_days: float
    price: float
    fixed_price: float
    worth: float
    note: str = ""

    def samples_by(self, days: float) -> float:
        """Return the samples there are after so many days."""
        if days < self.delay_days:
            return 0.0
        return self.most if math.isinf(self.per_day) else min(self.most, self.per_day * (days - self.delay_days))


def supply_of(source: SourceOfSamples, qps: float | None, clicks: ClickRates | None = None) -> Supply:
    """Return what `source` gives where `qps` queries a second are served and `clicks` made, unless it says its own."""
    said = ""
    if clicks and source.kind in CLICKED and source.click_rate is None:
        source, said = _with_clicks(source, clicks)
    per_day, price, worth, note = _OF_KIND[source.kind](source, (source.qps or qps or 0.0) * DAY)
    existing = source.kind == "existing"
    most = source.samples if existing else source.most
    return Supply(
        name=source.name,
        kind=source.kind,
        per_day=per_day,
        most=math.inf if most is None else float(most),
        delay_days=source.delay / DAY,
        price=price,
        fixed_price=(source.price or 0.0) if existing else 0.0,
        worth=source.worth * worth,
        note="; ".join(filter(None, (said, note))),
    )


def share_of_weighted(slots: int, examination: float) -> float:
    """Return what a click weighed by the inverse of its place's examination is worth of one that needs no weight.

    Clicks fall on place j in proportion to e_j = j^-examination, and are weighed by w = 1/e_j. By Kish, n weighed rows
    tell as much of a mean as n (E w)^2 / E w^2 equal ones; under the clicks' own law that is k^2 / (sum e sum 1/e).

    Sources: Kish, "Survey sampling", 1965, section 11.7; Joachims et al., "Unbiased learning-to-rank with biased
    feedback", WSDM 2017, for the weights.

    Parameters
    ----------
    slots
        k, places of a list, at least 1.
    examination
        The power, at least 0.
    """
    e = np.arange(1.0, slots + 1) ** -examination
    return float(slots**2 / (e.sum() * (1 / e).sum()))


def _with_clicks(source: SourceOfSamples, clicks: ClickRates) -> tuple[SourceOfSamples, str]:
    """Return a source with the clicks a query that were simulated, and what to say of them."""
    if source.kind == "online":
        return source.model_copy(update={"click_rate": clicks.ranked.value}), f"{_rate(clicks.ranked)}, simulated"
    lost = source.lost_clicks if "lost_clicks" in source.model_fields_set else max(0.0, clicks.lost.value)
    source = source.model_copy(update={"click_rate": clicks.random.value, "lost_clicks": lost})
    return source, f"{_rate(clicks.random)} and {lost:.2g} lost, simulated"


def _rate(clicks: Estimate) -> str:
    """Return clicks a query in words."""
    return f"{clicks.value:.2g} ({clicks.low:.2g} to {clicks.high:.2g}) clicks a query"


Parts = tuple[float, float, float, str]
"""Samples a day, the price of one, its worth, and a note."""


def _online(source: SourceOfSamples, queries: float) -> Parts:
    """Return what clicks on a system that serves give."""
    worth = share_of_weighted(source.slots, source.examination)
    note = "" if worth == 1 else f"weighed by place, a click is worth {worth:.2f}"
    return queries * source.logged * (source.click_rate or 0.0), 0.0, worth, note


def _random(source: SourceOfSamples, queries: float) -> Parts:
    """Return what clicks on random lists give; the price is what such lists lose."""
    rate = source.click_rate or 0.0
    price = source.lost_clicks * source.click_value / rate if rate else 0.0
    return queries * (source.share or 0.0) * rate, price, 1.0, ""


def _labellers(source: SourceOfSamples, queries: float) -> Parts:
    """Return what people who label give, by the majority of as many votes as are cheapest."""
    del queries
    label = source.price or 0.0
    found = votes_for(1.0, source.accuracy, label or 1e-12, source.sample_price)
    votes = max(1, found.votes) if source.votes == "auto" else source.votes
    right = majority_accuracy(source.accuracy, votes)
    worth = label_worth(right) if source.accuracy > 0.5 else 0.0
    note = f"{votes} vote{'s' if votes > 1 else ''} a sample, right {right:.1%}"
    labels = source.people * (source.per_hour or 0.0) * source.hours_a_day
    return labels / votes, votes * label + source.sample_price, worth, note


def _existing(source: SourceOfSamples, queries: float) -> Parts:
    """Return what data there is gives: all of it at once."""
    del source, queries
    return math.inf, 0.0, 1.0, ""


def _prompt(source: SourceOfSamples, queries: float) -> Parts:
    """Return what users give who are asked; a question without an answer is paid for too."""
    answers = source.answer_rate or 0.0
    price = (source.price or 0.0) / answers if answers else 0.0
    worth = label_worth(source.accuracy) if source.accuracy > 0.5 else 0.0
    return queries * (source.share or 0.0) * answers, price, worth, f"answers right {source.accuracy:.0%}"


_OF_KIND = {
    "online": _online,
    "random": _random,
    "labellers": _labellers,
    "existing": _existing,
    "prompt": _prompt,
}
