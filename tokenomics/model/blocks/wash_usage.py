"""Usage is faked (wash usage): somebody brings work to the network and pays for it as customers do,
so that the utility value, which is made of fees, rises.

The protocol cannot tell his fees from others': they are burned, taxed and paid out alike, and they
are part of the fiat throughput that the controller's reference follows. He buys the tokens that he
spends in the market, or pays in stablecoin as customers do. What he gets back is his nodes' share
of fees and emission (`formulas/`), and of what is bought back for who bonds, less what his part of
the fleet costs; what he hopes for is a higher price of the tokens that he holds,
which he sells over the last days of the faking. Profit is all that he received less all that he
paid, so that what the faking was worth is the difference to the same run with `size` zero. Units:
USD, TOK, Mtok/day, USD/day, TOK/day.
"""

import numpy as np

from ..formulas.numerics import delegators_share, impulse
from ..formulas.payment import bought_back, to_nodes, token_share
from ..formulas.wash_usage import faked_ratio, own_share, paid_out
from ..variables import Variable, writes


@writes(
    "fees",
    Variable("faked_served", "Mtok/day", "work served that is faked", "served", 0.0),
    Variable("faked_fees", "USD/day", "fees of faked work, part of all fees", "fees", 0.0),
    Variable(
        "order_faker_usd",
        "USD/day",
        "purchases of tokens to pay for faked work",
        "pool_usd",
        0.0,
        buys="customers",
    ),
    "order_buyback_usd",
)
def policy_faked_fees(params, substep, state_history, state):
    """Faked work that is served [Mtok/day], its fees, which are added to the customers' [USD/day],
    the purchase of the tokens that are spent on it at once, and what its fees add to the buy-back.
    """
    served = 0.0 * state["faked_served"]
    fees = served
    if params["wash_usage"].enabled:
        served = state["served"] * faked_ratio(params, state)
        fees = served * state["inference_price"]
    return {
        "fees": fees,
        "faked_served": served,
        "faked_fees": fees,
        "order_faker_usd": token_share(params) * fees,
        "order_buyback_usd": bought_back(params, state, fees),
    }


@writes(
    Variable(
        "order_faker_tok",
        "TOK/day",
        "sales of the tokens that are held for the price to rise, out of passive holders'",
        "pool_tok",
        0.0,
        sells="holders",
    ),
)
def policy_faker_sales(params, substep, state_history, state):
    """Sales of the holding over the last days of the faking [TOK/day]."""
    wash, dt = params["wash_usage"], params["time_step"]
    if not wash.enabled:
        return {"order_faker_tok": 0.0 * state["holders_tok"]}
    first = wash.start + wash.days - np.maximum(wash.sale_days, dt)
    part = impulse(state["time"], dt, first, wash.sale_days) / dt
    held = wash.holding * state["initial_circulating"]
    return {"order_faker_tok": np.minimum(held * part, 0.5 * state["holders_tok"] / dt)}


@writes(
    Variable(
        "faker_income",
        "USD/day",
        "income of the nodes of who fakes usage, less their fiat cost",
        "pool_usd",
    ),
    Variable(
        "faker_profit",
        "USD",
        "what who fakes usage has received so far, for his nodes' work and his holding, less his "
        "fees",
        "pool_usd",
    ),
)
def policy_faker_profit(params, substep, state_history, state):
    """Income of his nodes, for honest work too, tokens at the price at which the step's orders were
    filled, and all that he has received less what he paid.
    """
    wash, dt, price = params["wash_usage"], params["time_step"], state["settlement_price"]
    if not wash.enabled:
        none = 0.0 * state["faker_profit"]
        return {"faker_income": none, "faker_profit": none}
    lost = state["slashed"] * price + state["operator_cost"]
    if to_nodes(params):
        lost = lost - state["order_buyback_usd"]
    income = own_share(params, state) * paid_out(params, state, price, True) - wash.own_nodes * lost
    # of what his nodes earn before their cost, those who delegate to them get their share
    earned = income + wash.own_nodes * state["operator_cost"]
    income = income - delegators_share(params) * earned
    received = income + state["order_faker_tok"] * price - state["faked_fees"]
    return {"faker_income": income, "faker_profit": state["faker_profit"] + received * dt}
