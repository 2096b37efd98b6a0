"""How customers pay, and where what they pay goes: the treasury's share in USD, the burn share, and
the operators' rest.

In tokens (burn-and-mint) customers buy what operators and the burn get. In stablecoin operators are
paid in USD, and the protocol spends the burn share on tokens in the market in the same step: they
are burned, the treasury's or the stakers'. Units: shares, USD/day, TOK/day, days.
"""

from .numerics import burned_share, positive, treasury_share


def in_stablecoin(params):
    """Whether customers pay in stablecoin."""
    return params["payment"].mode == "stablecoin"


def exposed_share(params):
    """Share of customers who carry the token's price risk between quote and payment."""
    payment = params["payment"]
    return payment.exposed_share if payment.mode == "tokens" else 0.0


def token_share(params):
    """Share of fees that customers pay in tokens: all but the treasury's, or none."""
    return 0.0 if in_stablecoin(params) else 1.0 - treasury_share(params)


def operators_share(params, state):
    """Operators' share of fees: what is neither the treasury's, nor burned or spent on tokens."""
    return 1.0 - treasury_share(params) - burned_share(params, state)


def bought_back(params, state, fees):
    """What the protocol spends on tokens in the market, out of these fees [USD/day]."""
    if not in_stablecoin(params):
        return 0.0 * state["order_buyback_usd"]
    return burned_share(params, state) * fees


def burns_fees(params):
    """Whether the burn share of fees is burned in the end."""
    return not in_stablecoin(params) or params["payment"].buyback_to == "burned"


def _to_stakers(params):
    return in_stablecoin(params) and params["payment"].buyback_to == "stakers"


def to_nodes(params):
    """Whether tokens bought back are operators', who bond for their nodes."""
    return _to_stakers(params) and params["bonding"].mode != "yield"


def to_delegators(params):
    """Whether they are passive holders', who delegate."""
    return _to_stakers(params) and params["bonding"].mode == "yield"


def usd_income(params, state):
    """What operators are paid in USD [USD/day]."""
    if not in_stablecoin(params):
        return 0.0 * state["fees"]
    return operators_share(params, state) * state["fees"]


def holding_time(params):
    """Days of fees that circulating supply is worth: structural holding time, times the share of
    fees that counts.
    """
    days = params["supply"].holding_time
    return days * params["payment"].stablecoin_weight if in_stablecoin(params) else days


def burn_share_at_rest(params):
    """The rule's share; none where emission and burns are switched off."""
    return params["supply"].burn_share if params["supply"].enabled else 0.0


def sold_for_cost(params, state, cost):
    """What of a fiat cost operators have to sell tokens for [USD/day]."""
    return positive(cost - usd_income(params, state)) if in_stablecoin(params) else cost
