"""The trials of the reproduction: Table I, what an actuator can do, Table II, the treasury, and the
ordering's sensitivity.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ...elementary import log
from ...model.controllers.dcbm import loop_gain, price_gain
from ...model.shocks import Streams
from ...parameters.reading import Leaf
from ...results.intervals import intervals
from ..reproduction import mean_interval, ratio
from .economy import (
    IDEALS,
    POLICIES,
    REGIMES,
    DcbmPaths,
    Regime,
    Settings,
    draw,
    measures,
    sigma,
    simulate,
)
from .stability import conditions_without_integral, papers_limits

QUANTITIES = ("sigma", "epsilon", "churn")
LAWS = ("P", "PI", "PD", "PID")
Random = Mapping[str, np.ndarray]


def per_run(s: Settings, paths: DcbmPaths) -> dict[str, np.ndarray]:
    """Table I's quantities, and what the policy spent [pools at the start]."""
    return measures(paths, s.epoch) | {"spent": np.sum(paths.spent, axis=0) / s.pool}


def table1(
    found: Mapping[tuple[str, str], Mapping[str, np.ndarray]], leaves: Mapping[str, Leaf]
) -> pd.DataFrame:
    """Ours beside the paper's; no number of ours where a policy was not computed."""
    rows = []
    for regime, policy in itertools.product(REGIMES, ("none", "fixed", "threshold", "mpc", "pid")):
        paper = dict(zip(QUANTITIES, leaves[f"table1.{regime}.{policy}"].value, strict=True))
        values = found.get((regime, policy), {})
        for quantity in (*QUANTITIES, "spent"):
            if quantity in paper or quantity in values:
                ours = mean_interval(values[quantity]) if quantity in values else (None,) * 3
                rows.append((regime, policy, quantity, *ours, paper.get(quantity)))
    return pd.DataFrame(
        rows, columns=["regime", "policy", "quantity", "ours", "low", "high", "published"]
    ).astype(dict.fromkeys(("ours", "low", "high", "published"), float))


def ratios(
    found: Mapping[tuple[str, str], Mapping[str, np.ndarray]], leaves: Mapping[str, Leaf]
) -> pd.DataFrame:
    """PID over none and over threshold, pairwise on common random numbers, beside the paper's."""
    rows = []
    for regime, other in itertools.product(REGIMES, ("none", "threshold")):
        paper = np.divide(
            leaves[f"table1.{regime}.pid"].value, leaves[f"table1.{regime}.{other}"].value
        )
        for quantity, published in zip(QUANTITIES, paper, strict=True):
            ours = ratio(found[regime, "pid"][quantity], found[regime, other][quantity])
            rows.append((regime, f"pid / {other}", quantity, *ours, float(published)))
    return pd.DataFrame(
        rows, columns=["regime", "ratio", "quantity", "ours", "low", "high", "published"]
    )


def side_by_side(
    regimes: Mapping[str, Regime], names: Sequence[str], random: Random
) -> tuple[Regime, dict[str, np.ndarray]]:
    """Regimes next to each other along the run axis, on the same random numbers: one simulation
    costs less than several.
    """
    runs = next(iter(random.values())).shape[1]
    together = Regime(
        *(
            np.repeat([getattr(regimes[n], f) for n in names], runs)
            for f in Regime.__dataclass_fields__
        )
    )
    return together, {name: np.tile(values, len(names)) for name, values in random.items()}


def small_signal(s: Settings) -> pd.DataFrame:
    """What becomes of a log price 0.001 below a fixed target, by Kp (P alone, no shocks): the
    limits against the actuator.

    The paper's α is 2/y; the gain that the loop has is 2 T γ/y, and none above the target.
    """
    rows, start = [], -1e-3
    for kp in (s.kp, 1.8 * s.kp, 3.0 * s.kp, 1e4 * s.kp):
        setting = replace(s.gains("P"), kp=kp, income=0.0)
        buys, both = (
            simulate(setting, None, p, None, start=start, target=1.0)
            for p in ("pid", "pid, also sells")
        )
        gain = float(loop_gain(s.reserve * s.pool, s.gamma, s.pool)) * kp
        tail = np.abs(log(both.price[-20:]))
        rows.append(
            (
                kp,
                float(price_gain(s.pool)) * kp,
                "yes" if papers_limits(float(price_gain(s.pool)) * kp, 0.0, 0.0) else "no",
                gain,
                "yes" if np.all(conditions_without_integral(gain, 0.0) > 0.0) else "no",
                float(log(buys.price[-1, 0])) / -start,
                float(np.max(tail)) / -start,
            )
        )
    columns = [
        "Kp",
        "2Kp/y",
        "within the paper's limits",
        "2Tγ/y Kp",
        "linear loop stable",
        "buys only: end / start",
        "also sells: swing / start",
    ]
    return pd.DataFrame(rows, columns=columns)


