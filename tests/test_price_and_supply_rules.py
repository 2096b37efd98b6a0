"""Deployed rules of a price, a fee and supply as policies of the economy: what they decide is what
the integer rules decide, and what they do to the network is what they do on chain.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tokenomics as tk
from tokenomics.errors import InputError
from tokenomics.model.blocks.rebase import BALANCES, PRICES
from tokenomics.model.controllers import ampleforth as supply
from tokenomics.model.controllers import eip1559 as base_fee
from tokenomics.model.controllers import gonka_price as price
from tokenomics.model.model import MODEL
from tokenomics.protocols.ampleforth import AMPLEFORTH, AmpleforthInputs, change_of_supply
from tokenomics.protocols.arithmetic import WAD
from tokenomics.protocols.eip1559 import EIP1559, BaseFeeInputs, BaseFeeParameters, BaseFeeState
from tokenomics.protocols.eip1559 import step as next_base_fee
from tokenomics.protocols.gonka_price import GONKA_PRICE, GonkaPriceInputs, GonkaPriceState
from tokenomics.protocols.gonka_price import step as next_price

RULES = ("gonka_price", "eip1559", "ampleforth")
CAPACITY, BLOCKS = 10**15, 20_000
OVER = {"days": 30, "runs": 3, "seed": 5}
QUICK = {"engine": "ensemble"}
CALM = {"shocks.enabled": False}
LIMIT = int(base_fee.LIMIT)
ETHEREUM = SimpleNamespace(elasticity=2.0, denominator=8.0)


def gonka(version):
    """The rule's settings as the model has them."""
    p = GONKA_PRICE.version(version).parameters
    return SimpleNamespace(
        lower=p.lower / WAD,
        upper=p.upper / WAD,
        elasticity=p.elasticity / WAD,
        floor=float(p.floor),
        rounded_up=bool(p.up),
    )


def paths(policy, sets=(), **how):
    return tk.run("baseline", policy=policy, sets=dict(sets), **(OVER | how)).trajectories.values


@given(st.integers(1, 10**5), st.integers(0, 2000), st.sampled_from(["v0.2.13", "PR-1451"]))
def test_a_block_of_gonka_moves_the_price_to_the_unit_as_on_chain(now, thousandths, version):
    parameters = GONKA_PRICE.version(version).parameters
    inputs = GonkaPriceInputs(thousandths * 60 * CAPACITY // 1000, CAPACITY)
    found = float(price.next_price(float(now), thousandths / 1000, gonka(version)))
    assert found == next_price(GonkaPriceState(now), inputs, parameters).price


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 3000),
    st.floats(0.0, 1.5),
    st.floats(0.1, 3.0),
    st.sampled_from(["v0.2.13", "PR-1451"]),
)
@example(1, 0.75, 1.0, "PR-1451")
@example(2999, 1.0, 1.0, "v0.2.13")
def test_the_blocks_of_a_day_end_at_the_unit_at_which_the_chain_ends(now, use, answer, version):
    parameters, at, before = GONKA_PRICE.version(version).parameters, now, now
    for _ in range(BLOCKS):
        seen = use * (at / now) ** -answer
        inputs = GonkaPriceInputs(round(seen * 60 * CAPACITY), CAPACITY)
        after = next_price(GonkaPriceState(at), inputs, parameters).price
        if after == at:
            before = at
            break
        before, at = at, after
    rule, seen = gonka(version), use * (at / now) ** -answer
    # at few units a block's rise may be more than the zone is wide: then two prices take turns. And
    # a rise of a unit exactly is one in doubles, and none in decimals that are cut
    ends = before, at, float(price.next_price(float(at), seen, rule))
    assert float(price.settled(float(now), use, answer, np.inf, rule)) in ends


@given(st.floats(0.6, 1.5), st.floats(0.1, 3.0), st.integers(60, 3000), st.integers(100, 200))
def test_no_block_ends_above_the_price_at_which_nobody_is_left(use, answer, now, per_cent):
    most = now * per_cent / 100
    found = price.settled(float(now), use, answer, most, gonka("v0.2.13"))
    assert now <= found <= most
    # who begins above it comes down to it
    assert price.settled(10.0 * now, use, answer, most, gonka("v0.2.13")) <= most


