"""The market clears: all orders of the step meet finite liquidity at one price, news moves the
outside valuation, and arbitrage moves the price towards it.

How a batch of orders clears is in `liquidity.py`. Beside the pool stands an exchange's book, quoted
anew around the price at every step's end, so that its depth in USD stays where the token's price
falls and the pool's does not; who quotes it are passive holders, and what arbitrageurs trade with
it they trade among themselves. News never moves the pool's own price: a jump there would break x·y
= k. The outside valuation keeps a share of the orders' impact (permanent impact) and returns slowly
to the utility value. A batch is filled at the geometric mean of the prices before and after; with a
half of its impact lasting it is filled at the price to which arbitrage brings it back, so that who
knows nothing neither gains nor loses by it. The treasury's own liquidity is paid for out of its
tokens and USD, and comes back to it.
"""

import numpy as np

from ...elementary import exp, log
from ..formulas.liquidity import (
    anchored,
    arbitraged,
    clear,
    closing,
    dealers,
    depth,
    from_book,
    kind_of,
)
from ..formulas.numerics import in_tokens, positive, relaxation
from ..variables import Variable, writes


def pool_at_rest(params, rest):
    """Its share of circulating supply, and whose it is."""
    market = params["market"]
    shares = market.pool_share + market.protocol_share
    return {
        "pool_tok": market.pool_start * shares * rest["circulating_supply"],
        "protocol_owned": market.protocol_share / shares,
    }


def pool_usd_at_rest(params, rest):
    """As much in stablecoin as in tokens."""
    return rest["pool_tok"] * rest["token_price"]


def spare(state, dt, price):
    """Tokens that the treasury can put into the pool with as much in USD, once it has paid and sold
    what it does in this step [TOK].
    """
    spent = state["cost_paid"] + np.maximum(state["control_output"], 0.0)
    usd = state["treasury_usd"] - spent * dt
    tokens = state["treasury_tok"] - state["order_treasury_tok"] * dt
    return positive(np.minimum(tokens, in_tokens(usd, price)))


@writes(
    Variable(
        "settlement_price",
        "USD/TOK",
        "uniform price at which the orders of this step were filled",
        None,
        0.0,
        start="token_price",
    ),
    Variable("token_price", "USD/TOK", "price in the market", None, 0.0, start="utility_value"),
    Variable(
        "outside_value",
        "USD/TOK",
        "outside valuation towards which arbitrage moves the price",
        None,
        0.0,
        start="token_price",
    ),
    Variable(
        "pool_tok",
        "TOK",
        "tokens in the pool, part of circulating supply",
        None,
        0.0,
        start=pool_at_rest,
    ),
    Variable("pool_usd", "USD", "stablecoin in the pool", None, 0.0, start=pool_usd_at_rest),
    Variable("log_return", "1", "log return of the price in this step", 1.0),
    Variable(
        "arbitrage_tok",
        "TOK/day",
        "tokens that arbitrage put into the pool; negative: took out",
        "pool_tok",
    ),
    Variable(
        "liquidity_flow",
        "TOK/day",
        "tokens that passive holders and arbitrageurs gave to the market, net",
        "pool_tok",
    ),
    Variable(
        "protocol_owned",
        "1",
        "share of the pool that belongs to the treasury",
        1.0,
        0.0,
        start=pool_at_rest,
    ),
    Variable(
        "protocol_liquidity",
        "TOK/day",
        "tokens that the treasury put into the pool, with as much in USD; negative: took out",
        "pool_tok",
    ),
)
def policy_market(params, substep, state_history, state):
    """Clear the orders, value the news, arbitrage, and let liquidity follow the market's size."""
    market, dt, price = params["market"], params["time_step"], state["token_price"]
    kind = kind_of(market)
    pool_tok = state["pool_tok"]
    holders = dealers(params, state)
    buy = params["orders"].purchases(state) + np.maximum(state["control_output"], 0.0)
    sell = params["orders"].sales(state)
    settled, after, out = clear(
        kind, price, pool_tok, state["pool_usd"], buy * dt, sell * dt, holders, market.book_depth
    )

    outside = anchored(params, state) + market.permanent_impact * log(after / price)
    if kind != "off":
        # what the controller trades is announced; its impact to first order
        announced = 2.0 * state["control_output"] * dt / depth(market, state["pool_usd"])
        outside = outside + (market.announced_impact - market.permanent_impact) * announced
    outside = outside + state["news"]
    if kind == "off":
        final, arbitrage, given = exp(outside), 0.0 * price, out
    else:
        left = closing(market.arbitrage_speed, dt)
        change = outside - log(state["outside_value"])
        final = exp(arbitraged(log(price), log(after), outside, change, left))
        if kind == "pool":
            quoted = from_book(market.book_depth, price, settled, holders)
            pool_tok, product = pool_tok - (out - quoted), pool_tok * state["pool_usd"]
            moved = np.minimum(np.sqrt(product / final), pool_tok + (holders - quoted))
            arbitrage, pool_tok = moved - pool_tok, moved
            final, given = product / (pool_tok * pool_tok), arbitrage + quoted
        else:
            arbitrage, given = 0.0 * price, out
    follows, circulating = relaxation(dt, market.pool_time), state["circulating_supply"]
    own = state["protocol_owned"] * pool_tok
    wanted = (market.pool_share * circulating - (pool_tok - own)) * follows
    provided = np.minimum(wanted, 0.5 * np.maximum(holders - given, 0.0))
    put_in = np.minimum(
        (market.protocol_share * circulating - own) * follows, spare(state, dt, final)
    )
    pool_tok = pool_tok + provided + put_in
    return {
        "protocol_owned": (own + put_in) / pool_tok,
        "protocol_liquidity": put_in / dt,
        "settlement_price": settled,
        "token_price": final,
        "outside_value": exp(outside),
        "pool_tok": pool_tok,
        "pool_usd": final * pool_tok,
        "log_return": log(final / price),
        "arbitrage_tok": arbitrage / dt,
        "liquidity_flow": (given + provided) / dt,
    }
