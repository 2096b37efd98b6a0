"""What nodes must bond, at rest and as it is, and what that costs them. What is staked is bonded or
on its way out.

At rest the price is T·h/C (T fees a day, h the holding time as of `payment.holding_time`, C
circulating supply), so that a bond of D days of the revenue k T of all nodes is S = D k T/P =
C D k/h, whatever the network's size. A bond costs its capital, r S P/365 a day at r a year: a node
that must bond joins for so much more. Where holders delegate, they bond, and get a share of what
nodes earn. Units: TOK, TOK/node, days, USD/day.
"""

import numpy as np

from ...parameters.choice import network_share
from .fleet import installed_capacity, willing_nodes
from .numerics import DAYS_PER_YEAR, delegators_share
from .ordered import total
from .payment import holding_time, vault_share
from .rest import kept_at_rest, unit_revenue_at_rest

LEAST = 1e-12  # nodes and tokens of nothing, where one is divided by


def bonded(state):
    """Stake that answers for the work of nodes: what is not on its way out [TOK]."""
    return state["staked"] - state["unbonding"]


def slash_to_treasury(params):
    """Share of what is slashed that the treasury gets."""
    return params["bonding"].slash_to_treasury if params["treasury"].enabled else 0.0


def capital_rate(params):
    """What operators forgo on what they bond, a day [1/day]; nothing where holders delegate."""
    bonding = params["bonding"]
    return 0.0 if bonding.mode == "yield" else bonding.capital_cost * (1.0 / DAYS_PER_YEAR)


def net_of_bond(params, state):
    """Revenue per unit of capacity less the capital cost of the bond in force, which operators
    weigh against what their nodes earn elsewhere [USD/Mtok].
    """
    nodes = {name: state[f"nodes_{name}"] for name in params["fleet"]}
    installed = np.maximum(installed_capacity(params, nodes), LEAST)
    bond = state["stake_per_node"] * state["nodes"] * state["token_price"]
    return state["unit_revenue"] - capital_rate(params) * bond / installed


def net_at_rest(params, rest, days):
    """The same at rest. days: of the network's fees that are staked."""
    kept = kept_at_rest(params, rest)
    return unit_revenue_at_rest(params, rest) * (1.0 - capital_rate(params) * days / kept)


def rewarded(params, earned, slashed):
    """What nodes pay those who delegate to them: what is slashed, which these have lost, and their
    share of the rest, out of what nodes earn in tokens [TOK/day]. earned: before slashing.
    """
    if params["bonding"].mode != "yield":
        return 0.0 * slashed
    share = delegators_share(params)
    return np.minimum(share * earned + (1.0 - share) * slashed, earned)


def revenue(params, state):
    """Revenue of all nodes as operators estimate it [USD/day]."""
    nodes = {name: state[f"nodes_{name}"] for name in params["fleet"]}
    return state["unit_revenue"] * installed_capacity(params, nodes)


def _given(params):
    return params["stocks"].staked is not None


def bonds_by_node(params):
    """Whether a number of tokens per node says what is staked at the start."""
    return params["bonding"].mode == "per_node" and not _given(params)


def _free(params):
    """What is staked, circulates or is in the vault of credits [TOK]."""
    supply, given = params["supply"], params["stocks"].given
    treasury = given.get("treasury_tok", supply.total_supply * supply.treasury_share)
    locked = given.get("locked", supply.total_supply * supply.locked_share)
    return supply.total_supply - treasury - locked


def _most(params):
    return params["bonding"].limit * params["supply"].total_supply


def bond_at_rest(params, rest):
    """What all nodes must bond [TOK]; None where a share of supply or a given stock says so."""
    bonding, stocks = params["bonding"], params["stocks"]
    if not bonding.sets_start or _given(params):
        return None
    if bonding.mode == "per_node":
        return np.minimum(bonding.per_node * rest["nodes"], _most(params))
    days = bonding.days * kept_at_rest(params, rest)
    if stocks.token_price is not None:
        return np.minimum(days * rest["throughput"] / stocks.token_price, _most(params))
    ratio = days / (holding_time(params) * (1.0 + vault_share(params)))
    if stocks.circulating_supply is not None:
        return np.minimum(ratio * stocks.circulating_supply, _most(params))
    return np.minimum(ratio / (1.0 + ratio) * _free(params), _most(params))


def set_stake_days(params, rest):
    """What is staked, in days of the network's fees, where no number of tokens per node says it."""
    bonding, price = params["bonding"], params["stocks"].token_price
    if price is None:
        return holding_time(params) * rest["staked"] / rest["circulating_supply"]
    # at a price that is given; the fees are those of today's shares, which depend on no stake
    per_day = (
        rest["potential_demand"] * network_share(params["workloads"]) * rest["inference_price"]
    )
    if bonding.mode == "days_of_revenue" and not _given(params):
        most = _most(params) * price / per_day
        return np.minimum(bonding.days * kept_at_rest(params, rest), most)
    return rest["staked"] * price / per_day


def stake_days_of(params, nodes):
    """The same, of so many nodes that bond `per_node` tokens each."""
    staked = np.minimum(params["bonding"].per_node * nodes, _most(params))
    circulating = params["stocks"].circulating_supply
    if circulating is None:
        circulating = np.maximum(_free(params) - staked, LEAST)
    circulating = circulating / (1.0 + vault_share(params))
    return holding_time(params) * staked / circulating


def nodes_for(params, rest, days):
    """Nodes that are given or willing, without asking for what depends on the stake. rest: needs
    the price per Mtok, utilisation, availability, rework and the throughput that privacy leaves.
    days: of the network's fees that are staked.
    """
    net, given = net_at_rest(params, rest, days), params["stocks"].nodes
    return total(
        given[name] if name in given else willing_nodes(accelerator, net)
        for name, accelerator in params["fleet"].items()
    )
