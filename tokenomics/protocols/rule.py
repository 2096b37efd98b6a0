"""What a deployed rule is: what it remembers, what it is told, what governance sets, and one step
of its clock in the arithmetic of the contract.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from ..errors import InputError, nearest

LONG = 10**16  # from here on a bound is told in three digits
DEPLOYED, PROPOSED, REJECTED, ABANDONED = "deployed", "proposed", "rejected", "abandoned"
EXHAUSTIVE, INTERVALS, SAMPLE = "exhaustive", "interval argument", "sample"  # ways to search


@dataclass(frozen=True)
class OnChain:
    """A number of a rule: unit, meaning, and the bounds that it cannot leave on chain."""

    unit: str
    about: str
    lower: int | float | None = 0
    upper: int | float | None = None


@dataclass(frozen=True)
class Version:
    """One set of parameters. since: the first step of the rule's clock on which it acts, where it
    is known. status: whether it acts on chain. source: the proposal or contract that sets it.
    """

    name: str
    parameters: Any
    source: str
    since: int | None = None
    date: str = ""
    status: str = DEPLOYED


class Row(NamedTuple):
    """A line of a recorded history. clock: position on the rule's clock, which increases. state:
    recorded at it. inputs: what the rule reads in the next step. line: of the file. beside: what
    else it records, which the rule does not read but a reading of rows may.
    """

    clock: int
    state: Any
    inputs: Any
    line: int = 0
    beside: Any = None


class Cells(dict[str, Fraction]):
    """Exact numbers of a line by column; of a date the days since 1970."""

    def whole(self, name: str, scale: int = 1, unit: str = "") -> int:
        """A cell times `scale`. unit: for the message. Raises InputError where that is no whole
        number, as for a share where parts per billion are meant.
        """
        value = self[name] * scale
        if value.denominator != 1:
            of = f" [{unit}]" if unit else ""
            raise InputError(f"{float(self[name])!r}", key=name, expected=f"a whole number{of}")
        return int(value)


@dataclass(frozen=True)
class RecordedForm:
    """A form in which a history of the rule is published. columns: their names, the clock's first.
    read: the clock, the state and the inputs of a line. about: what is not recorded, and how it is
    filled in. beside: what else of a line is kept. stepped: whether the rule made a step between
    two lines; every two where None. predict: the state at a line from the lines before it, with the
    arguments of a `RowReading`; one step on the inputs of the line before where None. dates:
    columns that may have dates, which count as days since 1970. spacing: from a row to the next
    where none is missing; None where that is not even. moment: of a row, in which the spacing is
    told; its clock where None. fields: the column of a field of the rule's own form, where one has
    it; the clock's is the first.
    """

    name: str
    columns: tuple[str, ...]
    read: Callable[[Cells], tuple[int, Any, Any]]
    about: str = ""
    beside: Callable[[Cells], Any] | None = None
    stepped: Callable[[Row, Row], bool] | None = None
    predict: Callable[[DeployedRule, Sequence[Row], int, Any], Any] | None = None
    dates: tuple[str, ...] = ()
    spacing: int | None = 1
    moment: Callable[[Row], int] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> str | None:
        """The column of a field of the rule's own form, or of one of this form's columns."""
        if name == "clock":
            return self.columns[0]
        return name if name in self.columns else self.fields.get(name)

    def own(self, column: str) -> str:
        """The field of the rule's own form that a column has; itself where it has none."""
        fields = {"clock": self.columns[0], **self.fields}
        return next((name for name, one in fields.items() if one == column), column)


class Keyed:
    """States told and ordered by one number, their key. by: the field of the state that has it, or
    a function that gives it. unit: of what a function gives; a field has its own.
    """

    by: str | Callable[[Any], int]
    unit: str

    def key(self, state: Any) -> int:
        """Of a state."""
        return getattr(state, self.by) if isinstance(self.by, str) else self.by(state)


@dataclass(frozen=True)
class Search(Keyed):
    """Where `absorb` looks. states: those of a version, the whole of a range or a sample. by, unit:
    as of `Keyed`. inputs: by label one of each kind that the rule treats differently, between them
    the declared range. exhaustive: whether `states` are all of the range. about: the ranges in
    words.
    """

    states: Callable[[Any], Sequence[Any]]
    by: str | Callable[[Any], int]
    inputs: Callable[[Any], Mapping[str, Any]]
    exhaustive: bool
    about: str
    unit: str = ""

    @property
    def way(self) -> str:
        return EXHAUSTIVE if self.exhaustive else SAMPLE


@dataclass(frozen=True)
class IntervalSearch(Keyed):
    """A range that `absorb` searches by intervals, as the step is monotone in the state: of two
    keys the higher never leads to a lower one. span: first and last key. lowest, highest: of the
    states that a key stands for; they are one where `highest` is None. by, unit, inputs, about: as
    of `Search`; an input between two of them leads between where they lead. steady: whether the
    move, key after less key before, is monotone, too. bends: under an input, keys from which on
    step and move begin anew, where they are monotone on each side alone.
    """

    span: Callable[[Any], tuple[int, int]]
    lowest: Callable[[int, Any], Any]
    by: str | Callable[[Any], int]
    inputs: Callable[[Any], Mapping[str, Any]]
    about: str
    highest: Callable[[int, Any], Any] | None = None
    steady: bool = False
    bends: Callable[[Any, Any], Sequence[int]] | None = None
    unit: str = ""
    way: str = INTERVALS


@dataclass(frozen=True)
class RowReading:
    """Another way to read a recorded row that the plain step misses. state: what the rule gives
    when the row is read so; None where the reading has nothing to say. Arguments: the rule, the
    rows, the position and the parameters. Of a rule that is not exact each reading is scored over
    all steps.
    """

    name: str
    state: Callable[[DeployedRule, Sequence[Row], int, Any], Any]


