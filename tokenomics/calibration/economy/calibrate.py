"""The whole economy by simulated moments: parameters with which the model's daily returns look like
a token's, and a test on later days.

The first part of the history is fitted, the rest is held out and used for nothing but the test. The
weight of the moments comes from the fitted days themselves and is fixed. Whether volatility changes
over the years is settled first, within the fitted days; then the least distance is searched for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from ...errors import InputError
from ...experiments.run import Source
from ...histories.choices import Choices
from ...histories.prices import Closes
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
from ...parameters import Resolved, resolve
from ..estimates import Calibration
from .fit import Simulations, fit_moments
from .report import calibration_of
from .simulated_moments import Tick
from .space import Space, ranges
from .subject import Subject, read_subject, subject_of
from .volatility import Level, candidates, preferred, score_table, scores
from .weight import weight_of

FIT = ("news.volatility", "news.jump_volatility", "speculation.noise")
HOLDOUT = 1.0 / 3.0  # share of the days
VOLATILITIES = ("choose", "constant", "slow")
Progress = Callable[[int, int], None]


def settled(settings: Simulations | Mapping[str, int] | None) -> Simulations:
    """How much is simulated, from a mapping by name, too."""
    if isinstance(settings, Simulations):
        return settings
    names = choice(Simulations.__dataclass_fields__)
    return Simulations(
        **{names("settings", name): value for name, value in (settings or {}).items()}
    )


def without_control(
    params: Source,
    overlay: Source | Sequence[Source] | None,
    sets: Mapping[str, Any] | Sequence[str],
) -> Resolved:
    """The parameters that are not fitted. Raises InputError for steps that are not a day."""
    resolved = resolve(params, policy="none", overlays=many(overlay), sets=sets)
    if resolved.values.simulation.time_step != 1.0:
        found = f"a step of {resolved.values.simulation.time_step:g} days"
        raise InputError(
            found, key="simulation.time_step", expected="1: a step's return is held against a day's"
        )
    return resolved


def counted(progress: Progress | None, settings: Simulations, size: int, days: int) -> Tick:
    """A count of simulated days, against about as many as fits of `size` parameters take that have
    `days` in all.
    """
    a_point = 2 * size + 3
    points = settings.design + a_point * (6 * settings.starts + 18 * size)
    total, done = days * (settings.runs * points + 12 * settings.check), 0

    def tick(runs: int, length: int) -> None:
        nonlocal done
        done += runs * length
        if progress:
            progress(min(done, total), total)

    return tick


def one_fit(
    subject: Subject,
    resolved: Resolved,
    space: Space,
    level: Level,
    levels: pd.DataFrame | None,
    settings: Simulations,
    tick: Tick,
) -> Calibration:
    """The fit of one history with a slow level that is settled. levels: scores of what was
    tried.
    """
    resolved = level.into(resolved)
    weight = weight_of(subject.fitted, level.spread, level.memory)
    found = fit_moments(resolved, space, subject.target, weight, subject.days, settings, tick)
    return calibration_of(subject, resolved, space, found, level, levels, settings, tick)


@checked(
    file=of(str, Path, Closes, expected="a path"),
    params=SOURCE,
    overlay=several(SOURCE),
    sets=SETS,
    choices=optional(of(Mapping, Choices, expected="a mapping by name, such as {'gaps': 'span'}")),
    start=optional(DATE),
    end=optional(DATE),
    fit=NAMES,
    volatility=choice(VOLATILITIES),
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
    volatility: Literal["choose", "constant", "slow"] = "choose",
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
    volatility : {"choose", "constant", "slow"}
        Constant over the years, slow to change, or slow but where constant foretells later parts of
        the fitted days far better.
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
        Where the history is too short, where a parameter or its range is wrong, and where no point
        of the ranges is as near as the values without a fit.

    References
    ----------
    McFadden (1989), Econometrica 57, 995-1026.
    Duffie and Singleton (1993), Econometrica 61, 929-952.

    Examples
    --------
    >>> tk.calibrate_economy("closes.csv", settings={"runs": 50}).overlay()  # doctest: +SKIP
    """
    bounds.check(holdout=(holdout, bounds.HELD_OUT))
    subject = (
        subject_of(file, holdout)
        if isinstance(file, Closes)
        else read_subject(file, choices, start, end, holdout)
    )
    settings, resolved = settled(settings), without_control(params, overlay, sets)
    space = ranges(resolved, fit)
    tick = counted(progress, settings, len(space.paths), subject.days)
    constant, slow = candidates(resolved)
    if volatility != "choose":
        level, levels = (constant if volatility == "constant" else slow), None
    else:
        found = scores(
            resolved,
            space,
            subject.fitted,
            subject.target,
            (constant, slow),
            settings,
            tick,
        )
        level = preferred((constant, slow), found)
        levels = score_table((constant, slow), {"log score": found})
    return one_fit(subject, resolved, space, level, levels, settings, tick)
