"""Several histories in one calibration: what tokens share is estimated from all of them, what is
each one's own from its own days.

First the slow level of volatility, by the sum of its scores; then the shared parameters, with all
own ones free; then each token's own, as in a calibration of one history, the shared ones given.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ...errors import InputError
from ...experiments.run import Source
from ...histories.choices import Choices
from ...inputs import bounds
from ...inputs.arguments import (
    CALL,
    DATE,
    NAMES,
    SETS,
    SOURCE,
    checked,
    choice,
    of,
    optional,
    several,
)
from ...parameters import Resolved, place
from ...parameters.checking import unit_of
from ...results.intervals import Z
from ..estimates import Calibration
from .calibrate import (
    FIT,
    HOLDOUT,
    VOLATILITIES,
    Progress,
    counted,
    one_fit,
    settled,
    without_control,
)
from .fit import Simulations, model_of, searched
from .identification import Criterion
from .pooling import Pooled, pool
from .report import LOOSE
from .simulated_moments import Tick
from .space import Space, own_values, ranges
from .subject import Subject, read_subject
from .volatility import Level, grid, score_table, scores
from .weight import weight_of

SHARED = ("speculation.intensity_of_choice",)


@checked(
    files=several(of(str, Path, expected="a path")),
    params=SOURCE,
    overlay=several(SOURCE),
    sets=SETS,
    choices=optional(of(Mapping, Choices, expected="a mapping by name, such as {'gaps': 'span'}")),
    start=optional(DATE),
    end=optional(DATE),
    fit=NAMES,
    shared=NAMES,
    volatility=choice(VOLATILITIES),
    settings=optional(of(Mapping, Simulations, expected="a mapping by name, such as {'runs': 50}")),
    progress=optional(CALL),
)
def calibrate_panel(
    files: Sequence[str | Path],
    params: Source = "baseline",
    *,
    overlay: Source | Sequence[Source] | None = None,
    sets: Mapping[str, Any] | Sequence[str] = (),
    choices: Choices | Mapping[str, object] | None = None,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    fit: Sequence[str] = FIT,
    shared: Sequence[str] = SHARED,
    holdout: float = HOLDOUT,
    volatility: Literal["choose", "constant", "slow"] = "choose",
    settings: Simulations | Mapping[str, int] | None = None,
    progress: Progress | None = None,
) -> dict[str, Calibration]:
    """Calibrations of several tokens that share some parameters.

    Parameters
    ----------
    files : sequence of str or Path
        Two histories or more.
    params, overlay, sets, choices, start, end, holdout, settings, progress
        As for `calibrate_economy`.
    fit : sequence of str
        Each token's own parameters.
    shared : sequence of str
        Parameters that all have.
    volatility : {"choose", "constant", "slow"}
        Constant, slow with the spread and memory that foretell most over all histories, or a choice
        between them.

    Returns
    -------
    dict of str to Calibration
        By the names of the files.

    Raises
    ------
    InputError
        For one file, and for files of one name.

    Examples
    --------
    >>> tk.calibrate_panel(["ar.csv", "fil.csv"])["ar"].overlay()  # doctest: +SKIP
    """
    bounds.check(holdout=(holdout, bounds.HELD_OUT))
    names = [Path(file).stem for file in files]
    if len(set(names)) < max(2, len(names)):
        raise InputError(
            f"{len(names)} files", argument="files", expected="two or more, of different names"
        )
    subjects = {
        name: read_subject(file, choices, start, end, holdout)
        for name, file in zip(names, files, strict=True)
    }
    settings, resolved = settled(settings), without_control(params, overlay, sets)
    space, own = ranges(resolved, (*fit, *shared)), ranges(resolved, fit)
    days = sum(one.days for one in subjects.values())
    tick = counted(progress, settings, 2 * len(space.paths), days)
    level, levels = chosen(subjects, resolved, own, volatility, settings, tick)
    resolved = level.into(resolved)
    pooled = together(subjects, resolved, space, level, len(shared), settings, tick)
    common = pooled.x[0, len(fit) :]
    table = shared_table(space, pooled, len(shared))
    resolved = resolved.replace(
        dict(zip(space.paths[len(fit) :], map(float, np.exp(common)), strict=True)),
        source=f"calibrated: simulated moments of {len(subjects)} histories together",
    )
    found = {}
    for name, subject in subjects.items():
        one = one_fit(subject, resolved, own, level, levels, settings, tick)
        given = {
            row["parameter"]: (
                float(row["value"]),
                f"calibrated: simulated moments of {', '.join(names)} together, 95 % interval "
                f"{row['low']:.3g} to {row['high']:.3g}",
            )
            for row in table.to_dict(orient="records")
        }
        found[name] = replace(
            one,
            tables={**one.tables, f"Shared by {len(subjects)} histories": table},
            settings={**one.settings, **given},
        )
    return found


def chosen(
    subjects: Mapping[str, Subject],
    resolved: Resolved,
    space: Space,
    volatility: str,
    settings: Simulations,
    tick: Tick,
) -> tuple[Level, pd.DataFrame | None]:
    """The slow level with the highest sum of scores among those that are asked for, and the scores
    of all histories.
    """
    if volatility == "constant":
        return grid()[0], None
    levels = [level for level in grid() if volatility == "choose" or level.spread > 0.0]
    found = {
        name: scores(resolved, space, one.fitted, one.target, levels, settings, tick)
        for name, one in subjects.items()
    }
    return levels[int(sum(found.values()).argmax())], score_table(levels, found)


def together(
    subjects: Mapping[str, Subject],
    resolved: Resolved,
    space: Space,
    level: Level,
    shared: int,
    settings: Simulations,
    tick: Tick,
) -> Pooled:
    """Own and shared parameters of all histories at once."""
    criteria = [
        Criterion(
            model_of(resolved, space, one.days, settings.runs, settings, tick),
            one.target,
            weight_of(one.fitted, level.spread, level.memory),
        )
        for one in subjects.values()
    ]
    own = own_values(resolved, space)
    starts = np.stack([searched(criterion, own, settings)[0] for criterion in criteria])
    return pool(criteria, starts, shared)


def shared_table(space: Space, pooled: Pooled, shared: int) -> pd.DataFrame:
    """The shared parameters with intervals."""
    rows = []
    for i in range(shared):
        path = space.paths[len(space.paths) - shared + i]
        value, error = np.exp(pooled.x[0, i - shared]), np.sqrt(pooled.covariance[i, i])
        rows.append(
            {
                "parameter": path,
                "unit": unit_of(place(path).field),
                "value": float(value),
                "standard error": float(value * error),
                "low": float(value * np.exp(-Z * error)),
                "high": float(value * np.exp(Z * error)),
                "told": "yes" if error <= LOOSE else "no: its interval spans a factor of ten",
            }
        )
    return pd.DataFrame(rows)
