"""DCBM, a PID that buys back and burns: its economy, its tables and its stability limits, computed
again.

Source: Cheng, Dai, Wang, Sun, Wen and Sun (2026), arXiv 2601.09961.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...experiments.matching import MATCH_SEED
from ...results.drawing import Drawing
from ...results.figures import styled
from ..reproduction import Reproduction, settings
from . import claims, stability, trials
from .economy import POLICIES, REGIMES, Settings, draw, read_settings, simulate
from .spending import EQUAL, equal_spending, spending_claims

PAPER = (
    "A control theoretic approach to decentralised AI economy stabilisation via dynamic "
    "buyback-and-burn mechanisms (DCBM); "
    "Cheng, Dai, Wang, Sun, Wen and Sun (2026), arXiv 2601.09961"
)


def reproduce(
    *, runs: int | None = None, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> Reproduction:
    """The reproduction. runs: Monte Carlo runs in place of the settings'; seed: of all shocks and
    of random gains and designs.
    """
    leaves = settings("dcbm")
    s, regimes = read_settings()
    count = runs or int(leaves["simulation.runs"].value)
    few = min(count, int(leaves["sensitivity.runs"].value))
    total, done = 5 + sum(1 for _ in trials.points(s, leaves, seed)), 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    random = draw(seed, np.arange(count), s.steps)
    found = {
        (r, p): trials.per_run(s, simulate(s, regimes[r], p, random))
        for r in REGIMES
        for p in POLICIES
    }
    ratios = trials.ratios(found, leaves)
    tick()
    others = draw(seed + MATCH_SEED, np.arange(count), s.steps)
    spending = equal_spending(s, regimes, random, others)
    tick()
    epoch = float(leaves["actuators.epoch"].value)
    hours = int(round(s.days / epoch))
    fine = draw(seed, np.arange(min(count, int(leaves["actuators.runs"].value))), hours)
    actuators = trials.actuators(s, regimes, random, fine, s.days / hours)
    tick()
    ablation, tails = trials.ablation(s, regimes["high_volatility"], random, leaves)
    solvency = trials.solvency(s, regimes["high_volatility"], random)
    tick()
    small, examples, survey, terms = (
        trials.small_signal(s),
        stability.examples(),
        stability.survey(seed),
        stability.terms(seed),
    )
    tick()
    orders, means = trials.ordering(s, regimes, leaves, few, seed, tick)
    tried = means["point"].nunique()
    tables = {
        (
            "At equal spending on purchases: sigma (1/sqrt(year)), epsilon (%), churn (%), PID − "
            "other, paired, 95 % intervals; spent in pools"
        ): spending,
        (
            "Table I: sigma (1/sqrt(year)), epsilon (%), churn (%), spent (pools), means with 95 % "
            "intervals"
        ): trials.table1(found, leaves),
        "Ratios on common random numbers": ratios,
        "What an actuator can do to volatility": actuators,
        "Table II: the law's terms in high volatility, by reading of the table": ablation,
        "Gains against the stability limits": examples,
        "Random gains: the limits against Jury and the roots": survey,
        "Random stable gains: does a term lower the overshoot?": terms,
        "The loop's true gain": small,
        "Solvency, high volatility": solvency,
        f"Share of {tried} settings at which the means are in the paper's order": orders,
    }
    return Reproduction(
        paper=PAPER,
        tables=tables,
        claims=(
            *spending_claims(spending),
            *claims.solvency_claims(solvency),
            *claims.stability_claims(examples, survey, small),
            *claims.economy_claims(ratios, spending, orders, tried),
            *claims.volatility_claims(ratios, actuators),
            *claims.ablation_claims(ablation, tails, terms),
            *claims.UNTESTED,
        ),
        choices=choices(s, means, count, few),
        figures={"actuators": figure(actuators, ratios)},
    )


def choices(s: Settings, means: pd.DataFrame, runs: int, few: int) -> tuple[str, ...]:
    """What the paper leaves open, and what does not agree."""
    none = means[(means.regime == "high_volatility") & (means.quantity == "epsilon")].set_index(
        "point"
    )["none"]
    return (
        "Gains, γ, epoch, window, shocks, pool, treasury and the operators' exit rule are not "
        "published: params/papers/dcbm.yaml gives each "
        "of ours with its ground. They were set before any result was seen and not fitted; only "
        "orderings and ratios can be compared.",
        (
            "In epochs of an hour Kd is scaled to keep its ratio to the epoch; left as it is in "
            "days, as it was at first, the loop is unstable there."
        ),
        "sigma is taken as annualised, from returns over an epoch of a day. That of `none` is an "
        "input (the paper's own), so that its "
        "agreement says nothing.",
        "The paper's sigma and epsilon of `none` do not go together for a random walk: with its "
        "sigma in high volatility, epsilon is "
        f"{none['shipped']:.3g} % for a 30-day average and {none['window = 60']:.3g} % for 60 "
        f"days, against 35.6 % published.",
        "Shocks are independent over time and of the policy. Were the paper's to revert, or "
        "traders to answer to buy-backs, volatility could "
        "fall; Eqs. 5 and 6 have no such term.",
        "In the paper's frame each policy spends what it spends: the threshold policy the PID's γ "
        "of the treasury in every epoch below the average, and so far more than the PID. At equal "
        "spending each rival's strength, the share of income or the rate, is chosen in each regime "
        f"on {runs} runs of other shocks, on which it spends what the PID does, and frozen. "
        "Intervals are given the match; what each side spends on the shocks compared is told, and "
        f"their ratio with its interval. Where that leaves {EQUAL[0]:g} to {EQUAL[1]:g}, or no "
        "strength spends what the PID does, which is lower is left undecided.",
        "Operators: a month at a loss before leaving, nobody returns, rewards are shared among "
        "those who are left. Churn is the share that "
        "left in the year. It falls with any purchase, because purchases lift the price for good: "
        "there is no seller.",
        (
            "MPC and PPO: not computed. The paper's MPC numbers stand in Table I with ours empty; "
            "PPO's are left out."
        ),
        f"{runs} runs; {few} at each setting of the sensitivity study, on common random numbers "
        f"over policies. γ = {s.gamma:g}, "
        f"Kp = {s.kp:g}, Ki = {s.ki:.3g} a day, Kd = {s.kd:g} days.",
    )


@styled
def figure(actuators: pd.DataFrame, ratios: pd.DataFrame) -> Figure:
    """Volatility over that of `none` in the bull market, by actuator, epoch and length of the
    returns.
    """
    chart = Drawing(figsize=(9.0, 4.8), layout="constrained")
    axes = chart.subplots()
    bull = actuators[actuators.regime == "bull"]
    names = list(dict.fromkeys(bull["actuator"]))
    cases = list(dict.fromkeys(zip(bull["epoch"], bull["returns over (days)"], strict=True)))
    for i, (epoch, days) in enumerate(cases):
        part = (
            bull[(bull["epoch"] == epoch) & (bull["returns over (days)"] == days)]
            .set_index("actuator")
            .loc[names]
        )
        mean = part["sigma / none"]
        bounds = [mean - part["low"], part["high"] - mean]
        places = np.arange(len(names)) + 0.2 * (i - 0.5 * (len(cases) - 1))
        axes.bar(
            places, mean, 0.2, yerr=bounds, capsize=2, label=f"epoch {epoch}, returns over {days} d"
        )
    axes.axhline(1.0, color="black", linewidth=0.8)
    published = float(
        claims.pick(ratios, regime="bull", ratio="pid / none", quantity="sigma")["published"]
    )
    axes.axhline(published, color="black", linestyle="--", linewidth=0.8, label="published, PID")
    axes.set_xticks(np.arange(len(names)), names)
    axes.set_ylabel("σ over σ of no control [1], 95 % intervals")
    axes.set_title(
        "Bull market: buying alone does not halve volatility; selling as well would, over more "
        "than an epoch"
    )
    axes.legend()
    return chart


__all__ = ["reproduce"]
