"""What one workload costs a day in every way of paying for it: the one definition, for the model's
bills and for a workload on recorded paths.

Elementwise functions of usage [Mtok/day], the contracted volume [Mtok/day], prices per Mtok
[USD/Mtok] and token prices [USD/TOK]; every bill in USD/day. A price in tokens is quoted at a
lagged token price q and paid at the spot price p, so that a token bill is p/q times the bill in
stablecoin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...elementary import exp, log, power
from .numerics import DAYS_PER_YEAR, positive, relaxation

PAYMENTS = {
    "user_bill": "in tokens",
    "bill_stablecoin": "in stablecoin",
    "bill_hedged": "in tokens, hedged",
    "bill_prepaid": "prepaid credit",
    "bill_cloud": "cloud on demand",
    "bill_cloud_reserved": "cloud reserved",
}  # state variable of a bill: way of paying


def usage(bills, potential, initial):
    """Work of the billed customer: the workload × (potential demand / that at the start)^elasticity
    [Mtok/day].
    """
    return bills.workload * power(potential / initial, bills.follows_demand)


def next_quote(quote, spot, log_return, lag, dt):
    """Token price at which quotes are made: it follows the spot price in logs with the time
    constant `lag` [USD/TOK].

    spot: at the end of the step, to which the log price has moved by `log_return` evenly: exact for
    such a path, so that a step's own price is not in its quote as if it had been there all the
    time.
    """
    kept = exp(-dt / np.maximum(lag, 1e-12))
    late = (1.0 - kept) * lag / dt  # share of the step's move that is not in the quote
    return spot * exp(-((log(spot / quote) - log_return) * kept + log_return * late))


def next_credit_price(credit, price, period, dt):
    """Mean price at which the credits in stock were bought: it follows the network's price with
    half of the period [USD/Mtok].

    Whoever buys the credits of a period ahead and uses them evenly holds credits of half a period's
    age on average.
    """
    return credit + (price - credit) * relaxation(dt, 0.5 * period)


def stablecoin(used, price):
    """Paid in stablecoin at the network's price."""
    return used * price


def token(used, price, spot, quote):
    """Quoted in tokens at the lagged price, paid in tokens bought at the spot price."""
    return used * price * (spot / quote)


def hedge_cost(bills):
    """What a futures position over the quoted and unpaid bills costs, as a share of the hedged
    bill.

    The position is one quote lag of the contracted bill, because the excess of token bills, the
    integral of ln(p/q), is the lag times the change of ln q (a first-order lag). It loses the basis
    a year, and the fee at each roll. Rolls are booked smoothly, as of a ladder of contracts of
    which a share Δt/tenor is rolled a step: the mean bill does not depend on Δt, and no date
    matters.
    """
    return bills.quote_lag * (
        bills.hedge_basis / DAYS_PER_YEAR + bills.hedge_fee / bills.hedge_tenor
    )


def hedged(bills, used, contracted, price, spot, quote):
    """Paid in tokens, with long futures on a share of the contracted volume, bought at the quote
    and settled at the spot price.

    Left of the token price: the unhedged share, and the deviation of usage from the contract. Below
    zero where the hedge of a volume that is not used earns more than the bill.
    """
    covered = bills.hedge_ratio * contracted * price
    return (
        token(used, price, spot, quote)
        - covered * (spot / quote - 1.0)
        + covered * hedge_cost(bills)
    )


def prepaid(bills, used, credit):
    """Paid with credits fixed in USD and bought ahead: their price, those that expire, and capital
    over half a period.
    """
    capital = bills.prepaid_capital_cost * 0.5 * bills.prepaid_days / DAYS_PER_YEAR
    return used * credit * (1.0 + capital) / (1.0 - bills.prepaid_expired)


def cloud_on_demand(cloud, used):
    """The cloud at its list price."""
    return used * cloud.price


def cloud_reserved(cloud, used, contracted):
    """The cloud with the contracted volume paid at a discount, used or not, and the rest at the
    list price.
    """
    return cloud.price * (
        contracted * (1.0 - cloud.reserved_discount) + positive(used - contracted)
    )


def every_way(bills, cloud, used, contracted, seen: Mapping[str, Any]) -> dict[str, Any]:
    """The bill in each way of `PAYMENTS` [USD/day].

    bills, cloud: groups of parameters. seen: inference_price, token_price, quote_price and
    credit_price, of the state or of recorded paths.
    """
    price, spot, quote = seen["inference_price"], seen["token_price"], seen["quote_price"]
    return {
        "user_bill": token(used, price, spot, quote),
        "bill_stablecoin": stablecoin(used, price),
        "bill_hedged": hedged(bills, used, contracted, price, spot, quote),
        "bill_prepaid": prepaid(bills, used, seen["credit_price"]),
        "bill_cloud": cloud_on_demand(cloud, used),
        "bill_cloud_reserved": cloud_reserved(cloud, used, contracted),
    }
