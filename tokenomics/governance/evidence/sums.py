"""Whether the parts of a table add up to their total, and as many digits of them as add up, too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from ...errors import ModelError
from ...shown import DIGITS, GROUPED

SAME = 1e-9  # relative; sums that differ by less add up


def add_up(parts: Sequence[float], total: float, what: str) -> None:
    """Raise ModelError where parts of a table do not add up to their total."""
    found = float(np.sum(parts))
    if not abs(found - total) <= SAME * max(abs(total), 1.0):
        raise ModelError(
            f"{what}: {' + '.join(f'{part:.10g}' for part in parts)} = {found:.10g}, not "
            f"{total:.10g}"
        )


def written(parts: Sequence[float], total: float) -> list[str]:
    """Parts and total as text, rounded to one decimal place: the first in which the smallest part
    has four digits and what is printed adds up. Of thirds none does, and the first stands.
    """
    sizes = [abs(part) for part in (*parts, total) if part]
    if not sizes:
        return ["0"] * (len(parts) + 1)
    finest = -_exponent(SAME * max(sizes))  # beyond it they need not add up
    first = min(DIGITS - 1 - _exponent(min(sizes)), finest)
    for places in (*range(first, finest + 1), first):
        own = [round(Decimal(value).scaleb(places)) for value in (*parts, total)]
        if sum(own[:-1]) == own[-1]:
            break
    return [_plain(Decimal(value).scaleb(-places)) for value in own]


def _exponent(value: float) -> int:
    """Of ten, of a number's first digit."""
    return int(math.floor(math.log10(value)))


def _plain(value: Decimal) -> str:
    """A number without an exponent, with commas where others have them."""
    text = f"{value:,f}" if abs(value) >= GROUPED else f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
