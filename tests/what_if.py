"""The what-if page as a server of its own."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["HUNDRED_SHARDS", "served"]

HUNDRED_SHARDS = """
name: small
question: Is it quick?
sla: {qps: 100, objectives: [p99 < 50ms]}
traffic: {candidates: 1000}
funnel:
  - {name: first, shards: 100, replicas: 2, keep: 50, cost: {distribution: exponential, mean: 4ms}}
  - {name: second, cost: 2ms}
prices: {worker_hour: 0.1, currency: EUR}
"""


@contextmanager
def served(scenario: Path) -> Iterator[int]:
    """Serve the page of a scenario by the command while the body runs; yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(sys.executable).parent / "simulator", "web", scenario, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(150):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
                        break
                except OSError:
                    time.sleep(0.2)
            yield port
        finally:
            process.send_signal(2)
            process.wait(timeout=30)
