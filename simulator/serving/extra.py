"""What serving needs beside what everybody installs."""

from importlib.util import find_spec

from simulator.errors import InputError

__all__ = ["check_extra"]


def check_extra(*, door: bool = False) -> None:
    """Raise InputError where ZeroMQ, or what an HTTP door takes, is not installed."""
    missing = [
        name
        for name in ("zmq", *(("prometheus_client", "starlette", "uvicorn") if door else ()))
        if find_spec(name) is None
    ]
    if missing:
        raise InputError(f"serving needs {' and '.join(missing)}: pip install 'capacity-simulator[serve]'")
