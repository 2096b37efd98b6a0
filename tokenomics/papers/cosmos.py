"""Cosmos Hub's inflation: an integral controller of the bonded ratio with its state held between
two bounds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..model.formulas.numerics import relaxation
from .reproduction import Claim, Reproduction, settings, verdict


def change_per_year(bonded, goal, change):
    """Change of inflation a year [1/year²]: (1 − bonded / goal) × change. bonded, goal: shares of
    the supply.
    """
    return (1.0 - bonded / goal) * change


def next_inflation(inflation, bonded, s, steps_per_year):
    """Inflation [1/year] one step later, between its bounds: the module's recursion. s: settings by
    path.
    """
    moved = (
        inflation
        + change_per_year(bonded, s["controller.goal"], s["controller.change"]) / steps_per_year
    )
    return np.clip(moved, s["controller.lowest"], s["controller.highest"])


def slew_time(bonded, s):
    """Time [years] from the bound that inflation leaves to the one that it reaches; infinite at the
    goal.
    """
    speed = np.abs(
        change_per_year(np.asarray(bonded, float), s["controller.goal"], s["controller.change"])
    )
    with np.errstate(divide="ignore"):
        return (s["controller.highest"] - s["controller.lowest"]) / np.where(
            speed < 1e-12, 0.0, speed
        )


def simulated_slew(bonded, s):
    """The same by the recursion; NaN where it takes longer than the settings allow."""
    bonded, pace = np.asarray(bonded, float), s["slew.steps_per_year"]
    lowest, highest = s["controller.lowest"], s["controller.highest"]
    rising = bonded < s["controller.goal"]
    inflation, end = np.where(rising, lowest, highest), np.where(rising, highest, lowest)
    arrived = np.full(bonded.shape, np.nan)
    for k in range(1, s["slew.longest"] * pace + 1):
        inflation = next_inflation(inflation, bonded, s, pace)
        arrived = np.where(np.isnan(arrived) & (inflation == end), k / pace, arrived)
    return arrived


def closed_loop(response, lag, wanted, s):
    """Paths (times, …) of inflation and the bonded ratio with an assumed response of holders.

    They want goal + response × (perceived inflation − wanted) bonded; perception and stake each
    follow with the lag [years].
    response: [years]. wanted: inflation at which they bond the goal [1/year]. Elementwise in the
    three.
    """
    response, lag, wanted = np.broadcast_arrays(
        *(np.asarray(v, float) for v in (response, lag, wanted))
    )
    pace = s["loop.steps_per_year"]
    inflation, bonded = (
        np.full(lag.shape, s["loop.inflation"]),
        np.full(lag.shape, s["loop.bonded"]),
    )
    perceived, weight = inflation, relaxation(1.0 / pace, lag)
    path = [(inflation, bonded)]
    for _ in range(s["loop.years"] * pace):
        desired = np.clip(s["controller.goal"] + response * (perceived - wanted), 0.0, 1.0)
        bonded, perceived = (
            bonded + weight * (desired - bonded),
            perceived + weight * (inflation - perceived),
        )
        inflation = next_inflation(inflation, bonded, s, pace)
        path.append((inflation, bonded))
    inflation, bonded = (np.array(v) for v in zip(*path, strict=True))
    return inflation, bonded


def loop_table(s):
    """Where the assumed loop ends: last values, the swing at the end, and the loop's gain over its
    linear limit.
    """
    grid = np.meshgrid(s["loop.wanted"], s["loop.response"], s["loop.lag"], indexing="ij")
    wanted, response, lag = (np.asarray(v, float).ravel() for v in grid)
    inflation, bonded = (
        v[-s["loop.watched"] * s["loop.steps_per_year"] :]
        for v in closed_loop(response, lag, wanted, s)
    )
    swing = 100 * (inflation.max(axis=0) - inflation.min(axis=0))
    held = (inflation[-1] == s["controller.lowest"]) | (inflation[-1] == s["controller.highest"])
    return pd.DataFrame(
        {
            "wanted inflation [%]": 100 * wanted,
            "response [years]": response,
            "lag [years]": lag,
            "gain over limit": s["controller.change"] / s["controller.goal"] * response * lag / 2.0,
            "inflation, mean at the end [%]": 100 * inflation.mean(axis=0),
            "bonded, mean at the end [%]": np.round(100 * bonded.mean(axis=0), 6),
            "swing of inflation [points]": swing,
            "outcome": np.where(
                swing > 0.01, "cycles", np.where(held, "stays at a bound", "settles at the goal")
            ),
        }
    )


def reproduce(runs=None, seed=0, progress=None) -> Reproduction:
    """The slew times, the assumed loop and the claims; nothing is drawn at random."""
    s = {path: leaf.value for path, leaf in settings("cosmos").items()}
    ratios = np.array(s["slew.bonded"], float)
    speed = change_per_year(ratios, s["controller.goal"], s["controller.change"])
    slew = pd.DataFrame(
        {
            "bonded [%]": 100 * ratios,
            "change [points/year]": 100 * speed,
            "from": np.where(
                speed > 0, "7 to 20 %", np.where(speed < 0, "20 to 7 %", "does not move")
            ),
            "closed form [years]": slew_time(ratios, s),
            "recursion [years]": simulated_slew(ratios, s),
            "published": np.where(ratios == 0.0, s["slew.intended"], np.nan),
        }
    )
    loop = loop_table(s)
    inside = loop[
        loop["wanted inflation [%]"].between(
            100 * s["controller.lowest"], 100 * s["controller.highest"]
        )
    ]
    outside = loop.drop(inside.index)
    cycles, most = inside[inside["outcome"] == "cycles"], 100 * s["slew.most"]
    quiet = inside.loc[inside["gain over limit"] < 1.0, "outcome"]
    shock = float(slew_time(s["slew.shock"], s))
    claims = (
        Claim(
            "Inflation changes by at most 13 points a year (x/mint)",
            verdict(np.abs(100 * speed).max() <= most),
            f"upwards, {100 * speed.max():.2f} points with nothing bonded; downwards at most "
            f"{-100 * speed.min():.2f}, with all bonded, "
            f"{-speed.min() / speed.max():.2f} times as fast",
        ),
        Claim(
            (
                "After a shock unbond inflation goes from 7 to 20 % in roughly one year (intent, "
                "as proposal 48 reports it)"
            ),
            verdict(shock <= 1.5 * s["slew.intended"]),
            f"{slew_time(0.0, s):.2f} years with nothing bonded, "
            f"{slew_time(s['controller.goal'] / 2, s):.2f} at half of the goal, {shock:.2f} "
            f"at {100 * s['slew.shock']:.0f} % bonded: the speed is proportional to the distance "
            f"from the goal (proposal 48 says so too)",
        ),
        Claim(
            "Inflation moves the bonded ratio to 67 % (the mechanism's purpose)",
            "not testable",
            f"it depends on holders, whom the module does not describe. With our assumed response "
            f"{len(cycles)} of {len(inside)} cases with a "
            f"wanted inflation inside the bounds cycle, those of a gain from "
            f"{cycles['gain over limit'].min():.2f} of the linear limit "
            f"(change/goal × response × lag = 2); below the limit "
            f"{(quiet == 'settles at the goal').sum()} of {len(quiet)} settle at the "
            f"goal; of {len(outside)} with one outside "
            f"{(outside['outcome'] == 'stays at a bound').sum()} stay at a bound and never "
            f"reach it",
        ),
    )
    choices = (
        "the bonding response is an assumption: linear in inflation, with two equal lags. With one "
        "lag or none the linear loop is "
        "stable at any gain; two equal lags τ make it unstable where change/goal × response × τ "
        "exceeds 2",
        (
            "the bound is on the controller's state itself, so that it does not wind up: inflation "
            "leaves a bound at once when the error turns"
        ),
        f"the recursion is run in {s['slew.steps_per_year']:,} steps a year in place of "
        f"{s['controller.blocks_per_year']:,}: at a constant "
        "ratio it is linear between its bounds",
    )
    tables = {
        "From one bound to the other at a constant bonded ratio": slew,
        "A loop with an assumed bonding response": loop,
    }
    return Reproduction(
        "Cosmos Hub's inflation controller (cosmos-sdk x/mint)", tables, claims, choices
    )
