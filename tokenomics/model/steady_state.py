"""The steady state: where every flow balances, which pins the token price at its utility value.

One unknown, the network's price per Mtok, solves target utilisation × capacity(price) = demand(price); all else
follows in closed form from the blocks' own functions. The residual is measured with the model's own step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize.elementwise import find_root

from ..errors import BlockError, InputError, ModelError
from ..inputs.arguments import checked, of
from ..parameters import Parameters, substitute
from . import controllers as control
from .blocks import privacy, reliability, venues
from .controllers.static import steady_spending
from .formulas.distribution import quantile
from .formulas.fleet import fiat_cost, installed_capacity, willing_nodes
from .formulas.latency import call_latency
from .formulas.numerics import MTOK_PER_DAY, news_variance, oracle_delay, treasury_share
from .model import MODEL, Model
from .shocks import NORMALS, UNIFORMS, ShockTable
from .variables import SHARED, scale

PRICE_BRACKET = (1e-9, 1e6)  # USD/Mtok
FOREVER = 1e15  # days; customers keep the variance that they expect
SETTLING_STEPS = 3  # steps after which every flow has its value while the stocks are held


@dataclass(frozen=True)
class SteadyState:
    """state: every variable's value. residual: largest change in one step, in units of each variable's scale.

    worst: the variable with that change. params: what the blocks see of the stationary form, without shocks. model: the block list.
    """

    state: dict[str, float]
    residual: float
    worst: str
    params: Mapping[str, Any]
    model: Model

    def jacobian(self, relative: float = 1e-6) -> tuple[np.ndarray, list[str]]:
        """Jacobian of the step map in scaled variables (n, n), and their names.

        relative: half the width of the central differences along the run axis, in units of each variable; one-sided where a variable stands on its lower bound.
        """
        names = [n for n in self.state if n not in ("time", "step")]
        table = self.model.variables(self.params)
        sizes = np.array([float(scale(table[n], self.state)) for n in names])
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
        after = self.model.step(self.params, {**start, "time": 0.0, "step": 0})
        rows = [np.broadcast_to(after[n], 2 * columns) for n in names]
        slopes = np.array([r[:columns] - r[columns:] for r in rows]) / width
        return slopes * sizes / sizes[:, None], names

    def rank(self, tolerance: float = 1e-5) -> tuple[int, int]:
        """Rank of (Jacobian − 1), by singular values above `tolerance`, and the number of variables: the difference counts the directions that stay put.

        Those are the derived constants, the reserves without a target, and the split of tokens between holders.
        """
        jacobian, names = self.jacobian()
        values = np.linalg.svd(jacobian - np.eye(len(names)), compute_uv=False)
        return int(np.sum(values > tolerance)), len(names)


def stationary(groups: Mapping[str, Any]) -> dict[str, Any]:
    """The same network without growth, season, decaying emission, vesting, events or shocks."""
    still = {f"events.{n}": 0.0 for n in type(groups["events"]).model_fields if n.endswith(("_size", "_share"))}
    still |= {"demand.growth_rate": 0.0, "demand.weekly_amplitude": 0.0, "supply.emission_decay": False, "supply.vesting": False}
    still |= {"attack.size": 0.0, "attack.position": 0.0}
    return substitute(groups, still | {"shocks.enabled": False, "venues.variance_memory": FOREVER})


def _spending(params, income):
    return steady_spending(params, income) if params["controller"].type == "static" else 0.0


def _network(params, price, variance) -> dict[str, Any]:
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
        cheating = reliability.faked_share(params, stake_days, kept)
    toll = reliability.reliability(params, cheating)
    check = params["access"].in_use
    efficiency = toll["availability"] * check.uptime * check.throughput * shield["privacy_throughput"] / toll["rework"]
    unit_revenue = kept * price * target * efficiency
    nodes = {name: willing_nodes(a, unit_revenue) for name, a in params["fleet"].items()}
    installed = installed_capacity(params, nodes)
    count = sum(nodes.values())
    online = {name: n * toll["availability"] for name, n in nodes.items()}
    latency = call_latency(params, online, target, toll["failure_share"])
    seen = {
        "inference_price": price,
        "price_variance": variance,
        "latency_mean": latency.mean,
        "latency_variance": latency.variance,
        "latency_third": latency.third,
        "latency_p99": quantile(latency, 0.99),
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


def _price(params, swept: Mapping[str, np.ndarray], variance, points: int) -> np.ndarray:
    """Price per Mtok at which demand is the target share of capacity (points,); NaN where there is none [USD/Mtok]."""

    def excess_supply(log_price, point):
        mine = stationary(substitute(params, {path: values[point.astype(int)] for path, values in swept.items()}))
        network = _network(mine, np.exp(log_price), variance[point.astype(int)])
        return np.log(mine["pricing"].target_utilisation * network["capacity"] + 1e-300) - np.log(network["demand"] + 1e-300)

    bracket = tuple(np.full(points, np.log(end)) for end in PRICE_BRACKET)
    tolerances = {"xatol": 1e-15, "xrtol": 1e-15, "fatol": 0.0, "frtol": 0.0}
    found = find_root(excess_supply, bracket, args=(np.arange(points),), tolerances=tolerances, maxiter=200)
    return np.where(found.success, np.exp(found.x), np.nan)


def _stocks(params, network: dict[str, Any], variance) -> dict[str, Any]:
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
    attack = params["attack"]
    attacker = attack.inventory * pool if attack.enabled else 0.0
    holders = circulating - pool - customers - operators - speculators - attacker
    log_price = np.log(price)
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
        "attacker_tok": attacker,
        "attacker_usd": attack.capital * pool * price if attack.enabled else 0.0,
        "attack_inventory": attacker,
        "attack_anchor": price,
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
        "credit_price": network["inference_price"],
        "initial_demand": network["potential_demand"],
        "throughput": fees,
        "price_variance": variance,
        "oracle_log_price": log_price,
        "average_log_price": log_price,
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
    except BlockError as error:
        raise ModelError(f"in the steady state: {error}") from error


def steady_states(params: Mapping[str, Any], model: Model, swept: Mapping[str, np.ndarray], points: int) -> dict[str, np.ndarray]:
    """The steady state of many parameter points at once: every variable, (points,); NaN where a point has none.

    params: groups of parameters. swept: by path, (points,). A point's numbers do not depend on the points beside it.
    """
    with np.errstate(all="ignore"):
        mine = substitute(params, swept)
        variance = np.broadcast_to(news_variance(mine), points).astype(float)
        calm = {**stationary(mine), "time_step": params["simulation"].time_step, "orders": model.orders}
        still = np.zeros((1, points))
        calm["shock_table"] = ShockTable({name: still for name in (*NORMALS, *UNIFORMS, *model.extra_shocks)})
        network = _network(calm, _price(params, swept, variance, points), variance)
        held = {**network, **_stocks(calm, network, variance), **model.extra_initial}
        held |= {f"oracle_delayed_{n}": held["oracle_log_price"] for n in oracle_delay(mine)}
        held |= control.at_rest(params["controller"].type, held)
        table = model.variables(params)
        held = {name: np.broadcast_to(value, points).astype(float) for name, value in held.items() if name in table}
        held["time"], held["step"] = 0.0, 0
        state: dict[str, Any] = {name: np.zeros(points) for name in table} | held
        for _ in range(SETTLING_STEPS):
            state = {name: np.broadcast_to(value, points) for name, value in _step(model, calm, state).items()} | held
        none = ~np.isfinite(state["token_price"]) | (state["holders_tok"] <= 0.0)
        return {name: value if name in SHARED else np.where(none, np.nan, value) for name, value in state.items()}


def _refuse(groups: Mapping[str, Any]) -> None:
    """Say why there is no steady state."""
    variance = np.broadcast_to(news_variance(groups), 1)
    price = _price(groups, {}, variance, 1)
    if not np.isfinite(price[0]):
        raise InputError(
            "no steady state: demand never meets the fleet's supply",
            key="fleet",
            expected="nodes and workloads whose supply and demand curves cross",
        )
    calm = stationary(groups)
    stocks = _stocks(calm, _network(calm, price, variance), variance)
    raise InputError(
        f"pool, customers, operators and speculators hold {1 - stocks['holders_tok'][0] / stocks['circulating_supply']:.3f} of circulating supply",
        key="supply",
        expected="less than 1 (lower supply.speculator_share, supply.customer_days, market.pool_share or operators.inventory_days)",
    )


@checked(parameters=of(Parameters, expected="Parameters, such as resolve(...).values"), model=of(Model, expected="a Model"))
def steady_state(parameters: Parameters, model: Model = MODEL) -> SteadyState:
    """The steady state of a network's stationary form, from which simulations start; risk-adjusted where shocks are on.

    parameters: of the network. model: the block list.
    With shocks on, customers expect the variance of the news from the start. Raises InputError where no steady
    state exists. The residual is that of the stationary form; a controller that has none of its own shows there.
    """
    groups = dict(parameters)
    found = steady_states(groups, model, {}, 1)
    if not np.isfinite(found["token_price"][0]):
        with np.errstate(all="ignore"):
            _refuse(groups)
    table = ShockTable({name: np.zeros((1, 1)) for name in (*NORMALS, *UNIFORMS, *model.extra_shocks)})
    params = {**stationary(groups), "time_step": parameters.simulation.time_step, "shock_table": table, "orders": model.orders}
    state = {name: _scalar(value) for name, value in found.items()} | {"time": 0.0, "step": 0}
    with np.errstate(all="ignore"):
        after = _step(model, params, state)
    sizes = model.variables(params)
    change = {name: abs(_scalar(after[name]) - state[name]) / float(scale(sizes[name], state)) for name in sizes if name not in SHARED}
    worst = max(change, key=change.get)
    return SteadyState(state, change[worst], worst, params, model)
