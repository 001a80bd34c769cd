"""The table of training steps."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from simulator.report.training_table import training_table
from simulator.training.profile import load_training_profile


def printed(profile) -> str:
    """The table as a terminal of 80 columns shows it."""
    with StringIO() as text:
        Console(file=text, width=80).print(training_table(profile, Path("mine.json")))
        return text.getvalue()


def test_memory_is_that_of_the_rankers_own_step():
    """Of the point of its own batch, columns and width; where that batch was left out, of the nearest batch."""
    profile = load_training_profile("default")
    mlp = profile.rankers["mlp"]
    own = next(p for p in mlp.step.points if (p.batch, p.features, p.hidden) == (256, 25, 64))
    assert f"{own.peak_bytes / 1e6:,.1f} MB" in printed(profile)
    left = tuple(p for p in mlp.step.points if p.batch != 256)
    nearest = next(p for p in left if p.batch == 64)
    short = mlp.model_copy(update={"step": mlp.step.model_copy(update={"points": left})})
    assert f"{nearest.peak_bytes / 1e6:,.1f} MB" in printed(profile.model_copy(update={"rankers": {"mlp": short}}))
