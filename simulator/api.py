"""The package as a library: `simulator.load(path)` and what can be asked of it, for notebooks and scripts.

Every answer is a `Result`: it knows the answer in a sentence, its numbers as a frame, the document that `--json`
prints, and its plots, and a notebook shows it by itself.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.errors import InputError
from simulator.scenario.load import load_scenario, load_study
from simulator.scenario.model import Scenario, Study

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simulator.report.plots import PlotKind

__all__ = ["Loaded", "Result", "load"]


@dataclass(frozen=True, eq=False)
class Result:
    """The answer to one question.

    Attributes
    ----------
    sentence
        The answer in words.
    document
        All of it as plain data, what `--json` prints.
    answer
        The answer itself, for those who want its arrays.
    """

    sentence: str
    document: dict[str, Any]
    answer: Any
    _rows: Callable[[], Iterable[tuple[Any, ...]]]
    _plots: "dict[str, PlotKind[Any]]"

    @property
    def plots(self) -> tuple[str, ...]:
        """The names of the plots that there are."""
        return tuple(name for name, kind in self._plots.items() if kind.applies(self.answer))

    def to_frame(self) -> "pd.DataFrame":
        """Return the numbers as a table; times are in milliseconds where the column says so."""
        import pandas as pd  # heavy, and only frames need it

        heads, *rows = self._rows()
        return pd.DataFrame(rows, columns=list(map(str, heads)))

    def plot(self, name: str | None = None) -> "Figure":
        """Return a plot by its name among `plots`, the first unless given.

        Raises
        ------
        InputError
            Where there is no such plot.
        """
        from matplotlib.figure import Figure  # heavy, and only plots need it

        from simulator.report.look import LIGHT, looking

        asked = name or next(iter(self.plots), None)
        if asked not in self.plots:
            raise InputError(f"plot: expected one of {', '.join(self.plots) or 'none that applies'}, got {name!r}")
        kind = self._plots[asked]
        with looking(LIGHT):
            figure = Figure(figsize=kind.size, layout="constrained")
            kind.make(self.answer)(figure, LIGHT)
        return figure

    def __str__(self) -> str:
        return self.sentence

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the sentence and the numbers."""
        from html import escape  # with what it serves

        table: str = self.to_frame().head(30).to_html(index=False, float_format="{:.4g}".format)
        return f"<p><b>{escape(self.sentence)}</b></p>{table}"


