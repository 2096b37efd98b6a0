"""What faking usage costs, what it moves, from what holding of tokens on it pays, and what defends.

Every figure is the difference between runs with and without faked work on common shocks; whoever
fakes has the same nodes and sells the same holding on the same days in both. So a holding's gain is
what its sale brings more, price impact and all, and not what the tokens are said to be worth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..elementary import log
from ..engines.ensemble import Outcome
from ..errors import InputError
from ..experiments.evaluate import Simulator
from ..inputs import bounds
from ..inputs.arguments import many
from ..model.steady_state import start_state
from ..parameters import Parameters, Resolved
from ..results.intervals import intervals

SCENARIO = "wash_usage"
POLICIES = ("none", "pid")
SHIPPED = "as set"
MOST = 0.25  # of circulating supply: the largest holding that is tried
HOLDINGS = MOST * np.linspace(0.0, 1.0, 11) ** 2  # denser where break-even points lie
PATHS = ("wash_usage.size", "wash_usage.own_nodes", "wash_usage.holding")
NEEDS = (
    "control_output",
    "faked_fees",
    "faker_profit",
    "inference_price",
    "token_price",
    "treasury_usd",
    "utility_value",
)
EFFECTS = ("value", "price", "work_price")  # means of logarithms
MONEY = ("profit", "paid", "spent", "treasury")
MEASURED = (*MONEY, *EFFECTS, "level")


def defences(resolved: Resolved) -> dict[str, dict[str, Any]]:
    """The defender's options for a policy, by name: settings over it."""
    values = resolved.values
    burn, fee = values.supply.burn_share, values.treasury.fee_share
    found: dict[str, dict[str, Any]] = {
        SHIPPED: {},
        "burn share 0.2 higher": {"supply.burn_share": min(burn + 0.2, 1.0 - fee)},
        "treasury's fee share 0.2 higher": {"treasury.fee_share": min(fee + 0.2, 1.0 - burn)},
        "throughput memory 6 times longer": {
            "supply.throughput_memory": 6.0 * values.supply.throughput_memory
        },
    }
    if values.controller.type != "none":
        for reference in ("average", "path"):
            if reference != values.controller.reference:
                found[f"reference {reference}"] = {"controller.reference": reference}
    return found


