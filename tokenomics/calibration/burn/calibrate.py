"""`calibrate_burn`: how burn follows price and time, and how emission decays, from a monthly table
of burn-and-mint.

The discretionary share of the burn (a treasury that burns of its own accord) is taken as given and
taken off. Regressions are of logarithms, with errors of a month that are like those of the month
before (`ar1`); Newey and West's errors stand beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ...histories.burn_months import SHORTEST
from ...histories.burns import BurnTable, read_burn
from ...histories.times import as_month
from ...inputs import bounds
from ...inputs.arguments import NAMES, PATH, TEXT, checked, optional, several
from ...model.formulas.numerics import DAYS_PER_YEAR
from ...parameters import resolve
from ..ar1 import OrnsteinUhlenbeck
from ..dependence import newey_west
from ..estimates import Calibration, Data, Estimate, digest
from ..recovery import RecoveryCase
from .emission import EXPONENTIAL, HALF_LIFE, far_months, half_lives, path, steps
from .figures import figure
from .identification import Discretionary, identification

ELASTICITY, GROWTH, RATIO = (
    "elasticity of burn in USD to price",
    "growth of burn at a constant price",
    "growth of burned over issued",
)


def use_regression(table: BurnTable, share: Discretionary) -> OrnsteinUhlenbeck:
    """Log of the burn without the discretionary share on log price and time [years]."""
    logs = np.log(table.price)
    return OrnsteinUhlenbeck(
        np.log(share.left(table)),
        np.column_stack([np.ones(len(logs)), logs - logs.mean(), table.years]),
        1.0,
    )


def estimates(
    table: BurnTable, share: Discretionary, cap: float, halvings: Sequence[str] = ()
) -> tuple[Estimate, ...]:
    """Elasticity, growth, growth of the ratio, and half-life of emission."""
    use = use_regression(table, share)
    over = np.log(table.burned / table.issued)
    ratio = OrnsteinUhlenbeck(
        over, np.column_stack([np.ones(len(over)), table.years]), 1.0
    ).coefficient((0.0, 1.0))
    elasticity, growth = use.coefficient((0.0, 1.0, 0.0)), use.coefficient((0.0, 0.0, 1.0))
    rows = ((ELASTICITY, "1", elasticity), (GROWTH, "1/year", growth), (RATIO, "1/year", ratio))
    return *(
        Estimate(name, unit, i.value, i.error, i.low, i.high) for name, unit, i in rows
    ), *half_lives(table, cap, halvings)


def _robust(table: BurnTable, share: Discretionary, emitted: OrnsteinUhlenbeck) -> pd.DataFrame:
    rows = []
    for fit, names in (
        (use_regression(table, share), {1: ELASTICITY, 2: GROWTH}),
        (emitted, {1: "log emission, by year or by halving"}),
    ):
        beta, errors = newey_west(fit.y, fit.X)
        for i, name in names.items():
            mine = fit.coefficient(np.eye(fit.X.shape[1])[i])
            rows.append((name, mine.value, mine.error, beta[i], errors[i]))
    return pd.DataFrame(
        rows, columns=["coefficient", "value", "error", "least squares", "Newey-West error"]
    )


@checked(files=several(PATH), start=optional(TEXT), end=optional(TEXT), halvings=NAMES)
def calibrate_burn(
    files: str | Path | Sequence[str | Path],
    *,
    discretionary: float = 0.0,
    start: str | None = None,
    end: str | None = None,
    cap: float = 0.0,
    halvings: Sequence[str] = (),
    tolerance: float = 0.1,
    column: str | Sequence[str] | Mapping[str, str] | None = None,
    date_format: str | None = None,
    sheet: str | None = None,
    decimal: str | None = None,
    last: str = "refuse",
    absurd: str = "refuse",
) -> Calibration:
    """Burn elasticity, growth, emission path and burn/mint ratio.

    Parameters
    ----------
    files : str, Path or sequence of them
        A table by month, or several that hold the quantities between them, as `read_burn` of
        `histories.burns` takes them.
    discretionary : float
        Part of the burn that is no customers' use [USD/day], taken as given.
    start, end : str, optional
        Months from and to which `discretionary` acts.
    cap : float
        Most that is minted again of the burns [TOK/day].
    halvings : sequence of str
        Months of the schedule, to compare.
    tolerance : float
        Relative gap between tokens burned x price and burn in USD beyond which a month is named.
    column, date_format, sheet, decimal, last, absurd
        How to read the files, as of `read_burn`.

    Returns
    -------
    Calibration
        Estimates with standard errors and 95 % intervals.

    Raises
    ------
    InputError
        For what cannot be used.

    Examples
    --------
    >>> tk.calibrate_burn("helium_months.csv", halvings=["2023-08"]).table()  # doctest: +SKIP
    """
    bounds.check(
        discretionary=(discretionary, bounds.AMOUNT),
        cap=(cap, bounds.AMOUNT),
        tolerance=(tolerance, bounds.GAP),
    )
    for name, month in (
        ("start", start),
        ("end", end),
        *(("halvings", month) for month in halvings),
    ):
        if month is not None:
            as_month(month, name)
    table = read_burn(
        files,
        column=column,
        date_format=date_format,
        sheet=sheet,
        decimal=decimal,
        last=last,
        absurd=absurd,
    )
    share = Discretionary.given(table, discretionary, start, end)
    found, emitted = estimates(table, share, cap, halvings), path(table, cap, halvings)
    tables = {"Errors by two methods": _robust(table, share, emitted)}
    if halvings:
        tables["Steps of emission"] = steps(table, cap, halvings)
    known = identification(table, share, use_regression)
    tables |= known.tables
    first, *others = files
    also = tuple(f"with {Path(one).name} (SHA-256 {digest(one)[:12]})" for one in others)
    data = Data(
        str(first),
        digest(first),
        "months",
        len(table.months),
        table.months[0],
        table.months[-1],
        (*also, *table.choices, share.text),
    )
    half = next(one for one in found if one.name == HALF_LIFE)
    settings = (
        {}
        if half.problem
        else {"emission.schedule": ("smooth", "calibrated: emission decays, see its half-life")}
    )
    told = [f"halvings {', '.join(halvings)}"] * bool(halvings) + [
        f"at most {cap:g} TOK/day minted again"
    ] * bool(cap)
    return Calibration(
        "Burn-and-mint: regressions of logarithms with autocorrelated errors"
        + (f", given {' and '.join(told)}" if told else ""),
        data,
        found,
        tables,
        (known.said, *_notes(table, half, cap, tolerance, emitted)),
        {"burn": figure(table, share, found, use_regression(table, share).fitted(), emitted)},
        settings,
    )


def _notes(
    table: BurnTable, half: Estimate, cap: float, tolerance: float, emitted: OrnsteinUhlenbeck
) -> list[str]:
    gap = table.burned * table.price / table.burn_usd - 1.0
    off = [
        f"{month} ({100 * g:+.0f} %)"
        for month, g in zip(table.months, gap, strict=True)
        if abs(g) > tolerance
    ]
    notes = [
        f"tokens burned x mean price is the burn in USD within {100 * tolerance:g} % in all months"
        + (" but " + ", ".join(off) if off else "")
    ]
    if far := far_months(table, emitted):
        notes.append("emission far from the fitted path, and left in: " + ", ".join(far))
    schedule = resolve("baseline").values.emission.half_life
    if not half.problem:
        inside = "holds" if half.low <= schedule <= half.high else "does not hold"
        kept = (
            f"without up to {cap:g} TOK/day minted again"
            if cap
            else "what is minted again of the burns included"
        )
        notes.append(
            f"half-life of emission, {kept}: {half.value:.0f} days; its interval {inside} the "
            f"baseline's {schedule:g} (HIP-20)"
        )
    more = [
        month
        for month, out, into in zip(table.months, table.burned, table.issued, strict=True)
        if out > into
    ]
    notes.append(
        f"months in which more was burned than issued, so that net emission is negative and has no "
        f"half-life: {', '.join(more) or 'none'}"
    )
    notes.append(
        "the elasticity is a correlation in time: price and use move each other, and one series "
        "does not tell which"
    )
    rule = "supply.burn_share is the protocol's rule and no estimate, and not in the overlay"
    return [*notes, f"{rule}: where all fees are burned, set it to 1 and treasury.fee_share to 0"]


TRUTH = {ELASTICITY: 0.5, GROWTH: 1.0, HALF_LIFE: 730.0, EXPONENTIAL: 730.0}
FIRST_HALVING, HALVING_EVERY = 3, 24  # months


def simulate_table(
    seed: int, count: int, *, schedule: bool = False
) -> tuple[BurnTable, Discretionary]:
    """Months at TRUTH: price a random walk of 25 % a month, burn 60 % and emission 15 % around
    their paths, a third of it carried on to the next.

    schedule: emission halves every two years from the fourth month on, in place of all the time.
    """
    draw = np.random.Generator(np.random.Philox(seed))
    z, time = draw.standard_normal((3, count)), np.arange(count) / 12.0
    price = 3.0 * np.exp(0.25 * np.cumsum(z[0]))
    around = []
    for size, shocks in ((0.6, z[1]), (0.15, z[2])):
        x = size * shocks
        for i in range(1, count):
            x[i] = x[i - 1] / 3.0 + np.sqrt(1.0 - 1.0 / 9.0) * x[i]
        around.append(x)
    use = 7000.0 * np.exp(TRUTH[ELASTICITY] * np.log(price) + TRUTH[GROWTH] * time + around[0])
    lives = (
        (np.arange(count) - FIRST_HALVING) // HALVING_EVERY + 1
        if schedule
        else time * DAYS_PER_YEAR / TRUTH[HALF_LIFE]
    )
    issued = 45000.0 * np.exp(-np.log(2.0) * lives + around[1])
    months = tuple(f"{2023 + i // 12}-{i % 12 + 1:02d}" for i in range(count))
    table = BurnTable(
        months, use, use / price, issued, price, np.full(count, 30.0), f"seed {seed}", ()
    )
    extra = np.where(np.arange(count) >= count - 3, 31800.0, 0.0)
    table = replace(table, burn_usd=use + extra, burned=(use + extra) / price)
    return table, Discretionary.given(table, 31800.0, months[-3], months[-1])


def _replicate(seed: int, count: int) -> Sequence[Estimate]:
    table, share = simulate_table(seed, count)
    halving, _ = simulate_table(seed, count, schedule=True)
    found = half_lives(halving, 0.0, halving.months[FIRST_HALVING::HALVING_EVERY])[0]
    *rest, one = estimates(table, share, 0.0)
    return *rest, replace(one, name=EXPONENTIAL), found


RECOVERY = RecoveryCase(
    TRUTH,
    34,
    SHORTEST,
    (
        "burn: months like Helium's, 31,800 USD/day of discretionary burn in the last three, "
        "known; halvings in August"
    ),
    _replicate,
)
