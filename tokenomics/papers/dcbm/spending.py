"""The PID against the paper's static and threshold buy-backs at equal spending on purchases.

Each rival's strength is such that it spends what the PID does, in the mean over runs of other
shocks, in each regime; then it is frozen, and compared on shocks that the match has not seen.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from ...experiments.matching import CLOSE, HALVINGS
from ..reproduction import BESIDE, Claim, Verdict, in_words, mean_interval, ratio
from .economy import REGIMES, Regime, Settings, simulate
from .trials import QUANTITIES, Random, per_run

STRENGTHS = {"fixed": "fixed_share", "threshold": "threshold_rate"}  # setting of each rival
RANGE = (1e-4, 1e2)  # of the shipped strength, within which the match is looked for
# of PID / other, within which spending is equal with its whole interval; assumption
EQUAL = (0.9, 1.1)
UNEQUAL = "undecided (spending is not equal)"
MEANING = {"sigma": "volatility", "epsilon": "tracking error", "churn": "operators' churn"}


def matched(s: Settings, regime: Regime, rival: str, random: Random) -> tuple[Settings, bool]:
    """The settings with the rival's strength at which it spends what the PID does, and whether it
    does; its spending rises with it.
    """
    field = STRENGTHS[rival]

    def spent(setting: Settings, policy: str) -> float:
        return float(np.mean(np.sum(simulate(setting, regime, policy, random).spent, axis=0)))

    wanted = spent(s, "pid")
    low, high = (np.log(getattr(s, field) * bound) for bound in RANGE)
    for _ in range(HALVINGS):
        found = replace(s, **{field: float(np.exp(0.5 * (low + high)))})
        own = spent(found, rival)
        if abs(own - wanted) <= CLOSE * wanted:
            return found, True
        middle = np.log(getattr(found, field))
        low, high = (middle, high) if own < wanted else (low, middle)
    return found, False


def equal_spending(
    s: Settings, regimes: Mapping[str, Regime], random: Random, others: Random
) -> pd.DataFrame:
    """PID less each rival that spends the same, paired. Which is larger is left undecided where
    the rival could not be matched, or where the interval of the ratio of their spending, on the
    shocks compared, leaves `EQUAL`.

    random: shocks of the comparison; others: of the match.
    """
    rows = []
    for regime, (rival, field) in itertools.product(REGIMES, STRENGTHS.items()):
        own, found = matched(s, regimes[regime], rival, others)
        pid, other = (
            per_run(own, simulate(own, regimes[regime], policy, random))
            for policy in ("pid", rival)
        )
        spent = [float(np.mean(side["spent"])) for side in (pid, other)]
        beside = ratio(pid["spent"], other["spent"])
        equal = found and EQUAL[0] <= beside[1] and beside[2] <= EQUAL[1]
        strength = getattr(own, field) / getattr(s, field)
        for quantity in QUANTITIES:
            means = [float(np.mean(side[quantity])) for side in (pid, other)]
            gap = mean_interval(pid[quantity] - other[quantity])
            words = in_words("PID", *gap[1:]) if equal else UNEQUAL
            rows.append((regime, rival, strength, *spent, *beside, quantity, *means, *gap, words))
    return pd.DataFrame(
        rows,
        columns=[
            "regime",
            "against",
            "strength / shipped",
            "spent, PID",
            "spent, other",
            "spent, PID / other",
            "spent, low",
            "spent, high",
            *BESIDE,
        ],
    )


def difference(row: pd.Series) -> str:
    """PID − other with its interval, and where it is no comparison at equal spending."""
    found = f"{row['PID − other']:.3g} [{row['low']:.3g}, {row['high']:.3g}]"
    return f"{found}, {UNEQUAL}" if row["in words"] == UNEQUAL else found


def spending_claims(table: pd.DataFrame) -> list[Claim]:
    """The orderings of Table I at equal spending. Confirmed: the whole interval of PID − other is
    below zero; refuted: above it; undecided: it holds zero, or spending is not equal.
    """
    names: dict[str, Verdict] = {"PID lower": "confirmed", "PID higher": "refuted"}
    claims = []
    for quantity, rival in itertools.product(QUANTITIES, STRENGTHS):
        rows = table[(table["quantity"] == quantity) & (table["against"] == rival)]
        for words, part in rows.groupby("in words", sort=False):
            where = ", ".join(part["regime"]).replace("_", " ")
            evidence = ". ".join(
                f"{row['regime']}: {row['PID']:.4g} against {row['other']:.4g}, difference "
                f"{difference(row)}; spent {row['spent, PID']:.3g} and {row['spent, other']:.3g} "
                f"pools, PID / other {row['spent, PID / other']:.3g} [{row['spent, low']:.3g}, "
                f"{row['spent, high']:.3g}]"
                for _, row in part.iterrows()
            )
            claims.append(
                Claim(
                    f"At equal spending the PID has a lower {MEANING[quantity]} than {rival}: "
                    f"{where}.",
                    names.get(str(words), "undecided"),
                    f"{evidence}.",
                )
            )
    return claims
