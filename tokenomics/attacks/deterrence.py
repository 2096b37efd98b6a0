"""Whether cheating pays: the deterrence condition on the plane of audit probability and stake.

A node that fakes a day's work gains what it was paid for, one that serves a smaller model what it
saves; both risk their stake. Cheating never pays where the expected penalty is at least the gain
(Becker 1968, Crime and punishment). Units: USD, 1/day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..model.formulas.bonding import bonded
from ..model.formulas.cheating import deterrence, deterrences
from ..model.steady_state import steady_state
from ..parameters import Parameters
from ..results.drawing import Drawing
from ..results.figures import plain_log, styled

NOTHING = 1e-200  # a gain or a penalty of nothing, as the ratio has it


@dataclass(frozen=True)
class Deterrence:
    """Where a network stands. stake, revenue: of one node [USD], [USD/day]. audit: probability a
    day.

    ratio: expected penalty over gain; above 1 cheating never pays.
    needed_audit, needed_stake: the least of each that deters, the other one as it is; infinite
    where no value does.
    price_margin: the token price, as a share of today's, at which cheating begins to pay. Fees stay
    in USD; emission and slashing are in tokens.
    """

    stake: float
    revenue: float
    audit: float
    ratio: float
    needed_audit: float
    needed_stake: float
    price_margin: float


def needed_stake(params: Mapping[str, Any], revenue: Any) -> Any:
    """Least stake of one node that deters [USD], for a day's revenue [USD]; infinite where nobody
    is ever caught.
    """
    at_one = deterrence(params, 1.0, revenue)  # in proportion to the stake
    return np.where(at_one > NOTHING, 1.0 / at_one, np.inf)


def needed_audit(params: Mapping[str, Any], stake: float, revenue: float) -> float:
    """Least audit probability a day that deters; 0 where none is needed, infinite where even daily
    audits do not.
    """
    none, daily = (deterrences(_audited(params, audit), stake, revenue) for audit in (0.0, 1.0))
    return max(map(_audits_for, none, daily))


def _audits_for(none: Any, daily: Any) -> float:
    """Audit probability that deters one way of cheating. none, daily: penalty over gain without
    audits and with daily ones, between which it is linear.
    """
    if none >= 1.0:
        return 0.0
    return float((1.0 - none) / (daily - none)) if daily >= 1.0 else np.inf


def deterred(parameters: Parameters, today: Parameters | None = None) -> Deterrence:
    """The deterrence condition at the steady state. today: as of `steady_state`."""
    state, params = steady_state(parameters, today=today).state, dict(parameters)
    stake = bonded(state) * state["token_price"] / state["nodes"]
    fees = state["operator_income"] - (state["emitted"] - state["slashed"]) * state["token_price"]
    revenue = state["operator_income"] / state["nodes"]
    ratio, stake_needed = (
        float(deterrence(params, stake, revenue)),
        float(needed_stake(params, revenue)),
    )
    if ratio > 1.0 / NOTHING:
        ratio, stake_needed = np.inf, 0.0  # nothing can be faked
    return Deterrence(
        stake=stake,
        revenue=revenue,
        audit=parameters.reliability.audit_probability,
        ratio=ratio,
        needed_audit=needed_audit(params, stake, revenue),
        needed_stake=stake_needed,
        price_margin=_price_margin(ratio, fees / state["operator_income"]),
    )


def _price_margin(ratio: float, fees: float) -> float:
    """Share x of today's token price at which penalty and gain are equal: ratio x = fees + (1 −
    fees) x. fees: share of income paid in USD.

    Infinite where cheating pays at any price, since income in tokens falls with the stake; 0 where
    nothing can be gained.
    """
    return fees / (ratio - 1.0 + fees) if ratio > 1.0 - fees else np.inf


@styled
def deterrence_figure(parameters: Parameters, today: Parameters | None = None) -> Figure:
    """Penalty over gain on the plane of audit probability and stake, with the network's place and
    its boundary. today: as of `steady_state`.
    """
    found, params = deterred(parameters, today), dict(parameters)
    audits = np.geomspace(1e-3, 1.0, 101)
    stakes = np.geomspace(0.02, 50.0, 101) * found.stake
    boundary = [float(needed_stake(_audited(params, audit), found.revenue)) for audit in audits]
    grid = np.array(
        [deterrence(_audited(params, audit), stakes, found.revenue) for audit in audits]
    ).T
    figure = Drawing(figsize=(7.0, 4.6), layout="constrained")
    axis = figure.subplots()
    shown = axis.contourf(
        audits,
        stakes,
        np.log10(grid),
        levels=np.arange(-3.0, 3.01, 0.5),
        cmap="RdBu",
        extend="both",
    )
    powers = np.arange(-3, 4)
    bar = figure.colorbar(shown, ax=axis, label="expected penalty over gain [1]", ticks=powers)
    bar.set_ticklabels([f"{10.0**power:,g}" for power in powers])
    axis.plot(audits, boundary, color="black", label="cheating pays below")
    axis.plot(
        found.audit,
        found.stake,
        "o",
        color="black",
        label=f"this network: penalty {found.ratio:.2g} times the gain",
    )
    plain_log(axis, "x")
    plain_log(axis, "y")
    axis.set(
        xlabel="audit probability [1/day]",
        ylabel="stake of a node [USD]",
        ylim=(stakes[0], stakes[-1]),
    )
    verdict = "does not pay" if found.ratio >= 1.0 else "pays"
    until = (
        f"; it begins to pay at {found.price_margin:.0%} of today's token price"
        if found.ratio >= 1.0
        else ""
    )
    axis.set_title(f"Cheating {verdict}{until}; blue: it does not, red: it does")
    axis.legend(loc="lower left", frameon=True)
    return figure


def _audited(params: Mapping[str, Any], audit: float) -> dict[str, Any]:
    return {
        **params,
        "reliability": params["reliability"].model_copy(update={"audit_probability": audit}),
    }
