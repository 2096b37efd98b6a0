"""Akcin et al. (2022), arXiv 2210.12881: a token's supply, price and reserve under MPC, PID and no
control, in three regimes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...elementary import exp
from ...model.formulas.numerics import DAYS_PER_YEAR
from ...parameters.reading import Leaf
from ...results.drawing import Drawing
from ...results.figures import COLOURS, styled
from ..reproduction import Claim, Reproduction, Verdict, mean_interval, ratio, settings
from . import game
from .controllers import Mpc, Peg, Pid, clearing, simc
from .economy import Economy, Paths, costs, economy, shocks, simulate, without_noise

TITLE = (
    "O. Akcin, R. P. Streit, B. Oommen, S. Vishwanath, S. Chinchali: A Control Theoretic Approach "
    "to Infrastructure-Centric Blockchain "
    "Tokenomics, 2022, arXiv 2210.12881"
)
LONG = "MPC, long horizon"
REGIMES = ("outpaces", "matches", "lags")
POLICIES = ("none", "peg", "PID by rule", "PID", "MPC", "MPC told the trend")
OTHERS = ("none", "peg", "PID by rule", "PID")
BEST = 2.4  # "up to 2.4 times better" than stablecoin heuristics
SHOWN = {
    "cost": 1e3,
    "effort cost": 1e3,
    "tracking RMS": 1.0,
    "volatility": 1.0,
    "lowest reserve": 1.0,
    "served": 1.0,
}
HEADS = {
    "cost": "cost x 1000",
    "effort cost": "of it effort",
    "tracking RMS": "tracking RMS [log points]",
    "volatility": "volatility [1/sqrt(year)]",
    "lowest reserve": "lowest reserve [days of income]",
    "served": "served at the end [share of demand]",
}
CHOICES = (
    "The paper's equations and parameters are not available to us. State, controls, regimes, "
    "horizon and policies are the paper's; the "
    "nodes are those of an open model of the same kind (mkq-volt/control-tool); every number is "
    "ours, in params/papers/akcin.yaml.",
    "Accounts: the open model's documented reserve is R' = R + Rev + B P (1 - u2) with B = min(D, "
    "C) p u2/P. The burn has been paid for, yet "
    "all of Rev is kept and Rev u2 (1 - u2) is added: a step makes Rev u2 (2 - u2) dollars out of "
    "nothing (a version of its code adds "
    "Rev (1 - u2), which balances), and nothing spends the reserve. Ours is R' = R + income - "
    "buy-back, S' = S + (payment - buy-back)/P.",
    "Price: the open model's holds to a constant, V0 [Td/S] [1 + beta U] [1 + gamma M], that fees "
    "move by utilisation alone. Ours is the "
    "equation of exchange, P* = income/(v S), approached by a tenth a day, with market noise; what "
    "nodes sell at once is in v.",
    "Nodes: kappa max(0, pi - 1) - delta makes nodes leave at delta however little they earn, and "
    "the same when they break even. Ours is "
    "ln C' = ln C + g + kappa (pi - 1), with the exogenous growth g that the paper's regimes need; "
    "c0 is such that pi = 1 at the start.",
    "The MPC plans as if there were no noise. Where demand is near capacity this expects min(D, C) "
    "too high: too much is paid out, and the price "
    "stays below the reference. With market noise but without noise of demand the MPC was 1.5 "
    "times as good as the PID where supply matches.",
    "The objective, as the paper's, has no term for service. Where nodes lag, a plan over the long "
    "horizon pays them less, as what is not "
    "served does not raise the price above its reference: the table without noise shows what that "
    "saves and what is left unserved.",
    "No control is the paper's 'income clearing' as we read it: each day's dollars buy tokens that "
    "pay the nodes. Effort is the squared "
    "distance of both flows from it, so that no control costs no effort.",
    "Limits: a day's buy-back is at most its income and a tenth of the reserve, a day's payment at "
    "most twice the income. The controls of the "
    "MPC are the shares of these, so a non-negative reserve needs no penalty, where the paper has "
    "an augmented Lagrangian.",
    "MPC: 20 days ahead; each day two Gauss-Newton steps (those of iterative LQR, without the "
    "recursion) within the box, from the day before's "
    "plan, with a line search that never accepts a dearer plan. It knows the economy but not its "
    "noise, and takes the line through the log "
    "demand of 90 days as forecast (the paper: ARIMA on Helium data); 'told the trend' has the "
    "true growth instead.",
    "PID: moves the buy-back alone. Splitting the action between buy-back and pay, or paying nodes "
    "more when the price is high, cost about "
    "1.6 times as much after the same tuning, because pay moves nodes and income. 'PID' has the "
    "gains of least mean cost over the regimes "
    "on other random numbers, noise included, so that it is slow where there is none; 'PID by "
    "rule' has Skogestad's rule with a closed-loop "
    "time of 20 days, and knows nothing of the effort.",
    (
        "Peg: our stablecoin heuristic, the supply changed by the whole price gap in a day, within "
        "the same limits."
    ),
    (
        "All policies meet the same random numbers; ratios are of means, with intervals by the "
        "delta method on paired runs."
    ),
    (
        "The game is our own, as the paper's is not available: one round, a posted price, equal "
        "holders, the equation of exchange."
    ),
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
        LONG: Mpc(e, int(value["mpc.long_horizon"]), *mpc[2:]),
    }


def experiment(
    leaves: dict[str, Leaf],
    names: Sequence[str],
    runs: int,
    seed: int,
    *,
    noisy: bool = True,
    tick: Callable[[], None] = lambda: None,
) -> dict[tuple[str, str], Paths]:
    """Policies in every regime on the same random numbers: paths by (regime, policy)."""
    e = economy(leaves) if noisy else without_noise(economy(leaves))
    paths = {}
    for regime in REGIMES:
        growth = leaves[f"regimes.{regime}"].value
        drawn = shocks(leaves, growth, range(runs), seed, noisy=noisy)
        fresh = policies(leaves, e, growth)
        for name in names:
            paths[regime, name] = simulate(e, fresh[name], drawn)
            tick()
    return paths


def _cells(values: np.ndarray) -> str:
    mean, low, high = mean_interval(values)
    return f"{mean:.3g} [{low:.3g}, {high:.3g}]"


def _ratios(noisy: dict, quiet: dict) -> pd.DataFrame:
    rows = []
    for regime in REGIMES:
        for other in OTHERS:
            found = ratio(noisy[regime, other]["cost"], noisy[regime, "MPC"]["cost"])
            told = ratio(noisy[regime, other]["cost"], noisy[regime, "MPC told the trend"]["cost"])[
                0
            ]
            still = ratio(quiet[regime, other]["cost"], quiet[regime, "MPC"]["cost"])[0]
            row = {
                "node supply": regime,
                "policy": other,
                "ratio": found[0],
                "low": found[1],
                "high": found[2],
            }
            rows.append(
                row
                | {
                    "to MPC told the trend": told,
                    "without noise": still,
                    "published": f"up to {BEST}",
                }
            )
    return pd.DataFrame(rows)


def _still(quiet: dict[tuple[str, str], dict[str, np.ndarray]]) -> pd.DataFrame:
    rows = []
    for (regime, name), found in quiet.items():
        row = {"node supply": regime, "policy": name, "cost x 1e6": float(found["cost"][0] * 1e6)}
        rows.append(
            row
            | {
                HEADS["tracking RMS"]: float(found["tracking RMS"][0]),
                HEADS["served"]: float(found["served"][0]),
            }
        )
    return pd.DataFrame(rows)


def _game(leaves: dict[str, Leaf], e: Economy) -> pd.DataFrame:
    holders, discount = int(leaves["game.holders"].value), leaves["game.discount"].value
    target, budget = 1.0 + leaves["game.gap"].value, e.reserve * e.turnover
    posted = {
        "today's, by a leader that forgets that holders choose": 1.0,
        "by a leader that foresees them, with the reserve": game.leader(
            target, budget, holders, discount
        ),
        "by a leader that foresees them, without a budget": game.leader(
            target, np.inf, holders, discount
        ),
    }
    rows = []
    for text, price in posted.items():
        share = float(game.sold(price, holders, discount))
        row = {
            "posted price": text,
            "price / before": price,
            "share sold": share,
            "outlay / market value": price * share,
        }
        rows.append(
            row
            | {"price after / before": float(game.price_after(share)), "reference / before": target}
        )
    return pd.DataFrame(rows)


def _verdict(found: Sequence[tuple[float, float, float]]) -> tuple[Verdict, str]:
    """Of a claim that a ratio is above 1 in every regime, by the intervals; and the ratios as
    text.
    """
    text = "; ".join(
        f"{r} {m:.2f} [{low:.2f}, {high:.2f}]"
        for r, (m, low, high) in zip(REGIMES, found, strict=True)
    )
    if all(low > 1.0 for _, low, _ in found):
        return "confirmed", text
    if any(high < 1.0 for _, _, high in found):
        return "refuted", text
    return "undecided", text + " (an interval holds 1)"


def _claims(
    noisy: dict, ratios: pd.DataFrame, stage: pd.DataFrame, lowest: float
) -> tuple[Claim, ...]:
    def cheaper(other: str, text: str) -> Claim:
        rows = ratios[ratios["policy"] == other]
        verdict, found = _verdict(
            list(rows[["ratio", "low", "high"]].itertuples(index=False, name=None))
        )
        still = ", ".join(f"{x:.3g}" for x in rows["without noise"])
        return Claim(
            text,
            verdict,
            (
                f"in our economy, its cost over MPC's by node supply: {found}; without any noise "
                f"{still}"
            ),
        )

    tracking = [
        ratio(noisy[r, "none"]["tracking RMS"], noisy[r, "MPC"]["tracking RMS"]) for r in REGIMES
    ]
    verdict, found = _verdict(tracking)
    swings = ", ".join(
        f"{ratio(noisy[r, 'none']['volatility'], noisy[r, 'MPC']['volatility'])[0]:.2f}"
        for r in REGIMES
    )
    best = ", ".join(
        f"{other} {ratios[ratios['policy'] == other]['ratio'].max():.2f}" for other in OTHERS
    )
    return (
        cheaper(
            "PID by rule",
            "MPC costs less than PID (section 6), in each regime; PID with gains by a rule",
        ),
        cheaper(
            "PID",
            "MPC costs less than PID (section 6), in each regime; PID with the gains of least cost",
        ),
        cheaper("none", "MPC costs less than no control (section 6), in each regime"),
        Claim(
            f"MPC is up to {BEST} times better than stablecoin heuristics",
            "not testable",
            "which heuristic and which economy is not said in what is available; section 6 names "
            "PID as used in some stablecoins. Our largest "
            f"ratios over the regimes: {best}",
        ),
        Claim(
            (
                "Control makes the price follow a rising reference more closely than no control "
                "(section 6), in each regime"
            ),
            verdict,
            f"in our economy, no control's tracking RMS over MPC's: {found}; its daily volatility "
            f"over MPC's: {swings}, as buy-backs act on the "
            "supply and not on a day's news",
        ),
        Claim(
            "Treasuries stay non-negative (section 4)",
            "confirmed" if lowest >= 0.0 else "refuted",
            f"by construction: lowest reserve of all runs and policies {lowest:.3g} days of income",
        ),
        Claim(
            "A Stackelberg leader that foresees what holders sell steers the price (section 5)",
            "not testable",
            f"the paper's game is not available. In ours a leader that posts today's price buys "
            f"{stage['share sold'][0]:.1%} of the supply; the one "
            f"that foresees the sellers posts {stage['price / before'][2]:.3f} times it and "
            f"reaches the reference, for "
            f"{stage['outlay / market value'][2]:.1%} of the market's value",
        ),
    )


@styled
def _figure(e: Economy, paths: dict[tuple[str, str], Paths]) -> Figure:
    figure = Drawing(figsize=(11.0, 3.8), layout="constrained")
    panels = figure.subplots(1, len(REGIMES), sharey=True)
    for axis, regime in zip(panels, REGIMES, strict=True):
        for policy, colour in zip(POLICIES, COLOURS, strict=False):
            price = exp(paths[regime, policy].price)
            axis.plot(np.median(price, axis=0), color=colour, label=policy, linewidth=1.2)
        days = np.arange(price.shape[1])
        axis.plot(days, exp(e.reference(days)), color="black", linestyle="--", label="reference")
        axis.set(title=f"node supply {regime} demand", xlabel="time [days]")
    panels[0].set_ylabel("median price over its start [1]")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    spread = max(
        float(np.diff(np.percentile(exp(one.price)[:, -1], (25, 75)))[0]) for one in paths.values()
    )
    figure.suptitle(
        f"Price under each policy, median of {len(price)} runs; at the end the middle half of the "
        f"runs is at most {spread:.2g} wide",
        x=0.01,
        ha="left",
    )
    return figure


def reproduce(
    runs: int | None = None, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> Reproduction:
    """The comparison of policies in the three regimes, with and without noise, and the game.

    runs: of the noisy part, in place of the settings'. progress: called with policies done and
    policies in all.
    """
    leaves = settings("akcin")
    e, count = economy(leaves), int(leaves["runs"].value) if runs is None else runs
    total, done = len(REGIMES) * (2 * len(POLICIES) + 1), 0

    def tick():
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    paths = experiment(leaves, POLICIES, count, seed, tick=tick)
    noisy = {key: costs(e, value) for key, value in paths.items()}
    still = experiment(leaves, (*POLICIES, LONG), 1, seed, noisy=False, tick=tick)
    quiet = {key: costs(e, value) for key, value in still.items()}
    table = pd.DataFrame(
        [
            {"node supply": regime, "policy": name}
            | {HEADS[m]: _cells(noisy[regime, name][m] * scale) for m, scale in SHOWN.items()}
            for regime in REGIMES
            for name in POLICIES
        ]
    )
    ratios, stage = _ratios(noisy, quiet), _game(leaves, e)
    lowest = float(
        min(np.min(found["lowest reserve"]) for part in (noisy, quiet) for found in part.values())
    )
    return Reproduction(
        TITLE,
        {
            f"Mean daily cost and its parts, {count} runs, 95 % intervals": table,
            "Cost over that of MPC (above 1: MPC is better), 95 % intervals": ratios,
            f"Without noise; the long horizon is {leaves['mpc.long_horizon'].value} days": _still(
                quiet
            ),
            "One-shot game of the reserve and the holders": stage,
        },
        _claims(noisy, ratios, stage, lowest),
        CHOICES,
        {"price": _figure(e, paths)},
    )
