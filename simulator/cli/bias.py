"""`simulator bias`: what the ranking does to its own data, and what experiments on it show."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.console import progress, show, show_json, warn
from simulator.cli.options import AllowPath, File, Json, Out, Quiet, Seed, Set, all_overrides, overrides_by_path
from simulator.cli.so_far import so_far
from simulator.cli.time_limit import TimeLimit, start_clock
from simulator.errors import InputError

if TYPE_CHECKING:
    from simulator.scenario.model import Study

__all__ = ["bias"]


def bias(
    file: File,
    set_: Set = [],
    allow_path: AllowPath = [],
    seed: Seed = None,
    time_limit: TimeLimit = None,
    json: Json = False,
    quiet: Quiet = False,
    out: Out = None,
    log: Annotated[
        Path | None, typer.Option("--log", help="Write every row of the first replication to this CSV file.")
    ] = None,
) -> None:
    """Simulate what a ranking does to its own data, and experiments."""
    start_clock(time_limit)
    from simulator.scenario.load import load_study  # heavy, and only some commands need it

    overrides = all_overrides(set_, seed)
    study = load_study(file, overrides, allow_path)
    if study.bias is None:
        raise InputError(f"{file}: expected a bias section, got none; add bias: {{recommender: popular_first}}")

    from simulator.report.files import check_writable, write_text  # only where something is written

    for path in (out, log):
        if path is not None:
            check_writable(path)
    if study.bias.recorded:
        _recorded(study, overrides_by_path(overrides), json=json, quiet=quiet, out=out)
        return
    from simulator.bias.answer import (  # loads Numba, so only once the scenario is known to be good
        BiasAnswer,
        find_bias,
    )
    from simulator.bias.row_log import RowLog

    row_log = RowLog() if log else None
    with progress("steps", quiet=quiet or json) as on_progress:
        answer = so_far(BiasAnswer, lambda: find_bias(study, on_progress, row_log))
    if log and row_log and answer.complete:
        write_text(log, row_log.text())
    warn(answer.warnings, quiet=quiet)
    if json:
        from simulator.report.bias_document import bias_document  # one of two forms is loaded

        show_json(bias_document(answer, overrides_by_path(overrides)), out)
    else:
        from simulator.report.bias_said import bias_said  # one of two forms is loaded
        from simulator.report.text_table import printed_answer

        show(printed_answer(bias_said(answer)), out)
    if not answer.complete:
        raise KeyboardInterrupt


def _recorded(study: "Study", overrides: dict[str, str], *, json: bool, quiet: bool, out: Path | None) -> None:
    """Print what recorded logs say."""
    from simulator.bias.recorded import find_recorded  # loads pandas, and only some scenarios need it
    from simulator.report.bias_said import bias_said
    from simulator.report.recorded import recorded_document
    from simulator.report.text_table import printed_answer

    answer = find_recorded(study)
    warn(answer.warnings, quiet=quiet)
    if json:
        show_json(recorded_document(answer, overrides), out)
    else:
        show(printed_answer(bias_said(answer)), out)
