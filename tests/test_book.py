"""An exchange's order book beside the pool: what it takes of an order, what it leaves when the
price falls, and that nobody gives tokens that he has not.
"""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from plants import small_plant
from test_conservation import assert_books_balance

import tokenomics as tk
from paths import assert_same_bits, simulate
from tokenomics.engines import cadcad, ensemble
from tokenomics.errors import InputError
from tokenomics.loop.regions import thinner
from tokenomics.model.blocks.market import policy_market
from tokenomics.model.blocks.speculation import policy_speculators
from tokenomics.model.formulas.liquidity import clear, from_book, order_to_reach, proceeds
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import start_state, steady_state
from tokenomics.parameters import resolve

CALM = {"shocks.enabled": False}
DEPTH = "market.book_depth"
SIZES = st.floats(0.0, 50.0)  # of orders, in the pool's USD and tokens


@given(st.floats(1e-3, 1e3), st.floats(1e3, 1e9), st.floats(0.0, 20.0), SIZES, SIZES)
def test_a_pool_and_a_book_of_its_size_are_a_pool_of_both(price, tokens, more, buy, sell):
    usd, held = price * tokens, 1e3 * tokens
    orders = (buy * usd, sell * tokens, held)
    both = clear("pool", price, tokens, usd, *orders, more * usd)
    one = clear("pool", price, (1.0 + more) * tokens, (1.0 + more) * usd, *orders)
    assume(from_book(more * usd, price, both[0], held) < held)
    np.testing.assert_allclose(both[:2], one[:2], rtol=1e-9)
    assert both[2] == pytest.approx(one[2], abs=1e-9 * (tokens + orders[1]))


@given(st.floats(1e-3, 1e3), st.floats(1e3, 1e9), st.floats(1e-3, 50.0), SIZES, SIZES, SIZES)
def test_each_place_moves_along_its_own_curve_to_one_price(price, tokens, more, buy, sell, held):
    """All USD and tokens of the batch are the pool's or the book's, and passive holders give the
    book no more than they have.
    """
    usd, held = price * tokens, (1e-3 + held) * tokens
    settled, after, out = clear(
        "pool", price, tokens, usd, buy * usd, sell * tokens, held, more * usd
    )
    given_by_book = from_book(more * usd, price, settled, held)
    assert given_by_book <= held
    left = tokens - (out - given_by_book)
    assert after * left * left == pytest.approx(usd * tokens, rel=1e-7)
    if given_by_book < held:
        assert given_by_book == pytest.approx(
            more * tokens * (1.0 - price / settled), abs=1e-9 * more * tokens
        )
    # who buys more than all may have moves the pool alone: the price is that without a book
    else:
        alone = clear("pool", price, tokens, usd, buy * usd, sell * tokens + held, held)
        assert settled == pytest.approx(alone[0], rel=1e-9)


def test_without_a_book_every_bit_is_the_pools():
    args = ("pool", 0.37, 12345.6, 0.37 * 12345.6, 777.7, 88.8, 9.9)
    assert clear(*args) == clear(*args, 0.0)
    assert clear(*args)[0] == (0.37 * 12345.6 + 777.7) / (12345.6 + 88.8)


@pytest.mark.parametrize("deep", [0.0, 1.0, 30.0])
def test_a_small_order_moves_the_price_by_twice_its_share_of_the_depth(deep):
    usd = 1e6
    for order in (1.0, -1.0):
        buy, sell = max(order, 0.0), max(-order, 0.0) / 2.0
        after = clear("pool", 2.0, usd / 2.0, usd, buy, sell, 1e9, deep * usd)[1]
        assert np.log(after / 2.0) == pytest.approx(2.0 * order / (usd + deep * usd), rel=1e-5)


def test_in_a_deep_enough_book_an_order_moves_nothing():
    moves = [
        abs(np.log(clear("pool", 2.0, 1e6, 2e6, buy, sell, 1e12, 1e14)[1] / 2.0))
        for buy, sell in ((2e6, 0.0), (0.0, 1e6))
    ]
    assert max(moves) < 1e-7


