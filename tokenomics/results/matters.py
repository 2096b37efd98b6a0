"""The smallest difference that matters of each metric: declared by unit before any result is seen,
and never taken from how much simulations scatter.

A difference whose interval lies within it is too small to matter, as in a test of equivalence:
Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15, 657-680.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import floor, isfinite
from typing import Any

from ..elementary import ndtri
from ..errors import InputError, nearest
from ..model.formulas.numerics import DAYS_PER_YEAR
from .intervals import LEVEL
from .metrics import METRICS

PROBABILITY = "probability"
SPAN = "span"  # a margin that grows with the simulated days, as an integral over them does


@dataclass(frozen=True)
class Matters:
    """From which size on a difference matters. size: in the unit, or a share of what the variable
    `of` is at the start, times `times`; or, where `of` is `SPAN`, times the simulated days. source:
    why.
    """

    size: float
    source: str
    of: str = ""
    times: float = 1.0

    @property
    def text(self) -> str:
        """The size in words."""
        if self.of == SPAN:
            return f"{self.size:g} of the simulated days"
        many = f"{self.times:g} days of " * (self.times != 1.0)
        return f"{self.size:g}" + (f" of {many}{self.of} at the start" if self.of else "")


FEWEST = 2  # runs that tell a difference at all
REVENUE = "half to one per cent of revenue is what auditors take for material, ISA 320"
BY_UNIT = {
    PROBABILITY: Matters(0.02, "assumption: one case in fifty"),
    "1": Matters(
        0.01, "assumption: a point; a cloud's service level has its tiers at 99.0 and 99.9 %"
    ),
    "1/sqrt(year)": Matters(0.05, "assumption: five points of annualised volatility"),
    "1/year": Matters(0.005, "assumption: half a per cent a year"),
    "1/day": Matters(0.0001, "assumption: a hundredth of a per cent of supply a day"),
    "days": Matters(7.0, "assumption: a week, as long as a vote takes"),
    "s": Matters(0.1, "Nielsen, Usability Engineering (1993), 5.5: less is felt as at once"),
    "USD": Matters(0.01, f"a hundredth of a year's fees: {REVENUE}", "fees", DAYS_PER_YEAR),
    "USD/day": Matters(0.01, f"a hundredth of fees: {REVENUE}", "fees"),
    "TOK": Matters(0.001, "assumption: a thousandth of total supply", "total_supply"),
    "USD/TOK": Matters(0.01, "assumption: a hundredth of the price", "token_price"),
}
# of metrics that their unit does not fit
BY_METRIC = {
    "tracking_iae": Matters(
        0.01, "assumption: a mean error of a point, as of the unit 1, over the whole span", SPAN
    ),
}


def declared(name: str) -> Matters | None:
    """The smallest difference that matters of a metric: its own, or its unit's; None without."""
    metric = METRICS[name]
    return BY_METRIC.get(name) or BY_UNIT.get(PROBABILITY if metric.probability else metric.unit)


def margins(
    names: Iterable[str], start: Mapping[str, Any], given: Mapping[str, float], days: float
) -> dict[str, float]:
    """The smallest difference that matters, by metric, in its unit; 0 where its unit has none, so
    that every difference does.

    start: variables where the simulation starts, empty where it cannot. given: in place of the
    declared ones. days: that are simulated.
    """
    whole = {**start, SPAN: days}
    found = {}
    for name in names:
        one = declared(name)
        size = 0.0
        if one:
            size = one.size * (one.times * float(whole.get(one.of, 0.0)) if one.of else 1.0)
        found[name] = float(given.get(name, size))
    return found


def runs_needed(margin: float, family: int = 1) -> int:
    """Runs from which a probability of 0 on both sides is told to differ by less than a margin: the
    fewest n, two or more, whose bound by Wilson, z² / (n + z²), is below it.

    family: differences that are told at once.
    """
    z = float(ndtri(1.0 - 0.5 * (1.0 - LEVEL) / family))
    return max(floor(z * z * (1.0 / margin - 1.0)) + 1, FEWEST)


def checked_matters(given: Mapping[str, Any], argument: str = "matters") -> dict[str, float]:
    """Smallest differences that a user gives, by metric; raises InputError for another name or
    number.
    """
    for name, size in given.items():
        if name not in METRICS:
            raise InputError(
                f"unknown metric '{name}'",
                argument=argument,
                expected="one of " + ", ".join(METRICS),
                nearest=nearest(str(name), METRICS),
            )
        good = isinstance(size, (int, float)) and not isinstance(size, bool)
        if not good or not isfinite(size) or size <= 0.0:
            raise InputError(
                f"{name}: {size!r}",
                argument=argument,
                expected=f"a number above 0 [{METRICS[name].unit}]",
            )
    return {name: float(size) for name, size in given.items()}


def too_few(given: Mapping[str, float], runs: int, family: int) -> tuple[str, float, int] | None:
    """The first probability whose given margin needs more runs: name, margin, and how many."""
    for name, size in given.items():
        if METRICS[name].probability and runs < runs_needed(size, family):
            return name, size, runs_needed(size, family)
    return None
