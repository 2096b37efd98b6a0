"""What a file may hold as JSON Schema (draft 7), with which editors complete and check one while it
is written.

A schema knows each key, unit and bound, and not what several values must fulfil together: that is
what `tokenomics params check` is for.
"""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .changes import History
from .checking import FREE_KEY, bounds, plain, unit_of
from .fields import Group
from .kinds import BASE, BEFORE
from .reading import LEAF_KEYS
from .schema import Parameters

DRAFT = "http://json-schema.org/draft-07/schema#"
LIMITS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}
LEAF = "#/definitions/leaf"
TEXT = {"type": "string"}


def parameters_schema() -> dict[str, Any]:
    """The schema of files of parameters, whole or in part: networks, policies, scenarios,
    overlays.
    """
    definitions: dict[str, Any] = {
        "leaf": {"required": ["value"], "properties": dict.fromkeys(LEAF_KEYS, {})}
        | {"additionalProperties": False}
    }
    groups = _group(Parameters, definitions)
    before = History.model_json_schema(ref_template="#/definitions/{model}")
    definitions |= before.pop("$defs")
    own = {
        "description": TEXT | {"description": "what the file is, in a sentence"},
        BASE: TEXT | {"description": "the set from which it inherits what it does not say itself"},
        BEFORE: before["properties"][BEFORE],
    }
    groups["properties"] = own | groups["properties"]
    return {"$schema": DRAFT, "title": "Parameters", **groups, "definitions": definitions}


def record_schema(kind: type[BaseModel]) -> dict[str, Any]:
    """The schema of files of one record, such as a workload's."""
    found = kind.model_json_schema(ref_template="#/definitions/{model}")
    inner = {"definitions": found.pop("$defs")} if "$defs" in found else {}
    return {"$schema": DRAFT, **found, **inner}


def _group(kind: type[Group], definitions: dict[str, Any]) -> dict[str, Any]:
    told = " ".join((kind.__doc__ or "").split())
    properties = {
        name: _value(field, plain(field.annotation), definitions)
        for name, field in kind.model_fields.items()
    }
    shape = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"description": told, **shape}


def _value(field: FieldInfo, kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """What stands at a key: a group, groups or numbers by free names, or a value."""
    if get_origin(kind) is dict:
        inner = _value(field, plain(get_args(kind)[1]), definitions)
        names = {"pattern": f"^{FREE_KEY.pattern}$"}
        return {"type": "object", "additionalProperties": inner, "propertyNames": names}
    if isinstance(kind, type) and issubclass(kind, Group):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = _group(kind, definitions)
        return {"$ref": f"#/definitions/{kind.__name__}"}
    unit = unit_of(field)
    told = [field.description or "", "" if unit in ("-", "1") else f"[{unit}]"]
    limits = bounds(field)
    return {
        "description": " ".join(filter(None, [*told, limits and f"({limits})"])),
        **_leaf(field, kind, unit),
    }


def _leaf(field: FieldInfo, kind: Any, unit: str) -> dict[str, Any]:
    """A value alone, or with its unit and source. A keyword for numbers says nothing of what is
    none, so that one schema can be that of both.
    """
    if get_origin(kind) is Literal:
        named = {"enum": list(get_args(kind))}
        inside = {"value": named, "unit": {"const": unit}}
        more = {"type": "object", "allOf": [{"$ref": LEAF}], "properties": inside}
        return {"anyOf": [named, more]}
    limits = {
        LIMITS[name]: getattr(one, name)
        for one in field.metadata
        for name in LIMITS
        if getattr(one, name, None) is not None
    }
    return {
        "type": [TYPES[kind], "object"],
        **limits,
        "allOf": [{"$ref": LEAF}],
        "properties": {"value": {"type": TYPES[kind], **limits}, "unit": {"const": unit}},
    }
