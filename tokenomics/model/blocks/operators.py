"""Node operators: merit order of reservation costs, slow entry, fast exit, and the tokens that they
sell.

Supply curve in `model/formulas/fleet.py`. Units: nodes, USD/day, TOK/day.
"""

import numpy as np

from ..formulas.bonding import net_at_rest, net_of_bond, rewarded
from ..formulas.fleet import fiat_cost, installed_capacity, willing_nodes
from ..formulas.numerics import delegators_share, in_tokens, positive, relaxation
from ..formulas.ordered import total
from ..formulas.payment import fees_worth, in_stablecoin, sold_for_cost, to_nodes
from ..formulas.rest import kept_at_rest, unit_revenue_at_rest
from ..formulas.toll import stake_days_at_rest
from ..formulas.wash_usage import diverted
from ..variables import Variable, writes


def income_at_rest(params, rest):
    """Fees, what is bought back for operators, and emission, which makes up for what is burned,
    less slashing and what delegators get [USD/day].
    """
    return kept_at_rest(params, rest) * rest["throughput"]


def fleet_at_rest(params, rest):
    """Nodes that are willing to stay, by type."""
    net = net_at_rest(params, rest, rest.of(stake_days_at_rest))
    return {
        f"nodes_{name}": willing_nodes(accelerator, net)
        for name, accelerator in params["fleet"].items()
    }


def nodes_at_rest(params, rest):
    """Nodes of all types."""
    return total(rest[f"nodes_{name}"] for name in params["fleet"])


def cost_at_rest(params, rest):
    """Fiat cost of the fleet [USD/day]."""
    return fiat_cost(params, {name: rest[f"nodes_{name}"] for name in params["fleet"]})


@writes(
    Variable(
        "operator_income",
        "USD/day",
        "operators' income at the token price: fees, what is bought back for them and emission "
        "less slashing and what delegators get",
        "pool_usd",
        start=income_at_rest,
    ),
    Variable(
        "unit_revenue",
        "USD/Mtok",
        "honest operators' estimate of revenue per unit of capacity",
        None,
        start=unit_revenue_at_rest,
    ),
)
def policy_income(params, substep, state_history, state):
    """Operators' income at the token price [USD/day] and their estimate of it per unit of capacity
    [USD/Mtok].
    """
    memory, dt = params["operators"].revenue_memory, params["time_step"]
    gross = (
        fees_worth(params, state, state["token_price"])
        + (state["emitted"] - state["slashed"]) * state["token_price"]
    )
    if to_nodes(params):
        gross = gross + state["order_buyback_usd"]
    kept = 1.0 - delegators_share(params)
    income = gross * kept
    installed = installed_capacity(
        params, {name: state[f"nodes_{name}"] for name in params["fleet"]}
    )
    now = (gross - diverted(params, state)) * kept / np.maximum(installed, 1e-12)
    revenue = state["unit_revenue"] + (now - state["unit_revenue"]) * relaxation(dt, memory)
    return {"operator_income": income, "unit_revenue": revenue}


@writes(
    Variable("nodes_<type>", "nodes", "<type> nodes installed", "nodes", 0.0, start=fleet_at_rest),
    Variable("ordered_<type>", "nodes", "<type> nodes ordered, not yet online", "nodes", 0.0),
    Variable(
        "nodes", "nodes", "nodes of all types that are installed", None, 0.0, start=nodes_at_rest
    ),
    Variable("churned", "nodes/day", "nodes switched off for good", "nodes", 0.0),
    Variable("operator_cost", "USD/day", "fiat cost of all nodes", None, 0.0, start=cost_at_rest),
)
def policy_entry_and_exit(params, substep, state_history, state):
    """Orders for hardware, nodes that come online, nodes that leave."""
    operators, dt, signals = params["operators"], params["time_step"], {}
    total, churned, nodes = 0.0, 0.0, {}
    net = net_of_bond(params, state)
    for name, accelerator in params["fleet"].items():
        here, ordered = state[f"nodes_{name}"], state[f"ordered_{name}"]
        entered, left, orders = 0.0, 0.0 * here, 0.0
        if operators.enabled:
            willing = willing_nodes(
                accelerator, net, state["hardware_event"], state["banned_share"]
            )
            orders = positive(willing - here - ordered) * relaxation(dt, operators.entry_time)
            entered = ordered * relaxation(dt, operators.commissioning_time)
            left = positive(here - willing) * relaxation(dt, operators.exit_time)
        nodes[name] = here + entered - left
        signals[f"nodes_{name}"], signals[f"ordered_{name}"] = (
            nodes[name],
            ordered + orders - entered,
        )
        total, churned = total + nodes[name], churned + left / dt
    cost = fiat_cost(params, nodes, state["hardware_event"])
    return signals | {"nodes": total, "churned": churned, "operator_cost": cost}


@writes(
    Variable("order_operators_tok", "TOK/day", "operators' sales", None, 0.0, sells="operators"),
    Variable(
        "order_delegators_tok",
        "TOK/day",
        "sales of what delegators get, once they have replaced what was slashed",
        "pool_tok",
        0.0,
        sells="holders",
    ),
)
def policy_sales(params, substep, state_history, state):
    """Tokens that operators sell [TOK/day]: for the fiat costs that no income in USD has covered,
    then a share of the rest; some days of what they are paid in tokens are kept. Of what delegators
    get the same share is sold.
    """
    operators, dt, price = params["operators"], params["time_step"], state["token_price"]
    earned = state["emitted"]
    if to_nodes(params):
        earned = earned + in_tokens(state["order_buyback_usd"], price)
    elif not in_stablecoin(params):
        earned = in_tokens(fees_worth(params, state, price), price) + earned
    rewards = rewarded(params, earned, state["slashed"])
    gross = earned - rewards
    cost = in_tokens(sold_for_cost(params, state, state["operator_cost"]), price)
    rent = positive(gross - state["stake_flow"] - cost)
    gap = operators.inventory_days * gross - state["operators_tok"]
    refill = gap * relaxation(dt, operators.inventory_time) / dt
    sales = np.clip(
        cost + operators.rent_sold * rent - refill,
        0.0,
        state["operators_tok"] / dt - (state["stake_flow"] + state["bond_flow"]),
    )
    return {
        "order_operators_tok": sales,
        "order_delegators_tok": np.minimum(
            operators.rent_sold * positive(rewards - state["slashed"]),
            0.25 * state["holders_tok"] / dt,
        ),
    }
