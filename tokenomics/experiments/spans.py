"""How long what is voted on is simulated, and after how many years what depletes is shown: a
treasury that lasts a year may be empty in the third.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InputError
from ..inputs import bounds
from ..inputs.arguments import many
from ..model.formulas.numerics import DAYS_PER_YEAR

YEARS = (1, 3, 5)  # after which what depletes is shown


def days_of(years: int) -> float:
    """Days of so many years."""
    return DAYS_PER_YEAR * years


VOTED = days_of(3)  # days over which policies and proposals are compared


def checked_years(years: int | Sequence[int]) -> tuple[int, ...]:
    """Numbers of years, in order. Raises InputError for what is none, and for one that is there
    twice.
    """
    found = many(years)
    for number in found:
        bounds.YEARS.check(number, "years")
    if len(set(found)) < len(found):
        told = ", ".join(map(str, found))
        raise InputError(told, argument="years", expected="each number of years once")
    return tuple(sorted(found))
