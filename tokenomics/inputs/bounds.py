"""Bounds of the numbers that calls and commands take, each with its reason; parameters of the model
have theirs in the schema.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from numbers import Integral, Real
from typing import Any

from ..errors import InputError

CENTURY = 36_525.0  # days; growth at a rate a year is no forecast beyond


@dataclass(frozen=True)
class Bound:
    """Numbers from `least` to `most`, `whole` ones or any. above: more than `least`, not as much.
    why: the reason of the upper bound. below: of the lower one, where it needs any.
    """

    least: float
    most: float
    why: str
    unit: str = ""
    whole: bool = True
    above: bool = False
    below: str = ""

    def __str__(self) -> str:
        return f"{self._range} ({self.why})"

    @property
    def _range(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        low = (
            f"above {_told(self.least)} and at most"
            if self.above
            else f"from {_told(self.least)} to"
        )
        return " ".join(f"{kind} {low} {_told(self.most)} {self.unit}".split())

    def __contains__(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, Integral if self.whole else Real):
            return False
        return (
            value > self.least if self.above else value >= self.least
        ) and value <= self.most  # also false for NaN

    def check(self, value: Any, argument: str) -> Any:
        """The value, where it is within. Raises InputError."""
        if value not in self:
            raise InputError(_told(value), argument=argument, expected=self._expected(value))
        return value

    def _expected(self, value: Any) -> str:
        """The bounds, with the reason of the end beyond which a value is."""
        why = ""
        if isinstance(value, Real) and not isinstance(value, bool):
            low = value <= self.least if self.above else value < self.least
            why = self.below if low else self.why if value > self.most else ""
        return f"{self._range} ({why})" if why else self._range

    def from_(self, least: float, below: str = "") -> Bound:
        """The same from another lower bound, for a reason of its own."""
        return replace(self, least=least, above=False, below=below)


def check(**values: tuple[Any, Bound]) -> None:
    """Check arguments by name, each a pair of its value and its bound. Raises InputError for the
    first that is out of it.
    """
    for argument, (value, bound) in values.items():
        bound.check(value, argument)


def optional(**values: tuple[Any, Bound]) -> None:
    """The same where None stands for an argument that was not given."""
    check(**{argument: pair for argument, pair in values.items() if pair[0] is not None})


def _told(value: Any) -> str:
    """A number as it is read: whole ones with their digits grouped, long ones cut short."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        text = (
            f"{int(value):,}"
            if abs(value) < 10**24
            else f"a whole number of about {int(value).bit_length() * 0.30103:.0f} digits"
        )
        return {str(2**64 - 1): "2**64 - 1"}.get(text.replace(",", ""), text)
    if isinstance(value, Real) and isfinite(value) and not isinstance(value, bool):
        return f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:g}"
    return repr(value)[:60]


IN_A_TAIL = "of fewer, less than one is expected in a tail of 5 %"
RUNS = Bound(
    1,
    1_000_000,
    "the mean of a million runs is told to a thousandth of their standard deviation",
    "runs",
)
REPEATED = RUNS.from_(2, "one run has no interval")
REPLICATIONS = Bound(
    2,
    1_000_000,
    "a coverage of a million replications is told to a thousandth",
    "replications",
    below="one has no scatter",
)
RESAMPLES = Bound(
    0, 100_000, "quantiles of a hundred thousand draws are told to a thousandth", "draws"
)
DRAWS = RESAMPLES.from_(20, IN_A_TAIL)
HISTORIES = Bound(
    20,
    100_000,
    "the mean of a hundred thousand is told to a third of a per cent of one's standard deviation",
    "histories",
    below="fewer add more than a twentieth to the variance of an estimate",
)
PATHS = Bound(
    20, 10_000, "bands of ten thousand paths are told to a hundredth", "paths", below=IN_A_TAIL
)
SEED = Bound(0, 2**64 - 1, "the generator's key has 64 bits")
SEARCH_SEED = Bound(0, 2**32 - 1, "the search's generator takes 32 bits")
DAYS = Bound(
    0.0,
    CENTURY,
    "a century: growth at a rate a year is no forecast beyond",
    "days",
    whole=False,
    above=True,
)
YEARS = Bound(1, 100, "a century: growth at a rate a year is no forecast beyond", "years")
STEPS = Bound(1, 10_000_000, "no more steps are simulated at once", "steps")
EXPLORED = Bound(
    2,
    2_000,
    "a picture of more takes seconds, and a slider does not wait",
    "runs",
    below="one run has no interval",
)
EXPLORED_DAYS = Bound(
    0.0,
    3_653.0,
    "ten years: a picture of more takes seconds, and a slider does not wait",
    "days",
    whole=False,
    above=True,
)
PORT = Bound(0, 65_535, "a port has 16 bits; 0 is any that is free")
WORKERS = Bound(1, 1024, "no machine here has more cores, and each takes memory", "workers")
OBSERVATIONS = Bound(
    1, 1_000_000, "estimators are tested on spans of a history that exists", "observations"
)
AMOUNT = Bound(0.0, 1e18, "far above every amount of money or tokens there is", whole=False)
SECONDS = Bound(
    0.0, 3600.0, "an hour: a card is as warm as it gets long before", "s", whole=False, above=True
)
TOKENS = Bound(
    1.0, 1e8, "a hundred times the longest context that a shipped model has", "tokens", whole=False
)
POLL = Bound(1, 10_000, "an answer is over before the server looks again", "steps")
LATENCY = Bound(0.0, 86_400.0, "a day", "s", whole=False, above=True)
HELD_OUT = Bound(
    0.0,
    0.9,
    "a tenth of the days at least is fitted",
    whole=False,
    above=True,
    below="one day at least is held out",
)
PART = Bound(0.0, 1.0, "it is a share", whole=False, above=True)
SHARE = Bound(0.0, 1.0, "it is a share", whole=False)
PRICE = Bound(0.0, 1e6, "a dollar a token", "USD/Mtok", whole=False, above=True)
WORK = Bound(
    0.0, 1e15, "far above what all accelerators can do", "Mtok/day", whole=False, above=True
)
CARDS = Bound(1, 1024, "no model is spread over more", "cards")
HORIZON = Bound(1, 3652, "ten years of days: no forecast of days goes beyond", "days")
SPACING = Bound(1, 366, "a row a year: fewer say nothing of daily news", "days")
GAP = Bound(
    0.0,
    1.0,
    "a month whose burns are worth twice what was burned in USD, or nothing, is always named",
    whole=False,
)
