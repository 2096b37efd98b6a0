"""The whole economy by simulated moments: parameters with which the model's daily returns look like
a token's, and a test on later days.

The first part of the history is fitted, the rest is held out. Weighting is the inverse covariance
of one history's moments, from simulated runs at the estimate (two steps). A parameter that the
moments cannot tell is held at its own value and the others are fitted again: an overlay is whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2

from ...errors import InputError
from ...experiments.run import Source
from ...histories.choices import FILLED, Choices
from ...histories.prices import Closes, read_closes
from ...inputs import bounds
from ...inputs.arguments import (
    CALL,
    DATE,
    NAMES,
    SETS,
    SOURCE,
    checked,
    choice,
    many,
    of,
    optional,
    several,
)
from ...parameters import Resolved, place, resolve
from ...parameters.checking import unit_of
from ...results.intervals import LEVEL, Z
from ...results.returns import statistics
from ..estimates import Calibration, Data, Estimate, digest
from .figures import moments_figure, profile_figure
from .moments import MOMENTS, measured, scaled
from .simulated_moments import (
    SimulatedMoments,
    Space,
    covariance,
    descend,
    distance,
    multistart,
    nearest,
    positive_range,
)

FIT = ("news.volatility", "news.jump_volatility", "speculation.noise")
HOLDOUT = 1.0 / 3.0  # share of the days
LEAST_DAYS = 250  # fitted; below, a history says little about clusters and drawdowns
LOOSE = (
    0.6  # standard error of a log parameter beyond which its 95 % interval spans a factor of ten
)
PROFILE = (0.5, 0.71, 1.41, 2.0)  # times the estimate
SEED_TEST = 1_000_003  # added to the seed for shocks that the fit has not seen
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Simulations:
    """How much is simulated. runs: histories a point. design: Sobol points of the search for
    starts. check: histories behind tables and weights.
    """

    runs: int = 200
    design: int = 256
    design_runs: int = 64
    starts: int = 3
    check: int = 1000
    seed: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        sizes = {
            name: (getattr(self, name), bounds.DRAWS.from_(1))
            for name in ("runs", "design", "design_runs", "starts", "check")
        }
        bounds.check(**sizes, seed=(self.seed, bounds.SEED), workers=(self.workers, bounds.WORKERS))


@dataclass(frozen=True, eq=False)
class MomentsFit:
    """x: log parameters. far: weighted distance at x. slopes: of the moments by them. covariance:
    theirs, NaN where held.

    held: why a parameter is held, by its number. agree: starts that end near the best.
    """

    x: np.ndarray
    far: float
    weight: np.ndarray
    slopes: np.ndarray
    covariance: np.ndarray
    held: Mapping[int, str]
    agree: int


def ranges(resolved: Resolved, fit: Sequence[str]) -> Space:
    """The fitted parameters: "path", searched from a quarter to four times its value, or
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
        bounds.append(positive_range(resolved, paths[-1], low, high))
    if not paths or len(set(paths)) < len(paths) or len(paths) >= len(MOMENTS):
        wanted = f"1 to {len(MOMENTS) - 1} different ones: there are {len(MOMENTS)} moments"
        raise InputError(f"{len(paths)} parameters", argument="fit", expected=wanted)
    return Space(tuple(paths), *(np.array(column) for column in zip(*bounds, strict=True)))


def model_of(
    resolved: Resolved,
    space: Space,
    days: int,
    runs: int,
    settings: Simulations,
    tick: Callable[[int, int], None],
    other: int = 0,
) -> SimulatedMoments:
    """The model's moments over `days` returns. tick: called with simulated runs and their length.
    other: added to the seed.
    """
    seed = settings.seed + other
    return SimulatedMoments(
        resolved,
        space,
        days=days,
        runs=runs,
        seed=seed,
        workers=settings.workers,
        tick=lambda points: tick(points * runs, days),
    )


