"""The scenario's JSON Schema, for editors."""

import json
from typing import Any

from simulator.scenario.model import Scenario

__all__ = ["scenario_schema", "schema_text"]


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Capacity simulator scenario, version 1",
        **{key: value for key, value in Scenario.model_json_schema().items() if key != "title"},
    }


def schema_text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(scenario_schema(), indent=2) + "\n"
