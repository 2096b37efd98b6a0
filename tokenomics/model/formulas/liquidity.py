"""Finite liquidity: what a batch of orders does to the price, and the order that brings the price
to a target.

Pool: constant product x·y = k, cleared as a uniform-price batch. Buyers bring B USD, sellers S TOK;
the price p at which the pool takes the difference solves p = (y + B − S p)/x, hence p = (y + B)/(x
+ S), and leaves x' = y/p, y' = p x, so that the price afterwards is p²/P. Beside it stands the book
of an exchange with D USD of bids and as much of offers, quoted around P at the start of a step like
a pool of its own with D USD and D/P TOK: p = (y + D + B)/(x + D/P + S). What it gives, D/P − D/p,
is passive holders': no more than H, so that buyers who want more move the pool alone, p = (y +
B)/(x + H + S), the higher of both prices. Linear: ln P moves by 2 (B − S P)/y, the pool's impact to
first order, filled at the geometric mean; passive holders take the other side. Of them too no more
than H can be had: buyers who want more share what sellers and holders bring, at p = B/(S + H), and
a rise ends there, for nobody is left who would pay more; a fall goes on to p²/P. With no market
("off") orders are filled alike and move no price. Units: USD, TOK, USD/TOK.
"""

import numpy as np

from ...elementary import exp, expm1, log, log1p
from .numerics import in_tokens, positive, relaxation

RESERVE = 1e-3  # share of passive holdings that never trades, so that no ledger is emptied


def kind_of(market):
    """The kind of a market by its parameters: "pool", "linear", or "off" where there is none."""
    return market.type if market.enabled else "off"


def depth(market, pool_usd):
    """USD on the bid side of the market, pool and book: an order of so much less moves the log
    price by 2 USD/depth to first order.
    """
    return pool_usd + market.book_depth


def speculators_depth(usual, there, follows):
    """A depth of speculators: the market that others usually keep, and of what there is beyond it
    the part that they come for. usual, there: in one unit. follows: that part.
    """
    return usual + (there - usual) * follows


def dealers(params, state):
    """Tokens that passive holders can give to buyers or to the pool: what is left once they have
    delegated and run [TOK].
    """
    leaving = state["delegated"] + params["orders"].sales(state, "holders")
    return (state["holders_tok"] - leaving * params["time_step"]) * (1.0 - RESERVE)


def clear(kind, price, pool_tok, pool_usd, buy_usd, sell_tok, dealers_tok, book_usd=0.0):
    """Settlement price, price afterwards, and tokens that leave the pool, the book or the dealers
    [USD/TOK, USD/TOK, TOK].

    dealers_tok: what the passive holders have to give, above 0; a pool needs none of it. book_usd:
    bids of the book beside a pool.
    """
    if kind == "pool":
        bid, offered = pool_usd + book_usd, pool_tok + in_tokens(book_usd, price)
        settled = np.maximum(
            (bid + buy_usd) / (offered + sell_tok),
            (pool_usd + buy_usd) / (pool_tok + dealers_tok + sell_tok),
        )
        return settled, settled * settled / price, buy_usd / settled - sell_tok
    alone = price * exp((buy_usd - sell_tok * price) / pool_usd) if kind == "linear" else price
    settled = np.maximum(alone, buy_usd / (sell_tok + dealers_tok))
    if kind != "linear":
        return settled, price, buy_usd / settled - sell_tok
    after = np.maximum(alone * alone / price, np.minimum(settled, settled * settled / price))
    return settled, after, buy_usd / settled - sell_tok


def from_book(book_usd, price, settled, dealers_tok):
    """Of the tokens that leave a pool and its book in `clear`, those that leave the book [TOK]."""
    return np.minimum(book_usd * (1.0 / price - 1.0 / settled), dealers_tok)


def proceeds(kind, price, pool_tok, pool_usd, tokens, book_usd=0.0):
    """What the market pays for so many tokens, sold piece by piece while nobody else trades and the
    book is not quoted anew [USD].

    Pool: y·t/(x + t), in however many pieces; a book adds to y and x. Linear: each piece q moves
    ln P by −2 q P/y, so that in small ones P falls as 1/(1 + 2 P S/y), and they fetch
    y/2 · ln(1 + 2 P t/y); in one piece it would be P t exp(−P t/y), less with more tokens from some
    number on. "off": the price for each.
    """
    worth = tokens * price
    if kind == "pool":
        bid, offered = pool_usd + book_usd, pool_tok + in_tokens(book_usd, price)
        return bid * tokens / (offered + tokens)
    if kind == "linear":
        return 0.5 * pool_usd * log1p(2.0 * worth / pool_usd)
    return worth


def order_to_reach(
    kind, target, price, pool_tok, pool_usd, buy_usd, sell_tok, dealers_tok, book_usd=0.0
):
    """Purchase [USD] and sale [TOK] which, beside the others' orders, bring the price after
    clearing to `target`; one of them is 0.

    kind: "pool" or "linear"; with no market ("off") no order moves the price, and both are 0.
    dealers_tok, book_usd: as in `clear`.
    """
    settled = np.sqrt(target * price)
    if kind == "pool":
        bid, offered = pool_usd + book_usd, pool_tok + in_tokens(book_usd, price)
        needed = np.minimum(
            settled * (offered + sell_tok) - (bid + buy_usd),
            settled * (pool_tok + dealers_tok + sell_tok) - (pool_usd + buy_usd),
        )
        return positive(needed), positive(-needed) / settled
    if kind == "linear":
        impact = pool_usd * log(settled / price) - (buy_usd - sell_tok * price)
        paid = np.maximum(target, settled)  # where buyers share what there is; see `clear`
        emptied = (
            paid * (sell_tok + dealers_tok) - buy_usd
        )  # USD that take all that the dealers have, at that price
        return np.minimum(positive(impact), positive(emptied)), np.maximum(
            positive(-impact) / price, positive(-emptied) / paid
        )
    return 0.0 * price, 0.0 * price


def anchored(params, state):
    """Log outside valuation once it has returned its share of the way to the utility value."""
    outside = log(state["outside_value"])
    time = 1.0 / np.maximum(params["market"].anchoring, 1e-12)
    return outside + (log(state["utility_value"]) - outside) * relaxation(params["time_step"], time)


def closing(speed, dt):
    """Of the gap between the price and the outside valuation, what arbitrage leaves over a step: of
    that at its start, and of what comes to it evenly through the step. Both go to 0 where arbitrage
    is fast.
    """
    reach = np.maximum(speed * dt, 1e-12)
    closed = -expm1(-reach)
    return 1.0 - closed, closed / reach


def arbitraged(before, after, outside, change, left):
    """Log price at the end of a step through which orders, news and arbitrage act side by side:
    exact for a gap g with dg/dt = (impact − change of valuation)/Δt − speed·g.

    before, after: log price before the step, and where its orders alone bring it. outside, change:
    log outside valuation at the end, and by how much the step moved it. left: of `closing`.
    """
    old, new = left
    return outside + (before - outside + change) * old + (after - before - change) * new
