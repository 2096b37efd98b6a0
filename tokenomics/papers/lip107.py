"""Livepeer's LIP-107 (rejected): dilution of the first half of 2026 under a target of 46 % and a
step of 700 ppb, and without the change.

What the rule alone gives, where bonding stays on one side of the target, is exact: integers of the
contract. Between the two bounds it is for the holders: here their bonding follows its yield as
fitted on the rounds of 2023 (calibration/bonding), or is a random walk.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..calibration.bonding.response import ROUNDS_A_YEAR, drive, scaled, unscaled
from ..protocols.livepeer import (
    PERC_DIVISOR,
    LivepeerInputs,
    LivepeerParameters,
    LivepeerState,
    step,
)
from ..results.intervals import wilson
from .reproduction import Claim, Reproduction, Verdict, settings, verdict

RUNS = 1_000
DAYS_A_YEAR = 365.0
MONTHS = 6
HOLDERS = {
    "anchored": "the response, at rest at the start",
    "walk": "a random walk",
    "level": "the response, drawn back to its level of 2023",
}


def bound(start: int, change: int, rounds: int, window: int, above: bool) -> float:
    """Dilution [%] of the last `window` of so many rounds when bonding stays above the target
    throughout, or below; the first of them mints at `start` [ppb].
    """
    parameters = LivepeerParameters(PERC_DIVISOR // 2, change)
    supply = 10**26
    bonded, minted = (1 if above else 0), [supply]
    state = LivepeerState(start, supply * start // PERC_DIVISOR)
    for _ in range(rounds):
        supply += state.mintable
        minted.append(supply)
        state = step(state, LivepeerInputs(bonded * supply, supply), parameters)
    return 100.0 * (1.0 - minted[-1 - window] / minted[-1])


def simulated(
    s: dict[str, Any], target: int, change: int, holders: str, runs: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Dilution [%] of the window, (runs,), and the mean share bonded in each sixth of it,
    (runs, 6). target [ppb], change [ppb/round]; holders: of `HOLDERS`. The same shocks for all.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    rounds, window = s["frame.rounds"], s["frame.window"]
    shape = np.repeat(s["noise.values"], s["noise.counts"])
    noise = rng.choice(shape - shape.mean(), (rounds, runs))
    mean = np.array([s["response.speed"], s["response.gain"]])
    errors = np.array([s["response.speed_error"], s["response.gain_error"]])
    together = s["response.correlation"] * errors[0] * errors[1]
    drawn = rng.multivariate_normal(
        mean, [[errors[0] ** 2, together], [together, errors[1] ** 2]], runs
    )
    speed = np.clip(drawn[:, 0], 1.0 / s["response.rounds"], 1.0 / 3.0)
    gain = np.maximum(drawn[:, 1], 0.0)
    share = np.full(runs, s["start.bonded"] / s["start.supply"])
    inflation = np.full(runs, s["start.inflation"], dtype=np.int64)
    x, z = scaled("logistic", share), drive("logistic", inflation / PERC_DIVISOR, share)
    rest = speed * x - gain * z
    if holders == "walk":
        rest = speed = gain = np.zeros(runs)
    elif holders == "level":
        past = np.array([s["response.share"], s["response.yield"]])
        rest = speed * scaled("logistic", past[0]) - gain * past[1]
    growth, shares = np.empty((rounds, runs)), np.empty((rounds, runs))
    for t in range(rounds):
        growth[t], shares[t] = np.log1p(inflation / PERC_DIVISOR), share
        side = np.sign(target / PERC_DIVISOR - share).astype(np.int64)
        z = drive("logistic", inflation / PERC_DIVISOR, share)
        x = x + rest - speed * x + gain * z + noise[t]
        share = unscaled("logistic", x)
        inflation = np.maximum(inflation + change * side, 0)
    parts = np.array_split(shares[-window:], MONTHS)
    months = np.array([part.mean(axis=0) for part in parts]).T
    return -100.0 * np.expm1(-growth[-window:].sum(axis=0)), months


def _probability(hits: np.ndarray) -> str:
    value, low, high = wilson(float(hits.sum()), len(hits))
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _judged(hits: np.ndarray, least: float) -> Verdict:
    """Whether a probability is above what was claimed."""
    _, low, high = wilson(float(hits.sum()), len(hits))
    if low <= least <= high:
        return "undecided"
    return verdict(low > least)


def _bounds(s: dict[str, Any]) -> pd.DataFrame:
    rows = []
    for target, change in s["tunings.compared"]:
        for above in (True, False):
            args = (s["start.inflation"], change)
            ours = bound(*args, s["frame.rounds"], s["frame.window"], above)
            by_date = bound(*args, *_dated(s), above)
            published = s["published.least"][str(change)] if above else None
            rows.append(
                {
                    "target [%], step [ppb]": f"{target / 1e7:.0f}, {change}",
                    "bonding": f"{'above' if above else 'below'} throughout",
                    "dilution [%]": ours,
                    "published": published,
                    "1 January to 1 July [%]": by_date,
                }
            )
    return pd.DataFrame(rows)


def _dated(s: dict[str, Any]) -> tuple[int, int]:
    """Rounds from the start to 1 July 2026, and those of the half year."""
    ahead, half = s["frame.days_ahead"], s["frame.half_year"]
    return (
        round((ahead + half) * ROUNDS_A_YEAR / DAYS_A_YEAR),
        round(half * ROUNDS_A_YEAR / DAYS_A_YEAR),
    )


def _recorded(s: dict[str, Any]) -> tuple[float, float, float]:
    """Dilution [%] of the half year that the record leaves possible without the change: bonding
    above the target from its last row to 1 July, or below; and that until the last row.
    """
    left = round(s["recorded.days_left"] * ROUNDS_A_YEAR / DAYS_A_YEAR)
    until = s["recorded.first_supply"] / s["recorded.last_supply"]
    found = []
    for above in (True, False):
        rest = bound(s["recorded.last_inflation"], 500, left, left, above)
        found.append(100.0 * (1.0 - until * (1.0 - rest / 100.0)))
    return found[0], found[1], 100.0 * (1.0 - until)


def reproduce(runs=None, seed=0, progress=None) -> Reproduction:
    """The bounds of the rule, and the probabilities over holders."""
    s = {path: leaf.value for path, leaf in settings("lip107").items()}
    s["published.least"] = dict(
        zip(map(str, s["published.steps"]), s["published.minima"], strict=True)
    )
    s["tunings.compared"] = list(zip(s["tunings.targets"], s["tunings.steps"], strict=True))
    count = runs or RUNS
    limit, sure = s["claim.dilution"], s["claim.probability"]
    none, proposed = s["tunings.compared"]
    found, lines = {}, []
    for at, (key, words) in enumerate(HOLDERS.items()):
        for which, (target, change) in (("no change", none), ("LIP-107", proposed)):
            dilution, months = found[key, which] = simulated(s, target, change, key, count, seed)
            low, middle, high = np.quantile(dilution, [0.05, 0.5, 0.95])
            shown = s["published.no_change" if which == "no change" else "published.proposed"]
            lines.append(
                {
                    "rule": which,
                    "holders": words,
                    "5 % [%]": low,
                    "median [%]": middle,
                    "95 % [%]": high,
                    "published 5, 50, 95 %": ", ".join(f"{v:.2f}" for v in shown),
                    f"P(below {limit:g} %)": _probability(dilution < limit),
                    "P(every month above 46 %)": _probability((months > 0.46).all(axis=1)),
                }
            )
        if progress:
            progress(at + 1, len(HOLDERS) + 1)
    grid = []
    for target in s["tunings.grid_targets"]:
        row: dict[str, Any] = {"target [%]": target / 1e7}
        for change in s["tunings.grid_steps"]:
            hits = simulated(s, target, change, "walk", count, seed)[0] < limit
            row[f"{change} ppb"] = _probability(hits)
        grid.append(row)
    if progress:
        progress(len(HOLDERS) + 1, len(HOLDERS) + 1)
    bounds = _bounds(s)
    least = bounds.loc[bounds["bonding"] == "above throughout"]
    exact = np.abs(least["dilution [%]"] - least["published"]).max() < 1e-6
    under = {key: found[key, "LIP-107"][0] < limit for key in HOLDERS}
    verdicts = {_judged(hits, sure) for hits in under.values()}
    above = {key: (found[key, "LIP-107"][1] > 0.46).all(axis=1) for key in HOLDERS}
    low, high = np.quantile(found["walk", "no change"][0], [0.05, 0.95])
    as_fell, as_rose, until = _recorded(s)
    fall = proposed[1] * s["frame.window"]
    claims = (
        Claim(
            "If every round lowers it, inflation falls by just over 140,000 ppb in half a year",
            verdict(140_000 < fall < 150_000),
            f"{s['frame.window']} rounds of {proposed[1]} ppb: {fall:,}",
        ),
        Claim(
            "The least dilution in its box plot: 11.822 % without the change, 11.240 % with it",
            verdict(exact),
            "the rule's integers give both to 1e-6, which tells the start that it does not state: "
            f"{s['start.inflation']:,} ppb, recorded on 18 November 2025, {s['frame.rounds']} "
            f"rounds, of which the last {s['frame.window']} count",
        ),
        Claim(
            f"Under (46 %, 700 ppb) dilution is below {limit:g} % with a probability above "
            f"{100 * sure:g} %",
            verdicts.pop() if len(verdicts) == 1 else "undecided",
            "; ".join(f"{words}: {_probability(under[key])}" for key, words in HOLDERS.items())
            + ". The bounds are "
            + " and ".join(f"{value:.2f}" for value in bounds["dilution [%]"].iloc[2:])
            + " %",
        ),
        Claim(
            "Without the change dilution is from 12 (5 %) to 14.5 % (95 %) (report summary)",
            verdict((round(2.0 * low), round(2.0 * high)) == (24, 29)),  # to half a point
            f"a random walk gives {low:.2f} to {high:.2f} %. Its own box plot has "
            f"{s['published.no_change'][0]:.2f} to {s['published.no_change'][2]:.2f} %: least is "
            "what the rule's arithmetic gives, and at least a quarter of its runs are there",
        ),
        Claim(
            "Under it the monthly mean of bonding is above 46 % throughout",
            "confirmed"
            if all(_judged(hits, sure) == "confirmed" for hits in above.values())
            else "undecided"
            if any(_judged(hits, sure) != "refuted" for hits in above.values())
            else "refuted",
            "; ".join(f"{words}: {_probability(above[key])}" for key, words in HOLDERS.items()),
        ),
        Claim(
            f"The change is needed for dilution below {limit:g} %: without it, that is uncertain",
            verdict(as_fell >= limit) if as_fell >= limit or as_rose < limit else "undecided",
            f"the record goes to 30 March 2026, without the change: {until:.2f} % by then, bonding "
            f"above 50 % in every round, and {as_fell:.2f} % by 1 July where it stays there, "
            f"{as_rose:.2f} % where it does not for a round",
        ),
    )
    choices = (
        "the start (inflation, rounds) is not stated; it is the only whole step of 500 ppb that "
        "gives both least dilutions of the published box plot. Supply and bonded are those of the "
        "day of that inflation",
        f"its last {s['frame.window']} of {s['frame.rounds']} rounds end about 6 July: by dates, "
        f"{_dated(s)[0]} rounds with {_dated(s)[1]} in the half year, dilution "
        "differs by 0.14 points at most (the bounds' last column)",
        "its model is a ridge regression of the change of log odds on its lag, the yield and what "
        "markets did, trained to November 2025, 200 runs. Ours has the yield alone, fitted on 408 "
        "rounds of 2023, and no effect of the yield that can be told from none. Its noise is that "
        "of those rounds, as frequencies, and holds a loss of an eighth of what was bonded over "
        "two rounds, as one round of 0.17 in log odds",
        "what bonding is drawn back to decides. At rest at the start, or a random walk, is what is "
        "known without a view; its level of 2023 was left in 2025, and is shown to tell "
        "what it would take for the claim to fail",
        "all that is mintable is minted; recorded was 0.6 % less",
    )
    tables = {
        "What the rule alone gives: dilution of the half year": bounds,
        f"Over holders, {count:,} runs": pd.DataFrame(lines),
        f"P(below {limit:g} %) by tuning, holders a random walk": pd.DataFrame(grid),
    }
    return Reproduction(
        "LIP-107: recalibrate LPT emissions parameters; Macpherson, Azisbek uulu (2025), rejected",
        tables,
        claims,
        choices,
    )
