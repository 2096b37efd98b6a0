"""The bill of one workload in every way of paying it: tokens, stablecoin, hedged, prepaid credit,
and the cloud (`formulas/billing.py`).

Nothing in the economy reads it. Units: USD/day.
"""

from ..formulas.billing import every_way, next_credit_price, next_quote, usage
from ..variables import Variable, writes


@writes(
    Variable(
        "quote_price",
        "USD/TOK",
        "lagged price at which token quotes are made",
        None,
        0.0,
        start="token_price",
    ),
    Variable(
        "credit_price",
        "USD/Mtok",
        "mean price at which the prepaid credits in stock were bought",
        None,
        0.0,
        start="inference_price",
    ),
    Variable("billed_usage", "Mtok/day", "the workload that is billed", None, 0.0),
    Variable("user_bill", "USD/day", "bill of the workload paid in tokens", "fees", 0.0),
    Variable("bill_stablecoin", "USD/day", "bill of the workload paid in stablecoin", "fees", 0.0),
    Variable(
        "bill_hedged",
        "USD/day",
        "bill of the workload paid in tokens and hedged, negative where the hedge earns more",
        "fees",
    ),
    Variable(
        "bill_prepaid", "USD/day", "bill of the workload paid with prepaid credit", "fees", 0.0
    ),
    Variable("bill_cloud", "USD/day", "bill of the workload on the cloud, on demand", "fees", 0.0),
    Variable(
        "bill_cloud_reserved",
        "USD/day",
        "bill of the workload on the cloud, the contracted volume reserved",
        "fees",
        0.0,
    ),
)
def policy_bills(params, substep, state_history, state):
    """The bills of this step, and the lagged prices at which quotes are made and credits were
    bought.
    """
    bills, dt, price = params["bills"], params["time_step"], state["inference_price"]
    lagged = {
        "quote_price": next_quote(
            state["quote_price"], state["token_price"], state["log_return"], bills.quote_lag, dt
        ),
        "credit_price": next_credit_price(state["credit_price"], price, bills.prepaid_days, dt),
    }
    on = 1.0 if bills.enabled else 0.0
    used = on * usage(bills, state["potential_demand"], state["initial_demand"])
    seen = {"inference_price": price, "token_price": state["token_price"], **lagged}
    return {
        **lagged,
        "billed_usage": used,
        **every_way(bills, params["cloud"], used, on * bills.workload, seen),
    }
