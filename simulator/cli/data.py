"""`simulator data`: bring public data sets into the user's cache, and say what is there."""

from textwrap import fill
from typing import Annotated

import typer

from simulator.cli.options import Json

__all__ = ["data"]

data = typer.Typer(help="Bring public data sets, or list them.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="movielens-100k, open-bandit or lee-news.")]


@data.command()
def get(name: Name, json: Json = False) -> None:
    """Bring a data set into the cache, unless it is there."""
    from simulator.cli.console import show_json
    from simulator.data.fetch import cached, fetch
    from simulator.data.sources import SOURCES

    found = cached(name)
    folder = found or fetch(name)
    source = SOURCES[name]
    facts = {"folder": str(folder), "licence": source.licence, "source": source.origin, "package": source.package}
    if json:
        brought = {"name": name, "downloaded": found is None, "sha256": source.sha256, **facts}
        show_json({"schema_version": 1, "command": "data get", **brought})
        return
    _say(f"{name}: {'in the cache already' if found else 'brought and checked'}; {source.about}")
    for fact, text in facts.items():
        _say(f"  {fact}: {text}")


@data.command("list")
def list_(json: Json = False) -> None:
    """List the data sets, and where those in the cache are."""
    from simulator.cli.console import show_json
    from simulator.data.fetch import cached
    from simulator.data.sources import SOURCES

    places = {name: cached(name) for name in SOURCES}
    if json:
        rows = [{"name": name, "folder": str(place) if place else None} for name, place in places.items()]
        show_json({"schema_version": 1, "command": "data list", "data_sets": rows})
        return
    for name, place in places.items():
        _say(f"{name}: {SOURCES[name].about}")
        _say(f"  {place or f'not here yet: simulator data get {name}'}")


def _say(text: str) -> None:
    """Print one fact in lines of at most 80 columns, a path being left whole."""
    typer.echo(fill(text, 80, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False))