@given(
    st.integers(0, 2**50),
    st.integers(0, LIMIT),
    st.integers(2, 8),
    st.integers(2, 64),
)
def test_a_block_moves_the_base_fee_to_the_wei_as_on_chain(now, used, elasticity, denominator):
    rule = SimpleNamespace(elasticity=float(elasticity), denominator=float(denominator))
    parameters = BaseFeeParameters(elasticity, denominator)
    found = float(base_fee.next_fee(float(now), float(used), rule))
    assert found == next_base_fee(BaseFeeState(now), BaseFeeInputs(used, LIMIT), parameters)[0]


@settings(max_examples=15, deadline=None)
@given(
    st.integers(10**6, 10**10),
    st.floats(1e8, 1e9),
    st.floats(0.35, 1.3),
    st.floats(0.3, 1.5),
)
def test_the_blocks_of_a_day_end_at_the_base_fee_at_which_the_chain_ends(now, tip, use, answer):
    parameters, fee = EIP1559.version().parameters, now
    for _ in range(7200):
        seen = min(use * ((fee + tip) / (now + tip)) ** -answer, 1.0)
        inputs = BaseFeeInputs(int(seen * LIMIT), LIMIT)
        fee, last = next_base_fee(BaseFeeState(fee), inputs, parameters).base_fee, fee
        if fee == last:
            break
    found = base_fee.settled(float(now), tip, use, answer, np.inf, ETHEREUM)
    # of the price: where the fee is a small part of it a day's blocks do not quite get there
    assert abs(float(found) - fee) <= 2e-3 * (fee + tip)


def test_an_empty_network_keeps_the_seven_wei_that_no_block_lowers():
    assert base_fee.settled(1e9, 0.0, 0.0, 1.0, np.inf, ETHEREUM) == 7.0


@given(st.floats(0.0, 4.0), st.sampled_from(["lag-30", "lag-10", "AIP-5", "proposal-32"]))
def test_a_rebase_changes_supply_as_the_contract_does(rate, version):
    p = AMPLEFORTH.version(version).parameters
    curve = p.lag == 0
    rule = SimpleNamespace(
        threshold=p.threshold / WAD,
        lag=float(p.lag),
        lower=p.lower_above / WAD if curve else -1.0,
        upper=p.upper_above / WAD if curve else 1.0,
        growth=p.growth_above / WAD,
    )
    # next to an end of the band or of a 32nd the last digit of a rate decides
    for edge in (abs(abs(rate - 1.0) - rule.threshold), abs(rule.growth * (rate - 1.0) * 32 % 1)):
        if edge < 1e-9:
            return
    supplied = 10**30
    exact = change_of_supply(supplied, AmpleforthInputs(int(rate * WAD), WAD), p) / supplied
    assert float(supply.change_of_supply(rate, rule)) == pytest.approx(exact, rel=0, abs=1e-15)


@pytest.mark.parametrize("policy", RULES)
def test_both_engines_follow_the_rule_alike(policy):
    reference, compiled = (paths(policy, days=15, engine=one) for one in ("cadcad", "ensemble"))
    for name, path in reference.items():
        np.testing.assert_array_equal(path, compiled[name])


def test_a_network_within_the_zone_stays_as_it_is():
    found = paths("gonka_price", CALM | {"controller.gonka_price.upper": 0.65}, **QUICK)
    np.testing.assert_array_equal(found["control_units"], 100.0)
    np.testing.assert_allclose(found["inference_price"], found["inference_price"][0, 0], rtol=1e-9)


def test_a_network_at_its_target_keeps_its_base_fee_and_burns_what_it_burned():
    found = paths("eip1559", CALM | {"controller.eip1559.elasticity": 1.0 / 0.6}, **QUICK)
    for name, width in (("inference_price", 1e-6), ("burn_share", 1e-6), ("control_fee", 1e-6)):
        np.testing.assert_allclose(found[name], found[name][0, 0], rtol=width)
    assert found["burn_share"][0, 0] == 0.5


def test_the_base_fee_brings_use_to_half_of_capacity_and_all_of_it_is_burnt():
    found = paths("eip1559", CALM, days=200, runs=1, **QUICK)
    assert found["utilisation"][0, -1] == pytest.approx(0.5, abs=0.005)
    price_now, burnt = found["inference_price"][0, 1:-1], found["burn_share"][0, 2:]
    tip = found["control_tip"][0, 0]
    # nodes get the tip, less the treasury's share of it
    np.testing.assert_allclose(price_now * (0.9 - burnt), 0.9 * tip, rtol=1e-9)


