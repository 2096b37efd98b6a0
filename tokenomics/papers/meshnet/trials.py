"""The trials of the reproduction: the published ensemble, what each rule emits, and the rules at
equal emission.

Emission is matched in its mean, on shocks that the comparison does not see, and then frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...experiments.matching import CLOSE, MATCH_SEED
from ...model.shocks import Streams
from ...results.intervals import LEVEL
from ..reproduction import BESIDE, in_words, mean_interval, ratio
from .economy import SCENARIOS, MeshPaths, Values, draw, simulate, static

STRESSED = SCENARIOS[1:]  # in the bull market both rules end at the same nodes
RULES = ("pid", "static")
EQUAL = ("static, scaled up", "the PID's mean path, no feedback", "static, and the PID scaled down")
FEWEST = 20  # runs of which one is in the lowest 5 %
TRIES = 8  # scales at which the PID's emission is looked for
THOUSAND, MILLION = 1e3, 1e6
# quantities of the nodes after five years
MEAN, TAIL = "nodes, mean [1000]", "nodes, 5th percentile [1000]"
SPREAD = "nodes, variation [1]"  # its coefficient
# claims at equal emission, each quantity in each scenario; of the intervals that hold for all of
# them at once (Bonferroni)
AT_ONCE = 3 * len(STRESSED)
ALL_AT_ONCE = 1.0 - (1.0 - LEVEL) / AT_ONCE
Found = Mapping[tuple[str, str], MeshPaths]


def fifth(nodes: np.ndarray) -> np.ndarray:
    """5th percentile over the last axis."""
    return np.quantile(nodes, 0.05, axis=-1)


def spread(nodes: np.ndarray) -> np.ndarray:
    """Coefficient of variation over the last axis."""
    return np.std(nodes, axis=-1, ddof=1) / np.mean(nodes, axis=-1)


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Intervals of what is no mean, by the percentiles of runs drawn with replacement; both sides
    of a comparison by the same draws. Source: Efron and Tibshirani (1993), chapter 13.

    picks: (resamples, runs).
    """

    picks: np.ndarray

    @classmethod
    def of(cls, seed: int, runs: int, resamples: int) -> Bootstrap:
        """As many runs as there are, `resamples` times."""
        drawn = Streams(seed).uniforms(0, "meshnet_bootstrap", resamples * runs)
        return cls((drawn * runs).astype(int).reshape(resamples, runs))

    def interval(
        self, of: Callable[..., np.ndarray], *sides: np.ndarray, level: float = LEVEL
    ) -> tuple[float, ...]:
        """What a function makes of the sides (runs,), with the bounds of its interval, of 95 %
        unless told; NaN for too few runs.
        """
        value, bounds = float(of(*sides)), (float("nan"),) * 2
        if self.picks.shape[1] >= FEWEST:
            again = of(*(side[self.picks] for side in sides))
            ends = (0.5 - level / 2.0, 0.5 + level / 2.0)
            bounds = (float(bound) for bound in np.quantile(again, ends))
        return value, *bounds


def ensemble(v: Values, found: Found, bootstrap: Bootstrap) -> pd.DataFrame:
    """Nodes after five years and the last price beside the published ones."""
    rows = []
    for scenario in SCENARIOS:
        for rule in RULES:
            nodes = found[scenario, rule].nodes[-1] / THOUSAND
            price = found[scenario, rule].price[-1]
            mean, deviation, low, _, paper_price = v[f"published.{scenario}.{rule}"]
            for quantity, ours, published in (
                (MEAN, mean_interval(nodes), mean / THOUSAND),
                (TAIL, bootstrap.interval(fifth, nodes), low / THOUSAND),
                (SPREAD, bootstrap.interval(spread, nodes), deviation / mean),
                ("last price [USD/TOK]", mean_interval(price), paper_price),
            ):
                rows.append((scenario, rule, quantity, float(published), *ours))
    return pd.DataFrame(
        rows, columns=["scenario", "rule", "quantity", "published", "ours", "low", "high"]
    )


