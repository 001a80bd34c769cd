"""Which funnels can be judged by what they find, and by which book of scores."""

from functools import cache

from simulator.capacity.log_book import log_book
from simulator.capacity.score_book import ScoreBook, shared_book
from simulator.data.world import World
from simulator.errors import InputError
from simulator.rankers.own import load_own
from simulator.rankers.registry import RANKERS
from simulator.scenario.model import Scenario
from simulator.scenario.ranker_names import is_own

__all__ = ["book_for", "check_quality", "has_quality", "mean_candidates", "why_not_judged"]


def has_quality(scenario: Scenario) -> bool:
    """Return whether every stage of `scenario` names a ranker that can be trained here, all on one kind of world."""
    return not why_not_judged(scenario)


def why_not_judged(scenario: Scenario) -> str:
    """Return why the funnel has no quality, in words; nothing where it has."""
    for stage in scenario.funnel:
        if stage.ranker is None:
            return f"stage {stage.name} names no ranker"
        if is_own(stage.ranker) and (reason := _why_untrained(stage.ranker)):
            return f"stage {stage.name}: {reason}"
    kinds = _kinds(scenario)
    if len(kinds) > 1:
        return f"the rankers learn from different worlds, of {' and of '.join(sorted(kinds))}"
    if scenario.quality.recorded and kinds != {World.kind}:
        return f"a log of users and items has no {kinds.pop()} for its rankers to learn from"
    return ""


def check_quality(scenario: Scenario) -> None:
    """Raise InputError where the funnel has no quality, or the log that it is judged by cannot be used."""
    if reason := why_not_judged(scenario):
        raise InputError(f"section quality: expected rankers that can all be trained on one world; {reason}")
    if scenario.quality.recorded:
        book_for(scenario)


@cache
def _why_untrained(ranker: str) -> str:
    """Return why a user's own ranker cannot be trained here."""
    try:
        return "" if load_own(ranker).learns else f"{ranker} has no fit(world) to learn from what it is judged on"
    except InputError as error:
        return str(error)


def _kinds(scenario: Scenario) -> set[str]:
    """Return the kinds of world that the stages' rankers learn from."""
    names = [stage.ranker for stage in scenario.funnel if stage.ranker]
    return {World.kind if is_own(name) else RANKERS[name].learns_from for name in names}


def book_for(scenario: Scenario, split: str | None = None) -> ScoreBook:
    """Return the scores of a scenario's rankers, which `has_quality`, on as many items as it has candidates, or all.

    A recorded log is split as the scenario says unless `split` is given.
    """
    asked = scenario.quality
    (kind,) = _kinds(scenario)
    book = log_book(asked, split or asked.split) if asked.recorded else shared_book(kind)
    return book.with_items(mean_candidates(scenario))


def mean_candidates(scenario: Scenario) -> int:
    """Return the mean number of documents that enter the funnel with a query, at least 1."""
    laws, shares = scenario.traffic.candidate_laws, [one.share for one in scenario.traffic.classes] or [1.0]
    return max(1, round(sum(share * law.mean_value() for share, law in zip(shares, laws, strict=True))))