def actuators(
    s: Settings, regimes: Mapping[str, Regime], random: Random, fine: Random, fine_epoch: float
) -> pd.DataFrame:
    """Volatility over that under no control, for every actuator and for returns over one day and
    thirty.

    fine: random numbers of the same span in epochs of `fine_epoch` days, in which an actuator
    answers within the day.
    """
    rows, names = [], ("bull", "high_volatility")
    # the derivative time stays a quarter of an epoch, on the grounds on which it was chosen
    quick = replace(s, epoch=fine_epoch, kd=s.kd * fine_epoch / s.epoch)
    for setting, numbers in ((s, random), (quick, fine)):
        together, tiled = side_by_side(regimes, names, numbers)
        day, runs = int(round(1.0 / setting.epoch)), tiled["price_normal"].shape[1] // len(names)
        none = simulate(setting, together, "none", tiled)
        for policy in ("pid", *IDEALS):
            paths = simulate(setting, together, policy, tiled)
            for days in (1, 30):
                ours, base = (sigma(p, setting.epoch, days * day) for p in (paths, none))
                for i, regime in enumerate(names):
                    part = slice(i * runs, (i + 1) * runs)
                    rows.append(
                        (
                            regime,
                            f"{24.0 * setting.epoch:g} h",
                            policy,
                            days,
                            *ratio(ours[part], base[part]),
                        )
                    )
    table = pd.DataFrame(
        rows,
        columns=[
            "regime",
            "epoch",
            "actuator",
            "returns over (days)",
            "sigma / none",
            "low",
            "high",
        ],
    )
    return table.sort_values("regime", kind="stable", ignore_index=True)


def response(
    path: np.ndarray, s: Settings, step: float, band: float, tail: float
) -> tuple[float, float, float]:
    """Overshoot [% of the step], steady-state error [% of the target], settling [epochs] of a path
    of ln(P / target).

    Overshoot: the path's highest point above the target. Steady-state error: |mean of the last
    `tail` days|. Settling: the first epoch after which the path stays within `band` of the step;
    NaN where it never does.
    """
    outside = np.flatnonzero(np.abs(path) > band * step)
    settled = outside[-1] + 1 if len(outside) else 0
    last = max(1, int(round(tail / s.epoch)))
    return (
        100.0 * max(0.0, float(np.max(path))) / step,
        100.0 * abs(float(np.mean(path[-last:]))),
        float(settled) if settled < len(path) else float("nan"),
    )


