"""A run from the Python side: seeds, recorded input, extension by the user's own blocks,
failures.
"""

import numpy as np
import pandas as pd
import pytest

import tokenomics as tk
from paths import DATA, simulate


def write_prices(path, values, start="2021-01-01"):
    dates = pd.date_range(start, periods=len(values)).strftime("%Y-%m-%d")
    pd.DataFrame({"date": dates, "value": values}).to_csv(path, index=False)
    return path


@pytest.fixture
def prices(tmp_path):
    walk = np.exp(np.cumsum(np.random.default_rng(3).standard_t(4, 200) * 0.05))
    return write_prices(tmp_path / "prices.csv", 0.3 * walk)


def test_cadcad_runs_the_models_own_step_bit_for_bit():
    result = tk.run(
        "baseline",
        policy="pid",
        scenario="combined_stress",
        sets={"simulation.warm_up": 0.0},
        runs=2,
        seed=5,
        days=80,
    )
    paths = simulate(policy="pid", scenarios=("combined_stress",), runs=2, seed=5, days=80)
    for name in set(result.variables) - {"time"}:
        np.testing.assert_array_equal(result.dataset[name].values, paths[name], err_msg=name)


def test_a_run_index_has_the_same_path_whatever_else_is_run():
    few = tk.run("baseline", runs=2, seed=9, days=5).dataset
    many = tk.run("baseline", runs=3, seed=9, days=5).dataset
    np.testing.assert_array_equal(few["token_price"].values, many["token_price"].values[:2])


def test_policies_meet_the_same_shocks():
    none, pid = (
        tk.run("baseline", policy=p, runs=2, seed=9, days=5).dataset for p in ("none", "pid")
    )
    np.testing.assert_array_equal(none["news"].values, pid["news"].values)


def test_the_dataset_is_labelled_and_has_units():
    data = tk.run("baseline", runs=2, days=5).dataset
    assert data["token_price"].dims == ("run", "time")
    assert all("units" in data[name].attrs for name in data.data_vars)
    assert data.sizes == {"run": 2, "time": 6}


def test_without_a_controller_the_price_is_the_recorded_one(prices):
    history = pd.read_csv(prices)["value"].to_numpy()
    data = tk.run("baseline", runs=2, seed=1, prices=prices, days=30).dataset
    expected = np.tile(history[:31], (2, 1))
    np.testing.assert_allclose(data["token_price"].values, expected, rtol=1e-9)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("market", ["pool", "linear"])
def test_a_controller_deviates_from_the_history(prices, market):
    history = pd.read_csv(prices)["value"].to_numpy()
    given = {"sets": {"market.type": market}, "prices": prices, "days": 60, "engine": "ensemble"}
    none, pid = (
        tk.run("baseline", policy=p, **given).trajectories.values["token_price"][0]
        for p in ("none", "pid")
    )
    np.testing.assert_allclose(none, history[:61], rtol=1e-9)
    assert np.max(np.abs(np.log(pid / history[:61]))) > 1e-4


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("scenario", ["oracle_siege", "oracle_push", "token_crash"])
def test_a_scenario_deviates_from_the_history(prices, scenario):
    """What happened had no attacker: news that made up for his orders would cancel them."""
    history = pd.read_csv(prices)["value"].to_numpy()
    given = {"scenario": scenario, "prices": prices, "days": 80, "engine": "ensemble"}
    paths = tk.run("baseline", **given).trajectories.values
    assert np.max(np.abs(np.log(paths["token_price"][0] / history[:81]))) > 0.02


def test_real_prices_are_reproduced_from_a_start_date():
    file = DATA / "tokens" / "MiM_RNDR-USD.csv"
    if not file.exists():
        pytest.skip("the recorded Render prices are not here")
    history = pd.read_csv(file).set_index("date")["value"]
    given = {"start": "2022-01-01", "days": 200, "engine": "ensemble"}
    data = tk.run("baseline", prices=file, **given).dataset
    expected = history.loc["2022-01-01":].to_numpy()[:201]
    np.testing.assert_allclose(data["token_price"].values[0], expected, rtol=1e-9)


def test_recorded_demand_drives_demand(tmp_path):
    rate = np.repeat([100.0, 140.0, 80.0], 24)
    file = tmp_path / "rate.csv"
    pd.DataFrame({"t_s": np.arange(72) * 3600, "req_per_s": rate}).to_csv(file, index=False)
    data = tk.run("baseline", demand=file, demand_align="repeat", days=6).dataset
    np.testing.assert_allclose(data["request_rate"].values[0, 1:], [100, 140, 80, 100, 140, 80])
    with pytest.raises(tk.InputError, match="repeat.*bootstrap"):
        tk.run("baseline", demand=file, days=6)