def test_a_price_below_fifty_units_never_rises_however_much_is_asked():
    trapped = {"controller.gonka_price.base": 49}
    found = paths("gonka_price", trapped, scenario="demand_doubling", **QUICK)
    assert found["utilisation"].max() > 1.0
    assert np.all(np.diff(found["control_units"], axis=1) <= 0.0)
    freed = paths(
        "gonka_price",
        trapped | {"controller.gonka_price.rounded_up": True},
        scenario="demand_doubling",
        **QUICK,
    )
    assert freed["control_units"].max() > 49.0


def test_a_rebase_leaves_every_market_value_as_it_would_have_been():
    # without emission and burns tokens are counted in nothing but shares
    sets = {
        "emission.mode": "rate",
        "emission.rate": 0.0,
        "supply.burn_share": 0.0,
        "reliability.enabled": False,
    }
    plain, rebased = (paths(one, sets, days=60, **QUICK) for one in ("none", "ampleforth"))
    by = rebased["total_supply"] / plain["total_supply"]
    assert by.max() > 1.2 or by.min() < 0.8
    for name in ("inference_price", "treasury_usd", "pool_usd", "fees", "demand", "log_return"):
        np.testing.assert_allclose(rebased[name], plain[name], rtol=1e-6, atol=1e-9)
    for name in ("token_price", "utility_value"):
        np.testing.assert_allclose(rebased[name] * by, plain[name], rtol=1e-6)
    for name in BALANCES[:6] + ("staked", "treasury_tok", "locked"):
        np.testing.assert_allclose(rebased[name], plain[name] * by, rtol=1e-6, atol=1e-3)


def test_supply_changes_by_the_factor_beside_what_is_emitted_and_burned():
    found = paths("ampleforth", **QUICK)
    by = found["control_rebase"][:, 1:]
    assert np.any(by > 1.0) or np.any(by < 1.0)
    other = found["minted"][:, 1:] - np.maximum(by - 1.0, 0.0) * found["total_supply"][:, :-1]
    np.testing.assert_allclose(other, found["emitted"][:, 1:], atol=1e-6 * 1e8)
    quiet = np.abs(found["token_price"][:, :-1] / found["initial_price"][0, 0] - 1.0) < 0.02
    assert quiet.any()


def test_rebases_are_daily_in_any_step():
    half = paths("ampleforth", {"simulation.time_step": 0.5}, **QUICK)
    total, changed = half["total_supply"], np.zeros(half["total_supply"].shape[1] - 1, dtype=bool)
    changed |= np.any(np.abs(np.diff(np.log(total), axis=1)) > 1e-3, axis=0)
    assert changed.any() and not (changed[:-1] & changed[1:]).any()


def test_all_that_is_counted_in_tokens_is_rebased_or_said_not_to_be():
    network = tk.resolve("baseline", policy="ampleforth").values
    table = MODEL.variables(network).values()
    tokens = {v.name for v in table if v.unit.split("/")[0] == "TOK" and v.unit != "TOK/day"}
    prices = {v.name for v in table if v.unit == "USD/TOK"}
    assert tokens - set(BALANCES) == {"initial_circulating"}
    assert set(BALANCES) < tokens
    # what was measured, what is aimed at, and what every step sets before it is read
    assert prices - set(PRICES) == {
        "measured_price",
        "credit_oracle",
        "initial_price",
        "reference_price",
        "settlement_price",
    }


def test_a_price_cannot_be_left_to_a_law_that_sets_none():
    with pytest.raises(InputError, match=r"pricing\.mode: law, and controller\.type pid sets no"):
        tk.run("baseline", policy="pid", sets={"pricing.mode": "law"}, days=2)


def test_what_a_rebase_takes_back_is_not_minted_again():
    with pytest.raises(InputError, match=r"emission\.mode: balance_daily, and controller\.type am"):
        tk.run("baseline", policy="ampleforth", sets={"emission.mode": "balance_daily"}, days=2)


def test_a_zone_the_wrong_way_round_is_refused():
    with pytest.raises(InputError, match=r"controller\.gonka_price: a zone that ends before"):
        tk.run("baseline", sets={"controller.gonka_price.upper": 0.3}, days=2)