@dataclass(frozen=True)
class DeployedRule:
    """A deployed rule. about: in a line.

    clock: what a step is. state, inputs, parameters: named tuples whose fields bear a `OnChain`.
    step: the state after one step. decides: fields of the state that the rule decides, which a
    replay compares. exact: whether a history can agree to the last digit; if not, it is compared
    by its moves. dated: whether a date can stand for a position of the clock. even: whether each
    step is one further on the clock. sources: with the version that was read. unknown: what could
    not be found out. apart: the field of inputs that cannot stand beside the others, and what is
    expected there; None where they can.
    """

    name: str
    about: str
    clock: str
    state: type
    inputs: type
    parameters: type
    step: Callable[[Any, Any, Any], Any]
    decides: tuple[str, ...]
    versions: tuple[Version, ...]
    sources: tuple[str, ...]
    exact: bool = True
    dated: bool = False
    even: bool = True
    layouts: tuple[RecordedForm, ...] = ()
    readings: tuple[RowReading, ...] = ()
    search: Search | IntervalSearch | None = None
    unknown: tuple[str, ...] = ()
    apart: Callable[[Any], tuple[str, str] | None] | None = None

    @cached_property
    def quantities(self) -> dict[str, dict[str, tuple[type, OnChain]]]:
        """The fields of state, inputs and parameters with their kind and quantity."""
        parts = {"state": self.state, "inputs": self.inputs, "parameters": self.parameters}
        return {part: _fields(kind) for part, kind in parts.items()}

    @property
    def key_unit(self) -> str:
        """The unit of the number by which a search tells its states; empty where none is
        declared.
        """
        if self.search is None or not isinstance(self.search.by, str):
            return self.search.unit if self.search else ""
        return self.quantities["state"][self.search.by][1].unit

    @cached_property
    def own_form(self) -> RecordedForm:
        """A history in the rule's own names and units."""
        fields = {**self.quantities["state"], **self.quantities["inputs"]}
        count = len(self.state._fields)

        def read(cells: Cells) -> tuple[int, Any, Any]:
            values = [
                cells.whole(name, unit=quantity.unit) if kind is int else float(cells[name])
                for name, (kind, quantity) in fields.items()
            ]
            state, inputs = self.state(*values[:count]), self.inputs(*values[count:])
            return cells.whole("clock"), state, inputs

        return RecordedForm(
            "the rule's own names and units",
            ("clock", *fields),
            read,
            dates=("clock",) if self.dated else (),
            spacing=1 if self.even else None,
        )

    def version(self, name: str | None = None) -> Version:
        """A version by name; the last one that is deployed where none is named."""
        if name is None:
            return self._deployed[-1]
        for version in self.versions:
            if version.name == name:
                return version
        names = [version.name for version in self.versions]
        raise InputError(
            f"no version '{name}' of {self.name}",
            key="rule",
            expected=f"one of {', '.join(names)}",
            nearest=nearest(name, names),
        )

    def acting(self, clock: int) -> Version:
        """The deployed version that acts at a position of the clock; the last one where it is not
        known when any began.
        """
        known = any(version.since is not None for version in self._deployed)
        acting = self._deployed[0 if known else -1]
        for version in self._deployed[1:]:
            if version.since is not None and version.since <= clock:
                acting = version
        return acting

    @property
    def always(self) -> Version | None:
        """The version that acts at any time, where only one is deployed."""
        return self._deployed[0] if len(self._deployed) == 1 else None

    @cached_property
    def _deployed(self) -> tuple[Version, ...]:
        return tuple(version for version in self.versions if version.status == DEPLOYED)

    def check(self, part: str, values: Any) -> None:
        """Raise InputError, with the field, for a state, inputs or parameters that the chain
        cannot hold. part: of `quantities`.
        """
        for (name, (kind, quantity)), value in zip(
            self.quantities[part].items(), values, strict=True
        ):
            number = (int,) if kind is int else (int, float)
            bounded = isinstance(value, number) and not isinstance(value, bool)
            low, high = quantity.lower, quantity.upper
            inside = bounded and (low is None or value >= low) and (high is None or value <= high)
            if not inside:
                raise InputError(
                    f"{value!r}",
                    key=name,
                    expected=f"{'a whole number' if kind is int else 'a number'}"
                    f"{_between(low, high)} [{quantity.unit}]",
                )
        if part == "inputs" and self.apart and (found := self.apart(values)):
            field, expected = found
            raise InputError(f"{getattr(values, field)}", key=field, expected=expected)


def more_than_all_bonded(inputs: Any) -> tuple[str, str] | None:
    """`apart` of a rule that reads `bonded` and `supply`: with more bonded than there is, amounts
    are in other units, or columns have changed places.
    """
    if inputs.bonded <= inputs.supply:
        return None
    _, supply = _fields(type(inputs))["supply"]
    return "bonded", f"at most the supply, {inputs.supply} [{supply.unit}]"


def _fields(kind: type) -> dict[str, tuple[type, OnChain]]:
    hints = get_type_hints(kind, include_extras=True)
    found = {}
    for name in kind._fields:
        assert get_origin(hints[name]) is Annotated, f"{kind.__name__}.{name} has no quantity"
        number, quantity = get_args(hints[name])
        found[name] = (number, quantity)
    return found


def _between(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {_short(low)} to {_short(high)}"
    if low is not None:
        return f" of at least {_short(low)}"
    return "" if high is None else f" of at most {_short(high)}"


def _short(number: float) -> str:
    return f"{number:,}" if abs(number) < LONG else f"{float(number):.3g}"
