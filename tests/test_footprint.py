"""Memory: what a simulation takes is estimated from above and refused before it starts."""

import tracemalloc
import warnings

import pandas as pd
import pytest

import tokenomics as tk
from tokenomics.inputs import footprint
from tokenomics.model.shocks import sample
from tokenomics.results.metrics import METRICS, needed

SIZES = [("cadcad", 300, 4, None), ("cadcad", 2, 20, ["token_price"]), ("ensemble", 400, 30, None)]


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(("engine", "runs", "days", "record"), SIZES)
def test_a_run_takes_no_more_than_its_estimate(monkeypatch, engine, runs, days, record):
    told = []
    monkeypatch.setattr(footprint, "refuse_above", lambda size, what, less: told.append(size))
    how = {"days": days, "engine": engine, "record": record, "sets": {"simulation.warm_up": 4.0}}
    tk.run(runs=1, **how)
    told.clear()
    tracemalloc.start()
    tk.run(runs=runs, **how)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.1 * max(told) < peak < max(told) + 2e6


@pytest.mark.parametrize("engine", ["cadcad", "ensemble"])
def test_a_run_beyond_the_limit_is_refused_before_it_starts(engine):
    with pytest.raises(
        tk.InputError,
        match=(
            r"1,000,000 runs of 365 steps with \d+ variables would take about .* GB; expected at "
            r"most 2 GB"
        ),
    ):
        tk.run(runs=1_000_000, engine=engine)


def test_a_large_run_is_told_with_what_takes_less(monkeypatch):
    monkeypatch.setattr(footprint, "LARGE_GB", 1e-4)
    with pytest.warns(
        tk.errors.Remark,
        match=(
            r"4 runs of 5 steps with \d+ variables will take about 0\.000\d+ GB of memory; "
            r"less: .*fewer variables in `record` \('metrics': what metrics read alone\)"
        ),
    ):
        tk.run(runs=4, days=5, engine="ensemble")
    with warnings.catch_warnings():
        warnings.simplefilter("error", tk.errors.Remark)
        tk.run(runs=4, days=5, engine="ensemble", record="metrics")


@pytest.mark.parametrize("engine", ["cadcad", "ensemble"])
def test_what_metrics_read_is_enough_for_all_of_them(engine):
    few, all_of_them = (
        tk.run(runs=3, days=4, engine=engine, record=record) for record in ("metrics", None)
    )
    assert set(few.trajectories.values) == set(needed(METRICS))
    pd.testing.assert_frame_equal(few.metrics_per_run(), all_of_them.metrics_per_run())
    more = tk.run(days=4, engine=engine, record=["pool_usd", "metrics"]).trajectories.values
    assert set(more) == {"pool_usd", *needed(METRICS)}


def test_long_spans_and_many_shocks_are_refused_too():
    with pytest.raises(tk.InputError, match="36,525,000 steps"):
        tk.run(sets={"simulation.time_step": 0.001}, days=36_525)
    with pytest.raises(tk.InputError, match="the shocks of 1,000,000 runs"):
        sample(tk.resolve().values, range(1_000_000), seed=0)


def test_the_limit_is_the_users(monkeypatch):
    monkeypatch.setenv(footprint.VARIABLE, "0.000001")
    with pytest.raises(tk.InputError, match=r"at most 1e-06 GB"):
        tk.run(days=2)
    monkeypatch.setenv(footprint.VARIABLE, "much")
    with pytest.raises(
        tk.InputError, match=f"{footprint.VARIABLE}: 'much'; expected a number of GB above 0"
    ):
        tk.run(days=2)


def test_a_run_that_keeps_nothing_is_refused():
    with pytest.raises(
        tk.InputError, match="every 3 steps of 2; expected a whole number from 1 to 2"
    ):
        tk.run(days=2, every=3)
