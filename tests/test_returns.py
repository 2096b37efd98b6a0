"""The model's returns have the stylised facts of a real token's."""

import numpy as np
import pandas as pd
import pytest

import tokenomics as tk
from paths import DATA, simulate
from tokenomics.results.returns import compare, moments

RUNS = 40


def prices(days):
    """Of the baseline, from its steady state, (runs, times)."""
    given = {"runs": RUNS, "seed": 1, "engine": "ensemble", "record": ["token_price"]}
    found = tk.run("baseline", days=days, sets={"simulation.warm_up": 0.0}, **given)
    return found.trajectories.values["token_price"]


def test_moments_of_known_walks():
    rng = np.random.default_rng(0)
    t = np.exp(np.cumsum(rng.standard_t(8, (40, 4000)) * 0.03, axis=1))
    found = moments(t).mean()
    assert found["annualised volatility"] == pytest.approx(0.03 * np.sqrt(8 / 6 * 365), rel=0.02)
    assert found["excess kurtosis"] == pytest.approx(1.5, abs=0.3)
    assert abs(found["autocorrelation of r, lag 1"]) < 0.01
    assert abs(found["autocorrelation of |r|, lag 1"]) < 0.01


def test_the_baseline_has_heavy_tails_and_clustered_volatility_and_no_trend():
    found = moments(prices(730))
    error = found.std() / np.sqrt(len(found))
    assert 1.2 < found["annualised volatility"].mean() < 2.0
    assert found["excess kurtosis"].mean() > 2.0
    assert abs(found["autocorrelation of r, lag 1"].mean()) < 0.05
    assert (
        found["autocorrelation of |r|, lag 1"].mean() > 5 * error["autocorrelation of |r|, lag 1"]
    )


def test_without_speculation_and_news_there_is_hardly_any_volatility():
    found = simulate(
        {"speculation.enabled": False, "news.enabled": False},
        days=200,
        runs=4,
        keep={"token_price"},
    )
    assert moments(found["token_price"])["annualised volatility"].max() < 0.2


def test_real_tokens_lie_within_the_runs():
    file = DATA / "tokens" / "MiM_RNDR-USD.csv"
    if not file.exists():
        pytest.skip("the recorded Render prices are not here")
    recorded = pd.read_csv(file)["value"].to_numpy()
    simulated = prices(len(recorded) - 1)
    table = compare(simulated, {"RNDR": recorded})
    assert list(table.columns) == ["model", "90 % of runs", "RNDR"]
    real, runs = moments(recorded).iloc[0], moments(simulated)
    for name in ("annualised volatility", "excess kurtosis", "autocorrelation of |r|, lag 1"):
        assert runs[name].quantile(0.01) <= real[name] <= runs[name].quantile(0.99), name
