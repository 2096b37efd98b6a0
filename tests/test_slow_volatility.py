"""Volatility that changes over the years: a slow level by which own news and chartists' noise are
multiplied.
"""

import numpy as np
import pytest

import tokenomics as tk

QUIET = ["speculation.enabled=false", "news.jump_rate=0"]
SLOW = ["slow_volatility.spread=0.4", "slow_volatility.memory=20"]


def paths(*sets, runs=200, days=120, scenario=None):
    """Paths of some variables, (runs, steps)."""
    return tk.run(
        policy="none",
        scenario=scenario,
        today=list(sets),
        runs=runs,
        days=days,
        seed=4,
        engine="ensemble",
        record=["news", "volatility_level", "token_price"],
    ).trajectories.values


def test_the_level_is_stationary_from_the_first_day_on_and_returns_in_its_memory():
    level = paths(*QUIET, *SLOW)["volatility_level"][:, 1:]
    deviation = level.std(axis=0)
    assert deviation[0] == pytest.approx(0.4, rel=0.15)
    assert deviation.mean() == pytest.approx(0.4, rel=0.1)
    for lag in (1, 20):
        fall = np.mean(level[:, lag:] * level[:, :-lag]) / np.mean(level**2)
        assert fall == pytest.approx(np.exp(-lag / 20.0), abs=0.08)


def test_the_variance_of_news_over_all_years_is_the_same_and_its_tails_are_fatter():
    still, slow = (paths(*QUIET, *sets)["news"][:, 1:] for sets in ((), SLOW))
    assert slow.var() == pytest.approx(still.var(), rel=0.1)
    kurtosis = np.mean(slow**4) / slow.var() ** 2
    # a normal with a lognormal variance: 3 exp(4 spread^2)
    assert kurtosis == pytest.approx(3.0 * np.exp(4.0 * 0.16), rel=0.25)


def test_a_token_without_a_slow_level_has_the_prices_that_it_had():
    """The draws of the level are a stream of their own."""
    usual = paths("slow_volatility.memory=20", runs=3, days=40)
    assert np.all(usual["volatility_level"] == 0.0)
    np.testing.assert_array_equal(
        usual["token_price"], paths("slow_volatility.memory=700", runs=3, days=40)["token_price"]
    )


def test_both_engines_have_the_same_level():
    one, two = (
        tk.run(
            policy="none", today=SLOW, runs=2, days=20, seed=1, engine=engine
        ).trajectories.values["volatility_level"]
        for engine in ("cadcad", "ensemble")
    )
    np.testing.assert_array_equal(one, two)
