"""`simulator bias`: what the ranking does to its own data, and what experiments on it show."""

from typing import TYPE_CHECKING

from simulator.cli.console import progress, show, show_json, warn
from simulator.cli.options import File, Json, Out, Quiet, Seed, Set, all_overrides, overrides_by_path

if TYPE_CHECKING:
    from simulator.scenario.model import Study

__all__ = ["bias"]


def bias(
    file: File,
    set_: Set = [],  # noqa: B006  typer never changes it
    seed: Seed = None,
    json: Json = False,
    quiet: Quiet = False,
    out: Out = None,
) -> None:
    """Simulate what a ranking does to its own data, and experiments."""
    from simulator.scenario.load import load_study  # heavy, and only some commands need it

    overrides = all_overrides(set_, seed)
    study = load_study(file, overrides)
    _check(study, str(file))

    from simulator.bias.answer import find_bias  # loads Numba, so only once the scenario is known to be good
    from simulator.report.files import check_writable

    if out is not None:
        check_writable(out)
    with progress("steps", quiet=quiet or json) as on_progress:
        answer = find_bias(study, on_progress)
    warn(answer.warnings, quiet=quiet)
    if json:
        from simulator.report.bias_document import bias_document  # one of two forms is loaded

        show_json(bias_document(answer, overrides_by_path(overrides)), out)
    else:
        from simulator.report.bias_tables import bias_tables  # one of two forms is loaded

        show(bias_tables(answer), out)


def _check(study: "Study", file: str) -> None:
    """Refuse a scenario that asks nothing about bias."""
    from simulator.errors import InputError

    if study.bias is None:
        raise InputError(f"{file}: expected a bias section, got none; add bias: {{recommender: popular_first}}")
