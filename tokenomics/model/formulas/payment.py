"""How customers pay, and where what they pay goes: the treasury's share in USD, the burn share, and
the operators' rest.

In tokens (burn-and-mint) customers buy what operators and the burn get. In stablecoin operators are
paid in USD, and the protocol spends the burn share on tokens in the market in the same step: they
are burned, the treasury's or the stakers'. With credits see `blocks/credits.py`. Units: shares,
USD/day, TOK/day, days.
"""

import numpy as np

from ...elementary import exp, log
from .numerics import (
    burned_share,
    delegators_share,
    positive,
    relaxation,
    treasury_share,
)

NOTHING = 1e-6  # USD, and USD/day, of nothing, where one is divided by


def in_stablecoin(params):
    """Whether customers pay in stablecoin."""
    return params["payment"].mode == "stablecoin"


def in_credits(params):
    """Whether customers pay with credits."""
    return params["payment"].mode == "credits"


def exposed_share(params):
    """Share of customers who carry the token's price risk between quote and payment."""
    payment = params["payment"]
    return payment.exposed_share if payment.mode == "tokens" else 0.0


def premium(params):
    """What a dollar of work costs more than a dollar, for the spread on credits."""
    spread = params["payment"].mint_spread
    return spread / (1.0 - spread) if in_credits(params) else 0.0


def token_share(params):
    """Share of fees for which customers hold tokens and spend them: all but the treasury's, or
    none.
    """
    return 1.0 - treasury_share(params) if params["payment"].mode == "tokens" else 0.0


def spent_usd(params, state):
    """What customers pay in tokens [USD/day]. state: of the step, after they have paid."""
    if in_credits(params):
        return state["order_direct_usd"]
    return token_share(params) * state["fees"]


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


def _operators_part(params, state):
    """Operators' share of what is paid in tokens and credits."""
    return operators_share(params, state) / np.maximum(1.0 - treasury_share(params), 1e-12)


def oracle_price(params, state, price):
    """Price of tokens for credits at the end of a step in which the market's is this [USD/TOK]: the
    log price lags by half the window and the age.
    """
    payment, before = params["payment"], log(state["credit_oracle"])
    lag = 0.5 * payment.oracle_window + payment.price_age
    return exp(before + (log(price) - before) * relaxation(params["time_step"], lag))


def fees_worth(params, state, price, booked=False):
    """What operators' share of fees is worth to them at a price of tokens [USD/day]: credits are
    redeemed at the oracle's price. state: of the step, after customers have paid. booked: whether
    credits have been redeemed in it.
    """
    if not in_credits(params):
        return operators_share(params, state) * state["fees"]
    if booked:
        redeemed = state["redeemed_tok"] * price
    else:
        redeemed = state["credits_spent"] * (price / oracle_price(params, state, price))
    return _operators_part(params, state) * (redeemed + state["order_direct_usd"])


def spendable(params, state, wanted):
    """What can be paid with the credits outstanding in this step, but for those that lie idle,
    where so much is wanted [USD/day].
    """
    idle = params["payment"].idle_share * params["supply"].customer_days * wanted
    return positive(state["credits"] - idle) / params["time_step"]


def payable(params, state, work):
    """Of this work [Mtok/day], what its customers can pay for: all, unless no credits are sold,
    then what their credits pay for, and of the rest the part of those who pay in tokens.
    """
    if not in_credits(params):
        return work
    wanted = (1.0 - treasury_share(params)) * work * state["inference_price"]
    covered = spendable(params, state, wanted)
    lacking = positive(1.0 - covered / np.maximum(wanted, NOTHING))
    return work * (1.0 - state["halted"] * (1.0 - params["payment"].direct_share) * lacking)


def burned_part(params, state):
    """Burned share of what is paid in tokens and credits."""
    return burned_share(params, state) / np.maximum(1.0 - treasury_share(params), 1e-12)


def credits_at_rest(params, rest):
    """Some days of spending, which customers hold in credits [USD]."""
    if not in_credits(params):
        return 0.0
    return params["supply"].customer_days * (1.0 - treasury_share(params)) * rest["throughput"]


def vault_share(params):
    """Vault at rest as a multiple of circulating supply, which is worth its holding time of
    fees.
    """
    if not in_credits(params):
        return 0.0
    days = params["payment"].vault_ratio * params["supply"].customer_days
    return days * (1.0 - treasury_share(params)) / holding_time(params)


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
    """What of a fiat cost operators sell tokens for: all that no fees in USD cover [USD/day]."""
    if not in_stablecoin(params):
        return cost
    kept = operators_share(params, state) * (1.0 - delegators_share(params))
    return positive(cost - kept * state["fees"])
