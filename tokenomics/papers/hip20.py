"""Helium's issuance (HIP-20): its halvings and limits, and how they compare with the package's
continuous emission.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from ..model.blocks.supply import policy_emission
from .reproduction import Claim, Reproduction, settings, verdict

DAYS, MONTHS, MINUTES = 365.0, 12.0, 1440.0


def issuance(year, first, halving):
    """Issuance at a time [HNT/year]. year: since the start, from 0. first: before any halving.
    halving: years between two.
    """
    return first * 0.5 ** np.floor(np.asarray(year, float) / halving)


def issued(year, first, halving):
    """Issued since the start [HNT]: a geometric sum of whole periods and a straight line within
    one.
    """
    whole = np.floor(np.asarray(year, float) / halving)
    return (
        2.0 * first * halving * (1.0 - 0.5**whole) + (year - whole * halving) * first * 0.5**whole
    )


def continuous(year, first, halving):
    """Issued since the start [HNT] when the rate, `first` at the start, decays all the time with
    the same half-life.
    """
    return (
        first * halving / np.log(2.0) * -np.expm1(-np.log(2.0) * np.asarray(year, float) / halving)
    )


def emission_block(first, halving, periods, schedule):
    """What the package's emission block issues in each of `periods` half-lives [HNT], in one step
    each. schedule: "smooth" or "stepwise".
    """
    days = halving * DAYS
    emission = SimpleNamespace(
        mode="rate",
        rate=first / DAYS,
        factor=1.0,
        schedule=schedule,
        half_life=days,
        floor=0.0,
        capped=False,
    )
    params = {"supply": SimpleNamespace(enabled=True), "emission": emission, "time_step": days}
    state = {"emission_share": 1.0, "emission_multiplier": 1.0}
    paid = []
    for period in range(periods):
        step = policy_emission(params, 0, None, state | {"time": period * days})
        paid.append(step["emitted"] * days)
        state["emission_share"] = step["emission_share"]
    return np.array(paid)


def reproduce(runs=None, seed=0, progress=None) -> Reproduction:
    """The schedule, its limits and the comparison with the emission block; nothing is drawn at
    random.
    """
    s = {path: leaf.value for path, leaf in settings("hip20").items()}
    first, halving, start = (
        s["schedule.monthly"] * MONTHS,
        s["schedule.halving"],
        s["schedule.start"],
    )
    years = np.array(s["schedule.years"], float)
    at_start, minted = issued(years - 1, first, halving), issuance(years - 1, first, halving)
    rows = {"year": years.astype(int), "HNT at its start": [f"{v:,.0f}" for v in at_start]}
    rows |= {"at start, published": [f"{v:,}" for v in s["schedule.at_start"]]}
    rows |= {
        "HNT minted": [f"{v:,.1f}" for v in minted],
        "minted, published": [f"{v:,}" for v in s["schedule.minted"]],
    }
    same = np.all(np.abs(at_start - s["schedule.at_start"]) <= 0.5) and np.all(
        np.abs(minted - s["schedule.minted"]) <= 0.051
    )

    per_day = MINUTES / s["schedule.epoch"]
    per_month = per_day * DAYS / MONTHS
    reward, back = s["schedule.monthly"] / per_month, s["schedule.epoch_reward"] * per_month
    short, total = 100.0 * (1.0 - back / s["schedule.monthly"]), 2.0 * first * halving / 1e6
    year_one = first / 1e6 - s["limits.shortfall"]
    slow = s["schedule.epoch"] * first / 1e6 / year_one
    cap = s["net_emissions.cap"] * per_day * DAYS
    overtaken = int(np.ceil(np.log2(first / cap)))
    month = issuance(s["limits.last_unit"] + 0.5 - start, first, halving) / MONTHS
    figures = pd.DataFrame(
        [
            ("epochs a week", per_day * 7, s["schedule.epochs_per_week"]),
            ("epochs a month (365/12 days)", per_month, None),
            ("HNT an epoch, from 5 M a month", reward, s["schedule.epoch_reward"]),
            ("HNT a month, from 3,424 an epoch", f"{back:,.0f}", f"{s['schedule.monthly']:,}"),
            ("theoretical maximum [M HNT]", total, s["limits.theoretical"]),
            (
                "less the shortfall of year 1 [M HNT]",
                total - s["limits.shortfall"],
                s["limits.actual"],
            ),
            ("minted in year 1, implied [M HNT]", year_one, None),
            ("mean epoch in year 1, implied [min]", slow, None),
            (
                "net-emission cap, share of issuance before the first halving [%]",
                100 * cap / first,
                s["net_emissions.share"],
            ),
            (
                "net-emission cap, share after three halvings [%]",
                100 * cap / issuance(3 * halving, first, halving),
                None,
            ),
            ("HNT a month in 2064", month, 1),
        ],
        columns=["quantity", "ours", "published"],
    ).astype({"ours": object, "published": object})

    faster = 2.0 * np.log(2.0) * first
    whole = np.diff(issued(np.arange(5) * halving, first, halving))
    off = {
        schedule: np.abs(emission_block(rate, halving, 4, schedule) / whole - 1.0).max()
        for schedule, rate in (("stepwise", first), ("smooth", faster))
    }
    grid = np.linspace(0.0, 5 * halving, 100_001)
    ways = {
        "halvings (HIP-20)": (first, issued),
        "continuous, same first rate": (first, continuous),
    }
    ways["continuous, same total"] = (faster, continuous)
    lines = []
    for name, (rate, law) in ways.items():
        gap = np.abs(law(grid, rate, halving) - issued(grid, first, halving)) / 1e6
        early, later = law(halving, rate, halving) / 1e6, law(2 * halving, rate, halving) / 1e6
        limit = law(1e3 * halving, rate, halving) / 1e6
        lines.append(
            (name, rate / DAYS, early, later - early, limit, gap.max(), grid[gap.argmax()])
        )
    columns = [
        "schedule",
        "first rate [HNT/day]",
        "first half-life [M HNT]",
        "second [M HNT]",
        "total [M HNT]",
    ]
    against = pd.DataFrame(lines, columns=[*columns, "largest gap in 10 years [M HNT]", "at year"])

    base = issuance(halving * s["observed.halvings"], first, halving) / DAYS * s["observed.days"]
    extra, exact = (
        s["observed.issued"] - base,
        first * s["net_emissions.share"] / 100 / DAYS * s["observed.days"],
    )
    claims = (
        Claim(
            "The table of 50 years (HIP-20)",
            verdict(same),
            f"{len(years)} of its rows, start and minted, within its rounding",
        ),
        Claim(
            "5,000,000 HNT a month is 3,424 an epoch of 30 minutes",
            verdict(int(reward) == s["schedule.epoch_reward"]),
            f"{reward:.2f} in a year of 365 days, cut to whole HNT: 3,424 an epoch mints "
            f"{back:,.0f} a month, {short:.2f} % less. "
            f"A month of 30 days would give {s['schedule.monthly'] / per_day / 30:,.0f}",
        ),
        Claim(
            "Theoretical maximum 240 M HNT",
            verdict(total == s["limits.theoretical"]),
            f"2 × 60 M × 2 years = {total:.0f} M",
        ),
        Claim(
            "True maximum 223 M HNT",
            "not testable",
            f"240 − 17, which rests on year 1 alone: about {year_one:.0f} M minted of 60 M, epochs "
            f"of {slow:.0f} min instead of 30. The "
            "proposal gives no count of that year; the chain would",
        ),
        Claim(
            "Net emissions are capped at 34.24 HNT an epoch, 1 % of issuance",
            verdict(abs(extra / exact - 1.0) < 1e-6),
            f"in October 2025 {s['observed.issued']:,.2f} HNT were issued in 28 days while "
            f"{s['observed.burned']:,.0f} were burned: schedule "
            f"{base:,.2f} plus {extra:,.2f}, 1 % of the first year's issuance to 1e-6 (34.2466 an "
            f"epoch, uncut)",
        ),
        Claim(
            "The cap is small against issuance (HIP-20: 'a very small percentage')",
            verdict(cap / first < 0.02),
            f"at the time 1 %; but it is not halved: after {overtaken} halvings, in August "
            f"{int(start) + overtaken * halving}, it exceeds "
            "the issuance",
        ),
        Claim(
            "By 2064 only 1 HNT is minted a month",
            verdict(round(float(month)) == 1),
            f"{month:.2f} from August 2063 to July 2065",
        ),
    )
    choices = (
        "a year has 365 days and 12 equal months, as in the proposal's table",
        f"the package's emission block with schedule `stepwise` issues the same in every "
        f"half-life (4 of them, within {off['stepwise']:.0e}). With `smooth` it decays all the "
        f"time: with the first rate times 2 ln 2 = {2 * np.log(2):.3f} it issues the same in every "
        f"half-life (within {off['smooth']:.0e}) and has the same total; with the same "
        f"first rate its total is 1/(2 ln 2) = "
        f"{0.5 / np.log(2):.3f} of HIP-20's. Between halvings it runs ahead: it pays more early "
        f"and less late",
    )
    tables = {
        "Schedule": pd.DataFrame(rows),
        "Figures": figures,
        "Halvings against continuous decay, same half-life": against,
    }
    return Reproduction(
        "Helium HIP-20: HNT max supply (Fayal, Jain, rawrmaan, 2020)", tables, claims, choices
    )
