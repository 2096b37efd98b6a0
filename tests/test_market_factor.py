"""The market's moves in a token's news: they add up with its own, are recovered from prices, replay
a history exactly, and are what no policy can act on.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import tokenomics as tk
from paths import DATA, assert_same_bits, command, simulate
from tokenomics.calibration.prices.factor import BETA, OWN, VOLATILITY, estimates, fit
from tokenomics.calibration.prices.factor import simulate as simulated
from tokenomics.calibration.recovery import case
from tokenomics.engines import cadcad, ensemble
from tokenomics.errors import InputError
from tokenomics.model.formulas.numerics import news_variance
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve

FACTOR = {"market_factor.beta": 1.5, "market_factor.volatility": 0.03}
# orders move no price, and no value pulls it back: returns are news alone
BARE = {
    "market.enabled": False,
    "market.anchoring": 0.0,
    "speculation.enabled": False,
}


def table_of(**how):
    return tk.run(engine="ensemble", **how).metrics_per_run()


def test_news_is_the_networks_own_and_beta_times_the_markets():
    whole = simulate(FACTOR, days=50, runs=3)
    alone = simulate({}, days=50, runs=3)
    moved = whole["market_factor"]
    np.testing.assert_allclose(whole["news"], alone["news"] + 1.5 * moved, atol=1e-15)
    np.testing.assert_allclose(whole["market_index"], np.cumsum(moved, axis=1), atol=1e-12)
    assert np.std(moved[:, 1:]) == pytest.approx(0.03, rel=0.2)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("step", [1.0, 0.25])
def test_variances_add_up_to_that_of_the_price_whatever_the_step(step):
    still = {"news.jump_rate": 0.0, "news.volatility": 0.04, "simulation.time_step": step}
    sets = BARE | FACTOR | still
    values = resolve(sets=sets).values
    variance = news_variance(dict(values))
    found = table_of(sets=sets, runs=60, days=400)
    per_day = (found["price_volatility"] ** 2).mean() / 365.0
    assert per_day == pytest.approx(0.04**2 + (1.5 * 0.03) ** 2, rel=0.03)
    own = (found["own_volatility"] ** 2).mean() / 365.0
    assert own == pytest.approx(0.04**2, rel=0.03)
    assert variance == pytest.approx(0.04**2 + (1.5 * 0.03) ** 2)
    assert found["factor_share"].mean() == pytest.approx((1.5 * 0.03) ** 2 / variance, abs=0.02)


def test_without_a_beta_all_volatility_is_the_tokens_own_and_no_stream_has_changed():
    found = table_of(sets={"market_factor.volatility": 0.5}, runs=3, days=60)
    np.testing.assert_array_equal(found["own_volatility"], found["price_volatility"])
    np.testing.assert_array_equal(found["factor_share"], 0.0)
    usual = table_of(runs=3, days=60)
    for name in usual.columns:
        np.testing.assert_array_equal(found[name], usual[name], err_msg=name)


@pytest.mark.parametrize("off", ["news.enabled", "shocks.enabled"])
def test_the_market_stands_still_where_news_or_shocks_are_off(off):
    paths = simulate(FACTOR | {off: False}, days=20, runs=1)
    assert np.all(paths["market_factor"] == 0.0) and np.all(paths["market_index"] == 0.0)
    assert news_variance(dict(resolve(sets=FACTOR | {off: False}).values)) == 0.0


def test_news_of_an_event_is_the_networks_own():
    crash = simulate(FACTOR, days=80, runs=2, scenarios=("token_crash",))
    calm = simulate(FACTOR, days=80, runs=2)
    np.testing.assert_array_equal(crash["market_factor"], calm["market_factor"])
    fallen = (crash["news"] - calm["news"]).sum(axis=1)
    size = resolve(scenarios=("token_crash",)).values.events["token_crash"].size
    np.testing.assert_allclose(fallen, size, rtol=1e-12)


def test_engines_agree_with_a_market():
    values = resolve("baseline", policy="pid", sets=FACTOR | {"simulation.days": 15.0}).values
    params = bind(values, sample(values, np.arange(3), 7))
    start = steady_state(values).state
    slow, fast = (
        engine.simulate(MODEL.bound(params), params, start, runs=np.arange(3), steps=15)
        for engine in (cadcad, ensemble)
    )
    for name, series in slow.values.items():
        assert_same_bits(name, fast.values[name], series)


def test_the_overlay_has_the_news_variance_of_the_baseline():
    usual, apart = (news_variance(dict(resolve(overlays=o).values)) for o in ((), "market_factor"))
    assert apart == pytest.approx(usual, rel=1e-5)


def test_a_lever_changes_the_tokens_own_volatility_and_the_markets_part_stays():
    """Liquidity of the treasury's own calms what traders do, and no move of the market: the same
    index hits both arms, and its share of the variance grows.
    """
    arms = [
        tk.run(overlay="market_factor", sets=sets, runs=40, days=365, engine="ensemble")
        for sets in ({}, {"market.protocol_share": 0.1})
    ]
    one, two = (arm.trajectories.values["market_index"] for arm in arms)
    np.testing.assert_array_equal(np.diff(one), np.diff(two))
    without, calmed = (arm.metrics_per_run() for arm in arms)

    def fall(name):
        gap = np.log(calmed[name] / without[name])
        return gap.mean(), gap.std() / np.sqrt(len(gap))

    (own, error), (whole, _), (share, spread) = map(
        fall, ("own_volatility", "price_volatility", "factor_share")
    )
    assert own < whole < -4.0 * error
    assert share > 4.0 * spread


def histories(folder, days=60, beta=1.5):
    """Files of a price and an index that moves it."""
    drawn = np.random.default_rng(5)
    moves = 0.02 * drawn.standard_normal(days)
    logs = beta * moves + 0.05 * drawn.standard_normal(days)
    names = []
    for name, first, changes in (("price", 0.3, logs), ("index", 40_000.0, moves)):
        closes = first * np.exp(np.concatenate([[0.0], np.cumsum(changes)]))
        dates = [date(2024, 1, 1) + timedelta(days=i) for i in range(days + 1)]
        pd.DataFrame({"date": dates, "close": closes}).to_csv(folder / f"{name}.csv", index=False)
        names.append(folder / f"{name}.csv")
    return (*names, moves, logs)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("engine", ["cadcad", "ensemble"])
def test_a_recorded_index_and_price_come_out_again(tmp_path, engine):
    prices, index, moves, logs = histories(tmp_path)
    sets = {"market_factor.beta": 1.5}
    found = tk.run(prices=prices, index=index, sets=sets, runs=2, engine=engine)
    values = found.trajectories.values
    np.testing.assert_allclose(np.diff(np.log(values["token_price"])), [logs, logs], atol=1e-10)
    np.testing.assert_allclose(values["market_factor"][:, 1:], [moves, moves], atol=1e-13)
    # the same news in all, of which the market has its part
    whole = tk.run(prices=prices, sets=sets, runs=2, engine=engine).trajectories.values
    np.testing.assert_allclose(values["news"], whole["news"], atol=1e-9)
    table = found.metrics_per_run()
    share = np.corrcoef(logs, moves)[0, 1] ** 2
    np.testing.assert_allclose(table["factor_share"], share, rtol=1e-8)
    own = np.std(logs - 1.5 * moves, ddof=1) * np.sqrt(365.0)
    np.testing.assert_allclose(table["own_volatility"], own, rtol=1e-8)


def test_recorded_news_without_an_index_hold_the_markets_moves(tmp_path):
    prices, *_ = histories(tmp_path)
    values = tk.run(prices=prices, sets=FACTOR, runs=1, engine="ensemble").trajectories.values
    assert np.all(values["market_factor"] == 0.0)


def test_half_days_share_a_recorded_move(tmp_path):
    prices, index, moves, _ = histories(tmp_path)
    sets = {"market_factor.beta": 1.5, "simulation.time_step": 0.5}
    values = tk.run(
        prices=prices, index=index, sets=sets, days=20, runs=1, engine="ensemble"
    ).trajectories.values
    halves = values["market_factor"][0, 1:]
    np.testing.assert_allclose(halves[::2] + halves[1::2], moves[:20], atol=1e-12)


def test_an_index_needs_prices_a_beta_and_the_same_days(tmp_path):
    prices, index, *_ = histories(tmp_path)
    beta = {"market_factor.beta": 1.0}
    with pytest.raises(InputError, match="an index without a price history; expected `prices`"):
        tk.run(index=index, sets=beta)
    with pytest.raises(InputError, match=r"market_factor.beta: an index of which the token takes"):
        tk.run(prices=prices, index=index)
    short = tmp_path / "short.csv"
    short.write_text("".join(index.read_text().splitlines(keepends=True)[:30]))
    with pytest.raises(InputError, match=r"short\.csv.*2024-03-01 is outside of the history"):
        tk.run(prices=prices, index=short, sets=beta)
    arguments = ("run", "--index", index, "--set", "market_factor.beta=1")
    status, _, errors = command(*arguments, folder=tmp_path)
    assert status == 2 and "an index without a price history" in errors


def test_beta_is_found_within_its_interval():
    """In 95 of 100 simulated histories of a token and its index, give or take."""
    held = 0
    for seed in range(100):
        found = case("factor").replicate(seed, 700)
        beta = next(one for one in found if one.name == BETA)
        held += beta.low <= 1.5 <= beta.high
    assert 88 <= held <= 100


@pytest.mark.slow
def test_beta_of_the_models_own_prices_is_the_one_put_in():
    paths = simulate(BARE | FACTOR, days=800, runs=6, keep=("token_price", "market_index"))
    for price, index in zip(paths["token_price"], paths["market_index"], strict=True):
        beta = estimates(fit(np.diff(np.log(price)), np.diff(index)))[0]
        assert abs(beta.value - 1.5) < 4.0 * beta.error
        assert beta.error < 0.15


def test_errors_widen_where_the_residuals_follow_the_index():
    """What is left grows with the move, so that the error of plain least squares is too small."""
    drawn = np.random.default_rng(1)
    index = 0.02 * drawn.standard_normal(3000)
    left = 2.0 * np.abs(index) * drawn.standard_normal(3000)
    found = fit(index + left, index)
    plain = found.own[0] / np.sqrt(np.sum((index - index.mean()) ** 2))
    assert found.beta[1] == pytest.approx(np.sqrt(3.0) * plain, rel=0.1)


def test_a_token_that_is_its_index_has_a_beta_of_one_and_no_spread_of_its_own():
    _, index = simulated(1.0, 0.02, 0.0, 200, np.random.default_rng(0))
    found = {one.name: one.value for one in estimates(fit(index * 1.0 + 0.001, index))}
    assert found[BETA] == pytest.approx(1.0) and found["R^2"] == pytest.approx(1.0)
    assert found[OWN] < 1e-12 < found[VOLATILITY]


def test_the_command_writes_an_overlay_that_runs(tmp_path):
    prices, index, moves, logs = histories(tmp_path, days=200)
    out = tmp_path / "fit"
    status, told, errors = command("calibrate", "factor", prices, index, "--out", out)
    assert status == 0, errors
    assert "Newey-West" in told
    values = resolve(overlays=(str(out / "overlay.yaml"),)).values.market_factor
    assert values.beta == pytest.approx(np.cov(logs, moves)[0, 1] / np.var(moves, ddof=1), rel=1e-4)
    assert values.volatility == pytest.approx(np.std(moves, ddof=1), rel=1e-4)


def test_days_that_only_one_file_has_are_left_out(tmp_path):
    prices, index, moves, logs = histories(tmp_path, days=200)
    rows = index.read_text().splitlines(keepends=True)
    index.write_text("".join(rows[:150]))
    found = tk.calibrate_factor(prices, index)
    assert found.data.count == 148
    mine = np.polyfit(moves[:148], logs[:148], 1)[0]
    assert found.value(BETA) == pytest.approx(mine, rel=1e-9)
    index.write_text("".join(rows[:60]))
    with pytest.raises(InputError, match="at least 100"):
        tk.calibrate_factor(prices, index)


@pytest.mark.skipif(not (DATA / "tokens").is_dir(), reason="no recorded prices here")
def test_helium_beside_render_as_a_stand_in_for_an_index():
    files = (DATA / "tokens" / f"MiM_{name}-USD.csv" for name in ("HNT", "RNDR"))
    gaps = {"gaps": "span"}
    found = tk.calibrate_factor(*files, choices=gaps, index_choices=gaps)
    beta = next(one for one in found.estimates if one.name == BETA)
    assert 0.2 < beta.low < beta.value < beta.high < 0.35
    shares = found.tables["Variance of the log price a day"]["share"]
    assert shares.iloc[1] + shares.iloc[2] == pytest.approx(1.0)
