"""What a parameter's unit says of it: a token has no natural unit, so that a network in others is
the same network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .fields import Group


def in_other_tokens(groups: Any, factor: float, above: str = "") -> dict[str, float]:
    """The parameters whose unit holds TOK with a token that is worth 1/factor of the old one, by
    path: amounts grow by the factor, what is per token falls by it.

    groups: parameters, or groups of them by name. factor: new tokens for an old one.
    """
    found: dict[str, float] = {}
    fields = type(groups).model_fields if isinstance(groups, Group) else {}
    for name, value in dict(groups).items():
        if isinstance(value, (Group, Mapping)):
            found |= in_other_tokens(value, factor, f"{above}{name}.")
            continue
        unit = str(dict(fields[name].json_schema_extra or {}).get("unit")) if name in fields else ""
        over, _, under = unit.partition("/")
        if "TOK" in (over, under) and value is not None:
            found[above + name] = value * factor if over == "TOK" else value / factor
    return found
