"""How a row of a history may be read: as one step on the inputs of the row before, or otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .rule import DeployedRule, Row, RowReading, Version

MOST_STEPS = 3  # rounds that one row may span


def plain_step(rule: DeployedRule, rows: Sequence[Row], at: int, parameters: Any) -> Any:
    """One step from the row before, on its inputs."""
    return rule.step(rows[at - 1].state, rows[at - 1].inputs, parameters)


def repeated(rule: DeployedRule, rows: Sequence[Row], at: int, parameters: Any) -> Any:
    """The row says again what the one before said: no step was made between them."""
    before, here = rows[at - 1], rows[at]
    return before.state if (before.state, before.inputs) == (here.state, here.inputs) else None


def unchanged(rule: DeployedRule, rows: Sequence[Row], at: int, parameters: Any) -> Any:
    """No step was made. Asked last: a step up and one down leave what is decided, too."""
    return rows[at - 1].state


def several(count: int) -> Callable[[DeployedRule, Sequence[Row], int, Any], Any]:
    """The row spans several steps."""

    def state(rule: DeployedRule, rows: Sequence[Row], at: int, parameters: Any) -> Any:
        found = rows[at - 1].state
        for _ in range(count):
            found = rule.step(found, rows[at - 1].inputs, parameters)
        return found

    return state


def own_inputs(rule: DeployedRule, rows: Sequence[Row], at: int, parameters: Any) -> Any:
    """The inputs of the row itself acted, not those of the row before."""
    return rule.step(rows[at - 1].state, rows[at].inputs, parameters)


def split_inputs(rule: DeployedRule, rows: Sequence[Row], at: int, parameters: Any) -> Any:
    """Two steps: one on the inputs of the row before, one on the row's own."""
    first = rule.step(rows[at - 1].state, rows[at - 1].inputs, parameters)
    return rule.step(first, rows[at].inputs, parameters)


READINGS = (
    RowReading("a row that repeats the one before", repeated),
    *(
        RowReading(f"a row that spans {count} steps", several(count))
        for count in range(2, MOST_STEPS + 1)
    ),
    RowReading("the row's own inputs acted", own_inputs),
    RowReading("two steps, the second on the row's own inputs", split_inputs),
    RowReading("no step between two rows", unchanged),
)


def explained(
    rule: DeployedRule,
    rows: Sequence[Row],
    at: int,
    version: Version | None,
    acting: Version,
    decided: Callable[[Any], Any],
) -> str | None:
    """The first reading under which the rule gives what is recorded."""
    recorded = decided(rows[at].state)

    def agrees(found: Any) -> bool:
        return found is not None and decided(found) == recorded

    for reading in (*rule.readings, *READINGS):
        if agrees(reading.state(rule, rows, at, acting.parameters)):
            return reading.name
    if version is None:
        for other in rule.versions:
            if other is not acting and agrees(
                rule.step(rows[at - 1].state, rows[at - 1].inputs, other.parameters)
            ):
                return f"the parameters of {other.name}"
    return None