@given(
    target=st.floats(0.2, 5.0),
    buy=st.floats(0.0, 1e5),
    sell=st.floats(0.0, 1e5),
    tok=st.floats(1e4, 1e7),
    deep=st.floats(0.0, 20.0),
    held=st.floats(0.01, 10.0),
)
def test_the_order_to_reach_a_price_reaches_it_through_the_book(target, buy, sell, tok, deep, held):
    places = ("pool", 2.0, tok, 2.0 * tok)
    rest, book = held * tok, deep * 2.0 * tok
    usd, more = order_to_reach("pool", target * 2.0, *places[1:], buy, sell, rest, book)
    assert usd >= 0.0 and more >= 0.0 and min(usd, more) == 0.0
    after = clear(*places, buy + usd, sell + more, rest, book)[1]
    assert after == pytest.approx(2.0 * target, rel=1e-9)


def test_what_a_sale_fetches_is_that_of_its_batch_with_the_book():
    settled, _, _ = clear("pool", 2.0, 1e6, 2e6, 0.0, 3e5, 1e9, 5e6)
    assert proceeds("pool", 2.0, 1e6, 2e6, 3e5, 5e6) == pytest.approx(settled * 3e5, rel=1e-12)
    assert proceeds("pool", 2.0, 1e6, 2e6, 3e5, 5e6) > proceeds("pool", 2.0, 1e6, 2e6, 3e5)


def fallen(depth):
    """What a treasury's sale in USD does before and after the price has fallen to a tenth."""
    sets = CALM | {DEPTH: depth, "news.enabled": False, "market.anchoring": 0.0}
    values = resolve("baseline", sets=sets).values
    params = bind(values, sample(values, np.zeros(1, dtype=int), 0))
    state = start_state(values)
    low = state | {name: 0.1 * state[name] for name in ("token_price", "pool_usd", "outside_value")}
    moves = []
    for at in (state, low):
        sale = {"order_run_tok": 0.0, "order_treasury_tok": 1e3 / at["token_price"]}
        with_sale = policy_market(params, 0, None, at | sale)
        without = policy_market(params, 0, None, at | dict.fromkeys(sale, 0.0))
        moves.append(float(np.log(with_sale["settlement_price"] / without["settlement_price"])))
    return moves, float(state["pool_usd"])


def test_when_the_price_falls_the_pools_depth_falls_and_the_books_does_not():
    (before, after), usd = fallen(0.0)
    assert after / before == pytest.approx(10.0, rel=0.02)
    (before, after), _ = fallen(1e3 * usd)
    assert after / before == pytest.approx(1.0, rel=0.02)
    (before, after), _ = fallen(usd)
    assert after / before == pytest.approx(2.0 / 1.1, rel=0.02)


@pytest.mark.parametrize("depth", [3e5, 1e8])
@pytest.mark.parametrize("policy", ["pid_two_sided", "lqr", "scheduled"])
def test_the_books_balance_and_the_pool_stays_on_its_curve(policy, depth):
    paths = simulate({DEPTH: depth}, policy=policy, days=60, runs=3)
    assert_books_balance(paths)
    np.testing.assert_allclose(
        paths["pool_usd"], paths["pool_tok"] * paths["token_price"], rtol=1e-12
    )


def test_holders_who_have_almost_nothing_left_give_the_book_no_more():
    """An attacker asks for more than passive holders have: they give nearly all, and no more."""
    sets = CALM | {
        DEPTH: 1e12,
        "supply.speculator_share": 0.5,
        "attack.enabled": True,
        "attack.capital": 1e-2,
        "attack.size": 3.0,
        "attack.start": 3.0,
        "attack.days": 10.0,
        "market.anchoring": 0.0,
    }
    paths = simulate(sets, days=20, runs=1)
    assert_books_balance(paths)
    held = paths["holders_tok"][0]
    assert np.min(held) >= 0.0
    assert np.min(held) < 0.01 * held[0]


def test_engines_agree_with_a_book():
    sets = {DEPTH: 4e5, "attack.enabled": True, "attack.size": 0.2, "attack.start": 3.0}
    sets |= {"front_running.enabled": True, "simulation.days": 15.0}
    values = resolve("baseline", policy="pid_two_sided", sets=sets).values
    params = bind(values, sample(values, np.arange(3), 7))
    start = steady_state(values).state
    slow, fast = (
        engine.simulate(MODEL.bound(params), params, start, runs=np.arange(3), steps=15)
        for engine in (cadcad, ensemble)
    )
    for name, series in slow.values.items():
        assert_same_bits(name, fast.values[name], series)


