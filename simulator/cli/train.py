"""`simulator train`: how much data a model takes, from where, how long it trains, and what that costs."""

from simulator.cli.console import progress, show, show_json, warn
from simulator.cli.options import AllowPath, File, Json, Out, Quiet, Seed, Set, all_overrides, overrides_by_path
from simulator.cli.so_far import so_far
from simulator.cli.time_limit import TimeLimit, start_clock
from simulator.errors import InputError

__all__ = ["train"]


def train(
    file: File,
    set_: Set = [],
    allow_path: AllowPath = [],
    seed: Seed = None,
    time_limit: TimeLimit = None,
    json: Json = False,
    quiet: Quiet = False,
    out: Out = None,
) -> None:
    """Find what data and training take: samples, days, machines, money."""
    start_clock(time_limit)
    from simulator.scenario.load import load_study  # heavy, and only some commands need it

    overrides = all_overrides(set_, seed)
    study = load_study(file, overrides, allow_path)
    if study.training is None:
        raise InputError(f"{file}: expected a training section, got none; add training: {{ranker: two_tower}}")

    from simulator.bias.click_rates import click_rates  # load Numba, so only once the scenario is known to be good
    from simulator.training.answer import TrainAnswer, find_training

    if out is not None:
        from simulator.report.files import check_writable  # only where something is written

        check_writable(out)
    with progress(study.name, quiet=quiet or json) as on_progress:
        clicks = click_rates(study, on_progress)
        answer = so_far(TrainAnswer, lambda: find_training(study, on_progress, clicks))
    warn(answer.warnings, quiet=quiet)
    if json:
        from simulator.report.train_document import train_document  # one of two forms is loaded

        show_json(train_document(answer, overrides_by_path(overrides)), out)
    else:
        from simulator.report.text_table import printed_answer  # one of two forms is loaded
        from simulator.report.train_text import train_said

        show(printed_answer(train_said(answer)), out)
    if not answer.complete:
        raise KeyboardInterrupt
