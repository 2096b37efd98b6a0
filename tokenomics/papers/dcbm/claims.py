"""What becomes of the paper's claims: each verdict is read off the tables, by the rule that stands
beside it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..reproduction import Claim, Verdict, mean_interval
from .economy import REGIMES
from .spending import MEANING, difference
from .trials import QUANTITIES


def pick(table: pd.DataFrame, **where: object) -> pd.Series:
    """The one row of a table with these values."""
    chosen = table
    for name, value in where.items():
        chosen = chosen[chosen[name] == value]
    return chosen.iloc[0]


def span(row: pd.Series, value: str) -> str:
    """A value with its 95 % interval."""
    return f"{row[value]:.4g} [{row['low']:.4g}, {row['high']:.4g}]"


def judged(holds: bool) -> Verdict:
    """Confirmed or refuted."""
    return "confirmed" if holds else "refuted"


def below_one(row: pd.Series) -> Verdict:
    """Confirmed where the whole interval of a ratio is below 1; not testable where nothing came to
    compare with.
    """
    return "not testable" if np.isnan(row["ours"]) else judged(row["high"] < 1.0)


def stability_claims(
    examples: pd.DataFrame, survey: pd.DataFrame, small: pd.DataFrame
) -> list[Claim]:
    """The polynomial, each limit, and the gain that the loop really has."""
    by = {row["gains"]: row for _, row in examples.iterrows()}

    def shown(name: str) -> str:
        row = by[name]
        gains = ", ".join(f"{row[g]:g}" for g in ("αKp", "αKi", "αKd"))
        own = row["|z| of the paper's polynomial"]
        return (
            f"(αKp, αKi, αKd) = ({gains}): largest root {row['|z| delayed']:.3f} with the delay, "
            f"{own:.3f} of the paper's polynomial"
        )

    def says(name: str, column: str) -> bool:
        return by[name][column] == "yes"

    jury, own = "Jury, delayed", "Jury, the paper's polynomial"
    wrong = int(survey["Jury ≠ roots"].sum())
    first, wide = survey.iloc[0], survey.iloc[2]
    weak, unstable = small.iloc[0], small[small["linear loop stable"] == "no"].iloc[0]
    without = "stable with Kp + Ki ≤ 0"
    inside, beyond = "unstable within the paper's limits (%)", "stable, but beyond them (%)"
    return [
        Claim(
            "The characteristic equation is that of the PID on the plant α/(z−1).",
            "refuted",
            "It is that of αz/(z−1), in which the price answers within the epoch on which the "
            "purchase was decided. Eq. 6 has a delay of one "
            "epoch; its equation is z³ + (αKp+αKi+αKd−2)z² + (1−αKp−2αKd)z + αKd = 0, with Jury's "
            "conditions Ki > 0, |αKd| < 1, "
            "2αKp + αKi + 4αKd < 4 and 0 < αKp(1+αKd) + α²KiKd < 2(1−α²Kd²). "
            f"These and the roots disagree at {wrong} of the random gains. Example: "
            f"{shown('within all limits')}.",
        ),
        Claim(
            "Kp + Ki > 0 is necessary (the first limit).",
            judged(int(wide[without]) == 0),
            "It is one of Jury's conditions of the paper's polynomial (p2 > p0, where p2 > 0) and "
            "follows from those of the delayed loop: "
            f"{int(wide[without])} of the random gains are stable there without it "
            f"({int(survey.iloc[3][without])} of the paper's polynomial, "
            "with p2 < 0). What is missing is Ki > 0 (p(1) > 0), which both need: "
            f"{shown('within all limits, Ki < 0 < Kp + Ki')}.",
        ),
        Claim(
            "Kd < (2 − αKp)/α is the limit of the derivative gain.",
            judged(not says("beyond the limit of Kd", own) and says("within all limits", jury)),
            "The paper's polynomial has no upper limit on Kd for positive gains: "
            f"{shown('beyond the limit of Kd')}. The delayed PD has Kd < (2 − αKp)/(2α) and αKd < "
            f"1, the PID 4αKd < 4 − 2αKp − αKi: "
            f"within the paper's limits, {shown('within all limits')}.",
        ),
        Claim(
            "Ki < (4 − 2αKp)/α is the limit of the integral gain.",
            judged(not says("beyond the limit of Ki", own) and says("within all limits", jury)),
            "It is Jury's −p(−1) > 0 of the delayed PI, right for Kd = 0 only (with Kd: 4 − 2αKp − "
            "4αKd), and no condition of the paper's own "
            f"polynomial: {shown('beyond the limit of Ki')}. Nor is it necessary: "
            f"{shown('beyond the limit of Ki, Kd < 0')}, stable and beyond it.",
        ),
        Claim(
            "Within the three limits together the loop is stable.",
            judged(first[inside] == 0.0 and wide[inside] == 0.0),
            f"Of random gains αK within them, {first[inside]:.3g} % are unstable with the delay "
            f"({first['gains']}), "
            f"{wide[inside]:.3g} % ({wide['gains']}). Nor are they necessary once Kd < 0: beyond "
            f"them lie {first[beyond]:.3g} % and "
            f"{wide[beyond]:.3g} % of the stable gains.",
        ),
        Claim(
            "The gain in the stability limits is Eq. 6's α = 2/y.",
            "refuted",
            "Per dollar of J it is, but the law sets u, which has no unit: from u the gain is "
            "2Tγ/y at u = 0+ and 0 below it, here "
            f"{weak['2Tγ/y Kp'] / weak['Kp']:.3g} against a 2/y of "
            f"{weak['2Kp/y'] / weak['Kp']:.3g}, and it falls as the treasury is spent. Kp = "
            f"{unstable['Kp']:g} is within the paper's limits (2Kp/y = {unstable['2Kp/y']:.2g}) "
            f"and linearly unstable (2Tγ/y Kp = "
            f"{unstable['2Tγ/y Kp']:.3g}). An actuator that buys only cannot oscillate: a price "
            f"that starts 0.001 too low ends "
            f"{unstable['buys only: end / start']:.3g} times as far above a fixed target for good; "
            f"one that also sells swings by "
            f"{unstable['also sells: swing / start']:.3g} times the start, held by tanh.",
        ),
    ]


def solvency_claims(solvency: pd.DataFrame) -> list[Claim]:
    """Theorem IV.2, and what it does not say."""
    share, name = "share of runs that empty", "case"
    theorem, cheap = (
        pick(solvency, case="no income, no costs, γ = 1 (Theorem IV.2)"),
        pick(solvency, case="no income, no costs"),
    )
    costly = pick(solvency, **{name: "the same, reserve half a pool"})
    idle = pick(solvency, **{name: "the same, policy `none`"})
    return [
        Claim(
            "Theorem IV.2: without income the treasury stays positive.",
            judged(theorem[share] == 0.0 and cheap[share] == 0.0),
            "T' = T(1 − γ tanh u) > 0 as γ ≤ 1 and tanh < 1; J ≤ T + R (Eq. 1) never binds then "
            "(largest J/(T+R) "
            f"{theorem['largest J / (T + R)']:.3g}). Positive is not much: with γ = 1 the least "
            f"treasury was {theorem['least T / T0']:.2g} of its "
            f"start, with the settings' γ {cheap['least T / T0']:.2g}. Operating costs are zero in "
            f"the theorem.",
        ),
        Claim(
            "The treasury of section III.B, which pays operating costs, is solvent too.",
            judged(costly[share] == 0.0),
            "T = C > R = J = 0 is a counterexample on paper: T' = max(0, ·) = 0. Simulated with "
            "costs of five times the income and a reserve "
            f"of half a pool: {100 * costly[share]:.3g} % of runs empty, and "
            f"{costly['costs not paid (%)']:.3g} % of costs are not paid "
            f"({idle['costs not paid (%)']:.3g} % without buy-backs), which max(0, ·) leaves out "
            f"of the accounts.",
        ),
    ]


def economy_claims(
    ratios: pd.DataFrame, spending: pd.DataFrame, orders: pd.DataFrame, count: int
) -> list[Claim]:
    """Table I's orderings, regime by regime. Confirmed: the whole interval of the paired ratio is
    below 1.
    """
    claims = []
    for quantity in QUANTITIES:
        for other in ("none", "threshold"):
            rows = {
                r: pick(ratios, regime=r, ratio=f"pid / {other}", quantity=quantity)
                for r in REGIMES
            }
            for verdict in ("confirmed", "refuted", "not testable"):
                chosen = [r for r in REGIMES if below_one(rows[r]) == verdict]
                if not chosen:
                    continue
                parts = []
                for r in chosen:
                    order = pick(orders, regime=r, quantity=quantity)
                    text = (
                        f"{r}: ratio {span(rows[r], 'ours')}, published "
                        f"{rows[r]['published']:.3g}; pid < {other} at "
                    )
                    text += f"{100 * order[f'pid < {other}']:.0f} % of {count} settings"
                    if other == "threshold":
                        equal = pick(spending, regime=r, against=other, quantity=quantity)
                        text += f"; at equal spending, PID less threshold {difference(equal)}"
                    parts.append(text)
                where = ", ".join(chosen).replace("_", " ")
                claims.append(
                    Claim(
                        f"PID has a lower {MEANING[quantity]} than {other}: {where} (Table I).",
                        verdict,
                        ". ".join(parts) + ".",
                    )
                )
    return claims


def volatility_claims(ratios: pd.DataFrame, actuators: pd.DataFrame) -> list[Claim]:
    """The bull market's halved volatility, and the two thirds in high volatility."""
    bull = pick(ratios, regime="bull", ratio="pid / none", quantity="sigma")
    high = pick(ratios, regime="high_volatility", ratio="pid / none", quantity="sigma")
    threshold = pick(ratios, regime="high_volatility", ratio="pid / threshold", quantity="sigma")

    def tried(epoch: str, actuator: str, days: int) -> str:
        where = {
            "regime": "bull",
            "epoch": epoch,
            "actuator": actuator,
            "returns over (days)": days,
        }
        return span(pick(actuators, **where), "sigma / none")

    ours = actuators[actuators.regime == "bull"]
    sells = ours["actuator"].str.endswith("also sells")
    least = {
        "buys": ours.loc[~sells, "sigma / none"].min(),
        "sells": ours.loc[sells, "sigma / none"].min(),
    }
    return [
        Claim(
            "A buy-only PID halves the volatility of a bull market (Table I: 0.42 to 0.21).",
            judged(bull["high"] < 1.0 and bull["low"] <= bull["published"] <= bull["high"]),
            f"Ours {span(bull, 'ours')} times that of none. In Eq. 6 no policy lowers it for "
            f"returns over an epoch: the purchase is decided "
            "before a shock that does not depend on the past, so that Var(r) = Var(ξ) + Var(αJ), "
            "at the least what it was. Only returns over "
            "several epochs can calm down, and selling does that: in epochs of a day, 30-day "
            "returns "
            f"{tried('24 h', 'pid', 30)} with the PID, {tried('24 h', 'to target, buys only', 30)} "
            f"with a bottomless purse that buys up to the "
            f"target, {tried('24 h', 'to target, also sells', 30)} if it also sells; in epochs of "
            f"an hour, daily returns "
            f"{tried('1 h', 'pid', 1)}, {tried('1 h', 'to target, buys only', 1)} and "
            f"{tried('1 h', 'to target, also sells', 1)}. The least "
            f"ratio with buying alone is {least['buys']:.3g}, with selling as well "
            f"{least['sells']:.3g}.",
        ),
        Claim(
            (
                "DCBM lowers volatility by some 66 % in high volatility (abstract; Table I: 0.89 "
                "to 0.30)."
            ),
            judged(high["high"] <= 0.5),
            f"Ours {span(high, 'ours')} times that of none (confirmed only if at most half). The "
            f"abstract sets volatility against `none` and churn, "
            f"19.5 % to 8.1 %, against `threshold`; against the latter Table I's volatility falls "
            f"by {100 * (1 - threshold['published']):.0f} %.",
        ),
    ]