def test_a_finer_step_changes_prices_within_its_error():
    found = {}
    for step in (1.0, 0.5, 0.25):
        sets = CALM | {DEPTH: 1e6, "simulation.time_step": step}
        paths = simulate(sets, policy="static", days=60, runs=1, scenarios=("whale_unlock",))
        found[step] = paths["token_price"][0, -1]
    coarse, fine = (abs(np.log(found[s] / found[0.25])) for s in (1.0, 0.5))
    assert fine < coarse < 0.01


def test_the_unit_of_the_controller_is_the_depth_of_both_places():
    values = resolve("baseline", sets=CALM | {DEPTH: 5e5}).values
    state = start_state(values)
    assert state["reference_depth"] == state["pool_usd"] + 5e5


@pytest.mark.parametrize("depth", [0.0, 5e5])
def test_the_linear_economy_answers_a_signal_as_the_depth_says(depth):
    """A signal of one reference depth a day moves the log price by 2 Δt, book or none."""
    sets = CALM | {DEPTH: depth, "oracle.lag": 0.0}
    params = resolve("baseline", policy="pid", sets=sets).values
    base = simulate(sets, days=2, runs=1)
    state, small = {k: v[0, 0] for k, v in base.items()}, 1e-4
    state["control_output"] = small * base["reference_depth"][0, 0]
    response = float(policy_market(bind(params, None), 0, None, state)["log_return"])
    assert response / small == pytest.approx(
        float(small_plant(bind(params, None)).B[0, 0]), rel=1e-2
    )


def test_a_thinner_market_is_thinner_in_both_places():
    parameters = resolve("baseline", policy="pid", sets={DEPTH: 5e5}).values
    whole, half = (thinner(parameters, share) for share in (1.0, 0.5))
    assert half.state["reference_depth"] == pytest.approx(whole.state["reference_depth"])
    assert half.state["pool_usd"] == pytest.approx(0.5 * whole.state["pool_usd"], rel=0.01)


def test_the_designs_know_the_depth_of_speculators_that_the_model_has():
    """With liquidity of the treasury's own the same people move a deeper market less."""
    share = 0.05
    sets = {"market.protocol_share": share, "market.arbitrage_speed": 0.0, "oracle.lag": 0.0}
    values = resolve("baseline", policy="lqr", sets=sets).values
    plant = small_plant(bind(values, None))
    speculation, market = values.speculation, values.market
    deeper = 1.0 + share / market.pool_share
    held = (1.0 + (deeper - 1.0) * speculation.follows_liquidity) / deeper
    assert 1.0 - plant.A[0, 0] == pytest.approx(
        2.0 * speculation.fundamentalist * 0.5 * held, rel=1e-9
    )
    # the model's own orders, from a price off its utility value
    calm = resolve("baseline", sets=sets | CALM).values
    state = start_state(calm) | {"chartist_share": 0.5}
    params = bind(calm, sample(calm, np.zeros(1, dtype=int), 0))
    low = state | {"utility_value": state["token_price"] * np.exp(0.01)}
    usd = float(policy_speculators(params, 0, None, low)["order_speculators_usd"])
    assert 2.0 * usd / state["pool_usd"] == pytest.approx(0.01 * (1.0 - plant.A[0, 0]), rel=1e-6)


@pytest.mark.parametrize(
    "market", [{"market.type": "linear"}, {"market.enabled": False}], ids=["linear", "off"]
)
def test_there_is_no_book_without_a_pool(market):
    with pytest.raises(InputError, match=r"market.book_depth: 1000 USD; expected 0"):
        resolve(sets=market | {DEPTH: 1000.0})


def test_a_deeper_book_calms_the_price_and_its_depth_is_a_fact_of_the_world():
    found = [
        tk.run(sets={DEPTH: depth}, runs=20, days=120, engine="ensemble", record=["log_return"])
        for depth in (0.0, 1e7)
    ]
    spread = [np.std(one.trajectories.values["log_return"][:, 1:]) for one in found]
    assert spread[1] < 0.9 * spread[0]
    assert tk.resolve().entries[DEPTH].role == "world"
