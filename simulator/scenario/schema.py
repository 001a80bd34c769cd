"""The scenario's JSON Schema, for editors."""

import ast
import inspect
import json
import textwrap
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core.core_schema import ModelSchema

from simulator.distributions.base import Law
from simulator.distributions.percentiles import Percentiles
from simulator.distributions.registry import LAWS
from simulator.scenario.model import ALONE, Scenario, Study

__all__ = ["scenario_schema", "schema_text"]

DEFINITIONS = "#/$defs/"
LEVEL_PATTERN = r"^p(\d{1,2}(\.\d+)?|100)$"


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file."""
    schema = Scenario.model_json_schema(schema_generator=_Described)
    names = {old: definition["title"] for old, definition in schema["$defs"].items()}
    schema["$defs"] = {names[old]: definition for old, definition in schema["$defs"].items()}
    for name, definition in schema["$defs"].items():
        law = LAWS.get(name.split("Of")[0].lower())
        if law is not None:
            _complete(definition, law)
    _tidy(schema, names)
    for filled in (
        schema["properties"]["funnel"],
        schema["$defs"]["Compare"]["properties"]["vary"],
        schema["$defs"]["Traffic"]["properties"]["classes"],
    ):
        filled["minItems"] = 1  # pydantic would count only the items without mistakes
    serving = sorted(set(schema["required"]) - {name for name, f in Study.model_fields.items() if f.is_required()})
    schema["required"] = [name for name in schema["required"] if name not in serving]
    nothing_served = {"not": {"anyOf": [{"required": [name]} for name in serving]}}
    schema["anyOf"] = [{"required": serving}, *({"required": [name], **nothing_served} for name in ALONE)]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Capacity simulator scenario, version 1",
        **schema,
    }


def schema_text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n"


class _Described(GenerateJsonSchema):
    """Gives each key the string that stands below it in the source.

    pydantic would read them by itself (`use_attribute_docstrings`), but at every start of every command.
    """

    def model_schema(self, schema: ModelSchema) -> dict[str, Any]:
        """Return the schema of a model, its keys described."""
        made = super().model_schema(schema)
        texts = _texts_below_keys(schema["cls"])
        for name, value in made.get("properties", {}).items():
            if name in texts:
                value.setdefault("description", texts[name])
        return made


def _texts_below_keys(model: type[BaseModel]) -> dict[str, str]:
    """Return what the strings below a model's fields say, its own before those it inherits."""
    texts: dict[str, str] = {}
    for base in model.__mro__:
        if base is BaseModel:
            break
        if not issubclass(base, BaseModel) or base.__pydantic_generic_metadata__["args"]:
            continue  # a law of one quantity has no source: its keys are those of the law
        source = ast.parse(textwrap.dedent(inspect.getsource(base)))
        (lines,) = (node.body for node in source.body if isinstance(node, ast.ClassDef))
        for field, below in pairwise(lines):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    texts.setdefault(model.model_fields[name].alias or name, inspect.cleandoc(text))
    return texts


def _complete(definition: dict[str, Any], law: type[Law[Any]]) -> None:
    """Add, in place, what pydantic does not know about a law: what it is, that it must be named, p0 to p100."""
    definition["description"] = inspect.cleandoc(law.__doc__ or "")
    definition["required"] = ["distribution", *definition.get("required", [])]
    if law is Percentiles:
        definition["patternProperties"] = {LEVEL_PATTERN: definition["additionalProperties"]}
        definition["additionalProperties"] = False
        definition["required"].append("p0")


def _tidy(schema: Any, names: dict[str, str]) -> None:  # noqa: ANN401  a part of a schema
    """Rename references, in place, and take out titles that repeat names and defaults unlike what a file writes."""
    if isinstance(schema, list):
        for item in schema:
            _tidy(item, names)
    if not isinstance(schema, dict):
        return
    if isinstance(schema.get("title"), str):
        del schema["title"]
    if "$ref" in schema:
        schema["$ref"] = f"{DEFINITIONS}{names[schema['$ref'].removeprefix(DEFINITIONS)]}"
    if not _as_written(schema):
        schema.pop("default", None)
    for item in schema.values():
        _tidy(item, names)


def _as_written(schema: dict[str, Any]) -> bool:
    """Return whether the default of a schema is a word, a switch or a number where a number may stand."""
    default = schema.get("default")
    if isinstance(default, int | float) and not isinstance(default, bool):
        forms = [schema, *schema.get("anyOf", [])]
        return any(form.get("type") in ("number", "integer") for form in forms)
    return isinstance(default, str | bool)
