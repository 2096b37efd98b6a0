"""Where in the gain plane the linear loop is stable, and how that region shrinks with liquidity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..parameters import Parameters, put
from .economy import LinearEconomy, linearise, pid_law
from .margins import is_stable
from .systems import StateSpace

DEPTHS = (1.0, 0.5, 0.25)  # shares of the pool's depth
RAYS = 24  # that are followed from low gains on; those between begin at their neighbours' crossings
# decades of gain: of a step along a ray, of the error of a crossing, by which a line may bend
# between two of its points, how far they may be apart, and two rays where it turns back on itself
STEP, EXACT, BENT, CHORD, CLOSEST = 0.25, 0.0005, 0.004, 0.25, 0.001


def thinner(parameters: Parameters, share: float, today: Parameters | None = None) -> LinearEconomy:
    """The economy linearised where the pool holds a share of its depth for good, the controller
    counting in the old depth still.

    A unit of the signal is a USD amount; in a pool of that share it is 1/share as many depths.
    Orders of speculators are in depths of the pool that is there. today: as `linearise` takes it.
    Raises ModelError where the thinner economy has no steady state.
    """
    if share == 1.0:
        return linearise(parameters, today=today)
    less = {
        f"market.{name}": getattr(parameters.market, name) * share
        for name in ("pool_share", "book_depth")
    }
    thin = linearise(put(parameters, less), today=today and put(today, less))
    old = {"reference_depth": thin.state["reference_depth"] / share}
    return replace(
        thin,
        plant=_louder(thin.plant, share),
        one_step=_louder(thin.one_step, share),
        state={**thin.state, **old},
    )


def _louder(plant: StateSpace, share: float) -> StateSpace:
    """The plant whose first input, the signal, is counted in depths of which there were 1/share as
    many.
    """
    b = plant.B.copy()
    b[:, 0] /= share
    return replace(plant, B=b)


@dataclass(frozen=True, eq=False)
class _Rays:
    """The first crossing of the boundary on rays of the plane of decadic logs of kp and ki. A ray
    has one ratio ki/kp, of which `u` is the log, and is followed from the window's low gains on.

    stable: the verdict at two logs. low, high: corners of the window.
    """

    stable: Callable[[float, float], bool]
    low: np.ndarray
    high: np.ndarray

    def within(self, u: float, low: float, high: float) -> float:
        """The crossing between a stable point of a ray and one that is not, by log kp."""
        while high - low > EXACT:
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self.stable(middle, middle + u) else (low, middle)
        return 0.5 * (low + high)

    def crossing(self, u: float) -> float:
        """Log kp of the first crossing; NaN where the ray begins or ends on one side of it."""
        x = max(self.low[0], self.low[1] - u)
        last = min(self.high[0], self.high[1] - u)
        if not self.stable(x, x + u):
            return np.nan
        while x < last:
            here, x = x, min(x + STEP, last)
            if not self.stable(x, x + u):
                return self.within(u, here, x)
        return np.nan

    def between(self, one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
        """The crossing on the ray between two of them, which are near it as a rule."""
        u, near = 0.5 * (one[0] + other[0]), abs(one[0] - other[0])
        low, high = min(one[1], other[1]) - near, max(one[1], other[1]) + near
        if high > low and self.stable(low, low + u) and not self.stable(high, high + u):
            return u, self.within(u, low, high)
        return u, self.crossing(u)

    def line(self) -> np.ndarray:
        """Crossings (points, 2) by log kp and log ki, as many as a smooth line needs; NaN where it
        leaves the window.
        """
        ends = np.linspace(self.low[1] - self.high[0], self.high[1] - self.low[0], RAYS)
        found = [(float(u), self.crossing(u)) for u in ends]
        left, found = found[:0:-1], found[:1]
        while left:
            one, other = found[-1], left[-1]
            out = np.isnan((one[1], other[1]))
            if other[0] - one[0] > CLOSEST and not out.all():
                middle = self.between(one, other)
                # where one of them is out of the window the line ends in between
                if out.any() or not _straight(one, middle, other):
                    left.append(middle)
                    continue
                found.append(middle)
            found.append(left.pop())
        u, x = np.array(found).T
        return np.column_stack([x, x + u])


def _straight(*points: tuple[float, float]) -> bool:
    """Whether three points of a line, by their rays and log kp, are near and on a straight one."""
    one, middle, other = (np.array([x, x + u]) for u, x in points)
    chord, leg = other - one, middle - one
    long = np.hypot(*chord)
    return bool(long < CHORD and abs(chord[0] * leg[1] - chord[1] * leg[0]) < BENT * long)


def boundaries(
    parameters: Parameters,
    low: Sequence[float],
    high: Sequence[float],
    depths: Sequence[float] = DEPTHS,
    today: Parameters | None = None,
) -> dict[float, np.ndarray]:
    """Lines (points, 2) of the gains kp and ki at which the PID loop turns unstable as both rise in
    one ratio, by the share of the pool's depth that is left. Each point is a crossing that is
    searched for; NaN where there is none between the gains `low` and `high`. today: as `linearise`
    takes it.
    """

    def line(economy: LinearEconomy) -> np.ndarray:
        def stable(kp: float, ki: float) -> bool:
            gains = (10.0**kp, 10.0**ki, parameters.controller.pid.kd)
            return is_stable(economy.plant, pid_law(parameters, economy, gains))

        return 10.0 ** _Rays(stable, np.log10(low), np.log10(high)).line()

    return {share: line(thinner(parameters, share, today)) for share in depths}
