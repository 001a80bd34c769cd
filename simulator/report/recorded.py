"""What recorded logs say, as tables for a terminal of 80 columns and as JSON."""

from platform import python_version
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from simulator import __version__
from simulator.bias.estimators import PolicyValue
from simulator.bias.open_bandit_study import Campaign
from simulator.bias.recorded import RecordedAnswer
from simulator.report.document import SCHEMA_VERSION
from simulator.report.tables import new_table

__all__ = ["recorded_document", "recorded_tables"]

HEADS = ("estimator", "reward a row (95% interval)", "worth", "weight", "believe")


def recorded_tables(answer: RecordedAnswer) -> RenderableType:
    """Return every estimate with whether to believe it, and how unevenly policies show items."""
    blocks: list[RenderableType] = []
    if answer.values:
        blocks += [Text(f"{answer.study.name}: {answer.rows:,} rows"), _values("The policy in question", answer.values)]
    if answer.campaigns:
        blocks.append(_gini(answer.campaigns))
    for campaign in answer.campaigns:
        for judged in campaign.policies:
            own = judged.click_rate
            title = (
                f"{campaign.name}: {judged.policy}, {own.value:.4f} in its own log ({own.low:.4f} to {own.high:.4f})"
            )
            blocks.append(_values(title, judged.from_other))
    blocks.append(Text(_sentence(answer), style="bold"))
    return Group(*blocks)


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
        "provenance": {
            "package": f"capacity-simulator {__version__}",
            "numpy": np.__version__,
            "python": python_version(),
            "overrides": overrides,
        },
    }


def _value(one: PolicyValue) -> dict[str, Any]:
    """Return one estimate."""
    weighted = one.mean_weight == one.mean_weight
    return {
        "method": one.method,
        "estimate": one.estimate.as_json(),
        "rows": one.rows,
        "effective_sample_size": one.effective_sample_size if weighted else None,
        "largest_weight": one.largest_weight if weighted else None,
        "mean_weight": one.mean_weight if weighted else None,
        "cut": one.cut,
        "holds": one.holds,
        "doubts": list(one.doubts),
    }


def _values(title: str, values: tuple[PolicyValue, ...]) -> RenderableType:
    """Return the estimates of one policy."""
    table = new_table(title)
    for i, head in enumerate(HEADS):
        table.add_column(head, justify="right" if i else "left")
    for one in values:
        found = one.estimate
        interval = f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f})"
        weighted = one.mean_weight == one.mean_weight
        weights = (
            f"{one.effective_sample_size:,.0f}" if weighted else "–",
            f"{one.largest_weight:,.0f}" if weighted else "–",
        )
        table.add_row(one.method.replace("_", " "), interval, *weights, "yes" if one.holds else "no")
    table.caption, table.caption_justify = "worth: rows of equal weight that tell as much; weight: the largest", "left"
    return table


def _gini(campaigns: tuple[Campaign, ...]) -> RenderableType:
    """Return how unevenly each policy shows items."""
    table = new_table("Gini of exposure")
    table.add_column("campaign")
    for judged in campaigns[0].policies:
        table.add_column(judged.policy, justify="right")
    for campaign in campaigns:
        table.add_row(campaign.name, *(f"{judged.exposure_gini:.3f}" for judged in campaign.policies))
    return table


def _sentence(answer: RecordedAnswer) -> str:
    """Return what to believe."""
    held = [one for one in answer.values if one.holds]
    if answer.values and not held:
        return "No estimate is to be believed: see the warnings."
    if held:
        best = min(held, key=lambda one: one.estimate.high - one.estimate.low)
        found = best.estimate
        return f"The policy earns {found.value:.4f} a row ({found.low:.4f} to {found.high:.4f}), by {best.method}."
    even = max(answer.campaigns, key=lambda one: one.policies[0].exposure_gini)
    learnt, random = sorted(even.policies, key=lambda one: -one.exposure_gini)
    return (
        f"In campaign {even.name} {learnt.policy} shows items with a Gini of {learnt.exposure_gini:.3f}, "
        f"{random.policy} with {random.exposure_gini:.3f}."
    )
