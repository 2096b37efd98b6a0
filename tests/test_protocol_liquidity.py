"""Liquidity that the treasury owns: paid for out of its tokens and USD, a lever, and given back."""

import numpy as np
import pytest

import tokenomics as tk
from tokenomics.errors import InputError
from tokenomics.parameters import resolve

CALM = {"shocks.enabled": False}
SHARE = 0.003


def paths(**how):
    return tk.run(engine="ensemble", runs=1, days=365, **how).trajectories.values


@pytest.fixture(scope="module")
def bought():
    return paths(sets=CALM | {"market.protocol_share": SHARE})


def test_the_treasury_pays_for_its_liquidity_and_the_pool_deepens_by_it(bought):
    rest = paths(sets=CALM)
    for name in ("pool_tok", "pool_usd", "token_price", "treasury_usd", "treasury_tok"):
        assert bought[name][0, 0] == rest[name][0, 0], name
    circulating = bought["circulating_supply"][0]
    assert bought["pool_tok"][0, -1] == pytest.approx((0.05 + SHARE) * circulating[-1], rel=1e-3)
    put_in = bought["protocol_liquidity"][0]
    paid = bought["treasury_tok"][0, 0] - bought["treasury_tok"][0, -1]
    assert paid == pytest.approx(float(np.sum(put_in[1:])), rel=1e-9)
    owned = bought["protocol_owned"] * bought["pool_tok"]
    assert owned[0, -1] == pytest.approx(SHARE * circulating[-1], rel=1e-2)
    usd = float(np.sum((put_in * bought["token_price"][0])[1:]))
    fallen = (bought["treasury_usd"] - rest["treasury_usd"])[0, -1]
    assert -fallen == pytest.approx(usd, rel=0.05)


def test_a_treasury_puts_in_no_more_than_it_has():
    poor = paths(sets=CALM | {"market.protocol_share": 0.2, "treasury.reserve": 0.001})
    assert np.min(poor["treasury_usd"]) >= 0.0
    assert float(poor["protocol_owned"][0, -1]) < 0.1


@pytest.mark.parametrize(
    "market", [{"market.type": "linear"}, {"market.enabled": False}], ids=["linear", "off"]
)
def test_there_is_no_liquidity_of_the_treasury_without_a_pool(market):
    with pytest.raises(InputError, match=r"market.protocol_share: 0.003; expected 0"):
        resolve(sets=market | {"market.protocol_share": SHARE})
    found = paths(sets=CALM | market)
    assert np.all(found["protocol_liquidity"] == 0.0)


def test_what_is_taken_out_comes_back(bought):
    today = {"market.protocol_share": SHARE}
    found = paths(today=today | CALM, sets={"market.protocol_share": 0.0})
    kept = paths(today=today | CALM)
    assert kept["protocol_owned"][0, 0] == pytest.approx(SHARE / (0.05 + SHARE))
    assert np.max(np.abs(kept["protocol_liquidity"])) < 1e-6 * kept["pool_tok"][0, 0]
    gained = (found["treasury_tok"] - kept["treasury_tok"])[0, -1]
    assert gained == pytest.approx(
        float((kept["protocol_owned"] * kept["pool_tok"])[0, 0]), rel=0.01
    )
    assert found["protocol_owned"][0, -1] < 1e-4


def test_a_pool_that_starts_deeper_goes_back_to_its_depth():
    found = paths(sets=CALM | {"market.pool_start": 2.0})
    share = found["pool_tok"] / found["circulating_supply"]
    assert share[0, 0] == pytest.approx(0.1) and share[0, -1] == pytest.approx(0.05, rel=1e-3)


def test_liquidity_that_is_the_treasurys_counts_in_its_value():
    today = CALM | {"market.protocol_share": SHARE}
    found = tk.run(engine="ensemble", runs=1, days=2, today=today)
    last = {name: path[0, -1] for name, path in found.trajectories.values.items()}
    own_tok, own_usd = (last["protocol_owned"] * last[n] for n in ("pool_tok", "pool_usd"))
    tokens = last["treasury_tok"] + own_tok
    left, usd = last["pool_tok"] - own_tok, last["pool_usd"] - own_usd
    table = found.metrics_per_run().iloc[0]
    assert table["treasury_value"] == pytest.approx(
        last["treasury_usd"] + own_usd + tokens * last["token_price"], rel=1e-12
    )
    paid = usd * tokens / (left + tokens)  # x y = k
    assert table["treasury_value_pool"] == pytest.approx(
        last["treasury_usd"] + own_usd + paid, rel=1e-12
    )
