"""What ran and what it cost, in words: replica-hours of the stages, and the price of the workers."""

from simulator.capacity.price import cost_per_hour, cost_per_million_queries, mean_workers
from simulator.capacity.run_answer import RunAnswer, StageAnswer

__all__ = ["fleet_sentences", "workers_text"]


def workers_text(workers: float) -> str:
    """Return a number of workers, with a decimal only where it is a mean over time."""
    return f"{workers:,.0f}" if workers == round(workers) else f"{workers:,.1f}"


def fleet_sentences(answer: RunAnswer) -> list[str]:
    """Return the replica-hours, where replicas or load change over time, and the cost, where workers have a price."""
    return [sentence for sentence in (_replica_hours(answer), _cost(answer)) if sentence]


def _replica_hours(answer: RunAnswer) -> str:
    """Return the replica-hours of each stage in the measured time; nothing of a steady fleet under a steady load."""
    stages = answer.scenario.funnel
    if not answer.windows and not any(stage.autoscaling for stage in stages):
        return ""
    first = answer.stages[0]
    hours = first.replica_hours.value / (first.shards * first.mean_replicas.value)
    told = [
        _stage(stage, follows=one.autoscaling is not None) for stage, one in zip(answer.stages, stages, strict=True)
    ]
    return f"Replica-hours in {hours:.3g} h: {', '.join(told)}."


def _stage(stage: StageAnswer, *, follows: bool) -> str:
    """Return the replica-hours of one stage, with their interval where its replicas follow the load."""
    found = stage.replica_hours
    interval = f" (95% interval {found.low:,.1f} to {found.high:,.1f})" if follows and found.low == found.low else ""
    return f"{stage.name} {found.value:,.1f}{interval}"


def _cost(answer: RunAnswer) -> str:
    """Return what the workers cost that ran on average; nothing without prices."""
    workers, prices = mean_workers(answer.stages), answer.scenario.prices
    hourly, million = (price(answer.scenario, workers) for price in (cost_per_hour, cost_per_million_queries))
    if prices is None or hourly is None or million is None:
        return ""
    return (
        f"Cost: {prices.currency} {hourly:,.2f} an hour for {workers_text(workers)} workers on average, "
        f"{prices.currency} {million:,.2f} for a million queries."
    )
