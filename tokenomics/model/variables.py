"""Every state variable once: name, unit, meaning, scale and bound. Units: USD, TOK, Mtok, days, s.

`scale` is the size against which drift and tolerances are judged: a number, the name of the variable whose initial
magnitude it is, or None for the variable's own.
`lower` is a bound that no run may break: a ledger that goes negative stops that run.
A delay is a state variable, never a look into the history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import controllers as control
from .formulas.numerics import oracle_delay

SHARED = ("time", "step")  # one clock for all runs

State = Mapping[str, Any]
Signals = dict[str, Any]


@dataclass(frozen=True)
class Variable:
    """One state variable. name, unit, meaning: as tables show them.

    scale: its size, a number or the variable that has it, against which its drift is judged; by default that of its own start.
    lower: a bound that no run may break.
    """

    name: str
    unit: str
    meaning: str
    scale: float | str | None = None
    lower: float | None = None


def scale(variable: Variable, initial: State) -> Any:
    """Size of a variable [its unit], given the state at the start; a float, or (runs,) where that is."""
    if isinstance(variable.scale, float):
        return variable.scale
    return np.maximum(np.abs(initial[variable.scale or variable.name]), 1e-300)


def assign(name: str):
    """A state update function that takes the policy signal of the same name as the variable's new value."""

    def update(params, substep, state_history, state, signal):
        return name, signal[name]

    update.__name__ = f"update_{name}"
    update.variable = name
    return update


def variable_of(update) -> str:
    """The variable that an update function sets: it says so, or is called `update_<variable>`."""
    return getattr(update, "variable", getattr(update, "__name__", "").removeprefix("update_"))


def assigns(*names: str) -> tuple:
    """`assign` for several variables. names: of signals, each the new value of the variable of its name."""
    return tuple(assign(name) for name in names)


