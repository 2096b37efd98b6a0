"""Akcin et al. (2022), arXiv 2210.12881: a token's supply, price and reserve under MPC, PID and no control, in three regimes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from ...kinetics import DAYS_PER_YEAR
from ...parameters.reading import Leaf
from ...results.metrics import LEVEL, intervals
from ...results.plots import COLOURS
from ..reproduction import Claim, Reproduction, settings
from . import game
from .controllers import Mpc, Peg, Pid, clearing, simc
from .economy import Economy, Paths, costs, economy, shocks, simulate, without_noise

TITLE = (
    "O. Akcin, R. P. Streit, B. Oommen, S. Vishwanath, S. Chinchali: A Control Theoretic Approach to Infrastructure-Centric Blockchain "
    "Tokenomics, 2022, arXiv 2210.12881"
)
REGIMES = ("outpaces", "matches", "lags")
POLICIES = ("none", "peg", "PID by rule", "PID", "MPC", "MPC told the trend")
OTHERS = ("none", "peg", "PID by rule", "PID")
BEST = 2.4  # "up to 2.4 times better", abstract
SHOWN = {"cost": 1e3, "effort cost": 1e3, "tracking RMS": 1.0, "volatility": 1.0, "lowest reserve": 1.0}
HEADS = {
    "cost": "cost x 1000",
    "effort cost": "of it effort",
    "tracking RMS": "tracking RMS [log points]",
    "volatility": "volatility [1/sqrt(year)]",
    "lowest reserve": "lowest reserve [days of income]",
}
CHOICES = (
    "The paper's equations and parameters are not available to us. State, controls, regimes, horizon and policies are the paper's; the "
    "nodes are those of an open model of the same kind (mkq-volt/control-tool); every number is ours, in params/papers/akcin.yaml.",
    "Accounts: the open model's reserve is R' = R + Rev + B P (1 - u2) with B = min(D, C) p u2/P. The burn has been paid for, yet all of "
    "Rev is kept and Rev u2 (1 - u2) is added: a step makes Rev u2 (2 - u2) dollars out of nothing. Ours is R' = R + income - buy-back and "
    "S' = S + (payment - buy-back)/P, so each dollar and token has one source and one use, and the reserve can also be spent.",
    "Units: the open model's price rule, V0 [Td/S] [1 + beta U] [1 + gamma M], has a price only through V0 and does not know the income. Ours "
    "is the equation of exchange, P* = income/(v S), approached by a tenth a day, with market noise.",
    "Nodes: kappa max(0, pi - 1) - delta makes nodes leave at delta however little they earn, and the same when they break even. Ours is "
    "ln C' = ln C + g + kappa (pi - 1), with the exogenous growth g that the paper's regimes need; c0 is such that pi = 1 at the start.",
    "No control is the paper's 'income clearing' as we read it: each day's dollars buy tokens that pay the nodes. Effort is the squared "
    "distance of both flows from it, so that no control costs no effort.",
    "Limits: a day's buy-back is at most its income and a tenth of the reserve, a day's payment at most twice the income. The controls of the "
    "MPC are the shares of these, so a non-negative reserve needs no penalty, where the paper has an augmented Lagrangian.",
    "MPC: 20 days ahead; each day two Gauss-Newton steps (those of iterative LQR, without the recursion) within the box, from the day before's "
    "plan, with a line search that never accepts a dearer plan. It knows the economy but not its noise, and takes the line through the log "
    "demand of 90 days as forecast (the paper: ARIMA on Helium data); 'told the trend' has the true growth instead.",
    "PID: moves the buy-back alone. Splitting the action between buy-back and pay, or paying nodes more when the price is high, cost about "
    "1.5 times as much after the same tuning, because pay moves nodes and income. 'PID' has the gains of least mean cost over the regimes "
    "on other random numbers; 'PID by rule' has Skogestad's rule with a closed-loop time of 20 days, and knows nothing of the effort.",
    "Peg: our stablecoin heuristic, the supply changed by the whole price gap in a day, within the same limits.",
    "All policies meet the same random numbers; ratios are of means, with intervals by the delta method on paired runs.",
    "The game is our own, as the paper's is not available: one round, a posted price, equal holders, the equation of exchange.",
)


def policies(leaves: dict[str, Leaf], e: Economy, growth: float) -> dict[str, Callable]:
    """The policies by name, fresh. growth: of demand [1/year], for the one that is told."""
    value = {path: leaf.value for path, leaf in leaves.items()}
    slow = value["pid.derivative_time"]
    gains = value["pid.kp"], value["pid.ki"], value["pid.kd"]
    mpc = e, int(value["mpc.horizon"]), int(value["mpc.iterations"]), int(value["mpc.history"])
    return {
        "none": clearing,
        "peg": Peg(e),
        "PID by rule": Pid(e, *simc(e, value["simc.closed_loop_time"]), slow),
        "PID": Pid(e, *gains, slow),
        "MPC": Mpc(*mpc),
        "MPC told the trend": Mpc(*mpc, trend=growth / DAYS_PER_YEAR),
    }


def ratio(above: np.ndarray, below: np.ndarray) -> tuple[float, float, float]:
    """Ratio of the means of paired runs (runs,), with its confidence interval by the delta method; NaN bounds for one run."""
    n, found = len(above), float(np.mean(above) / np.mean(below))
    if n < 2:
        return found, np.nan, np.nan
    half = stats.t.ppf(0.5 + LEVEL / 2.0, n - 1) * np.std(above - found * below, ddof=1) / np.sqrt(n) / np.mean(below)
    return found, float(found - half), float(found + half)


def experiment(
    leaves: dict[str, Leaf], runs: int, seed: int, *, noisy: bool = True, tick: Callable[[], None] = lambda: None
) -> dict[tuple[str, str], Paths]:
    """Every policy in every regime on the same random numbers: paths by (regime, policy)."""
    e = economy(leaves) if noisy else without_noise(economy(leaves))
    paths = {}
    for regime in REGIMES:
        growth = leaves[f"regimes.{regime}"].value
        drawn = shocks(leaves, growth, range(runs), seed, noisy=noisy)
        for name, policy in policies(leaves, e, growth).items():
            paths[regime, name] = simulate(e, policy, drawn)
            tick()
    return paths


def _cells(values: np.ndarray) -> str:
    found = intervals(values[None, :])
    return f"{found.mean[0]:.3g} [{found.low[0]:.3g}, {found.high[0]:.3g}]"


def _ratios(noisy: dict, quiet: dict) -> pd.DataFrame:
    rows = []
    for regime in REGIMES:
        for other in OTHERS:
            found = ratio(noisy[regime, other]["cost"], noisy[regime, "MPC"]["cost"])
            told = ratio(noisy[regime, other]["cost"], noisy[regime, "MPC told the trend"]["cost"])[0]
            still = ratio(quiet[regime, other]["cost"], quiet[regime, "MPC"]["cost"])[0]
            row = {"node supply": regime, "policy": other, "ratio": found[0], "low": found[1], "high": found[2]}
            rows.append(row | {"to MPC told the trend": told, "without noise": still, "published": f"up to {BEST}"})
    return pd.DataFrame(rows)


def _game(leaves: dict[str, Leaf], e: Economy) -> pd.DataFrame:
    holders, discount = int(leaves["game.holders"].value), leaves["game.discount"].value
    target = 1.0 + leaves["game.gap"].value
    # the outlay of a day is measured against the market's value here and against a day's income in the economy
    posted = {
        "today's price (a leader that forgets that holders choose)": 1.0,
        "what reaches the reference": game.price_for(target, holders, discount),
        "what weighs error and outlay": game.leader(target, e.effort / e.turnover**2, holders, discount),
    }
    rows = []
    for text, price in posted.items():
        share = float(game.sold(price, holders, discount))
        row = {"posted price": text, "price / before": price, "share sold": share}
        row["outlay / market value"] = price * share
        rows.append(row | {"price after / before": game.price_after(share), "reference / before": target, "published": None})
    return pd.DataFrame(rows)


def _claims(noisy: dict, quiet: dict, ratios: pd.DataFrame, stage: pd.DataFrame, lowest: float) -> tuple[Claim, ...]:
    def against(other):
        rows = ratios[ratios["policy"] == other]
        everywhere = bool((rows["low"] > 1.0).all())
        text = "; ".join(f"{r['node supply']} {r['ratio']:.2f} [{r['low']:.2f}, {r['high']:.2f}]" for _, r in rows.iterrows())
        still = ", ".join(f"{x:.2f}" for x in rows["without noise"])
        return everywhere, f"cost over MPC's, by node supply: {text}; without any noise {still}"

    pid, none = against("PID"), against("none")
    tracking = [ratio(noisy[r, "none"]["tracking RMS"], noisy[r, "MPC"]["tracking RMS"]) for r in REGIMES]
    swings = [ratio(noisy[r, "none"]["volatility"], noisy[r, "MPC"]["volatility"])[0] for r in REGIMES]
    best = {other: ratios[ratios["policy"] == other]["ratio"].max() for other in OTHERS}
    verdict = {True: "confirmed", False: "refuted"}
    return (
        Claim("MPC costs less than PID (section 6), in each regime", verdict[pid[0]], pid[1] + ". The PID has the gains of least cost."),
        Claim("MPC costs less than no control (section 6), in each regime", verdict[none[0]], none[1]),
        Claim(
            "MPC is up to 2.4 times better than stablecoin heuristics (abstract)",
            "not testable",
            "which heuristic and which economy is not said in what is available; section 6 names PID as used in some stablecoins. Our largest "
            "ratios: " + ", ".join(f"{other} {value:.2f}" for other, value in best.items()),
        ),
        Claim(
            "Control makes the price follow a steady reference more closely than no control (section 6), in each regime",
            verdict[all(low > 1.0 for _, low, _ in tracking)],
            "no control's tracking RMS over MPC's: "
            + "; ".join(f"{r} {m:.2f} [{lo:.2f}, {hi:.2f}]" for r, (m, lo, hi) in zip(REGIMES, tracking, strict=True))
            + "; its daily volatility over MPC's: "
            + ", ".join(f"{x:.2f}" for x in swings)
            + ", as buy-backs act on the supply and not on a day's news",
        ),
        Claim(
            "Treasuries stay non-negative (section 4)",
            verdict[lowest >= 0.0],
            f"lowest reserve of all runs and policies {lowest:.3g} days of income",
        ),
        Claim(
            "A Stackelberg leader that foresees what holders sell steers the price (section 5)",
            "not testable",
            "the paper's game is not available. In ours a leader that posts today's price buys "
            f"{stage['share sold'][0]:.1%} of the supply and one that foresees the sellers brings the price to its reference at "
            f"{stage['price / before'][1]:.3f} of today's price, an outlay of {stage['outlay / market value'][1]:.1%} of the market's value",
        ),
    )


def _figure(e: Economy, paths: dict[tuple[str, str], Paths]) -> Figure:
    figure = Figure(figsize=(11.0, 3.8), layout="constrained")
    panels = figure.subplots(1, len(REGIMES), sharey=True)
    for axis, regime in zip(panels, REGIMES, strict=True):
        for policy, colour in zip(POLICIES, COLOURS, strict=False):
            price = np.exp(paths[regime, policy].price)
            axis.plot(np.median(price, axis=0), color=colour, label=policy, linewidth=1.2)
        days = np.arange(price.shape[1])
        axis.plot(days, np.exp(e.reference(days)), color="black", linestyle="--", label="reference")
        axis.set(title=f"node supply {regime} demand", xlabel="time [days]")
    panels[0].set_ylabel("median price over its start [1]")
    panels[0].legend(fontsize="small")
    return figure


def reproduce(runs: int | None = None, seed: int = 0, progress: Callable[[int, int], None] | None = None) -> Reproduction:
    """The comparison of policies in the three regimes, with and without noise, and the game.

    runs: of the noisy part, in place of the settings'. progress: called with policies done and policies in all.
    """
    leaves = settings("akcin")
    e, count = economy(leaves), int(leaves["runs"].value) if runs is None else runs
    total, done = 2 * len(REGIMES) * len(POLICIES), 0

    def tick():
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    paths = experiment(leaves, count, seed, tick=tick)
    noisy = {key: costs(e, value) for key, value in paths.items()}
    quiet = {key: costs(e, value) for key, value in experiment(leaves, 1, seed, noisy=False, tick=tick).items()}
    table = pd.DataFrame(
        [
            {"node supply": regime, "policy": name} | {HEADS[m]: _cells(noisy[regime, name][m] * scale) for m, scale in SHOWN.items()}
            for regime in REGIMES
            for name in POLICIES
        ]
    )
    ratios, stage = _ratios(noisy, quiet), _game(leaves, e)
    lowest = float(min(np.min(found["lowest reserve"]) for part in (noisy, quiet) for found in part.values()))
    return Reproduction(
        TITLE,
        {
            f"Mean daily cost and its parts, {count} runs, 95 % intervals": table,
            "Cost over that of MPC (above 1: MPC is better), 95 % intervals": ratios,
            "One-shot game of the reserve and the holders": stage,
        },
        _claims(noisy, quiet, ratios, stage, lowest),
        CHOICES,
        {"price": _figure(e, paths)},
    )
