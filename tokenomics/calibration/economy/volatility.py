"""Whether a token's volatility changes over the years more than the model's does by itself, and by
how much.

The fitted days are cut into parts. Each part's volatility is foretold from those before it, at each
candidate of the slow level: log predictive density, summed. So a candidate is chosen by days that
did not make its forecast, and never by those held out. The level of volatility itself is left open:
it is each token's own. Source: Dawid (1984), J. R. Stat. Soc. A 147, 278-292.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...parameters import Resolved
from .fit import SEED_TEST, Simulations, model_of
from .identification import Criterion
from .simulated_moments import Tick, log_volatilities
from .space import Space, own_values
from .weight import weight_of

PARTS = 4  # of the fitted days: the second, third and fourth are foretold
SPREAD, MEMORY = "slow_volatility.spread", "slow_volatility.memory"
# what is tried beside 0 where the parameters have none: that of overlay restless
USUAL = 0.5
# Log points by which constant volatility must foretell one token better (odds of ten): on the
# fitted days of 13 tokens together a slow level is 159 better, and three parts of one token tell
# little.
DOUBT = 2.3
GRID = (0.0, 0.1, 0.2, 0.35, 0.5, 0.7)  # spreads tried where histories are pooled
MEMORIES = (180.0, 365.0, 730.0)  # days, with each of them
RUNS = 400  # behind each predictive density
PILOT = Simulations(runs=32, design=64)


@dataclass(frozen=True, eq=False)
class Level:
    """A candidate of the slow level. spread: 0 for constant volatility. memory: days."""

    spread: float
    memory: float

    def into(self, resolved: Resolved) -> Resolved:
        """Parameters with this slow level."""
        values = {SPREAD: self.spread, MEMORY: self.memory}
        return resolved.replace(values, source="slow level of volatility that is calibrated with")


def candidates(resolved: Resolved) -> tuple[Level, Level]:
    """Constant volatility, and the slow level that the parameters have or that is usual."""
    slow = resolved.values.slow_volatility
    return Level(0.0, slow.memory), Level(slow.spread or USUAL, slow.memory)


def preferred(levels: tuple[Level, Level], found: np.ndarray) -> Level:
    """Of constant volatility and a slow level, what one token's scores speak for."""
    return levels[0] if found[0] > found[1] + DOUBT else levels[1]


def grid() -> tuple[Level, ...]:
    """What is tried where histories are pooled."""
    return (
        Level(0.0, MEMORIES[1]),
        *(Level(spread, memory) for memory in MEMORIES for spread in GRID[1:]),
    )


def scores(
    resolved: Resolved,
    space: Space,
    prices: np.ndarray,
    target: np.ndarray,
    levels: Sequence[Level],
    settings: Simulations,
    tick: Tick,
) -> np.ndarray:
    """Log predictive density of the volatility of each part but the first, summed, (levels,).
    prices: the fitted closes.
    """
    days = len(prices) - 1
    pilot = replace(PILOT, seed=settings.seed, workers=settings.workers)
    rough = model_of(Level(0.0, 365.0).into(resolved), space, days, pilot.runs, pilot, tick)
    points = np.vstack(
        [space.clip(own_values(resolved, space)), space.spread(pilot.design, pilot.seed)]
    )
    far = np.nan_to_num(Criterion(rough, target, weight_of(prices)).at(points), nan=np.inf)
    ends = (np.append(end, (1.0, 1.0)) for end in (space.low, space.high))
    wider = Space((*space.paths, SPREAD, MEMORY), *ends)
    model = model_of(resolved, wider, days, RUNS, settings, tick, SEED_TEST)
    with np.errstate(divide="ignore"):  # a spread of 0
        tried = np.array(
            [
                np.append(points[far.argmin()], np.log((level.spread, level.memory)))
                for level in levels
            ]
        )
    mine = log_volatilities(prices, PARTS)
    return np.array([foretold(mine, runs) for runs in model.spans(tried, PARTS)])


def foretold(mine: np.ndarray, runs: np.ndarray) -> float:
    """Log density of a history's log volatilities by part, (parts,), given that of the first:
    normal, with the mean and covariance of simulated ones (runs, parts).

    The density of all together is the product of those of each given the ones before it.
    """
    runs = runs[np.isfinite(runs).all(axis=1)]
    theirs = runs[:, 1:] - runs[:, :1]
    gap = mine[1:] - mine[0] - theirs.mean(axis=0)
    spread = np.cov(theirs.T)
    _, size = np.linalg.slogdet(2.0 * np.pi * spread)
    return -0.5 * float(size + gap @ np.linalg.solve(spread, gap))


def score_table(levels: Sequence[Level], found: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Scores by level, a column a history, and their sum."""
    table = pd.DataFrame([vars(level) for level in levels]).rename(
        columns={"memory": "memory [days]"}
    )
    for name, column in found.items():
        table[name] = column
    if len(found) > 1:
        table["all"] = sum(found.values())
    return table