COMMON = (
    # clock
    Variable("time", "days", "time since the start", 1.0, 0.0),
    Variable("step", "1", "number of steps done; the index into the shock table", 1.0, 0.0),
    # shocks
    Variable("news", "1", "news of this step: log change of the outside valuation", 1.0),
    Variable("demand_noise", "1", "standard normal that drives the log demand process", 1.0),
    Variable("speculation_noise", "1", "standard normal that drives chartists' noise orders", 1.0),
    Variable("oracle_noise", "1", "standard normal of the measurement error", 1.0),
    Variable("request_rate", "req/s", "request rate of one service, recorded or the parameter's", None, 0.0),
    Variable("demand_event", "1", "log change of potential demand by the scenario", 1.0),
    Variable("outage_share", "1", "share of nodes offline by the scenario", 1.0),
    Variable("banned_share", "1", "share of nodes and potential nodes under a ban", 1.0),
    Variable("oracle_bias", "1", "log bias of the measured price by manipulation", 1.0),
    Variable("hardware_event", "1", "log change of reservation costs by the scenario", 1.0),
    Variable("attack_anchor", "USD/TOK", "price before the attacker's push, from which it is measured", None, 0.0),
    Variable("attack_inventory", "TOK", "attacker's tokens at the start", "pool_tok", 0.0),
    Variable("unlock_rate", "TOK/day", "locked tokens unlocked and sold by the scenario", "pool_tok", 0.0),
    # demand and venues
    Variable("demand_deviation", "1", "log process of potential demand", 1.0),
    Variable("potential_demand", "Mtok/day", "what customers would ask for at the cloud's price, both venues", None, 0.0),
    Variable("demand", "Mtok/day", "work that customers bring to the network", None, 0.0),
    Variable("cloud_demand", "Mtok/day", "work that customers bring to the cloud", None, 0.0),
    Variable("network_share", "1", "share of all work that is brought to the network", 1.0, 0.0),
    Variable("price_variance", "1/day", "customers' estimate of the variance of the log price", 1e-3, 0.0),
    # capacity, reliability, privacy, pricing
    Variable("availability", "1", "share of nodes online after faults", 1.0, 0.0),
    Variable("online", "1", "share of nodes online after faults and outages", 1.0, 0.0),
    Variable("regions_down", "1", "share of regions that are down at the end of the step", 1.0, 0.0),
    Variable("region_outage", "1", "share of nodes offline in this step because their region is down", 1.0, 0.0),
    Variable("rework", "1", "work done per unit of work delivered (re-computation)", 1.0, 0.0),
    Variable("failure_share", "1", "share of requests that fail or are faked", 1.0, 0.0),
    Variable("cheating_share", "1", "share of work that is faked", 1.0, 0.0),
    Variable("slash_rate", "1/day", "share of all stake slashed a day", 1e-3, 0.0),
    Variable("privacy_throughput", "1", "throughput multiplier of the protection in use", 1.0, 0.0),
    Variable("privacy_latency", "s", "latency added by the protection in use", 1.0, 0.0),
    Variable("privacy_protection", "1", "share of the privacy need that is met", 1.0, 0.0),
    Variable("capacity", "Mtok/day", "what the online nodes can serve at the latency target", None, 0.0),
    Variable("served", "Mtok/day", "work served by the network", None, 0.0),
    Variable("unserved", "Mtok/day", "work turned away by the network", "served", 0.0),
    Variable("utilisation", "1", "work brought to the network as a share of its capacity", 1.0, 0.0),
    Variable("latency_mean", "s", "mean end-to-end latency of a request on the network", None, 0.0),
    Variable("latency_variance", "s^2", "variance of that latency", None, 0.0),
    Variable("latency_third", "s^3", "third central moment of that latency"),
    Variable("latency_p99", "s", "99th percentile of that latency", None, 0.0),
    Variable("inference_price", "USD/Mtok", "the network's price per million tokens", None, 0.0),
    # operators
    Variable("nodes", "nodes", "nodes of all types that are installed", None, 0.0),
    Variable("churned", "nodes/day", "nodes switched off for good", "nodes", 0.0),
    Variable("unit_revenue", "USD/Mtok", "operators' estimate of revenue per unit of capacity", None),
    Variable("operator_cost", "USD/day", "fiat cost of all nodes", None, 0.0),
    Variable("operator_income", "USD/day", "operators' income at the token price: fees and emission less slashing", "pool_usd"),
    # supply
    Variable("fees", "USD/day", "what customers pay the network", None, 0.0),
    Variable("emission_rate", "TOK/day", "scheduled emission to operators", "pool_tok", 0.0),
    Variable("minted", "TOK/day", "tokens minted: emission and controller", "pool_tok", 0.0),
    Variable("burned", "TOK/day", "tokens burned: fees, slashing and buy-back", "pool_tok", 0.0),
    Variable("slashed", "TOK/day", "stake slashed and burned", "pool_tok", 0.0),
    Variable("emitted", "TOK/day", "emission paid to operators", "pool_tok", 0.0),
    Variable("vested", "TOK/day", "locked tokens that vest by schedule", "pool_tok", 0.0),
    Variable("stake_flow", "TOK/day", "tokens with which operators replace what was slashed", "pool_tok", 0.0),
    Variable("delegated", "TOK/day", "stake that passive holders delegate, negative when they get it back", "pool_tok"),
    Variable("stake_per_node", "TOK/node", "stake that each node must hold", None, 0.0),
    Variable("total_supply", "TOK", "all tokens that exist", None, 0.0),
    Variable("circulating_supply", "TOK", "tokens that are not staked, locked or in the treasury", None, 0.0),
    Variable("staked", "TOK", "tokens staked by operators and delegated to them", "pool_tok", 0.0),
    Variable("locked", "TOK", "tokens locked in vesting", "pool_tok", 0.0),
    Variable("treasury_tok", "TOK", "tokens held by the treasury", "pool_tok", 0.0),
    Variable("pool_tok", "TOK", "tokens in the pool, part of circulating supply", None, 0.0),
    Variable("customers_tok", "TOK", "tokens held by customers, part of circulating supply", "pool_tok", 0.0),
    Variable("operators_tok", "TOK", "unsold tokens of operators, part of circulating supply", "pool_tok", 0.0),
    Variable("speculators_tok", "TOK", "tokens held by speculators, part of circulating supply", "pool_tok", 0.0),
    Variable("speculators_usd", "USD", "stablecoin with which speculators can buy", "pool_usd", 0.0),
    Variable("attacker_tok", "TOK", "tokens held by the attacker, part of circulating supply", "pool_tok", 0.0),
    Variable("attacker_usd", "USD", "attacker's stablecoin", "pool_usd", 0.0),
    Variable("attacker_profit", "USD", "attacker's profit so far, his tokens beyond the first at the market price", "pool_usd"),
    Variable("holders_tok", "TOK", "tokens of passive holders and arbitrageurs, part of circulating supply", None, 0.0),
    Variable("conservation_error", "1", "total supply less the sum of its ledgers, relative", 1.0),
    # treasury
    Variable("treasury_usd", "USD", "treasury's reserve in stablecoin", "pool_usd", 0.0),
    Variable("treasury_income", "USD/day", "treasury's share of fees", "pool_usd", 0.0),
    Variable("operating_cost", "USD/day", "treasury's planned operating cost", "pool_usd", 0.0),
    Variable("cost_paid", "USD/day", "treasury's operating cost that it could pay", "pool_usd", 0.0),
    # orders
    Variable("order_customers_usd", "USD/day", "customers' purchases of tokens", None, 0.0),
    Variable("order_customers_tok", "TOK/day", "customers' sales of surplus tokens", "pool_tok", 0.0),
    Variable("order_operators_tok", "TOK/day", "operators' sales", None, 0.0),
    Variable("order_holders_tok", "TOK/day", "sales of vested and unlocked tokens", "pool_tok", 0.0),
    Variable("order_run_tok", "TOK/day", "sales of passive holders in a run on the treasury", "pool_tok", 0.0),
    Variable("order_attacker_usd", "USD/day", "attacker's purchases", "pool_usd", 0.0),
    Variable("order_attacker_tok", "TOK/day", "attacker's sales", "pool_tok", 0.0),
    Variable("order_speculators_usd", "USD/day", "speculators' purchases", "pool_usd", 0.0),
    Variable("order_speculators_tok", "TOK/day", "speculators' sales", "pool_tok", 0.0),
    Variable("order_treasury_tok", "TOK/day", "the controller's sale out of the treasury's tokens", "pool_tok", 0.0),
    Variable("order_mint_tok", "TOK/day", "the controller's sale of new tokens", "pool_tok", 0.0),
    # market
    Variable("token_price", "USD/TOK", "price in the market", None, 0.0),
    Variable("settlement_price", "USD/TOK", "uniform price at which the orders of this step were filled", None, 0.0),
    Variable("outside_value", "USD/TOK", "outside valuation towards which arbitrage moves the price", None, 0.0),
    Variable("utility_value", "USD/TOK", "fiat throughput x structural holding time / circulating supply", None, 0.0),
    Variable("throughput", "USD/day", "smoothed fees: the fiat throughput of the utility value", None, 0.0),
    Variable("pool_usd", "USD", "stablecoin in the pool", None, 0.0),
    Variable("reference_depth", "USD", "pool_usd at the start: the unit of the controller's output", None, 0.0),
    Variable("log_return", "1", "log return of the price in this step", 1.0),
    Variable("arbitrage_tok", "TOK/day", "tokens that arbitrage moved, either way", "pool_tok", 0.0),
    Variable("liquidity_flow", "TOK/day", "tokens that passive holders and arbitrageurs gave to the market, net", "pool_tok"),
    Variable("decoupling", "1", "ln(token price / utility value)", 1.0),
    Variable("velocity_usage", "1/day", "tokens spent on inference over circulating supply", None, 0.0),
    Variable("velocity_speculative", "1/day", "tokens traded by speculators and arbitrage over circulating supply", 1e-3, 0.0),
    # speculation
    Variable("trend", "1/day", "smoothed log return that chartists follow", 1.0),
    Variable("chartist_share", "1", "share of speculators who follow the trend", 1.0, 0.0),
    Variable("fitness_fundamentalist", "1/day", "smoothed realised profit of fundamentalists per unit of depth", 1e-3),
    Variable("fitness_chartist", "1/day", "smoothed realised profit of chartists per unit of depth", 1e-3),
    Variable("traded_fundamentalist", "1/day", "order in this step if all were fundamentalists, in pool depths", 1.0),
    Variable("traded_chartist", "1/day", "order in this step if all were chartists, their noise apart, in pool depths", 1.0),
    Variable("position_fundamentalist", "1/day", "fundamentalists' order a step ago: what earns this return", 1.0),
    Variable("position_chartist", "1/day", "chartists' order a step ago: what earns this return", 1.0),
    Variable("order_front_usd", "USD/day", "purchases of those who run ahead of the controller", "pool_usd", 0.0),
    Variable("order_front_tok", "TOK/day", "sales of those who run ahead of the controller", "pool_tok", 0.0),
    Variable("front_tok", "TOK", "their tokens since the start, part of the speculators', negative when short", "pool_tok"),
    Variable("front_usd", "USD", "their cash since the start, part of the speculators'", "pool_usd"),
    Variable("front_profit", "USD", "their profit so far, tokens at the market price", "pool_usd"),
    Variable("rule_covariance", "1/day", "what they saw of the rule: smoothed error x purchase", 1e-3),
    Variable("rule_variance", "1", "what they saw of the rule: smoothed error squared", 1e-3, 0.0),
    # oracle and controller
    Variable("oracle_log_price", "1", "lagged log price inside the oracle"),
    Variable("measured_price", "USD/TOK", "price as the protocol sees it", None, 0.0),
    Variable("reference_price", "USD/TOK", "price that the controller aims at", None, 0.0),
    Variable("initial_price", "USD/TOK", "price at the start, for paths and pegs", None, 0.0),
    Variable("average_log_price", "1", "moving average of the measured log price"),
    Variable("control_error", "1", "ln(reference / measured price)", 1.0),
    Variable("control_signal", "1/day", "controller's output in reference depths a day, before the actuator's bounds", 1e-2),
    Variable("control_output", "USD/day", "what the actuator does: buy-back if positive, sale if negative", "pool_usd"),
    Variable("control_age", "days", "time since the last decision", 1.0),
    Variable("burn_share", "1", "burn share of fees in force", 1.0, 0.0),
    Variable("emission_multiplier", "1", "controller's multiplier on scheduled emission", 1.0, 0.0),
    # bills
    Variable("quote_price", "USD/TOK", "lagged price at which token quotes are made", None, 0.0),
    Variable("credit_price", "USD/Mtok", "mean price at which the prepaid credits in stock were bought", None, 0.0),
    Variable("initial_demand", "Mtok/day", "potential demand at the start, which the billed workload is measured by", None, 0.0),
    Variable("billed_usage", "Mtok/day", "the workload that is billed", None, 0.0),
    Variable("user_bill", "USD/day", "bill of the workload paid in tokens", "fees", 0.0),
    Variable("bill_stablecoin", "USD/day", "bill of the workload paid in stablecoin", "fees", 0.0),
    Variable("bill_hedged", "USD/day", "bill of the workload paid in tokens and hedged, negative where the hedge earns more", "fees"),
    Variable("bill_prepaid", "USD/day", "bill of the workload paid with prepaid credit", "fees", 0.0),
    Variable("bill_cloud", "USD/day", "bill of the workload on the cloud, on demand", "fees", 0.0),
    Variable("bill_cloud_reserved", "USD/day", "bill of the workload on the cloud, the contracted volume reserved", "fees", 0.0),
)


