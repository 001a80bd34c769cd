"""`simulator schema`: the scenario's JSON Schema, for editors."""

import sys

__all__ = ["schema"]


def schema() -> None:
    """Print the scenario's JSON Schema."""
    from simulator.scenario.schema import schema_text  # heavy, and only this command needs it

    sys.stdout.write(schema_text())