def budget(v: Values, found: Found) -> pd.DataFrame:
    """Tokens that the PID emits, over those of the static schedule, and what they were worth."""
    rows = []
    for scenario in SCENARIOS:
        pid, fixed = (found[scenario, rule] for rule in RULES)
        emitted = [np.sum(paths.emission, axis=0) for paths in (pid, fixed)]
        rows.append(
            (
                scenario,
                *(v[f"emitted.{name}"] for name in (scenario, "static")),
                v[f"emitted.{scenario}"] / v["emitted.static"],
                *(float(np.mean(one)) / MILLION for one in emitted),
                *ratio(*emitted),
                float(np.mean(pid.paid) / np.mean(fixed.paid)),
            )
        )
    return pd.DataFrame(
        rows,
        columns=[
            "scenario",
            "PID, published [M TOK]",
            "static, published [M TOK]",
            "ratio, published",
            "PID, ours [M TOK]",
            "static, ours [M TOK]",
            "ratio, ours",
            "low",
            "high",
            "ratio of their USD, ours",
        ],
    )


@dataclass(frozen=True, eq=False)
class Equal:
    """What makes both sides emit the same, from other shocks. up: of the static schedule; down: of
    all that the PID emits; off: log of what it then emits over the static total; path: the PID's
    mean emission (days,) [TOK/day].
    """

    up: float
    down: float
    off: float
    path: np.ndarray


def equalised(v: Values, scenario: str, runs: int, seed: int) -> Equal:
    """The scales at which both sides emit the same in the mean, on shocks of their own."""
    random = draw(seed + MATCH_SEED, range(runs), v["simulation.days"])
    fixed = static(v, v["simulation.days"])
    path = simulate(v, scenario, None, random).emission.mean(axis=1)
    wanted = fixed.sum()
    # logs of the scale and of what is emitted over what is wanted; the first step is short of the
    # goal, for fewer tokens make fewer nodes, for which the PID asks more
    scales, missed = [0.0], [float(np.log(path.sum() / wanted))]
    while abs(missed[-1]) > CLOSE and len(scales) < TRIES:
        slope = (missed[-1] - missed[-2]) / (scales[-1] - scales[-2]) if len(scales) > 1 else 1.0
        scales.append(scales[-1] - missed[-1] / slope)
        down = simulate(v, scenario, None, random, factor=float(np.exp(scales[-1])))
        missed.append(float(np.log(down.emission.sum() / runs / wanted)))
    return Equal(float(path.sum() / wanted), float(np.exp(scales[-1])), missed[-1], path)


def rivals(
    v: Values, scenario: str, equal: Equal, random: Mapping[str, np.ndarray], pid: MeshPaths
) -> dict[str, tuple[MeshPaths, MeshPaths]]:
    """The PID and its rival of each way to equal emission."""
    fixed = static(v, v["simulation.days"])
    return {
        EQUAL[0]: (pid, simulate(v, scenario, equal.up * fixed, random)),
        EQUAL[1]: (pid, simulate(v, scenario, equal.path, random)),
        EQUAL[2]: (
            simulate(v, scenario, None, random, factor=equal.down),
            simulate(v, scenario, fixed, random),
        ),
    }


def side_by_side(
    scenario: str,
    against: str,
    pid: MeshPaths,
    other: MeshPaths,
    bootstrap: Bootstrap,
    level: float = LEVEL,
) -> list[tuple]:
    """Rows of the PID against a rival on the same shocks. level: of the intervals."""
    nodes, rows = [paths.nodes[-1] / THOUSAND for paths in (pid, other)], []
    emitted = ratio(*(np.sum(paths.emission, axis=0) for paths in (pid, other)))[0]
    for quantity, of, found in (
        (MEAN, np.mean, mean_interval(nodes[0] - nodes[1], level)),
        *(
            (
                name,
                of,
                bootstrap.interval(lambda one, two, of=of: of(one) - of(two), *nodes, level=level),
            )
            for name, of in ((TAIL, fifth), (SPREAD, spread))
        ),
    ):
        values = (float(of(side)) for side in nodes)
        rows.append(
            (scenario, against, emitted, quantity, *values, *found, in_words("PID", *found[1:]))
        )
    return rows


COLUMNS = [
    "scenario",
    "against",
    "tokens, PID / other",
    *BESIDE,
]
