"""`simulator help`: the documentation that is shipped with the package."""

from typing import Annotated

import typer

from simulator.cli.console import check_choice

__all__ = ["TOPICS", "help_"]

TOPICS = ("tutorial", "guides", "examples", "model", "reference")


def help_(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help=f"One of {', '.join(TOPICS)}.")] = "tutorial",
) -> None:
    """Read about a topic: tutorial, guides, examples, model, reference."""
    from importlib.resources import files  # only here

    check_choice("TOPIC", topic, TOPICS)
    typer.echo(files("simulator.docs").joinpath(f"{topic}.md").read_text(encoding="utf-8"), nl=False)
