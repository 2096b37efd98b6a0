"""What a fit says: estimates, moments in and out of sample, how the fit was found and how it was
told, as a calibration.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ...parameters import Resolved, place
from ...parameters.checking import unit_of
from ...results.intervals import LEVEL, Z
from ..estimates import Calibration, Estimate
from .bands import joint, likely, moment_table
from .figures import moments_figure, profile_figure
from .fit import SEED_TEST, MomentsFit, Simulations, model_of
from .identification import WIDE, directions
from .simulated_moments import Tick
from .space import Space, own_values
from .subject import LEAST_DAYS, Subject
from .volatility import MEMORY, SPREAD, Level

LOOSE = float(np.log(WIDE)) / (2.0 * Z)  # standard error of a log parameter whose interval is WIDE
METHOD = "simulated method of moments"


def estimates(space: Space, found: MomentsFit) -> tuple[Estimate, ...]:
    """Estimates with errors by the slopes at the least distance."""
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
        unit = unit_of(place(path).field)
        rows.append(Estimate(path, unit, value, value * error, float(low), float(high), problem))
    return tuple(rows)


def _bound(space: Space, i: int, x: float) -> str:
    low, high = space.low[i], space.high[i]
    return (
        f"the fit ends at {np.exp(x):.3g}, an end of its range {low:.3g} to {high:.3g} (wider: fit "
        f"{space.paths[i]}=LOW:HIGH)"
    )


def calibration_of(
    subject: Subject,
    resolved: Resolved,
    space: Space,
    found: MomentsFit,
    level: Level,
    levels: pd.DataFrame | None,
    settings: Simulations,
    tick: Tick,
) -> Calibration:
    """All that a fit says. resolved: with the slow level. levels: scores of its candidates."""
    days, tables, drawn, verdicts, notes = subject.days, {}, {}, [], []
    prices = {"in sample": subject.fitted}
    if subject.later is not None:
        prices["out of sample"] = subject.later
    for part, closes in prices.items():
        length = len(closes) - 1
        fitted = part == "in sample"
        points = found.x[None] if fitted else likely(found, space)
        runs = settings.check if fitted else max(20, settings.check * 4 // len(points))
        test = model_of(resolved, space, length, runs, settings, tick, SEED_TEST)
        drawn[part] = test.natural(points)
        first = 0 if fitted else days
        dates = subject.history.dates
        tables[f"Moments {part}, {dates[first]} to {dates[first + length]}"] = moment_table(
            closes, drawn[part]
        )
        mine, farther = joint(closes, drawn[part])
        verdicts.append(
            {
                "part": part,
                "returns": length,
                "squared distance": mine,
                "simulated histories farther out": farther,
            }
        )
    notes += [
        f"least weighted distance {found.far:.4g}: {found.farther:.1%} of histories simulated at "
        f"the estimate lie farther from their own fits; the weight is the inverse covariance of "
        f"the fitted days' moments, drawn anew in blocks of 60 days",
        f"without a fit the distance is {found.unfitted:.4g}, at the best of {settings.design} "
        f"Sobol points {found.scanned:.4g}; {found.agree} of {settings.starts + 1} starts end "
        f"within 0.1 of the least",
        f"of the standard errors, {1.0 - (1.0 + 1.0 / settings.runs) ** -0.5:.2%} are due to "
        f"{settings.runs} simulated histories a point: other seeds differ by a standard error "
        f"times {settings.runs**-0.5:.2g}",
        "volatility that stays the same over the years"
        if level.spread == 0.0
        else f"volatility that changes over the years: spread {level.spread:g} of its log level, "
        f"memory {level.memory:g} days, which are not fitted",
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
    tables["Joint distance"] = pd.DataFrame(verdicts)
    if levels is not None:
        tables["Slow level of volatility, log score of later parts of the fitted days"] = levels
    tables |= {
        "Identification": directions(space.paths, found.slopes, found.weight, found.held),
        "Criterion around the estimate": found.curve,
    }
    figures = {
        "moments": moments_figure(prices, drawn, Path(subject.history.file).stem),
        "profile": profile_figure(found.curve),
    }
    told = estimates(space, found)
    return Calibration(
        METHOD,
        subject.data,
        told,
        tables,
        tuple(notes),
        figures,
        _settings(subject, space, resolved, told, level),
    )


def _settings(
    subject: Subject,
    space: Space,
    resolved: Resolved,
    told: tuple[Estimate, ...],
    level: Level,
) -> dict[str, tuple[float, str]]:
    """What the overlay needs beside the estimates: what is held away from its own value, and the
    slow level. The sources name the days, by which `validate` tells what saw its data.
    """
    own = np.exp(own_values(resolved, space))
    found = {
        one.name: (
            one.value,
            f"assumption: where the fit is best ({METHOD}, {subject.data}); {one.problem}"
            + (f": {one.spread}" if np.isfinite(one.error) else ""),
        )
        for one, value in zip(told, own, strict=True)
        if one.problem and not np.isclose(one.value, value)
    }
    if level.spread > 0.0:
        why = (
            "assumption: as foretells the volatility of later parts of the fitted days of many "
            "tokens better than a constant level"
        )
        found |= {SPREAD: (level.spread, why), MEMORY: (level.memory, why)}
    return found
