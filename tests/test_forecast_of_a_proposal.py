"""What a proposal forecasts over time: quantiles of the runs that its metrics are of, in the bundle
as data/forecast.csv.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tokenomics
from bundles import PROPOSAL, digest, manifest, put_file
from tokenomics.governance.bundle.bundle import FORECAST
from tokenomics.governance.evidence.over_time import (
    COLUMNS,
    MOST_DAYS,
    QUANTILES,
    VARIABLES,
    day_zero,
    days,
    over_time,
    quantile,
    simulations,
    together,
)
from tokenomics.governance.proposal.proposal import read_proposal
from tokenomics.governance.verify.verify import verify
from tokenomics.parameters import resolve


def table(folder):
    found = pd.read_csv(folder / FORECAST, dtype=str, keep_default_na=False)
    numbers = {"day": float, "quantile": float, "runs": int}
    return found.assign(value=pd.to_numeric(found["value"])).astype(numbers)


@pytest.mark.slow
def test_the_forecast_is_of_the_runs_of_the_network_under_both_values(made):
    found = table(made[0])
    assert tuple(found.columns) == COLUMNS
    result = tokenomics.run(
        today={"simulation.days": 12},
        sets={"supply.burn_share": 0.3},
        policy="none",
        runs=5,
        seed=6,
        record=list(VARIABLES),
    )
    for name in VARIABLES:
        path = np.sort(result.trajectories.values[name], axis=0)
        own = found[(found["values"] == "proposed") & (found["variable"] == name)]
        assert list(own["day"].unique()) == list(range(13))
        middle = own.loc[own["quantile"] == 0.5, "value"].to_numpy()
        np.testing.assert_array_equal(middle, path[2])  # the third of five
        low = own.loc[own["quantile"] == 0.25, "value"].to_numpy()
        np.testing.assert_allclose(low, 0.5 * (path[0] + path[1]))
        # no order statistic of five runs is as far out
        outer = own["quantile"].isin([0.025, 0.05, 0.95, 0.975])
        np.testing.assert_array_equal(own["value"].isna(), outer)
    assert set(found["runs"]) == {5}
    units = found.groupby("variable")["unit"].unique()
    assert units["token_price"] == ["USD/TOK"] and units["fees"] == ["USD/day"]
    assert set(found["scenario"]) == {"none"} and set(found["date"]) == {""}


def test_a_quantile_leaves_a_further_draw_below_it_as_often_as_it_says():
    draws = np.random.default_rng(1).normal(size=(4_000, 20))
    last, others = draws[:, -1], np.sort(draws[:, :-1], axis=1)
    for share in (0.05, 0.25, 0.5, 0.95):  # of 19 others, (n + 1) share is whole
        below = np.mean(last <= quantile(others, share))
        assert abs(below - share) < 4.0 * np.sqrt(share * (1.0 - share) / len(last))
    np.testing.assert_allclose(
        quantile(others, 0.33), np.quantile(others, 0.33, axis=1, method="weibull")
    )


@pytest.mark.parametrize("share", QUANTILES)
def test_a_quantile_that_so_few_draws_do_not_reach_is_not_told(share):
    # of the lowest and of the highest order statistic a further draw is beyond as often as it says
    fewest = {0.025: 39, 0.05: 19, 0.25: 3, 0.5: 1}[min(share, round(1.0 - share, 9))]
    for count in (*range(60), 1_000):
        found = quantile(np.arange(2.0 * count).reshape(2, count), share)
        assert found.shape == (2,) and np.isfinite(found).all() == (count >= fewest), count
        assert np.isfinite(found).all() or np.isnan(found).all()


def test_the_days_are_few_with_the_first_and_the_last():
    long = resolve("baseline", today=("simulation.days=1095",))
    assert (days(long)[0], days(long)[-1], len(days(long))) == (0, 1095, MOST_DAYS)


def test_day_zero_is_that_of_the_stocks_that_are_given():
    assert day_zero(resolve("baseline")) is None
    network = resolve("baseline").replace({"stocks.token_price": 0.5}, source="x, 2026-02-03")
    assert str(day_zero(network)) == "2026-02-03"


def test_another_law_is_simulated_by_itself():
    other = PROPOSAL | {"policy": "pid", "proposed": {"controller.type": "static"}}
    plans = [read_proposal(one)[1] for one in (PROPOSAL, other)]
    assert [together(plan) for plan in plans] == [[[0, 1]], [[0], [1]]]


def test_progress_counts_the_forecast_too(made, tmp_path):
    seen = []
    assert simulations(made[1]) == 10
    found = verify(
        made[0], sample=1e-9, workers=1, progress=lambda done, total: seen.append((done, total))
    )
    assert found.status == "verified"
    assert "all 10 runs of the forecast simulated again" in found.notes
    assert seen[-1] == (11, 11)


def test_a_run_forecasts_nothing(made):
    assert over_time(replace(made[1], kind="run")).empty


@pytest.mark.usefixtures("pages_are_made_once")
def test_an_altered_forecast_is_found_even_with_its_digest_right(copy):
    own = manifest(copy)["files"][FORECAST]
    content = (copy / FORECAST).read_bytes()
    assert own["sha256"] == digest(content)
    found = table(copy)
    row = 101
    assert found.loc[row, "quantile"] == 0.5
    found.loc[row, "value"] *= 1.0 + 1e-12
    put_file(copy, FORECAST, found.to_csv(index=False, lineterminator="\n").encode())
    told = verify(copy, sample=1e-9, workers=1).findings
    assert {one.file for one in told} == {FORECAST, "ro-crate-metadata.json"}
    assert any(one.file == FORECAST and one.what == f"line {row + 2}, column value" for one in told)


def test_a_later_history_scores_it(made, tmp_path):
    later = "day,token_price,fees\n0,0.2,9e3\n5,0.3,9e3\n12,0.1,9e3\n"
    (tmp_path / "h.csv").write_text(later)
    found = tokenomics.score(made[0] / FORECAST, tmp_path / "h.csv")
    assert set(found.scores["values"]) == {"current", "proposed"}
    assert set(found.scores["variable"]) == {"token_price", "fees"}
    assert any(note.startswith("no outcome of") for note in found.notes)
    assert "quantiles of 5 runs" in found.notes
    assert set(found.coverage["level"]) == {0.5}  # five runs tell no other interval
