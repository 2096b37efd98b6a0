"""What a proposal says in its own words and figures: limits, watch list, on-chain units, sources.
It stands in the plan of its evidence.

A limit is a condition on a metric's mean over runs, or on its mean change against today on the same
shocks.
"""

from __future__ import annotations

import unicodedata
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ...errors import InputError, suggestion
from ...experiments.optimise import Constraint, constraint
from ...parameters.documents import Strict
from ...results.metrics import METRICS

MOST = 200  # of limits, metrics to watch, sources
MOST_COLUMNS = 20  # of a calibration's estimates
LARGEST_DECIMALS = 77  # of 10^decimals in 256 bits
# relative, of what a contract stores, and of the change that it makes: beyond it what is stored is
# not what was simulated; assumption
LARGEST_ROUNDING = 0.01
LEAST_ROUNDING = 1e-9  # relative; less moves no digit that is shown of a value
LARGEST_LIMIT = 1e15  # by size; beyond it a figure's axis has no room for the difference to a mean


def _shows(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def visible(text: str, besides: str = "") -> str:
    """Text of which every character can be seen: others steer terminals, turn a line's direction,
    and are not allowed in XML.
    """
    for at, character in enumerate(text, 1):
        if not _shows(character) and character not in besides:
            raise ValueError(
                f"character U+{ord(character):04X} at place {at}; expected text without control "
                f"characters"
            )
    return text


def words(text: str) -> str:
    """Visible text, in several lines."""
    return visible(text, "\n\t")


Line = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(visible)]
Words = Annotated[str, Field(max_length=20_000), AfterValidator(words)]
ColumnName = Annotated[str, Field(max_length=50, pattern=r"^[A-Za-z0-9_% ]+$")]


def _constraint(text: str) -> str:
    try:
        found = constraint(text, "limits")
    except InputError as error:
        told = f"{error.found}; expected {error.expected}{suggestion(error.nearest)}"
        raise ValueError(told) from None
    if not abs(found.limit) <= LARGEST_LIMIT:
        raise ValueError(f"{text!r}; expected a limit of at most {LARGEST_LIMIT:g} by size")
    return text


def _metric(name: str) -> str:
    try:
        constraint(f"{name} <= 0", "watch")
    except InputError as error:
        valid = f"one of {', '.join(METRICS)}{suggestion(error.nearest)}"
        raise ValueError(f"unknown metric {name!r}; expected {valid}") from None
    return name


License = Literal["CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0", "Apache-2.0", "MIT"]  # of the result
MetricName = Annotated[str, Field(max_length=100), AfterValidator(_metric)]


class StoredAs(Strict):
    """How a contract stores a parameter: the human value × multiply / divide × 10^decimals, as a
    whole number.

    unit: of the stored number, as its contract names it. multiply, divide: of a change of unit,
    such as days to seconds.
    """

    decimals: int = Field(ge=0, le=LARGEST_DECIMALS)
    unit: Line
    multiply: int = Field(1, ge=1, le=10**30)
    divide: int = Field(1, ge=1, le=10**30)

    def raw(self, value: float) -> tuple[int, Fraction]:
        """The stored number and what it stands for, exactly: the nearest whole number, ties to
        even.

        The value is the decimal number as it is written, not its binary neighbour.
        """
        scale = Fraction(self.multiply, self.divide) * 10**self.decimals
        stored = round(Fraction(repr(float(value))) * scale)
        return stored, Fraction(stored) / scale

    def rounding(self, value: float) -> float:
        """By how much the stored number stands for another value, relative; a value of 0 is stored
        exactly.
        """
        true = Fraction(repr(float(value)))
        return float(abs(self.raw(value)[1] / true - 1)) if true else 0.0

    def conversion(self) -> str:
        """The conversion in words."""
        factor = (f" × {self.multiply}" if self.multiply != 1 else "") + (
            f" / {self.divide}" if self.divide != 1 else ""
        )
        return f"value{factor} × 10^{self.decimals}"