def fit_moments(
    resolved: Resolved,
    space: Space,
    target: np.ndarray,
    days: int,
    settings: Simulations,
    tick: Callable[[int, int], None],
) -> MomentsFit:
    """Fit the target moments (moments,) of a history of `days` returns. tick: called with simulated
    runs and the length of each.
    """
    own = space.clip(np.log([resolved.entries[path].value for path in space.paths]))
    rough, fine = (
        model_of(resolved, space, days, runs, settings, tick)
        for runs in (settings.design_runs, settings.runs)
    )
    weight = fine.weight(own[None])[0]
    points = np.vstack([own, space.spread(settings.design, settings.seed)])
    starts = nearest(target[None], points, rough.mean(points), weight, settings.starts)
    x, _, agree = multistart(fine, target[None], starts, weight)
    check = model_of(resolved, space, days, settings.check, settings, tick, SEED_TEST)
    held: dict[int, str] = {}
    while True:
        free = np.array([[i not in held for i in range(len(space.paths))]])
        weight = check.weight(x)[0]
        x, far = descend(fine, target[None], x, weight, free=free)
        slopes = check.slopes(x)[0]
        moving = np.flatnonzero(free[0])
        spread = np.full((len(own), len(own)), np.nan)
        spread[np.ix_(moving, moving)] = covariance(slopes[:, moving], weight, settings.runs)
        error = np.sqrt(np.diag(spread))
        bound = space.at_bound(x[0]) & free[0]
        worst = int(np.nanargmax(np.where(bound, np.inf, error)))
        if len(moving) == 1 or not (bound[worst] or error[worst] > LOOSE):
            return MomentsFit(x[0], float(far[0]), weight, slopes, spread, held, int(agree[0]))
        value = resolved.entries[space.paths[worst]].value
        if not space.low[worst] <= value <= space.high[worst]:
            expected = (
                f"a range of {space.paths[worst]} that holds its own value, {value:g}: the moments "
                f"cannot tell it, so that it is held there"
            )
            raise InputError(
                f"{space.low[worst]:g} to {space.high[worst]:g}", argument="fit", expected=expected
            )
        if bound[worst]:
            why = _bound(space, worst, x[0, worst])
        else:
            why = (
                f"the moments leave its 95 % interval a factor of "
                f"{min(np.exp(2.0 * Z * error[worst]), 1e6):,.0f} wide"
            )
        held[worst] = f"not identified beside the others: {why}; held at {np.exp(own[worst]):.4g}"
        x[0, worst] = own[worst]


def _bound(space: Space, i: int, x: float) -> str:
    low, high = space.low[i], space.high[i]
    return (
        f"the fit ends at {np.exp(x):.3g}, an end of its range {low:.3g} to {high:.3g} (wider: fit "
        f"{space.paths[i]}=LOW:HIGH)"
    )


def _estimates(space: Space, found: MomentsFit) -> tuple[Estimate, ...]:
    rows = []
    for i, path in enumerate(space.paths):
        value, error = float(np.exp(found.x[i])), float(np.sqrt(found.covariance[i, i]))
        problem = found.held.get(i, "")
        if not problem and space.at_bound(found.x)[i]:
            problem, error = _bound(space, i, found.x[i]), np.nan
        elif not problem and error > LOOSE:
            problem = (
                "the moments hardly tell it: its 95 % interval spans more than a factor of ten"
            )
        low, high = value * np.exp(-Z * error), value * np.exp(Z * error)
        rows.append(
            Estimate(
                path,
                unit_of(place(path).field),
                value,
                value * error,
                float(low),
                float(high),
                problem,
            )
        )
    return tuple(rows)


