"""The market clears: all orders of the step meet finite liquidity at one price, news moves the outside valuation,
and arbitrage moves the price towards it.

How a batch of orders clears is in `liquidity.py`. News never moves the pool's own price: a jump there would break x·y = k.
The outside valuation keeps a share of the orders' impact (permanent impact) and returns slowly to the utility value.
"""

import numpy as np

from ..formulas.liquidity import anchored, arbitraged, clear, dealers
from ..formulas.numerics import relaxation


def policy_market(params, substep, state_history, state):
    """Clear the orders, value the news, arbitrage, and let liquidity follow the market's size."""
    market, dt, price = params["market"], params["time_step"], state["token_price"]
    kind = market.type if market.enabled else "off"
    pool_tok = state["pool_tok"]
    holders = dealers(params, state)
    buy = (
        state["order_customers_usd"]
        + state["order_speculators_usd"]
        + state["order_front_usd"]
        + state["order_attacker_usd"]
        + np.maximum(state["control_output"], 0.0)
    )
    sell = (
        state["order_customers_tok"]
        + state["order_operators_tok"]
        + state["order_holders_tok"]
        + state["order_run_tok"]
        + state["order_speculators_tok"]
        + state["order_front_tok"]
        + state["order_attacker_tok"]
        + state["order_treasury_tok"]
        + state["order_mint_tok"]
    )
    settled, after, out = clear(kind, price, pool_tok, state["pool_usd"], buy * dt, sell * dt, holders)

    outside = anchored(params, state) + market.permanent_impact * np.log(after / price) + state["news"]
    if kind == "off":
        final, arbitrage, given = np.exp(outside), 0.0 * price, out
    else:
        log_after = np.log(after)
        final = np.exp(arbitraged(log_after, outside, market.arbitrage_speed, dt))
        if kind == "pool":
            pool_tok, product = pool_tok - out, pool_tok * state["pool_usd"]
            moved = np.minimum(np.sqrt(product / final), pool_tok + holders)
            arbitrage, pool_tok = moved - pool_tok, moved
            final, given = product / (pool_tok * pool_tok), arbitrage
        else:
            arbitrage, given = 0.0 * price, out
    wanted = (market.pool_share * state["circulating_supply"] - pool_tok) * relaxation(dt, market.pool_time)
    provided = np.minimum(wanted, 0.5 * np.maximum(holders - given, 0.0))
    pool_tok = pool_tok + provided
    return {
        "settlement_price": settled,
        "token_price": final,
        "outside_value": np.exp(outside),
        "pool_tok": pool_tok,
        "pool_usd": final * pool_tok,
        "log_return": np.log(final / price),
        "arbitrage_tok": np.abs(arbitrage) / dt,
        "liquidity_flow": (given + provided) / dt,
    }