class Limit(Strict):
    """A pass limit that the proposer states.

    limit: "treasury_low <= 0.01", on the mean over runs under the proposal. of: value, or change:
    on the mean paired difference, proposal less today.
    scenarios: where it must hold, all of them by default. reason: why this limit.
    """

    limit: Annotated[str, Field(max_length=200), AfterValidator(_constraint)]
    of: Literal["value", "change"] = "value"
    scenarios: list[Line] = Field(default=[], max_length=MOST)
    reason: Words = ""

    @property
    def constraint(self) -> Constraint:
        """Metric, direction and number."""
        return constraint(self.limit, "limits")


class Watch(Strict):
    """A metric to watch after adoption: rolled back where it passes the quantile of the runs under
    the proposal, in a scenario.

    quantile: above 0.5 the trigger is a value above it, else a value below it. scenario: the first
    by default.
    """

    metric: MetricName
    quantile: float = Field(0.99, gt=0.0, lt=1.0)
    scenario: Line | None = None
    note: Words = ""


class CalibrationRecord(Strict):
    """What a calibration found: its estimates as rows of the same columns, and its notes, the error
    out of sample among them.
    """

    method: Line
    data: Line
    estimates: list[
        Annotated[dict[ColumnName, Words | float | None], Field(max_length=MOST_COLUMNS)]
    ] = Field(max_length=MOST)
    notes: list[Words] = Field(max_length=MOST)

    @model_validator(mode="after")
    def _rectangular(self) -> CalibrationRecord:
        for number, row in enumerate(self.estimates, 1):
            if set(row) != set(self.estimates[0]):
                raise ValueError(
                    f"estimates: row {number} has other columns than the first; expected the same "
                    f"in every row"
                )
        return self


class Statement(Strict):
    """What a proposal claims. Untrusted text, to be escaped wherever it is shown.

    matters: smallest difference that matters of a metric, in its unit, in place of the declared
    one.
    """

    summary: Words = ""
    authors: list[Line] = Field(default=[], max_length=MOST)
    license: License = "CC-BY-4.0"
    sources: list[Line] = Field(default=[], max_length=MOST)
    on_chain: dict[Line, StoredAs] = Field(default={}, max_length=MOST)
    limits: list[Limit] = Field(min_length=1, max_length=MOST)
    watch: list[Watch] = Field(default=[], max_length=MOST)
    matters: dict[MetricName, Annotated[float, Field(gt=0.0, le=LARGEST_LIMIT)]] = Field(
        default={}, max_length=MOST
    )
    roll_back: Words = ""

    @property
    def named(self) -> list[str]:
        """Metrics of the limits and of the watch list."""
        return list(
            dict.fromkeys(
                [
                    *(limit.constraint.metric for limit in self.limits),
                    *(one.metric for one in self.watch),
                ]
            )
        )


class FullStatement(Statement):
    """The statement with the calibrations that it rests on: what `EvidencePlan.statement` holds as
    data.
    """

    calibrations: list[CalibrationRecord] = Field(default=[], max_length=20)


class Variation(Strict):
    """How the proposal's own parameters are varied, one at a time. step: relative, for paths
    without a range. runs: the first so many.

    paths: [low, high] by path, of proposed parameters or of any other; another is changed under
    today's values, too.
    """

    step: float = Field(0.25, gt=0.0, lt=1.0)
    runs: int = Field(100, ge=2, le=1_000_000)
    paths: dict[Line, list[float]] = Field(default={}, max_length=50)

    @model_validator(mode="after")
    def _ordered(self) -> Variation:
        for path, ends in self.paths.items():
            if len(ends) != 2 or not ends[0] < ends[1]:
                raise ValueError(
                    f"{path}: {ends}; expected [low, high], the first below the second"
                )
        return self


def claim(statement: Statement, calibrations: list[CalibrationRecord]) -> FullStatement:
    """The statement's own fields, without those of a class derived from it, and its
    calibrations.
    """
    return FullStatement(
        **{name: getattr(statement, name) for name in Statement.model_fields},
        calibrations=calibrations,
    )
