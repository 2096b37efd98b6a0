"""What several mechanisms need of the network at rest. Units: shares, USD, TOK/day."""

import numpy as np

from .liquidity import depth
from .numerics import delegators_share, treasury_share


def kept_at_rest(params, rest):
    """Share of what customers pay that reaches operators, directly or by emission, which makes up
    for what is burned.
    """
    return (1.0 - treasury_share(params)) * (1.0 - delegators_share(params))


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
    `balance_at_start` [TOK/day]. A factor of 0 emits nothing of any number.
    """
    if not params["supply"].enabled:
        return 0.0
    burned = params["supply"].burn_share * rest["throughput"] / rest["token_price"]
    factor = params["emission"].factor
    return (burned + slashed_at_rest(params, rest)) / np.where(np.greater(factor, 0.0), factor, 1.0)