def wash_usage_table(
    resolve: Callable[[str], Resolved],
    *,
    policies: str | Sequence[str] = POLICIES,
    runs: int = 200,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """One row a policy, share of the fleet that is his (none, and as set) and defence.

    resolve: gives the parameters under a policy, with the faking in them. paid, cost: USD a day of
    faking, fees and what he is left with of them. value, price, work_price: relative change of
    utility value, token price and price per Mtok over the last days of the faking. spent: what the
    controller buys more until its end [USD]. treasury: change of the reserve at the end of the
    span [USD]. break_even: least holding with which it pays, a share of circulating supply,
    infinite where none up to `MOST` does; its interval holds the holdings of which the runs do not
    tell whether they pay. break_even_tok: the same [TOK]. marked: break-even were the whole holding
    sold at the raised price. Each a mean with its 95 % interval; failed: runs that broke off and
    are not counted.
    """
    bounds.check(runs=(runs, bounds.REPEATED), seed=(seed, bounds.SEED))
    cases = []
    for policy in many(policies):
        resolved = resolve(policy)
        _refuse_peace(resolved.values)
        own = dict.fromkeys((0.0, resolved.values.wash_usage.own_nodes))
        for name, sets in defences(resolved).items():
            case = resolved.replace(sets, source="defence") if sets else resolved
            cases.append((policy, name, case, own))
    rows = []
    for number, (policy, name, case, own) in enumerate(cases):
        run = Faking(case, runs=runs, seed=seed)
        rows += [{"policy": policy, "nodes": n, "defence": name} | run.row(n) for n in own]
        if progress:
            progress(number + 1, len(cases))
    return pd.DataFrame(rows).sort_values(["policy", "nodes"], kind="stable", ignore_index=True)


def _refuse_peace(values: Parameters) -> None:
    """Raises InputError where no usage is faked, or the faking outlasts the span."""
    wash = values.wash_usage
    if not (wash.enabled and wash.size > 0.0 and wash.days > 0.0):
        raise InputError(
            "parameters in which nobody fakes usage",
            key="wash_usage",
            expected=f"enabled, size and days, as scenario {SCENARIO} sets them",
        )
    if values.simulation.days < wash.start + wash.days:
        raise InputError(
            f"{values.simulation.days:g} days",
            key="simulation.days",
            expected=f"at least {wash.start + wash.days:g}, when the faking ends",
        )


class Faking:
    """The faking of one network, compiled once. resolved: the network, with the faking in it."""

    def __init__(self, resolved: Resolved, *, runs: int, seed: int):
        self._values = resolved.values
        self._simulator = Simulator(resolved, PATHS, runs=np.arange(runs), seed=seed, needs=NEEDS)
        self._circulating = start_state(resolved.today)["circulating_supply"]

    def gains(self, nodes: float, holdings: Sequence[float]) -> dict[str, np.ndarray]:
        """What faking changes in every run, (holdings, runs) by name; NaN for a failed run. nodes:
        share of the fleet that is his. holdings: shares of circulating supply.
        """
        size = self._values.wash_usage.size
        points = [(s, nodes, held) for held in holdings for s in (size, 0.0)]
        found = self._simulator(points, MEASURED, self._measure)
        if any(found.errors):
            raise InputError(next(error for error in found.errors if error))
        return {name: rows[::2] - rows[1::2] for name, rows in found.values.items()}

    def row(self, nodes: float) -> dict[str, Any]:
        """One row of the table. nodes: share of the fleet that is his."""
        gains = self.gains(nodes, HOLDINGS)
        profit, days = gains["profit"], self._values.wash_usage.days
        held = HOLDINGS
        close = [x for x in _break_even(held, profit) if 0.0 < x < np.inf]
        if close:
            held = np.append(held, close)
            profit = np.vstack([profit, self.gains(nodes, close)["profit"]])
            order = np.argsort(held, kind="stable")
            held, profit = held[order], profit[order]
        even = _break_even(held, profit)
        cost, rise = -np.nanmean(profit[0]), np.nanmean(gains["level"][0])
        marked = 0.0 if cost <= 0.0 else cost / rise / self._circulating if rise > 0.0 else np.inf
        return {
            "paid": _interval(gains["paid"][0] / days),
            "cost": _interval(-profit[0] / days),
            "total": _interval(-profit[0]),
            **{n: tuple(float(np.expm1(x)) for x in _interval(gains[n][0])) for n in EFFECTS},
            "spent": _interval(gains["spent"][0]),
            "treasury": _interval(gains["treasury"][0]),
            "break_even": even,
            "break_even_tok": tuple(x * self._circulating for x in even),
            "marked": float(marked),
            "failed": int(np.sum(~np.isfinite(profit[0]))),
        }

    def _measure(self, outcome: Outcome, _: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What is compared, of every run: money until the end of the faking, levels over its last
        days.
        """
        wash, step, paths = (
            self._values.wash_usage,
            self._values.simulation.time_step,
            outcome.values,
        )
        end = round((wash.start + wash.days) / step)
        last = slice(end + 1 - max(1, round(min(wash.sale_days, wash.days) / step)), end + 1)

        def until_end(name: str) -> np.ndarray:
            return np.sum(paths[name][:, 1 : end + 1], axis=1) * step

        def mean_log(name: str) -> np.ndarray:
            return np.mean(log(paths[name][:, last]), axis=1)

        return {
            "profit": paths["faker_profit"][:, end],
            "paid": until_end("faked_fees"),
            "spent": until_end("control_output"),
            "treasury": paths["treasury_usd"][:, -1],
            "value": mean_log("utility_value"),
            "price": mean_log("token_price"),
            "work_price": mean_log("inference_price"),
            "level": np.mean(paths["token_price"][:, last], axis=1),
        }


def _interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean over runs and its 95 % interval."""
    found = intervals(values[None, :])
    return tuple(float(x[0]) for x in (found.mean, found.low, found.high))


def _break_even(held: np.ndarray, profit: np.ndarray) -> tuple[float, float, float]:
    """Least holding with which the mean profit is no loss, and those from which its interval's
    upper and lower end are none. held: (holdings,), rising. profit: (holdings, runs).
    """
    found = intervals(profit)
    return tuple(_crossing(held, x) for x in (found.mean, found.high, found.low))


def _crossing(held: np.ndarray, profit: np.ndarray) -> float:
    """Where a profit, linear between the holdings, first is no loss; infinite where it never is."""
    good = np.flatnonzero(profit >= 0.0)
    if not len(good):
        return np.inf
    at = int(good[0])
    if at == 0:
        return float(held[0])
    gap, rise = held[at] - held[at - 1], profit[at] - profit[at - 1]
    return float(held[at - 1] - profit[at - 1] * gap / rise)
