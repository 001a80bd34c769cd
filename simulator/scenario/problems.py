"""Pydantic's findings in our words: where, what was expected, what was got, and the nearest known name."""

import typing
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from simulator.distributions.registry import LAWS
from simulator.distributions.written import KEY_AT, VALUE_AT, shown
from simulator.errors import Problem
from simulator.scenario.fields import AFFINE, MEASURED, kind_of
from simulator.scenario.model import AffineCost, Scenario, known_keys
from simulator.scenario.ranker_names import BUILT_IN, UNKNOWN_RANKER
from simulator.scenario.source import Path, Source, inside, shown_path

__all__ = ["Finding", "nearest", "problems_of"]

MOST = 100
"""Problems listed: a file with more is no scenario with mistakes, and looking for the nearest names takes time."""


@dataclass(frozen=True)
class Finding:
    """Something wrong at a path of the scenario's data."""

    path: Path
    message: str
    remedy: str = ""
    at_key: bool = False

    def problem(self, source: Source) -> Problem:
        """Return the finding with its place in the file."""
        place = source.place(self.path, of_key=self.at_key)
        return Problem(place, shown_path(source.data, self.path), self.message, self.remedy)


def nearest(name: str, known: typing.Iterable[str]) -> str:
    """Return a remedy that names the known name nearest to `name`, or all of them."""
    names = list(known)
    close = get_close_matches(name, names, n=1, cutoff=0.65)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(names)}"


def problems_of(error: ValidationError, source: Source) -> list[Finding]:
    """Return one finding for each mistake that pydantic met, up to MOST of them."""
    errors = error.errors(include_url=False)
    findings = [_finding(details, source.data) for details in errors[:MOST]]
    if len(errors) > MOST:
        findings.append(Finding((), f"expected fewer problems, got {len(errors):,}, of which {MOST} are listed"))
    return findings


def _finding(details: ErrorDetails, data: Any) -> Finding:  # noqa: ANN401  plain data of any shape
    """Return one of pydantic's errors as a finding."""
    path = _in_data(details["loc"], data)
    kind, context, got = details["type"], details.get("ctx", {}), shown(reduce(inside, path, data))
    if kind == "missing":
        name = str(details["loc"][-1])
        holder = path[:-1] if path and path[-1] == name else path
        return Finding(holder, f"expected a key {name!r}, got none", f"add {name}:")
    if kind == "extra_forbidden":
        name = str(details["loc"][-1])
        return Finding(
            path, f"expected a known key, got {name!r}", nearest(name, _known_at(details["loc"])), at_key=True
        )
    if kind == "union_tag_invalid":
        tag = str(context["tag"])
        where = (*path, "distribution")
        if tag in (AFFINE, MEASURED):
            return Finding(path, "expected a key 'distribution', got none", f"add distribution: {', '.join(LAWS)}")
        remedy = nearest(tag, LAWS)
        return Finding(where, f"expected the name of a distribution, got {shown(reduce(inside, where, data))}", remedy)
    if kind == UNKNOWN_RANKER:
        remedy = nearest(str(details["input"]), BUILT_IN)
        return Finding(path, f"expected {context['message']}", remedy if remedy.startswith("did") else "")
    if kind == "literal_error":
        return Finding(path, f"expected {context['expected']}, got {got}", _literal_remedy(details))
    if kind in (KEY_AT, VALUE_AT):
        key, message = str(context["key"]), f"expected {context['message']}"
        if kind == VALUE_AT:
            return Finding((*path, key), message)
        return Finding((*path, key), message, nearest(key, _known_at((*details["loc"], ""))), at_key=True)
    if kind == "model_type":
        keys = ", ".join(_known_at((*details["loc"], "")))
        return Finding(path, f"expected a mapping of keys, got {got}", f"known here: {keys}")
    return Finding(path, f"expected {_expectation(details, got)}")


def _expectation(details: ErrorDetails, got: str) -> str:
    """Return what was expected and got."""
    kind, context = details["type"], details.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    bounds = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
    words = {"gt": "above", "ge": "of at least", "lt": "below", "le": "of at most"}
    if kind in bounds:
        bound = context[bounds[kind]]
        sort = "a whole number" if isinstance(bound, int) else "a number"
        return f"{sort} {words[bounds[kind]]} {bound:,.15g}, got {got}"
    wanted = {
        "tuple_type": "a list",
        "dict_type": "a mapping of keys",
        "bool_type": "true or false",
        "string_type": "text",
    }
    return f"{wanted.get(kind, details['msg'])}, got {got}"


def _literal_remedy(details: ErrorDetails) -> str:
    """Return the nearest of the allowed words."""
    allowed = [word.strip().strip("'") for word in details["ctx"]["expected"].replace(" or ", ", ").split(",")]
    remedy = nearest(str(details["input"]), allowed)
    return remedy if remedy.startswith("did") else ""  # the words are in the message already


def _in_data(loc: tuple[int | str, ...], data: Any) -> Path:  # noqa: ANN401  plain data of any shape
    """Return pydantic's location without the tags of unions, which are not in the data."""
    path: list[int | str] = []
    tagged = False
    for part in loc:
        if isinstance(data, dict):
            is_tag = part in LAWS or part in (AFFINE, MEASURED)
            if is_tag and not tagged and path and part == kind_of(data):
                tagged = True  # once: a key of the law may have the law's name
                continue
            tagged = False
            path.append(part)
            data = data.get(str(part))
        elif isinstance(data, list) and isinstance(part, int):
            path.append(part)
            data = data[part] if part < len(data) else None
    return tuple(path)


def _known_at(loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys known to the section that holds the last part of a location."""
    sections: list[type[BaseModel]] = [Scenario]
    for part in loc[:-1]:
        if isinstance(part, int):
            continue
        tagged = [section for section in sections if _tag_of(section) == part]
        if tagged:
            sections = tagged
            continue
        fields = [section.model_fields[part] for section in sections if part in section.model_fields]
        if fields:  # else a name of the user's own, the key of a mapping by name
            sections = [model for field in fields for model in _models_in(field.annotation)]
    keys = [key for section in sections for key in known_keys(section)]
    return ["distribution", *keys] if sections == [AffineCost] else keys


def _tag_of(section: type[BaseModel]) -> str:
    """Return the tag of a member of a union."""
    field = section.model_fields.get("distribution")
    return str(field.default) if field else AFFINE


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401  types are values here
    """Return the models that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models_in(part)]
