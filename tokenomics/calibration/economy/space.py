"""The parameters that are fitted, in logs between bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from ...errors import InputError, nearest
from ...parameters import Resolved
from .moments import MOMENTS

FACTOR = 6.0  # a range without bounds of its own: the value divided and multiplied by it


@dataclass(frozen=True, eq=False)
class Space:
    """low, high: (parameters,) in their own units."""

    paths: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray

    def clip(self, x: np.ndarray) -> np.ndarray:
        """Log parameters within their bounds."""
        return np.clip(x, np.log(self.low), np.log(self.high))

    def at_bound(self, x: np.ndarray) -> np.ndarray:
        """Which log parameters lie on a bound."""
        return (x <= np.log(self.low) + 1e-9) | (x >= np.log(self.high) - 1e-9)

    def spread(self, count: int, seed: int) -> np.ndarray:
        """Sobol points, (count, parameters) in logs."""
        unit = qmc.Sobol(len(self.paths), seed=seed).random(count)
        return np.log(self.low) + unit * np.log(self.high / self.low)


def own_values(resolved: Resolved, space: Space) -> np.ndarray:
    """Logs of the values that the fitted parameters have without a fit, (parameters,)."""
    return np.log([resolved.entries[path].value for path in space.paths])


def ranges(resolved: Resolved, fit: Sequence[str]) -> Space:
    """The fitted parameters: "path", searched from a sixth to six times its value, or
    "path=low:high".
    """
    paths, bounds = [], []
    for text in fit:
        path, sign, span = text.partition("=")
        low = high = None
        if sign:
            try:
                low, high = (float(part) for part in span.split(":"))
            except ValueError:
                raise InputError(
                    f"'{text}'",
                    argument="fit",
                    expected="path=low:high, for example speculation.noise=0.05:1",
                ) from None
        paths.append(path.strip())
        bounds.append(_positive(resolved, paths[-1], low, high))
    if not paths or len(set(paths)) < len(paths) or len(paths) >= len(MOMENTS):
        wanted = f"1 to {len(MOMENTS) - 1} different ones: there are {len(MOMENTS)} moments"
        raise InputError(f"{len(paths)} parameters", argument="fit", expected=wanted)
    return Space(tuple(paths), *(np.array(column) for column in zip(*bounds, strict=True)))


def _positive(
    resolved: Resolved, path: str, low: float | None, high: float | None
) -> tuple[float, float]:
    numbers = {p for p, one in resolved.entries.items() if isinstance(one.value, float)}
    if path not in numbers:
        raise InputError(
            f"'{path}'",
            argument="fit",
            expected="the path of a number, for example speculation.noise",
            nearest=nearest(path, numbers - {path}),
        )
    value = resolved.entries[path].value
    found = (value / FACTOR if low is None else low, value * FACTOR if high is None else high)
    if not 0.0 < found[0] < found[1] or value <= 0.0:
        raise InputError(
            f"a range from {found[0]:g} to {found[1]:g} for {path}, {value:g} without a fit",
            argument="fit",
            expected="path=low:high with 0 < low < high, of a parameter above 0",
        )
    return found
