"""`simulator diagnose`: why it is slow, why it is wrong, what to change next."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.console import progress, show, show_json, warn
from simulator.cli.options import (
    AllowPath,
    Json,
    MaxRequests,
    Out,
    Quiet,
    Replications,
    Seed,
    Set,
    all_overrides,
    overrides_by_path,
)
from simulator.cli.so_far import so_far
from simulator.cli.time_limit import TimeLimit, start_clock
from simulator.errors import InputError

if TYPE_CHECKING:
    from simulator.scenario.model import Study

__all__ = ["diagnose"]

NOTHING = "expected a scenario, or --train and --serve with a file each"

File = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The scenario, a YAML file.", show_default=False)]
Train = Annotated[Path | None, typer.Option("--train", metavar="A.csv", help="Instead: the rows trained on.")]
Serve = Annotated[Path | None, typer.Option("--serve", metavar="B.csv", help="Instead: the rows served.")]
Key = Annotated[str | None, typer.Option("--key", metavar="COLUMN", help="Names a row in both, to compare the paths.")]
Label = Annotated[str | None, typer.Option("--label", metavar="COLUMN", help="What the ranker predicts, 0 or 1.")]
Query = Annotated[str | None, typer.Option("--query", metavar="COLUMN", help="The list that a row is ranked in.")]
Time = Annotated[str | None, typer.Option("--time", metavar="COLUMN", help="Dates or periods.")]
Unused = Annotated[
    list[str], typer.Option("--unused", metavar="COLUMN", help="A column that the ranker is not given. Repeatable.")
]


def diagnose(
    file: File = None,
    train: Train = None,
    serve: Serve = None,
    key: Key = None,
    label: Label = None,
    query: Query = None,
    time: Time = None,
    unused: Unused = [],
    set_: Set = [],
    allow_path: AllowPath = [],
    seed: Seed = None,
    replications: Replications = None,
    max_requests: MaxRequests = "1e11",
    time_limit: TimeLimit = None,
    json: Json = False,
    quiet: Quiet = False,
    out: Out = None,
) -> None:
    """Find why it is slow, why it is wrong, and what to change next."""
    start_clock(time_limit)
    overrides = all_overrides(set_, seed, replications)
    roles = {"key": key, "label": label, "query": query, "time": time, "unused": tuple(unused) or None}
    if file is None:
        study = _of_files(train, serve, {name: value for name, value in roles.items() if value is not None})
    else:
        study = _of_scenario(file, overrides, allow_path, train or serve or any(roles.values()))
        _check_work(study, max_requests)

    from simulator.diagnosis.answer import Diagnosed
    from simulator.diagnosis.answer import diagnose as look_into  # loads Numba, so only once the input is known good
    from simulator.report.files import check_writable

    if out is not None:
        check_writable(out)
    with progress(study.name, quiet=quiet or json) as on_progress:
        answer = so_far(Diagnosed, lambda: look_into(study, on_progress))
    warn(answer.warnings, quiet=quiet)
    if json:
        from simulator.report.diagnose_document import diagnose_document  # one of two forms is loaded

        show_json(diagnose_document(answer, overrides_by_path(overrides)), out)
    else:
        from simulator.report.diagnose_text import diagnose_said  # one of two forms is loaded
        from simulator.report.text_table import printed_answer

        show(printed_answer(diagnose_said(answer)), out)
    if not answer.complete:
        raise KeyboardInterrupt
    if answer.latency and answer.latency.run.saturated:
        raise typer.Exit(4)


def _of_scenario(file: Path, overrides: list[str], allow_path: list[Path], also_files: object) -> "Study":
    """Return the scenario in `file`."""
    from simulator.scenario.load import load_study  # heavy, and only some commands need it

    if also_files:
        raise InputError(f"{NOTHING}, got both; a scenario names its files in a diagnosis section")
    return load_study(file, overrides, allow_path)


def _check_work(study: "Study", max_requests: str) -> None:
    """Raise TooLargeError where looking into a scenario takes more requests than are allowed."""
    from simulator.scenario.grid import ROW_RUNS  # heavy, and only some commands need it
    from simulator.scenario.model import Scenario
    from simulator.scenario.work import check_work, parse_requests, requests_of

    if isinstance(study, Scenario):
        rows = 1 + 4 * len(study.funnel) + len(study.faults)
        check_work(requests_of(study, rows * ROW_RUNS), parse_requests(max_requests))


def _of_files(train: Path | None, serve: Path | None, roles: dict[str, object]) -> "Study":
    """Return the study of two files."""
    from pydantic import ValidationError  # heavy, and only some commands need it

    from simulator.scenario.diagnosis import Diagnosis
    from simulator.scenario.model import Study

    if train is None or serve is None:
        raise InputError(f"{NOTHING}, got {'neither' if train is serve else 'one file'}")
    try:
        asked = Diagnosis.model_validate({"train": str(train), "serve": str(serve), **roles})
    except ValidationError as error:
        found = error.errors()[0]
        place = found["loc"][0] if found["loc"] else found.get("ctx", {}).get("key", "train")
        raise InputError(f"--{place}: expected {found['msg'].removeprefix('Value error, ')}") from error
    return Study(name="tables", question="What is wrong with the data?", diagnosis=asked)