def ablation(
    s: Settings, regime: Regime, random: Random, leaves: Mapping[str, Leaf]
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Table II by four readings of it: a step below a target that is fixed or a moving average,
    alone or among shocks (mean over runs); and a steady fall at the bear market's pace. Also by law
    each run's steady-state error among shocks [%], average as target.
    """
    step, band, tail = (
        float(leaves[f"ablation.{name}"].value) for name in ("step", "band", "tail")
    )
    calm = {name: values[:, :1] for name, values in random.items()}
    still = replace(s, demand_volatility=0.0)
    fall = Regime(0.0, float(leaves["regimes.bear.drift"].value), 0.0)
    rows, tails = [], {}
    for law in LAWS:
        kind = s.gains(law)
        ours = {
            "fixed, calm": (simulate(kind, None, "pid", None, start=-step, target=1.0), 1.0),
            "average, calm": (simulate(kind, None, "pid", None, start=-step), None),
            "fixed, shocks": (simulate(kind, regime, "pid", random, start=-step, target=1.0), 1.0),
            "average, shocks": (simulate(kind, regime, "pid", random, start=-step), None),
            "fixed, steady fall": (simulate(still.gains(law), fall, "pid", calm, target=1.0), 1.0),
        }
        numbers = {
            name: response(
                np.mean(log(p.price / (target or p.average)), axis=1), s, step, band, tail
            )
            for name, (p, target) in ours.items()
        }
        among, last = ours["average, shocks"][0], max(1, int(round(tail / s.epoch)))
        tails[law] = 100.0 * np.mean(
            np.ascontiguousarray(log(among.price / among.average)[-last:].T), axis=1
        )
        names = ("overshoot (% of the step)", "steady-state error (%)", "settling (epochs)")
        for i, (name, published) in enumerate(
            zip(names, leaves[f"table2.{law}"].value, strict=True)
        ):
            rows.append((law, name, float(published), *(found[i] for found in numbers.values())))
    return pd.DataFrame(rows, columns=["law", "quantity", "published", *numbers]), tails


def solvency(s: Settings, regime: Regime, random: Random) -> pd.DataFrame:
    """Whether the treasury empties, with and without income and costs, and what part of the costs
    is then not paid.
    """
    rows = []
    cases = {
        "no income, no costs, γ = 1 (Theorem IV.2)": replace(s, income=0.0, gamma=1.0),
        "no income, no costs": replace(s, income=0.0),
        "income, costs half of it": s,
        "income, costs five times it": replace(s, cost_ratio=5.0),
        "the same, reserve half a pool": replace(s, cost_ratio=5.0, reserve=0.5),
        "the same, policy `none`": replace(s, cost_ratio=5.0, reserve=0.5),
    }
    for name, setting in cases.items():
        paths = simulate(setting, regime, "none" if "none" in name else "pid", random)
        before = paths.treasury[:-1] + paths.income - paths.spent
        unpaid = np.maximum(0.0, paths.due - before).sum(axis=0)
        due = np.maximum(paths.due.sum(axis=0), 1e-300)
        share = intervals(
            np.any(paths.treasury == 0.0, axis=0).astype(float)[None, :], probability=True
        )
        rows.append(
            (
                name,
                *(float(v[0]) for v in (share.mean, share.low, share.high)),
                float(np.min(paths.treasury)) / (setting.reserve * setting.pool),
                float(np.max(paths.spent / np.maximum(paths.treasury[:-1] + paths.income, 1e-300))),
                100.0 * float(np.mean(unpaid / due)),
            )
        )
    columns = [
        "case",
        "share of runs that empty",
        "low",
        "high",
        "least T / T0",
        "largest J / (T + R)",
        "costs not paid (%)",
    ]
    return pd.DataFrame(rows, columns=columns)


def points(s: Settings, leaves: Mapping[str, Leaf], seed: int) -> Iterator[tuple[str, Settings]]:
    """The shipped point, one change at a time, and joint points in which each setting takes one of
    its values at random.
    """
    prefix = "sensitivity."
    values = {
        path.removeprefix(prefix): leaf.value
        for path, leaf in leaves.items()
        if path.startswith(prefix)
    }
    tried = {
        name: [float(v) for v in choice]
        for name, choice in values.items()
        if isinstance(choice, list)
    }
    yield "shipped", s
    for name, choice in tried.items():
        for value in choice:
            yield f"{name} = {value:g}", replace(s, **{name: value})
    for point in range(int(values["joint_points"])):
        picks = Streams(seed).uniforms(point, "dcbm_design", len(tried))
        # three values each: the two tried and the shipped one
        drawn = {
            n: [*c, getattr(s, n)][int(p * (len(c) + 1))]
            for (n, c), p in zip(tried.items(), picks, strict=True)
        }
        yield f"joint {point}", replace(s, **drawn)


def ordering(
    s: Settings,
    regimes: Mapping[str, Regime],
    leaves: Mapping[str, Leaf],
    runs: int,
    seed: int,
    progress: Callable[[], None],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Share of the points at which the means lie in the paper's order, and the means at each
    point.
    """
    all_three, random = side_by_side(regimes, REGIMES, draw(seed, np.arange(runs), s.steps))
    rows = []
    for name, setting in points(s, leaves, seed):
        by_policy = {
            p: measures(simulate(setting, all_three, p, random), s.epoch) for p in POLICIES
        }
        for (i, regime), quantity in itertools.product(enumerate(REGIMES), QUANTITIES):
            mean = {
                p: float(np.mean(v[quantity][i * runs : (i + 1) * runs]))
                for p, v in by_policy.items()
            }
            rows.append((name, regime, quantity, *(mean[p] for p in POLICIES)))
        progress()
    means = pd.DataFrame(rows, columns=["point", "regime", "quantity", *POLICIES])
    tests = {
        "pid < threshold < fixed < none": (means.pid < means.threshold)
        & (means.threshold < means.fixed)
        & (means.fixed < means.none),
        "pid < none": means.pid < means.none,
        "pid < threshold": means.pid < means.threshold,
        "threshold < fixed": means.threshold < means.fixed,
        "fixed < none": means.fixed < means.none,
    }
    shares = pd.concat([means[["regime", "quantity"]], pd.DataFrame(tests).astype(float)], axis=1)
    return shares.groupby(["regime", "quantity"], sort=False).mean().reset_index(), means
