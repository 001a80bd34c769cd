"""`simulator serve`: the scenario's funnel as a real service on this machine."""

import socket
from typing import Annotated

import typer

from simulator.cli.console import warn
from simulator.cli.options import AllowPath, File, Quiet, Seed, Set, all_overrides
from simulator.errors import InputError

__all__ = ["serve"]

HOST = "127.0.0.1"
DRAIN_S = 30


def serve(
    file: File,
    port: Annotated[int, typer.Option("--port", help="Of 127.0.0.1.", min=0, max=65_535)] = 8080,
    set_: Set = [],
    allow_path: AllowPath = [],
    seed: Seed = None,
    quiet: Quiet = False,
) -> None:
    """Serve a scenario's funnel by real processes over HTTP."""
    from simulator.scenario.load import load_scenario  # heavy, and only some commands need it

    scenario = load_scenario(file, all_overrides(set_, seed), allow_path)

    from simulator.serving.extra import check_extra  # ZeroMQ and the door are an extra

    check_extra(door=True)
    import uvicorn

    from simulator.serving.door import Door
    from simulator.serving.fleet import fleet
    from simulator.serving.funnel import cores, served_funnel

    funnel = served_funnel(scenario, len(cores()))
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise InputError(f"--port: {HOST}:{port} cannot be had ({error.strerror}); give another one") from error
        warn(funnel.notes, quiet=quiet)
        with fleet(funnel) as running:
            door = Door(running, end=lambda: setattr(server, "should_exit", True))
            settings = uvicorn.Config(door.app, log_level="warning", timeout_graceful_shutdown=DRAIN_S, lifespan="on")
            server = uvicorn.Server(settings)
            where = f"http://{HOST}:{listener.getsockname()[1]}"
            typer.echo(f"{scenario.name}: {funnel.processes} worker processes answer {where}/search?user=1", err=True)
            server.run(sockets=[listener])
        if door.failure is not None:
            raise door.failure
