"""What several mechanisms need of the network at rest. Units: shares, TOK/day."""

from ..controllers import spending_at_rest
from .numerics import treasury_share


def kept_at_rest(params, rest):
    """Share of what customers pay that reaches operators, directly or by emission: emission makes
    up for what is burned and bought back.
    """
    returned = spending_at_rest(params, treasury_share(params)) if params["supply"].enabled else 0.0
    return 1.0 - treasury_share(params) + returned


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


def slashed_at_rest(params, rest):
    """Stake slashed and burned [TOK/day]; none where burns are switched off."""
    return rest["slash_rate"] * rest["staked"] if params["supply"].enabled else 0.0
