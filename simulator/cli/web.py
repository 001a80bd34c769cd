"""`simulator web`: the what-if page, on this machine alone unless told otherwise."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["web"]

LOCAL = ("127.0.0.1", "localhost", "::1")


def web(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A scenario to begin with.")] = None,
    port: Annotated[int, typer.Option("--port", help="Where the page is.")] = 8501,
    host: Annotated[str, typer.Option("--host", help="The address to listen at.")] = "127.0.0.1",
    expose: Annotated[
        bool,
        typer.Option("--expose", help="Listen at an address that others can reach: they can run simulations here."),
    ] = False,
) -> None:
    """Open the what-if page: drag shards, load and more, and see p99."""
    from importlib.util import find_spec  # only here

    from simulator.errors import InputError
    from simulator.scenario.load import load_scenario

    if host not in LOCAL and not expose:
        raise InputError(f"--host {host}: others could reach the page there; say --expose too if that is meant")
    if find_spec("streamlit") is None:
        raise InputError("web: needs an extra; pip install 'capacity-simulator[web]'")
    if file is not None:
        load_scenario(file)
    page = Path(__file__).parents[1] / "web" / "page.py"
    options = {
        "server.address": host,
        "server.port": port,
        "server.headless": "true",
        "server.maxUploadSize": 1,
        "server.enableXsrfProtection": "true",
        "server.enableCORS": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    if not expose:  # nor does a name that others own lead here, whatever address they let it stand for
        flags += [f"--server.allowedHosts={name}" for name in LOCAL]
    environment = {**os.environ, "SIMULATOR_WEB_FILE": str(file) if file else ""}
    typer.echo(f"http://{host}:{port}  (Ctrl-C ends it)")
    command = [sys.executable, "-m", "streamlit", "run", str(page), *flags]
    raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)  # noqa: S603  our own page