def ablation_claims(
    table: pd.DataFrame, tails: Mapping[str, np.ndarray], terms: pd.DataFrame
) -> list[Claim]:
    """Table II: the integral and the derivative."""
    error, over = "steady-state error (%)", "overshoot (% of the step)"

    def value(law: str, quantity: str, column: str) -> float:
        return float(pick(table, law=law, quantity=quantity)[column])

    def tail(law: str) -> tuple[float, str]:
        mean, low, high = mean_interval(tails[law])
        return mean, f"{mean:.3g} [{low:.3g}, {high:.3g}] %"

    (p, p_text), (pi, pi_text) = tail("P"), tail("PI")
    gone = mean_interval(tails["P"] - tails["PI"])
    fixed = {law: value(law, error, "fixed, shocks") for law in ("P", "PI")}
    overshoots = ", ".join(
        f"{law} {value(law, over, 'average, shocks'):.3g} %" for law in ("P", "PD", "PI", "PID")
    )
    share = {row["overshoot"]: row["share of the gains (%)"] for _, row in terms.iterrows()}
    return [
        Claim(
            (
                "Without an integral a steady-state error stays after a step (Table II: P 4.2 %, "
                "PD 3.8 %)."
            ),
            judged(value("P", error, "fixed, calm") > 0.1),
            "The pool is an integrator: P alone brings a step to a fixed target with an error of "
            f"{value('P', error, 'fixed, calm'):.2g} %, and to a moving average with "
            f"{value('P', error, 'average, calm'):.2g} %.",
        ),
        Claim(
            "The integral removes the steady-state error against a steady fall.",
            judged(
                value("PI", error, "fixed, steady fall")
                < 0.1 * value("P", error, "fixed, steady fall")
            ),
            f"Fall at the bear market's pace, no noise, fixed target: P "
            f"{value('P', error, 'fixed, steady fall'):.3g} %, PI "
            f"{value('PI', error, 'fixed, steady fall'):.2g} %, while the treasury lasts.",
        ),
        Claim(
            (
                "The integral removes the steady-state error (Table II, high volatility: 4.2 % to "
                "0.1 %)."
            ),
            judged(abs(pi) < 0.1 * abs(p)),
            f"Among shocks, mean of ln(P/P̄) in the last month with the average as target: P "
            f"{p_text}, PI {pi_text} (confirmed only below a tenth; "
            f"paired difference {gone[0]:.3g} [{gone[1]:.3g}, {gone[2]:.3g}] points). The error "
            f"lies above the target, where the PID can only stop "
            f"buying. With a fixed target it is {fixed['P']:.3g} % with P and {fixed['PI']:.3g} % "
            f"with PI; after a step alone PI leaves "
            f"{value('PI', error, 'fixed, calm'):.2g} % of overshoot that nothing sells off.",
        ),
        Claim(
            (
                "The derivative lowers the overshoot (Table II: P 18.5 to PD 5.2 %, PI 25.4 to PID "
                "8.4 %)."
            ),
            judged(
                value("PD", over, "average, shocks") < value("P", over, "average, shocks")
                and share["PD < P"] > 50.0
            ),
            f"Ours, average as target, among shocks: {overshoots}. In the linear delayed loop, "
            f"over random stable gains: PD below P at "
            f"{share['PD < P']:.0f} %, PID below PI at {share['PID < PI']:.0f} %.",
        ),
    ]


UNTESTED = (
    Claim(
        "MPC does slightly better than the PID (Table I).",
        "not testable",
        (
            "Not computed: it depends on the MPC's model, horizon and weights, which we do not "
            "have. The paper's numbers stand alone."
        ),
    ),
    Claim(
        "How a PPO agent does (Table I).",
        "not testable",
        "Not computed: it depends on the agent's reward and training, which we do not have.",
    ),
)