def test_options_without_their_file_are_refused():
    with pytest.raises(tk.InputError, match="`prices`"):
        tk.run("baseline", start="2021-01-01")
    with pytest.raises(tk.InputError, match="`demand`"):
        tk.run("baseline", demand_align="repeat")
    with pytest.raises(tk.InputError, match="not a date"):
        tk.run("baseline", start="tomorrow", prices="x.csv")
    with pytest.raises(tk.InputError, match="did you mean 'repeat'"):
        tk.run("baseline", demand="x.csv", demand_align="repeet")
    with pytest.raises(tk.InputError, match="unknown engine"):
        tk.run("baseline", engine="cadcat")
    with pytest.raises(tk.InputError, match="seed: None; expected a whole number from 0"):
        tk.run("baseline", seed=None)
    with pytest.raises(tk.InputError, match="from 1 to 1,000,000 runs"):
        tk.run("baseline", runs=0)


def test_an_unreachable_history_says_so(tmp_path):
    file = write_prices(tmp_path / "p.csv", [1.0, 1.1, 1.2])
    with pytest.raises(
        tk.InputError, match=r"cannot reach the recorded price 1.1 USD of \d{4}-01-02 in .*p.csv"
    ):
        tk.run("baseline", sets={"market.arbitrage_speed": 0.0}, prices=file)


def test_a_block_of_ones_own_is_checked_like_the_built_in_ones():
    counter = tk.Variable(
        "expensive_days", "days", "days with a price above zero", 1.0, 0.0, start=0.0
    )

    @tk.writes(counter)
    def policy_counter(params, substep, state_history, state):
        return {"expensive_days": state["expensive_days"] + (state["inference_price"] > 0.0) * 1.0}

    block = tk.block("days are counted", policy_counter)
    after = "accounts are drawn up, profits and bills are counted"
    model = tk.MODEL.insert(block, after=after)
    data = tk.run("baseline", days=5, model=model).dataset
    assert data["expensive_days"].values[0, -1] == 5
    with pytest.raises(tk.ModelError, match="did you mean"):
        tk.MODEL.insert(block, after="the market clear")
    with pytest.raises(
        tk.ModelError, match="variable 'expensive_days' exists already; expected its name alone"
    ):
        model.insert(tk.block("and again", policy_counter), after=after)
    startless = tk.writes(tk.Variable("expensive_days", "days", "the same"))(policy_counter)
    with pytest.raises(tk.ModelError, match="variable 'expensive_days' has no start"):
        tk.MODEL.insert(tk.block("days are counted", startless), after=after)
    wrong = tk.block("typo", policy_counter, writes=("expensive_day",))
    with pytest.raises(
        tk.ModelError, match="gives the signal 'expensive_day'; did you mean 'expensive_days'"
    ):
        tk.run("baseline", days=2, model=model.insert(wrong, after="days are counted"))


def test_a_failed_run_leaves_the_others_intact():
    def policy_break(params, substep, state_history, state):
        news = params["shock_table"].at("news_normal", state["step"] - 1)
        return {
            "trend": np.where((state["time"] >= 5) & (news > 1.2), np.nan, state["trend"])
        }  # with this seed in the run 1 alone

    block = tk.block("a run breaks", policy_break, writes=("trend",))
    model = tk.MODEL.insert(block, after="accounts are drawn up, profits and bills are counted")
    result = tk.run("baseline", runs=3, seed=2, days=10, model=model)
    assert [(f.run, f.block, f.variable) for f in result.failures] == [(1, "a run breaks", "trend")]
    price = result.dataset["token_price"].values
    assert np.isnan(price[1, -1])
    assert np.all(np.isfinite(price[[0, 2]]))
    assert result.metrics().loc["price_volatility", "failed"] == 1
    assert result.metrics().loc["price_volatility", "n"] == 2


def test_scenarios_and_policies_may_be_given_as_plain_dicts():
    result = tk.run(
        "baseline",
        scenario={"events": {"fall": {"kind": "news", "start": 2, "days": 0, "size": -1.0}}},
        sets={"shocks.enabled": False},
        days=6,
    )
    price = result.dataset["token_price"].values[0]
    assert price[3] < 0.7 * price[0]