def variables(params) -> dict[str, Variable]:
    """The state variables of a parameter tree by name: the common ones, those of its workloads, fleet and delay, and what its control law remembers.

    params: a `Parameters` tree (or a mapping of its groups).
    """
    groups = params if isinstance(params, Mapping) else dict(params)
    table = {v.name: v for v in COMMON}
    for name in groups["workloads"]:
        table[f"demand_{name}"] = Variable(f"demand_{name}", "Mtok/day", f"{name} work brought to the network", "demand", 0.0)
        table[f"share_{name}"] = Variable(f"share_{name}", "1", f"share of {name} work brought to the network", 1.0, 0.0)
    for name in groups["fleet"]:
        table[f"nodes_{name}"] = Variable(f"nodes_{name}", "nodes", f"{name} nodes installed", "nodes", 0.0)
        table[f"ordered_{name}"] = Variable(f"ordered_{name}", "nodes", f"{name} nodes ordered, not yet online", "nodes", 0.0)
    for n in oracle_delay(groups):
        table[f"oracle_delayed_{n}"] = Variable(f"oracle_delayed_{n}", "1", f"measured log price under way to the protocol, place {n}")
    for m in control.law(groups["controller"].type).memory:
        table[f"control_{m.name}"] = Variable(f"control_{m.name}", m.unit, m.meaning, m.scale)
    return table


def as_arrays(state: State, runs: int) -> dict[str, Any]:
    """The state with every variable but the clock as an array of `runs` elements."""
    return {k: v if k in SHARED else np.full(runs, v, dtype=float) for k, v in state.items()}
