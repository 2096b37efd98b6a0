"""What orders do to the price, for how long, and who earns by it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tokenomics as tk
from paths import simulate
from tokenomics.model.formulas.billing import next_quote
from tokenomics.model.formulas.liquidity import arbitraged, clear, closing

STILL = {"shocks.enabled": False}


@given(st.floats(-0.2, 0.2), st.floats(0.0, 0.9))
def test_who_knows_nothing_pays_a_fair_price_where_half_of_his_impact_lasts(order, depth):
    """Filled at the geometric mean, he can sell at once for what he paid, on average over both
    directions and without arbitrage's delay.
    """
    price, tokens = 2.0, 1e6
    usd = price * tokens
    profits = {}
    for share in (1 / 3, 1 / 2, 2 / 3):
        gained = 0.0
        for sign in (1.0, -1.0):
            amount = sign * order * usd
            buy, sell = max(amount, 0.0), max(-amount, 0.0) / price
            settled, after, _ = clear("pool", price, tokens, usd, buy, sell, 1e5)
            outside = np.log(price) + share * np.log(after / price)
            final = np.exp(
                arbitraged(
                    np.log(price), np.log(after), outside, outside - np.log(price), closing(1e12, 1)
                )
            )
            gained += (buy / settled - sell) * (final - settled)
        profits[share] = gained / usd
    assert abs(profits[1 / 2]) < 1e-9
    assert profits[2 / 3] >= -1e-12 >= profits[1 / 3] - 2e-12


@given(
    st.floats(0.0, 200.0),
    st.floats(-0.3, 0.3),
    st.floats(-0.3, 0.3),
    st.floats(-0.3, 0.3),
)
def test_arbitrage_over_a_step_is_that_over_its_halves(speed, gap, impact, change):
    whole = arbitraged(gap, gap + impact, change, change, closing(speed, 1.0))
    half = closing(speed, 0.5)
    price = arbitraged(gap, gap + impact / 2, change / 2, change / 2, half)
    price = arbitraged(price, price + impact / 2, change, change / 2, half)
    assert price == pytest.approx(whole, abs=1e-10)


def test_without_arbitrage_orders_alone_move_the_price_and_with_much_the_valuation():
    before, after, outside, change = 0.0, 0.1, 0.3, 0.05
    assert arbitraged(before, after, outside, change, closing(0.0, 1.0)) == pytest.approx(0.1)
    assert arbitraged(before, after, outside, change, closing(1e12, 1.0)) == pytest.approx(0.3)


@given(st.floats(0.0, 10.0), st.floats(-0.3, 0.3), st.floats(0.5, 2.0))
def test_a_quote_after_a_step_is_that_after_its_halves(lag, move, quote):
    whole = next_quote(quote, np.exp(move), move, lag, 1.0)
    half = next_quote(quote, np.exp(move / 2), move / 2, lag, 0.5)
    half = next_quote(half, np.exp(move), move / 2, lag, 0.5)
    assert half == pytest.approx(whole, rel=1e-12)
    if lag == 0.0:
        assert whole == pytest.approx(np.exp(move), rel=1e-12)


def noise_moves(depth, follows):
    """Spread of what a step of noise does to the log price, in a pool of some depth."""
    sets = {
        "market.pool_start": depth,
        "market.pool_time": 1e9,
        "speculation.follows_liquidity": follows,
        "news.enabled": False,
        "speculation.noise": 0.01,
        "demand.volatility": 0.0,
    }
    paths = simulate(sets, days=1, runs=400, keep=("log_return",))
    return float(np.std(paths["log_return"][:, 1]))


def test_a_deeper_pool_is_moved_less_by_the_same_usd_as_its_formula_says():
    usual, deep = noise_moves(1.0, 0.0), noise_moves(2.0, 0.0)
    assert deep / usual == pytest.approx(0.5, rel=0.02)
    assert noise_moves(2.0, 1.0) / noise_moves(1.0, 1.0) == pytest.approx(1.0, rel=0.01)
    half = noise_moves(2.0, 0.5) / noise_moves(1.0, 0.5)
    assert half == pytest.approx(0.75, rel=0.02)


def test_what_the_controller_buys_lasts_by_a_share_of_its_own():
    how = {"policy": "static", "days": 200, "runs": 1, "sets": STILL, "engine": "ensemble"}

    def value(**market):
        sets = STILL | {f"market.{name}": number for name, number in market.items()}
        found = tk.run(**(how | {"sets": sets})).trajectories.values
        return float(found["outside_value"][0, -1])

    base = value()
    assert value(announced_impact=0.5) == base
    assert value(announced_impact=0.0) < base < value(announced_impact=1.0)
