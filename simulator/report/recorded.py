"""What recorded logs say, as text for terminals and reports, as JSON and as CSV."""

import math
from collections.abc import Iterable
from typing import Any

from simulator.bias.estimators import PolicyValue
from simulator.bias.open_bandit_study import Campaign, Judged
from simulator.bias.recorded import RecordedAnswer
from simulator.report.document import SCHEMA_VERSION, versions_document
from simulator.report.text_table import TextTable

__all__ = [
    "recorded_csv",
    "recorded_document",
    "recorded_effort",
    "recorded_sentence",
    "recorded_text_tables",
    "weighted",
]

HEADS = ("estimator", "reward a row (95% interval)", "worth", "weight", "believe")


def recorded_effort(answer: RecordedAnswer) -> str:
    """Return what was read."""
    if answer.values:
        return f"{answer.rows:,} rows of a log"
    return f"Open Bandit, a log of each of two policies in {len(answer.campaigns)} campaigns"


def recorded_text_tables(answer: RecordedAnswer) -> list[TextTable]:
    """Return every estimate with whether to believe it, and how unevenly policies show items."""
    found = [_values("The policy in question", answer.values)] if answer.values else []
    if answer.campaigns:
        found.append(_gini(answer.campaigns))
    for campaign in answer.campaigns:
        for judged in campaign.policies:
            own = judged.click_rate
            title = (
                f"{campaign.name}: {judged.policy}, {own.value:.4f} in its own log ({own.low:.4f} to {own.high:.4f})"
            )
            found.append(_values(title, judged.from_other))
    return found


def recorded_document(answer: RecordedAnswer, overrides: dict[str, str]) -> dict[str, Any]:
    """Return the document of `answer`, as plain JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": "bias",
        "scenario": answer.study.name,
        "question": answer.study.question,
        "rows": answer.rows,
        "estimates": [_value(one) for one in answer.values],
        "campaigns": [
            {
                "name": campaign.name,
                "items": campaign.items,
                "policies": [
                    {
                        "policy": judged.policy,
                        "exposure_gini": judged.exposure_gini,
                        "click_rate": judged.click_rate.as_json(),
                        "from_other_log": [_value(one) for one in judged.from_other],
                    }
                    for judged in campaign.policies
                ],
            }
            for campaign in answer.campaigns
        ],
        "warnings": list(answer.warnings),
        "provenance": versions_document(overrides),
    }


def _value(one: PolicyValue) -> dict[str, Any]:
    """Return one estimate."""
    known = one.mean_weight == one.mean_weight
    return {
        "method": one.method,
        "estimate": one.estimate.as_json(),
        "rows": one.rows,
        "effective_sample_size": one.effective_sample_size if known else None,
        "largest_weight": one.largest_weight if known else None,
        "mean_weight": one.mean_weight if known else None,
        "cut": one.cut,
        "holds": one.holds,
        "doubts": list(one.doubts),
    }


def recorded_csv(answer: RecordedAnswer) -> Iterable[tuple[Any, ...]]:
    """Return every estimate as CSV rows."""
    yield (
        "campaign",
        "policy",
        "estimator",
        "reward",
        "low",
        "high",
        "effective_sample_size",
        "largest_weight",
        "holds",
    )
    own = [("", "", one) for one in answer.values]
    theirs = [
        (campaign.name, judged.policy, one)
        for campaign in answer.campaigns
        for judged in campaign.policies
        for one in judged.from_other
    ]
    for campaign, policy, one in (*own, *theirs):
        found, weights = one.estimate, (one.effective_sample_size, one.largest_weight)
        numbers = ["" if math.isnan(number) else number for number in (found.value, found.low, found.high, *weights)]
        yield (campaign, policy, one.method, *numbers, str(one.holds).lower())


def recorded_sentence(answer: RecordedAnswer) -> str:
    """Return what to believe."""
    held = [one for one in answer.values if one.holds]
    if answer.values and not held:
        return "No estimate is to be believed: see the warnings."
    if held:
        best = min(held, key=lambda one: one.estimate.high - one.estimate.low)
        found = best.estimate
        return f"The policy earns {found.value:.4f} a row ({found.low:.4f} to {found.high:.4f}), by {best.method}."
    told = [
        (f"{judged.policy} in {campaign.name}", weighted(judged), judged.click_rate)
        for campaign in answer.campaigns
        for judged in campaign.policies
    ]
    meets = [one.holds and one.estimate.low <= own.high and own.low <= one.estimate.high for _, one, own in told]
    misled = [f"{name} (one row weighs {one.largest_weight:,.0f})" for name, one, _ in told if not one.holds]
    warned = f"; it warns of {', '.join(misled)}" if misled else ""
    return (
        f"In {sum(meets)} of {len(told)} cases one policy's log, weighted, says what the other earned in its own, "
        f"within both intervals{warned}."
    )


def weighted(judged: Judged) -> PolicyValue:
    """Return what the other policy's log says of a policy by plain weights (IPS)."""
    return next(one for one in judged.from_other if one.method == "ips")


def _values(title: str, values: tuple[PolicyValue, ...]) -> TextTable:
    """Return the estimates of one policy."""
    rows: list[tuple[str, ...]] = []
    for one in values:
        found = one.estimate
        interval = f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f})"
        known = one.mean_weight == one.mean_weight
        weights = (
            f"{one.effective_sample_size:,.0f}" if known else "–",
            f"{one.largest_weight:,.0f}" if known else "–",
        )
        rows.append((one.method.replace("_", " "), interval, *weights, "yes" if one.holds else "no"))
    return TextTable(title, HEADS, rows, "Worth: rows of equal weight that tell as much; weight: the largest")


def _gini(campaigns: tuple[Campaign, ...]) -> TextTable:
    """Return how unevenly each policy shows items."""
    heads = ("campaign", *(judged.policy for judged in campaigns[0].policies))
    rows = [(one.name, *(f"{judged.exposure_gini:.3f}" for judged in one.policies)) for one in campaigns]
    return TextTable("Gini of exposure; 0 is even", heads, rows)
