"""What nodes must bond, at rest and as it is. What is staked is bonded or on its way out.

At rest the price is T·h/C (T fees a day, h the holding time as of `payment.holding_time`, C
circulating supply), so that a bond
of D days of the revenue k T of all nodes is S = D k T/P = C D k/h, whatever the network's size.
Units: TOK, TOK/node, days, USD/day.
"""

import numpy as np

from .fleet import installed_capacity, willing_nodes
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


def stake_days_at_rest(params, rest):
    """What is staked, in days of the network's fees, at a price that is the utility value."""
    bonding, stocks = params["bonding"], params["stocks"]
    by_days = bonding.mode == "days_of_revenue" and not _given(params)
    if by_days and stocks.token_price is not None:
        return bonding.days * kept_at_rest(params, rest)
    return holding_time(params) * rest["staked"] / rest["circulating_supply"]


def stake_days_of(params, nodes):
    """The same, of so many nodes that bond `per_node` tokens each."""
    staked = np.minimum(params["bonding"].per_node * nodes, _most(params))
    circulating = params["stocks"].circulating_supply
    if circulating is None:
        circulating = np.maximum(_free(params) - staked, LEAST)
    circulating = circulating / (1.0 + vault_share(params))
    return holding_time(params) * staked / circulating


def nodes_for(params, rest):
    """Nodes that are given or willing, without asking for what depends on the stake. rest: needs
    the price per Mtok, utilisation, availability, rework and the throughput that privacy leaves.
    """
    unit_revenue, given = unit_revenue_at_rest(params, rest), params["stocks"].nodes
    return total(
        given[name] if name in given else willing_nodes(accelerator, unit_revenue)
        for name, accelerator in params["fleet"].items()
    )
