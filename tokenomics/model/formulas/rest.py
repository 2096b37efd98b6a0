"""What several mechanisms need of the network at rest. Units: shares, USD, TOK/day."""

import numpy as np

from .liquidity import depth
from .numerics import delegators_share, treasury_share
from .payment import burn_share_at_rest, burns_fees, in_stablecoin, to_nodes

NOTHING = 1e-9  # a factor on emission that emits nothing


def kept_at_rest(params, rest):
    """Share of what customers pay that reaches operators: directly, by emission, which makes up for
    what is burned, or as tokens that are bought back for them.
    """
    kept = 1.0 - treasury_share(params)
    if not (burns_fees(params) or to_nodes(params)):
        kept = kept - burn_share_at_rest(params)
    return kept * (1.0 - delegators_share(params))


def earned_tokens_at_rest(params, rest):
    """Tokens that operators receive and keep from delegators [TOK/day]."""
    replaced = 0.0 if params["bonding"].mode == "yield" else slashed_at_rest(params, rest)
    if not in_stablecoin(params):
        return rest["operator_income"] / rest["token_price"] + replaced
    bought = 0.0
    if burns_fees(params) or to_nodes(params):
        bought = burn_share_at_rest(params) * rest["throughput"] / rest["token_price"]
    return bought * (1.0 - delegators_share(params)) + replaced


def efficiency_at_rest(params, rest):
    """Capacity that can be used, as a share of what is installed."""
    check = params["access"].in_use
    return (
        rest["availability"]
        * check.uptime
        * check.throughput
        * rest["privacy_throughput"]
        / rest["rework"]
    )


def unit_revenue_at_rest(params, rest):
    """Operators' revenue per unit of capacity: what of the price is theirs, for the capacity that
    is used [USD/Mtok].
    """
    return (
        kept_at_rest(params, rest)
        * rest["inference_price"]
        * rest["utilisation"]
        * efficiency_at_rest(params, rest)
    )


def depth_at_rest(params, rest):
    """USD on the market's bid side."""
    return depth(params["market"], rest["pool_usd"])


def slashed_at_rest(params, rest):
    """Stake slashed [TOK/day]; none where burns are switched off."""
    return rest["slash_rate"] * rest["staked"] if params["supply"].enabled else 0.0


def emission_at_rest(params, rest):
    """The number that emits what is burned and slashed, at the factor in force: see mode
    `balance_at_start` [TOK/day]. A factor of 0, or next to it, emits nothing of any number.
    """
    if not params["supply"].enabled:
        return 0.0
    burned = 0.0
    if burns_fees(params):
        burned = params["supply"].burn_share * rest["throughput"] / rest["token_price"]
    factor = params["emission"].factor
    return (burned + slashed_at_rest(params, rest)) / np.where(
        np.greater(factor, NOTHING), factor, 1.0
    )
