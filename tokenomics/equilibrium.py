"""The steady state: where every flow balances, which pins the token price at its utility value.

One unknown, the network's price per Mtok, solves target utilisation × capacity(price) = demand(price); all else
follows in closed form from the blocks' own functions. The residual is measured with the model's own step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq

from .blocks import privacy, reliability, venues
from .capacity.fleet import fiat_cost, installed_capacity, willing_nodes
from .capacity.latency import latency
from .control.static import steady_spending
from .errors import InputError, ModelError, nearest
from .kinetics import MTOK_PER_DAY, treasury_share
from .model import Model, bind
from .parameters import Parameters
from .shocks import NORMALS, UNIFORMS, ShockTable
from .state import scale

PRICE_BRACKET = (1e-9, 1e6)  # USD/Mtok
FOREVER = 1e15  # days; customers keep the variance that they expect
SETTLING_STEPS = 3  # steps after which every flow has its value while the stocks are held


@dataclass(frozen=True)
class SteadyState:
    """state: every variable's value. residual: largest change in one step, in units of each variable's scale.

    worst: the variable with that change.
    """

    state: dict[str, float]
    residual: float
    worst: str
    _params: Mapping[str, Any]
    _model: Model

    def jacobian(self, relative: float = 1e-6) -> tuple[np.ndarray, list[str]]:
        """Jacobian of the step map in scaled variables (n, n), and their names.

        Central differences along the run axis; one-sided where a variable stands on its lower bound.
        """
        names = [n for n in self.state if n not in ("time", "step")]
        table = self._model.variables(self._params)
        sizes = np.array([scale(table[n], self.state) for n in names])
        columns = len(names)
        start = {n: np.full(2 * columns, self.state[n]) for n in names}
        width = np.empty(columns)
        for i, n in enumerate(names):
            low = self.state[n] - relative * sizes[i]
            if table[n].lower is not None:
                low = max(low, table[n].lower)
            start[n][i] += relative * sizes[i]
            start[n][columns + i] = low
            width[i] = start[n][i] - low
        after = self._model.step(self._params, {**start, "time": 0.0, "step": 0})
        rows = [np.broadcast_to(after[n], 2 * columns) for n in names]
        slopes = np.array([r[:columns] - r[columns:] for r in rows]) / width
        return slopes * sizes / sizes[:, None], names

    def rank(self, tolerance: float = 1e-5) -> tuple[int, int]:
        """Rank of (Jacobian − 1) and the number of variables: the difference counts the directions that stay put.

        Those are the derived constants, the reserves without a target, and the split of tokens between holders.
        """
        jacobian, names = self.jacobian()
        values = np.linalg.svd(jacobian - np.eye(len(names)), compute_uv=False)
        return int(np.sum(values > tolerance)), len(names)


def stationary(parameters: Parameters) -> Parameters:
    """The same network without growth, season, decaying emission, vesting, events or shocks."""
    calm = {name: 0.0 for name in type(parameters.events).model_fields if name.endswith(("_size", "_share"))}
    return parameters.model_copy(
        update={
            "demand": parameters.demand.model_copy(update={"growth_rate": 0.0, "weekly_amplitude": 0.0}),
            "supply": parameters.supply.model_copy(update={"emission_decay": False, "vesting": False}),
            "events": parameters.events.model_copy(update=calm),
            "shocks": parameters.shocks.model_copy(update={"enabled": False}),
            "venues": parameters.venues.model_copy(update={"variance_memory": FOREVER}),
        }
    )


def expected_variance(parameters: Parameters) -> float:
    """Variance of the log price a day that customers expect: that of the news, none where shocks are off [1/day]."""
    news = parameters.news
    if not (parameters.shocks.enabled and news.enabled):
        return 0.0
    return news.volatility**2 + news.jump_rate * (news.jump_mean**2 + news.jump_volatility**2)


def _spending(params, income: float) -> float:
    return steady_spending(params, income) if params["controller"].type == "static" else 0.0


def _network(params, price: float, variance: float) -> dict[str, Any]:
    """Nodes, capacity, latency, shares and demand at a price per Mtok and the target utilisation."""
    target = params["pricing"].target_utilisation
    supply = params["supply"]
    circulating_share = 1.0 - supply.staked_share - supply.treasury_share - supply.locked_share
    shield = privacy.protection(params)
    returned = _spending(params, treasury_share(params)) if supply.enabled else 0.0
    kept = 1.0 - treasury_share(params) + returned

    # Stake against a day's income does not depend on the size of the network: both scale with its fees.
    cheating = 0.0
    if params["reliability"].enabled:
        stake_days = supply.holding_time * supply.staked_share / circulating_share
        cheating = float(reliability.faked_share(params, stake_days, kept))
    toll = reliability.reliability(params, cheating)
    efficiency = toll["availability"] * shield["privacy_throughput"] / toll["rework"]
    unit_revenue = kept * price * target * efficiency
    nodes = {name: float(willing_nodes(a, unit_revenue)) for name, a in params["fleet"].items()}
    installed = installed_capacity(params, nodes)
    count = sum(nodes.values())
    mean, p99 = latency(
        params, count * toll["availability"], target, toll["failure_share"], shield["privacy_latency"]
    )
    seen = {
        "inference_price": price,
        "price_variance": variance,
        "latency_mean": mean,
        "latency_p99": p99,
        **toll,
        **shield,
    }
    demand = params["demand"]
    potential = demand.services * demand.request_rate * (demand.prompt_tokens + demand.output_tokens) * MTOK_PER_DAY
    on_network = 0.0
    for name, workload in params["workloads"].items():
        network, central = venues.generalised_costs(params, workload, seen)
        share = venues.preferred_share(params, network, central)
        work = venues.class_work(params, workload, potential, share, network, central)
        seen[f"share_{name}"], seen[f"demand_{name}"] = share, work * share
        on_network += work * share
    return seen | {
        "cheating_share": cheating,
        "potential_demand": potential,
        "request_rate": demand.request_rate,
        "unit_revenue": unit_revenue,
        "capacity": installed * efficiency,
        "demand": on_network,
        "nodes": count,
        **{f"nodes_{name}": n for name, n in nodes.items()},
        "operator_cost": fiat_cost(params, nodes),
    }


def _price(params, variance: float) -> float:
    target = params["pricing"].target_utilisation

    def excess_supply(log_price: float) -> float:
        network = _network(params, float(np.exp(log_price)), variance)
        return float(np.log(target * network["capacity"] + 1e-300) - np.log(network["demand"] + 1e-300))

    low, high = np.log(PRICE_BRACKET)
    try:
        return float(np.exp(brentq(excess_supply, low, high, xtol=1e-15, rtol=1e-14)))
    except ValueError:
        raise InputError(
            "no steady state: demand never meets the fleet's supply",
            key="fleet",
            expected="nodes and workloads whose supply and demand curves cross",
        ) from None


def _stocks(params, network: dict[str, Any], variance: float) -> dict[str, float]:
    """Ledgers, reserves and derived constants that balance every flow."""
    supply, treasury = params["supply"], params["treasury"]
    fees = network["demand"] * network["inference_price"]
    income = treasury_share(params) * fees
    spending = _spending(params, income)
    total = supply.total_supply
    staked, held, locked = (total * s for s in (supply.staked_share, supply.treasury_share, supply.locked_share))
    circulating = total - staked - held - locked
    price = fees * supply.holding_time / circulating
    slashed = network["slash_rate"] * staked if supply.enabled else 0.0
    burn = supply.burn_share if supply.enabled else 0.0
    emission = (burn * fees + spending) / price + slashed if supply.enabled else 0.0
    gross = (1.0 - treasury_share(params) - burn) * fees / price + emission
    pool = params["market"].pool_share * circulating
    customers = supply.customer_days * (1.0 - treasury_share(params)) * fees / price
    operators = params["operators"].inventory_days * gross
    speculators = supply.speculator_share * circulating
    holders = circulating - pool - customers - operators - speculators
    if holders <= 0.0:
        raise InputError(
            f"pool, customers, operators and speculators hold {1 - holders / circulating:.3f} of circulating supply",
            key="supply",
            expected="less than 1 (lower supply.speculator_share, supply.customer_days, market.pool_share or operators.inventory_days)",
        )
    log_price = float(np.log(price))
    return {
        "total_supply": total,
        "circulating_supply": circulating,
        "staked": staked,
        "treasury_tok": held,
        "locked": locked,
        "pool_tok": pool,
        "customers_tok": customers,
        "operators_tok": operators,
        "speculators_tok": speculators,
        "speculators_usd": speculators * price,
        "holders_tok": holders,
        "pool_usd": pool * price,
        "reference_depth": pool * price,
        "treasury_usd": treasury.reserve * price * circulating,
        "treasury_income": income,
        "operating_cost": (income - spending) * treasury.cost_ratio,
        "token_price": price,
        "initial_price": price,
        "outside_value": price,
        "utility_value": price,
        "settlement_price": price,
        "quote_price": price,
        "throughput": fees,
        "price_variance": variance,
        "oracle_log_price": log_price,
        "average_log_price": log_price,
        "control_filtered": log_price,
        "emission_rate": emission,
        "operator_income": gross * price - slashed * price,
        "stake_per_node": staked / network["nodes"],
        "burn_share": supply.burn_share,
        "emission_multiplier": 1.0,
        "control_signal": spending / (pool * price),
        "control_age": 0.0,
        "utilisation": params["pricing"].target_utilisation,
    }


def _scalar(value: Any) -> float:
    return float(np.ravel(value)[0])


def _step(model: Model, params, state: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return model.step(params, state)
    except KeyError as error:
        name = str(error.args[0])
        near = nearest(name, state)
        hint = f"; did you mean '{near}'?" if near else ""
        raise ModelError(f"a block uses the name '{name}', which is neither a variable nor a signal{hint}") from error


def solve(parameters: Parameters, model: Model) -> SteadyState:
    """The steady state of the network's stationary form, risk-adjusted where shocks are on.

    With shocks on, customers expect the variance of the news from the start. Raises InputError where no steady
    state exists. The residual is that of the stationary form; a controller that has none of its own shows there.
    """
    variance = expected_variance(parameters)
    calm = stationary(parameters)
    params = bind(calm, ShockTable({name: np.zeros(1) for name in (*NORMALS, *UNIFORMS, *model.extra_shocks)}))
    network = _network(params, _price(params, variance), variance)
    held = {k: float(v) for k, v in {**network, **_stocks(params, network, variance), **model.extra_initial}.items()}
    table = model.variables(params)
    held = {name: value for name, value in held.items() if name in table}
    state: dict[str, Any] = {name: 0.0 for name in table} | held
    for _ in range(SETTLING_STEPS):
        state = {name: _scalar(value) for name, value in _step(model, params, state).items()}
        state |= held | {"time": 0.0, "step": 0}
    after = _step(model, params, state)
    change = {
        name: abs(_scalar(after[name]) - state[name]) / scale(table[name], state)
        for name in table
        if name not in ("time", "step")
    }
    worst = max(change, key=change.get)
    return SteadyState(state, change[worst], worst, params, model)


