"""A token's price history to the news of the model: Merton's jump-diffusion, GARCH beside it,
stylised facts and what to make of them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ...histories.choices import Choices
from ...histories.prices import read_closes
from ...inputs import bounds
from ...inputs.arguments import CALL, DATE, PATH, checked, of, optional
from ..estimates import Calibration, Data, Estimate, digest
from . import garch, merton
from .figures import diagnostics
from .jump_mixture import Jumps, match_cumulants, simulate, to_log
from .stylised_facts import facts, resample, student, tests

METHOD = "Merton jump-diffusion, maximum likelihood"
RESAMPLES = 200  # of each bootstrap; assumption: a standard error is then within about 10 % (95 %)
# p-value of Ljung and Box's test of r² below which spells of volatility are named; assumption
SPELLS = 0.01
BLOCKS = "block bootstrap"
DAYS = re.compile(r"\bdays?\b")
ALWAYS = (
    "drift is no parameter of the model, whose news is centred",
    "news moves the outside valuation, not the price: speculators and order flow add to the "
    "price's moves, so that an overlay fitted to the price's "
    "returns makes a simulated price more volatile than the token's",
)
Progress = Callable[[int, int], None] | None


@checked(
    file=PATH,
    choices=optional(of(Mapping, Choices, expected="a mapping by name, such as {'gaps': 'span'}")),
    start=optional(DATE),
    end=optional(DATE),
    progress=optional(CALL),
)
def calibrate_prices(
    file: str | Path,
    *,
    choices: Choices | Mapping[str, object] | None = None,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    bootstrap: int = RESAMPLES,
    seed: int = 0,
    progress: Progress = None,
) -> Calibration:
    r"""Merton's jump-diffusion and GARCH(1,1)-t from a file of daily closes.

    Parameters
    ----------
    file : str or Path
        Daily closes [USD/TOK], in any layout (docs/histories.md).
    choices : mapping, optional
        How to read the file and what to do with defects of its rows, by name, {"column": "Close",
        "gaps": "span"}; all defects are refused by default. {"step": 7} takes weekly rows: Merton's
        parameters are then still those of a day.
    start, end : str or date, optional
        Window of dates.
    bootstrap : int
        Resamples of each of two: at the fit (parametric), and of the returns themselves
        (stationary); 0 for none. With them the errors of Merton's parameters are the stationary
        bootstrap's, which hold where volatility comes in spells.
    seed : int
        Of both.
    progress : callable, optional
        Called with resamples fitted and their number.

    Returns
    -------
    Calibration
        Estimates with standard errors and 95 % intervals.

    Raises
    ------
    InputError
        Names file and line, or the extra `calibrate` where arch is not installed.

    References
    ----------
    Merton (1976), Journal of Financial Economics 3, 125-144.
    Bollerslev (1987), Review of Economics and Statistics 69, 542-547.

    Examples
    --------
    >>> rng, day = np.random.default_rng(1), np.timedelta64(1, "D")
    >>> closes = np.exp(np.cumsum(rng.normal(0.0, 0.03, 300)))
    >>> dates = np.datetime64("2024-01-01") + day * np.arange(300)
    >>> rows = "".join(f"{date},{close:.6f}\n" for date, close in zip(dates, closes))
    >>> _ = Path("closes.csv").write_text("date,close\n" + rows)
    >>> found = tk.calibrate_prices("closes.csv", bootstrap=0)
    >>> found.data.count  # returns
    299
    """
    bounds.check(bootstrap=(bootstrap, bounds.RESAMPLES), seed=(seed, bounds.SEED))
    garch.load_arch()
    closes = read_closes(file, choices, start, end)
    returns = closes.returns
    found, spells, freedom = merton.fit(returns), garch.fit(returns), student(returns)
    routes = {"information": found} | (
        _bootstraps(returns, found, bootstrap, seed, progress) if bootstrap and found.jumps else {}
    )
    step = closes.step
    own = merton.estimates_per_day(routes.get(BLOCKS, found), step)
    every = own + tuple(_stepped(one, step) for one in garch.estimates(spells))
    models, checks = comparison(returns, freedom, found, spells), tests(returns)
    tables = {
        "Which model fits": models,
        "Merton by maximum likelihood and by matched cumulants": _moments(returns, found, step),
        "Errors of Merton's parameters by each route": _errors(routes, step),
        "Stylised facts": facts(closes, seed),
        "Tests": checks,
    }
    dates = [closes.dates[i] for i in closes.ends]
    what = "daily log returns" if step == 1 else f"log returns of {step} days"
    data = Data(
        str(file), digest(file), what, len(returns), str(dates[0]), str(dates[-1]), closes.choices
    )
    notes = [
        *_on_jumps(found, own),
        *(f"{e.name} cannot be told: {e.problem}" for e in every if e.problem),
    ]
    notes += _on_spells(found, routes, models, checks) + _on_moments(returns, own, step)
    if step > 1:
        notes.append(
            f"Merton's parameters are those of a day; GARCH, stylised facts, tests and likelihoods "
            f"are of returns over {step} days"
        )
    if len(returns) < closes.ends[-1] - closes.ends[0] + 1:
        notes.append(
            "returns on both sides of a gap follow each other in GARCH, autocorrelations and block "
            "bootstrap"
        )
    return Calibration(
        METHOD,
        data,
        every,
        tables,
        (*notes, *ALWAYS),
        {"diagnostics": diagnostics(closes, freedom[0], found, spells)},
    )


def comparison(
    returns: np.ndarray, freedom: tuple, jumps: merton.MertonFit, spells: garch.GarchFit
) -> pd.DataFrame:
    """Log likelihood, AIC and BIC of four models of the same returns, the best BIC first. freedom:
    of `student`.
    """
    models = (
        ("normal", jumps.normal, 2),
        ("Student t", freedom[1], 3),
        ("Merton jump-diffusion", jumps.log_likelihood, 5),
        ("GARCH(1,1)-t", spells.log_likelihood, 5),
    )
    rows = [
        {
            "model": name,
            "parameters": k,
            "log likelihood": top,
            "AIC": 2.0 * k - 2.0 * top,
            "BIC": k * np.log(len(returns)) - 2.0 * top,
        }
        for name, top, k in models
    ]
    table = pd.DataFrame(rows).sort_values("BIC", ignore_index=True)
    return table.assign(**{"BIC above the best": table["BIC"] - table["BIC"].iloc[0]})


def _stepped(one: Estimate, step: int) -> Estimate:
    """An estimate of returns over `step` days, whose unit says so."""
    return (
        one
        if step == 1
        else replace(
            one,
            unit=DAYS.sub(f"({step} days)" if one.unit == "1/day" else f"{step} days", one.unit),
        )
    )


def _moments(returns: np.ndarray, found: merton.MertonFit, step: int) -> pd.DataFrame:
    """The fit with jumps beside the parameters whose cumulants are the sample's; NaN where there
    are none.
    """
    matched = match_cumulants(returns) or Jumps(*[float("nan")] * 5)
    columns = {
        "parameter": merton.NAMES,
        "unit": merton.UNITS,
        "maximum likelihood": list(merton.per_day(found.values, step)),
    }
    columns["matched cumulants"] = list(merton.per_day(matched, step))
    return pd.DataFrame(columns)


def _bootstraps(
    returns: np.ndarray, found: merton.MertonFit, samples: int, seed: int, progress: Progress
) -> dict[str, merton.MertonFit]:
    """The fit with the covariance of its estimates on returns simulated at it, and on blocks of the
    returns themselves.
    """
    generator, total = np.random.default_rng(seed), 2 * samples
    drawn = [simulate(found.values, len(returns), generator) for _ in range(samples)] + list(
        resample(returns, samples, seed)
    )
    places = []
    for done, sample in enumerate(drawn, start=1):
        places.append(to_log(merton.fit(sample, merton.nearby(found, sample)).values))
        if progress:
            progress(done, total)
    split = {"parametric bootstrap": places[:samples], BLOCKS: places[samples:]}
    return {
        name: replace(found, covariance=np.cov(np.array(rows).T)) for name, rows in split.items()
    }


def _errors(routes: Mapping[str, merton.MertonFit], step: int) -> pd.DataFrame:
    """Standard error and interval of each parameter, one row a route."""
    told = [
        (by, e) for by, fitted in routes.items() for e in merton.estimates_per_day(fitted, step)
    ]
    told.sort(key=lambda one: merton.NAMES.index(one[1].name))
    return pd.DataFrame(
        [
            {"parameter": e.name, "by": by, "standard error": e.error, "low": e.low, "high": e.high}
            for by, e in told
        ]
    )


def _on_jumps(found: merton.MertonFit, own: tuple[Estimate, ...]) -> list[str]:
    notes = [
        (
            f"{found.reached} of {found.starts} starts reached the best likelihood; condition "
            f"number of the information {found.condition:.3g}"
        )
    ]
    ratio = f"likelihood ratio against no jumps {found.likelihood_ratio:.1f}"
    bound = (
        f"{merton.NO_JUMPS_LR:.1f} (99 % of chi-squared with 3 degrees of freedom, conservative: "
        f"the ratio is not chi-squared)"
    )
    if not found.jumps:
        notes.append(
            f"no jumps: {ratio}, not beyond {bound}; jumps no larger than the daily noise are not "
            f"excluded"
        )
        if not own[1].problem:
            notes.append(
                "the overlay sets news.jump_rate to 0 and gives the whole variance to "
                "news.volatility"
            )
        return notes
    notes.append(
        f"{ratio}, beyond {bound}; {found.values.jump_rate * found.days:.0f} jumps are expected in "
        f"the sample"
    )
    if own[3].low < 0.0 < own[3].high:
        notes.append(
            "the interval of news.jump_mean holds 0: the sign of the skew is not told; the overlay "
            "has the estimate"
        )
    if any(e.problem for e in own):
        notes.append("the overlay leaves out what cannot be told")
    return notes


def _on_moments(returns: np.ndarray, own: tuple[Estimate, ...], step: int) -> list[str]:
    matched = match_cumulants(returns)
    if matched is None:
        return ["no Merton process has the sample's cumulants"]
    away = [
        e.name
        for e, value in zip(own, merton.per_day(matched, step), strict=True)
        if value < e.low or value > e.high
    ]
    text = (
        "matched cumulants lie outside of the interval of {}: no Merton process has both the body "
        "and the tails of these returns"
    )
    return [text.format(", ".join(away))] if away else []


def _on_spells(
    found: merton.MertonFit,
    routes: Mapping[str, merton.MertonFit],
    models: pd.DataFrame,
    checks: pd.DataFrame,
) -> list[str]:
    notes = []
    p = checks.loc[checks["test"].str.startswith("Ljung-Box of r^2"), "p"].min()
    if p < SPELLS:
        errors = "the errors of the estimates are the block bootstrap's, which keeps spells"
        if BLOCKS not in routes:
            errors = (
                "the errors of the estimates take returns as independent and are too small (a "
                "bootstrap keeps spells)"
            )
        text = (
            f"volatility comes in spells (Ljung-Box of r^2: p = {p:.1g}), which Merton's returns "
            f"do not have: jumps take in part of them"
        )
        notes.append(f"{text}; {errors}" if found.jumps else text)
    name = "Merton jump-diffusion"
    if models["model"].iloc[0] != name:
        behind = models.loc[models["model"] == name, "BIC above the best"].item()
        notes.append(
            f"{models['model'].iloc[0]} fits better than Merton's jump-diffusion (BIC lower by "
            f"{behind:.0f})"
        )
    return notes
