"""The JSON of a bias answer, and its course as CSV; rates are per request, shares between 0 and 1."""

import math
from collections.abc import Iterable
from typing import Any

from simulator.bias.answer import ArmAnswer, BiasAnswer
from simulator.bias.backtest import NoveltyFit
from simulator.bias.course import MEASURES
from simulator.bias.experiment import ExperimentAnswer
from simulator.data.features import FloatArray
from simulator.report.document import SCHEMA_VERSION, versions_document
from simulator.statistics.intervals import Estimate

__all__ = ["bias_csv", "bias_document"]


def bias_document(answer: BiasAnswer, overrides: dict[str, str]) -> dict[str, Any]:
    """Return the document of `answer`, as plain JSON values; `overrides` are the `--set` settings by path."""
    bias = answer.bias
    experiments = {"ab_test": answer.ab_test, "holdout": answer.holdout}
    return {
        "schema_version": SCHEMA_VERSION,
        "command": "bias",
        "scenario": answer.study.name,
        "question": answer.study.question,
        "seed": answer.study.seed,
        "complete": answer.complete,
        "world": bias.world,
        "users": answer.users,
        "items": {"start": answer.items[0], "end": answer.items[1]},
        "slots": bias.slots,
        "steps": bias.steps,
        "replications": bias.replications,
        "arms": [_arm(arm) for arm in answer.arms],
        **{name: _experiment(one) for name, one in experiments.items() if one},
        "logging": [_finite(vars(one)) for one in answer.load],
        "warnings": list(answer.warnings),
        "provenance": versions_document(overrides),
    }


def bias_csv(answer: BiasAnswer) -> Iterable[tuple[Any, ...]]:
    """Return every measure over time as CSV rows."""
    yield ("arm", "step", "measure", "value", "low", "high")
    for arm in answer.arms:
        for measure, line in arm.lines.items():
            for step, *numbers in zip(line.steps, line.value, line.low, line.high, strict=True):
                yield (arm.name, int(step), measure, *("" if math.isnan(one) else float(one) for one in numbers))


def _arm(arm: ArmAnswer) -> dict[str, Any]:
    """Return one policy."""
    return {
        "name": arm.name,
        "policy": arm.policy.model_dump(mode="json"),
        "measures": {name: arm.totals[name].as_json() for name in MEASURES},
        "click_rate_difference": _maybe(arm.difference),
        "exploration": {
            "share": arm.policy.exploration,
            "by": arm.policy.explore,
            "cost_clicks_per_request": arm.cost.as_json(),
            "effective_sample_size": arm.effective.as_json(),
            "largest_weight": arm.largest_weight.as_json(),
            "rows": arm.rows,
            "random_rows": arm.random_rows.as_json(),
            "learnt_list_worth": arm.learnt.as_json(),
        },
        "position_bias": None
        if arm.looks is None
        else {
            "estimated": [one.as_json() for one in arm.looks],
            "true": None if arm.true_looks is None else list(arm.true_looks),
        },
        "new_items": None
        if arm.found is None
        else {"found": arm.found.as_json(), "steps_until_found": _maybe(arm.found_after)},
        "over_time": {
            "step": next(iter(arm.lines.values())).steps.tolist(),
            **{
                name: {part: _numbers(getattr(line, part)) for part in ("value", "low", "high")}
                for name, line in arm.lines.items()
            },
        },
        "exposure_by_rank": [
            {"step": step, "rank": ranks.tolist(), "share": shares.tolist()} for step, ranks, shares in arm.by_rank
        ],
        "warnings": list(arm.warnings),
    }


def _experiment(answer: ExperimentAnswer) -> dict[str, Any]:
    """Return an experiment."""
    value, low, high = (_numbers(part) for part in answer.course)
    return {
        "settings": answer.experiment.model_dump(mode="json"),
        "users": {"control": answer.users[0], "treatment": answer.users[1]},
        "control_click_rate": answer.control.as_json(),
        "treatment_click_rate": answer.treatment.as_json(),
        "difference": answer.seen.as_json(),
        "true_difference": answer.truth.as_json(),
        "difference_less_true": answer.gap.as_json(),
        "found": answer.found,
        "found_with_cuped": answer.found_adjusted,
        "cuped_variance_left": answer.variance_left,
        "power": answer.powered,
        "users_per_arm_for_80_percent": answer.wanted_users,
        "looks": None if answer.looking is None else vars(answer.looking),
        "sample_ratio_mismatch": answer.mismatched,
        "over_time": {"difference": {"value": value, "low": low, "high": high}},
        "novelty": None if answer.novelty is None else _novelty(answer.novelty),
        "warnings": list(answer.warnings),
    }


def _novelty(found: NoveltyFit) -> dict[str, Any]:
    """Return what an effect settles at."""
    return {
        "steady": found.steady.as_json(),
        "novelty": found.novelty.as_json(),
        "steps_to_37_percent": found.tau.as_json(),
        "fit_p": found.fit_p,
        "doubts": list(found.doubts),
    }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """Return values with null for what is infinite."""
    return {name: None if value == math.inf else value for name, value in values.items()}


def _maybe(found: Estimate | None) -> dict[str, float | None] | None:
    """Return an estimate, null for none."""
    return None if found is None else found.as_json()


def _numbers(values: FloatArray) -> list[float | None]:
    """Return numbers with null for what is not known."""
    return [None if math.isnan(one) else float(one) for one in values]
