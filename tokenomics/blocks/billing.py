"""The bill of one fixed workload: paid in tokens (re-quoted with a lag), in stablecoin, hedged, and on the cloud.

A quote in tokens is made at a lagged price and costs its tokens' worth when paid. Units: USD/day.
"""

from ..kinetics import DAYS_PER_YEAR, relaxation


def policy_bills(params, substep, state_history, state):
    """The four bills of this step."""
    bills, dt, price = params["bills"], params["time_step"], state["token_price"]
    quote = state["quote_price"] * (price / state["quote_price"]) ** relaxation(dt, bills.quote_lag)
    size = bills.workload if bills.enabled else 0.0
    stable = size * state["inference_price"]
    drift = price / quote
    fee = bills.hedge_ratio * bills.hedge_cost * bills.quote_lag / DAYS_PER_YEAR
    return {
        "quote_price": quote,
        "user_bill": stable * drift,
        "bill_stablecoin": stable,
        "bill_hedged": stable * ((1.0 - bills.hedge_ratio) * drift + bills.hedge_ratio + fee),
        "bill_cloud": size * params["cloud"].price + 0.0 * price,
    }