@dataclass(frozen=True)
class Loaded:
    """A scenario file, "PATH=VALUE" settings that replace values of it, and folders whose files it may name too.

    Errors are the command line's.
    """

    path: Path
    settings: tuple[str, ...] = ()
    allow_path: tuple[Path, ...] = ()

    def with_settings(self, *settings: str) -> "Loaded":
        """Return the same file with further settings, such as "funnel.retrieve.shards=200"."""
        return replace(self, settings=(*self.settings, *settings))

    @property
    def study(self) -> Study:
        """What the file says, validated."""
        return load_study(self.path, self.settings, self.allow_path)

    @property
    def scenario(self) -> Scenario:
        """The scenario; raises ScenarioError where the file serves nothing."""
        return load_scenario(self.path, self.settings, self.allow_path)

    @property
    def _overrides(self) -> dict[str, str]:
        """The settings by path."""
        return {path.strip(): value.strip() for path, _, value in (one.partition("=") for one in self.settings)}

    def run(self) -> Result:
        """Return the latency at the scenario's load, and verdicts."""
        from simulator.capacity.run import run_scenario  # loads Numba
        from simulator.report.csv_rows import latency_rows
        from simulator.report.document import run_document
        from simulator.report.plots import RUN_PLOTS
        from simulator.report.sentence import answer_sentence

        answer = run_scenario(self.scenario)
        document = run_document(answer, self._overrides)
        return Result(answer_sentence(answer), document, answer, lambda: latency_rows(answer), RUN_PLOTS)

    def capacity(self) -> Result:
        """Return the maximum load under the SLA, what limits it, and the latency-load curve."""
        from simulator.capacity.answer import find_capacity  # loads Numba
        from simulator.report.capacity_plots import HOCKEY_STICK
        from simulator.report.capacity_table import capacity_sentence
        from simulator.report.csv_rows import curve_rows
        from simulator.report.document import capacity_document

        answer = find_capacity(self.scenario)
        document = capacity_document(answer, self._overrides)
        plots = {"hockey_stick": HOCKEY_STICK}
        return Result(capacity_sentence(answer), document, answer, lambda: curve_rows(answer), plots)

    def compare(self, *vary: str) -> Result:
        """Return settings side by side under the same luck; `vary` as `--vary`, else the file's compare section."""
        from simulator.capacity.compare import compare  # loads Numba
        from simulator.report.compare_document import compare_document
        from simulator.report.compare_plots import COMPARE_PLOT
        from simulator.report.compare_section import compare_csv
        from simulator.report.compare_sentence import compare_sentence
        from simulator.report.trade_plot import TRADE_PLOT
        from simulator.scenario.grid import load_grid

        answer = compare(load_grid(self.path, self.settings, vary, self.allow_path))
        document = compare_document(answer, self._overrides)
        plots = {"compare": COMPARE_PLOT, "trade": TRADE_PLOT}
        return Result(compare_sentence(answer), document, answer, lambda: compare_csv(answer), plots)

    def size(self, headroom: float = 0.0, survive: int = 0) -> Result:
        """Return the fewest workers that meet the SLA with a share of `headroom` on top of its load.

        `survive` is how many replicas of every shard any one stage may lose.
        """
        from simulator.capacity.size import find_size  # loads Numba
        from simulator.report.size_document import size_csv, size_document
        from simulator.report.size_text import size_sentence

        answer = find_size(self.scenario, headroom=headroom, survive=survive)
        document = size_document(answer, self._overrides)
        return Result(size_sentence(answer), document, answer, lambda: size_csv(answer), {})

    def optimize(self, trials: int | None = None) -> Result:
        """Return the frontier of quality, p99 and cost after so many `trials`, the file's own number unless given.

        Trials are kept in the user's cache, as the command line's are.
        """
        from simulator.capacity.optimize import journal_of, optimize  # loads Numba
        from simulator.report.optimize_document import optimize_csv, optimize_document
        from simulator.report.optimize_plot import OPTIMIZE_PLOT
        from simulator.report.optimize_text import optimize_sentence

        scenario = self.scenario
        answer = optimize(scenario, trials=trials, journal=journal_of(scenario))
        document = optimize_document(answer, self._overrides)
        plots = {"frontier": OPTIMIZE_PLOT}
        return Result(optimize_sentence(answer), document, answer, lambda: optimize_csv(answer), plots)

    def bias(self) -> Result:
        """Return what the ranking does to its own data, simulated or from a recorded log."""
        from simulator.bias.answer import find_bias  # loads Numba
        from simulator.bias.recorded import find_recorded
        from simulator.report.bias_document import bias_csv, bias_document
        from simulator.report.bias_section import BIAS_PLOTS
        from simulator.report.bias_sentence import bias_sentence
        from simulator.report.recorded import recorded_csv, recorded_document, recorded_sentence

        study = self._asking("bias")
        if study.bias is not None and study.bias.recorded:
            seen = find_recorded(study)
            document = recorded_document(seen, self._overrides)
            return Result(recorded_sentence(seen), document, seen, lambda: recorded_csv(seen), {})
        answer = find_bias(study)
        document = bias_document(answer, self._overrides)
        return Result(bias_sentence(answer), document, answer, lambda: bias_csv(answer), BIAS_PLOTS)

    def train(self) -> Result:
        """Return what a model takes in samples, time, machines and money."""
        from simulator.bias.click_rates import click_rates  # loads Numba
        from simulator.report.train_document import train_csv, train_document
        from simulator.report.train_section import TRAIN_PLOTS
        from simulator.report.train_text import train_sentence
        from simulator.training.answer import find_training

        study = self._asking("training")
        answer = find_training(study, clicks=click_rates(study))
        document = train_document(answer, self._overrides)
        return Result(train_sentence(answer), document, answer, lambda: train_csv(answer), TRAIN_PLOTS)

    def diagnose(self) -> Result:
        """Return why it is slow, why it is wrong, and what to change next."""
        from simulator.diagnosis.answer import diagnose  # loads Numba
        from simulator.report.diagnose_document import diagnose_csv, diagnose_document
        from simulator.report.diagnose_section import DIAGNOSE_PLOTS
        from simulator.report.diagnose_text import diagnose_sentence

        answer = diagnose(self.study)
        document = diagnose_document(answer, self._overrides)
        return Result(diagnose_sentence(answer), document, answer, lambda: diagnose_csv(answer), DIAGNOSE_PLOTS)

    def _asking(self, section: str) -> Study:
        """Return the study, which has to have a section."""
        study = self.study
        if getattr(study, section) is None:
            raise InputError(f"{self.path}: expected a {section} section, got none")
        return study


def load(path: str | Path, settings: Sequence[str] = (), allow_path: Sequence[str | Path] = ()) -> Loaded:
    """Return the scenario file at `path`, checked, with "PATH=VALUE" settings in place of some of its values.

    It may name files in its own folder, and in those of `allow_path`.

    Raises
    ------
    InputError
        If the file cannot be read.
    ScenarioError
        If it is no scenario; holds every problem, in the file's order.
    """
    loaded = Loaded(Path(path), tuple(settings), tuple(map(Path, allow_path)))
    load_study(loaded.path, loaded.settings, loaded.allow_path)  # an error comes here, not with the first question
    return loaded