def moment_table(prices: np.ndarray, runs: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Real against simulated moments. prices: real closes (days,). runs: moments of simulated
    histories of the same length, (runs,) by name.
    """
    real, theirs = statistics(prices), scaled(runs)
    own = scaled(real)
    rows = []
    for name in MOMENTS:
        values, half = runs[name], Z * runs[name].std(ddof=1) / np.sqrt(len(runs[name]))
        low, high = np.percentile(values, (5, 95))
        rows.append(
            {
                "moment": name,
                "real": float(real[name][0]),
                "simulated mean": values.mean(),
                "mean low": values.mean() - half,
                "mean high": values.mean() + half,
                "5 % quantile": low,
                "95 % quantile": high,
                "gap [sd]": float((own[name][0] - theirs[name].mean()) / theirs[name].std(ddof=1)),
                "within 90 %": "yes" if low <= real[name][0] <= high else "no",
            }
        )
    return pd.DataFrame(rows)


def joint(
    prices: np.ndarray, runs: Mapping[str, np.ndarray], error: np.ndarray | None = None
) -> tuple[float, float]:
    """Squared distance of the real moments from the simulated ones in their covariance, and the
    share of simulated histories that lie farther out.

    error: covariance that errors of the estimates add to the moments, for a history that was not
    fitted.
    """
    values = np.stack(list(scaled(runs).values()), axis=1)
    centre = values.mean(axis=0)
    gaps = values - centre
    if error is not None:
        # histories at what the true parameters might be
        gaps = gaps + np.random.default_rng(0).multivariate_normal(
            np.zeros(len(centre)), error, size=len(gaps), method="eigh"
        )
    weight = np.linalg.inv(np.cov(gaps.T))
    mine = float(distance(measured(prices) - centre, weight))
    return mine, float(np.mean(distance(gaps, weight) > mine))


def _spread(model: SimulatedMoments, found: MomentsFit) -> np.ndarray:
    """Covariance of the moments (moments, moments) from the errors of the estimates."""
    moving = [i for i in range(len(found.x)) if i not in found.held]
    slopes = model.slopes(found.x[None])[0][:, moving]
    return slopes @ found.covariance[np.ix_(moving, moving)] @ slopes.T


def identification(space: Space, found: MomentsFit) -> pd.DataFrame:
    """Directions of the fitted log parameters, from the best told to the worst: by how many
    standard deviations a unit of it moves the moments.
    """
    moving = [i for i in range(len(space.paths)) if i not in found.held]
    root = np.linalg.cholesky(found.weight)
    _, strength, directions = np.linalg.svd(root.T @ found.slopes[:, moving], full_matrices=False)
    rows = []
    for size, direction in zip(strength, directions, strict=True):
        direction = direction * np.sign(direction[np.abs(direction).argmax()])
        row = {
            "strength [sd per log unit]": size,
            "standard error along it": 1.0 / size if size > 0 else np.inf,
        }
        rows.append(row | {space.paths[i]: part for i, part in zip(moving, direction, strict=True)})
    return pd.DataFrame(rows)


def profile(
    model: SimulatedMoments,
    target: np.ndarray,
    found: MomentsFit,
    factors: Sequence[float] = PROFILE,
) -> pd.DataFrame:
    """Distance above the least when a parameter is held at a multiple of its estimate and the
    others are fitted again; 3.84 is the 95 % limit.
    """
    moving = [i for i in range(len(model.space.paths)) if i not in found.held]
    starts, free, rows = [], [], []
    for i in moving:
        for factor in factors:
            start = found.x.copy()
            start[i] += np.log(factor)
            starts.append(start)
            free.append([j in moving and j != i for j in range(len(found.x))])
            rows.append({"parameter": model.space.paths[i], "times the estimate": factor})
    targets = np.repeat(target[None], len(starts), axis=0)
    wide = replace(model.space, low=model.space.low / 10.0, high=model.space.high * 10.0)
    beyond = model.within(wide)
    base = distance(target - beyond.mean(found.x[None])[0], found.weight)
    _, far = descend(
        beyond, targets, np.array(starts), found.weight, free=np.array(free), iterations=5
    )
    return pd.DataFrame(
        [
            row | {"distance above the least": value - base}
            for row, value in zip(rows, far, strict=True)
        ]
    )


@checked(
    file=of(str, Path, Closes, expected="a path"),
    params=SOURCE,
    overlay=several(SOURCE),
    sets=SETS,
    choices=optional(of(Mapping, Choices, expected="a mapping by name, such as {'gaps': 'span'}")),
    start=optional(DATE),
    end=optional(DATE),
    fit=NAMES,
    settings=optional(of(Mapping, Simulations, expected="a mapping by name, such as {'runs': 50}")),
    progress=optional(CALL),
)
def calibrate_economy(
    file: str | Path | Closes,
    params: Source = "baseline",
    *,
    overlay: Source | Sequence[Source] | None = None,
    sets: Mapping[str, Any] | Sequence[str] = (),
    choices: Choices | Mapping[str, object] | None = None,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    fit: Sequence[str] = FIT,
    holdout: float = HOLDOUT,
    settings: Simulations | Mapping[str, int] | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Fit parameters so that simulated moments match a token's daily closes.

    There is neither controller nor scenario.

    Parameters
    ----------
    file : str, Path or Closes
        Daily closes in USD in any layout (docs/histories.md), or closes that were read already.
    params, overlay, sets
        The parameters that are not fitted, as in `run`.
    choices : mapping, optional
        How to read the file and what to do with defects of its rows, by name, {"gaps":
        "interpolate"}; all refused by default. Every day is needed, so that a gap cannot be left
        out.
    start, end : str or date, optional
        Window of dates.
    fit : sequence of str
        Paths, or "path=low:high".
    holdout : float
        Share of the days, the last ones, that is not fitted.
    settings : mapping, optional
        How much is simulated, `Simulations` by name, as {"runs": 50}.
    progress : callable, optional
        Called with the work done and its approximate total, in simulated days.

    Returns
    -------
    Calibration
        Estimates with standard errors and 95 % intervals; `overlay` makes a file of them.

    Raises
    ------
    InputError
        Where the history is too short, or where a parameter or its range is wrong.

    References
    ----------
    McFadden (1989), Econometrica 57, 995-1026.
    Duffie and Singleton (1993), Econometrica 61, 929-952.

    Examples
    --------
    >>> tk.calibrate_economy("closes.csv", settings={"runs": 50}).overlay()  # doctest: +SKIP
    """
    bounds.check(holdout=(holdout, bounds.HELD_OUT))
    history = file if isinstance(file, Closes) else read_closes(file, choices, start, end, FILLED)
    if not isinstance(settings, Simulations):
        settings = Simulations(
            **{
                choice(Simulations.__dataclass_fields__)("settings", name): value
                for name, value in (settings or {}).items()
            }
        )
    resolved = resolve(params, policy="none", overlays=many(overlay), sets=sets)
    if resolved.values.simulation.time_step != 1.0:
        found = f"a step of {resolved.values.simulation.time_step:g} days"
        raise InputError(
            found, key="simulation.time_step", expected="1: a step's return is held against a day's"
        )
    space, days = ranges(resolved, fit), len(history.values) - 1
    if len(history.returns) < days:
        raise InputError(
            f"{days - len(history.returns)} gaps",
            file=history.file,
            argument="gaps",
            expected="interpolate, or a window without a gap",
        )
    fitted = round(days * (1.0 - holdout))
    if fitted < LEAST_DAYS:
        raise InputError(
            f"{fitted} daily returns to fit",
            file=history.file,
            expected=f"at least {LEAST_DAYS}, after the part held out",
        )
    done, size = 0, len(space.paths)
    per_step = settings.runs * (2 * size + 4)
    total = fitted * (
        settings.design_runs * settings.design
        + per_step * (12 * settings.starts + 15)
        + per_step * 25 * size
        + settings.check * 20
    )

    def tick(runs: int, length: int) -> None:
        nonlocal done
        done += runs * length
        if progress:
            progress(min(done, total), total)

    prices = {"in sample": history.values[: fitted + 1]}
    if days - fitted >= LEAST_DAYS // 2:
        prices["out of sample"] = history.values[fitted:]
    target = measured(prices["in sample"])
    found = fit_moments(resolved, space, target, fitted, settings, tick)
    profiles = profile(
        model_of(resolved, space, fitted, settings.runs, settings, tick), target, found
    )
    tables, drawn, verdicts = {}, {}, []
    for part, closes in prices.items():
        length = len(closes) - 1
        test = model_of(resolved, space, length, settings.check, settings, tick, SEED_TEST)
        drawn[part] = test.natural(found.x)
        first = 0 if part == "in sample" else fitted
        tables[f"Moments {part}, {history.dates[first]} to {history.dates[first + length]}"] = (
            moment_table(closes, drawn[part])
        )
        mine, farther = joint(
            closes, drawn[part], None if part == "in sample" else _spread(test, found)
        )
        verdicts.append(
            {
                "part": part,
                "returns": length,
                "squared distance": mine,
                "simulated histories farther out": farther,
            }
        )
    freedom = len(MOMENTS) - (size - len(found.held))
    tail = chi2.sf(found.far / (1.0 + 1.0 / settings.runs), freedom)
    notes = [
        f"least weighted distance (J) {found.far:.3g} with {freedom} degrees of freedom: p = "
        f"{tail:.2g} by the chi-square limit; "
        f"{verdicts[0]['simulated histories farther out']:.1%} of histories simulated at the "
        f"estimate lie farther from their mean than the token",
        f"{found.agree} of {settings.starts} starts end within 0.1 of the least distance",
        (
            f"a direction whose standard error in the table of identification is above {LOOSE} is "
            f"not told"
        ),
    ]
    if len(verdicts) == 2:
        share = verdicts[1]["simulated histories farther out"]
        word = (
            "the later days look like the model"
            if share > 1.0 - LEVEL
            else "the model is rejected on the later days"
        )
        notes.append(f"out of sample: {word}: {share:.1%} of simulated histories lie farther out")
    else:
        notes.append(f"no test out of sample: fewer than {LEAST_DAYS // 2} days are held out")
    notes += [f"{space.paths[i]}: {why}" for i, why in found.held.items()]
    data = Data(
        history.file,
        digest(history.file),
        "daily log returns",
        fitted,
        str(history.dates[0]),
        str(history.dates[fitted]),
        history.choices,
    )
    tables |= {
        "Joint distance": pd.DataFrame(verdicts),
        "Identification": identification(space, found),
        "Profile": profiles,
    }
    figures = {
        "moments": moments_figure(prices, drawn, Path(history.file).stem),
        "profile": profile_figure(profiles),
    }
    return Calibration(
        "simulated method of moments", data, _estimates(space, found), tables, tuple(notes), figures
    )
