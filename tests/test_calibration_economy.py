"""Simulated moments find what was put in, say what they cannot tell, and are tested on days that
were not fitted.
"""

import datetime as dt

import numpy as np
import pytest

from paths import DATA
from tokenomics.calibration.economy.calibrate import (
    FIT,
    Simulations,
    calibrate_economy,
    identification,
    ranges,
)
from tokenomics.calibration.economy.calibrate import MomentsFit as FitResult
from tokenomics.calibration.economy.moments import MOMENTS, measured, scaled
from tokenomics.calibration.economy.simulated_moments import (
    SimulatedMoments,
    Space,
    covariance,
    descend,
)
from tokenomics.calibration.recovery import recovery_table
from tokenomics.errors import InputError
from tokenomics.histories.prices import Closes, read_closes
from tokenomics.parameters import resolve
from tokenomics.results.returns import statistics

SMALL = Simulations(runs=24, design=16, design_runs=8, starts=1, check=60)


class Line:
    """A model whose moments are linear in log parameters."""

    def __init__(self, slopes: np.ndarray, space: Space):
        self.matrix, self.space = slopes, space

    def mean(self, points):
        return points @ self.matrix.T

    def slopes(self, points):
        return np.broadcast_to(self.matrix, (len(points), *self.matrix.shape))


@pytest.fixture(scope="module")
def closes():
    """A token that moves as the model with calm news does not: returns of a Student t."""
    returns = np.random.default_rng(3).standard_t(4, 400) * 0.05
    values = np.exp(np.concatenate([[0.0], np.cumsum(returns)]))
    dates = tuple(dt.date(2021, 1, 1) + dt.timedelta(days=i) for i in range(len(values)))
    return Closes(dates, values, str(__file__), returns, np.arange(1, len(values)), ())


def test_the_descent_finds_the_least_squares_of_each_target_within_bounds_and_what_is_free():
    rng = np.random.default_rng(0)
    matrix, space = (
        rng.normal(size=(6, 3)),
        Space(("a", "b", "c"), np.full(3, 1e-3), np.full(3, 1e3)),
    )
    targets = rng.normal(size=(5, 6))
    root = rng.normal(size=(6, 6))
    weight = root @ root.T + np.eye(6)
    x, far = descend(Line(matrix, space), targets, np.zeros((5, 3)), weight, iterations=60)
    exact = np.linalg.solve(matrix.T @ weight @ matrix, matrix.T @ weight @ targets.T).T
    np.testing.assert_allclose(x, exact, atol=0.02)
    gap = targets - exact @ matrix.T
    np.testing.assert_allclose(far, np.einsum("pi,ij,pj->p", gap, weight, gap), atol=0.01)
    still = np.array([[True, False, True]] * 5)
    assert np.all(
        descend(Line(matrix, space), targets, np.zeros((5, 3)), weight, free=still)[0][:, 1] == 0.0
    )
    narrow = Space(space.paths, np.full(3, 0.99), np.full(3, 1.01))
    assert np.all(
        np.abs(descend(Line(matrix, narrow), targets, np.zeros((5, 3)), weight)[0]) <= np.log(1.02)
    )


def test_standard_errors_are_those_of_repeated_histories():
    rng = np.random.default_rng(1)
    matrix, noise = rng.normal(size=(6, 2)), rng.normal(size=(6, 6))
    spread = noise @ noise.T
    weight = np.linalg.inv(spread)
    targets = rng.multivariate_normal(np.zeros(6), spread, size=20_000)
    found = np.linalg.solve(matrix.T @ weight @ matrix, matrix.T @ weight @ targets.T).T
    np.testing.assert_allclose(
        covariance(matrix, weight, 10**9), np.cov(found.T), rtol=0.06, atol=0.01
    )
    assert np.all(
        np.diag(covariance(matrix, weight, 4)) > 1.2 * np.diag(covariance(matrix, weight, 10**9))
    )


def test_the_values_that_made_the_moments_are_found_again():
    resolved = resolve("baseline", policy="none")
    space = ranges(resolved, ["news.jump_volatility", "speculation.noise"])
    model = SimulatedMoments(resolved, space, days=300, runs=32, seed=5)
    truth = np.log([0.15, 0.3])
    targets = model.mean(truth[None])
    x, far = descend(model, targets, np.log([[0.1, 0.2]]), model.weight(truth[None])[0])
    np.testing.assert_allclose(np.exp(x[0]), np.exp(truth), rtol=0.05)
    assert far[0] < 0.05


def test_moments_on_their_scales_are_those_of_the_same_prices(closes):
    own = measured(closes.values)
    plain = statistics(closes.values)
    assert set(MOMENTS) == set(plain)
    assert own[MOMENTS.index("annualised volatility")] == pytest.approx(
        np.log(plain["annualised volatility"][0])
    )
    assert np.isfinite(own).all() and list(scaled(plain)) == list(MOMENTS)


def test_a_fit_has_errors_moments_in_and_out_of_sample_and_an_overlay_that_resolves(closes):
    found = calibrate_economy(closes, fit=["speculation.noise"], settings=SMALL)
    one = found.estimates[0]
    assert one.low < one.value < one.high and one.error > 0.0
    titles = list(found.tables)
    assert titles[0].startswith("Moments in sample, 2021-01-01") and titles[1].startswith(
        "Moments out of sample"
    )
    assert found.data.last == "2021-09-25" and found.data.count == 267
    resolved = resolve("baseline", overlays=[_tree(found.overlay())])
    assert resolved.values.speculation.noise == pytest.approx(one.value, rel=1e-5)
    assert "2021-01-01 to 2021-09-25" in resolved.entries["speculation.noise"].source
    least = found.tables["Profile"]["distance above the least"]
    assert least.min() > -1.0, "no point of the profile lies below the fit"
    assert any("out of sample" in note for note in found.notes)


def test_what_the_moments_cannot_tell_is_held_and_left_out_of_the_overlay(closes):
    found = calibrate_economy(
        closes, fit=["speculation.noise", "operators.entry_time"], settings=SMALL
    )
    held = next(e for e in found.estimates if e.name == "operators.entry_time")
    assert held.problem.startswith("not identified") and held.value == pytest.approx(30.0)
    assert "entry_time" not in found.overlay() and "noise" in found.overlay()
    assert any(note.startswith("operators.entry_time: not identified") for note in found.notes)


def test_what_cannot_be_held_at_its_own_value_is_refused(closes):
    """The overlay leaves it out, so that a run would have the 30 days that the fit did not."""
    with pytest.raises(
        InputError,
        match=(
            "fit: 60 to 120; expected a range of operators.entry_time that holds its own value, 30"
        ),
    ):
        calibrate_economy(
            closes, fit=["speculation.noise", "operators.entry_time=60:120"], settings=SMALL
        )


def test_what_moves_no_moment_is_not_known_exactly(closes):
    found = calibrate_economy(
        closes, fit=["speculation.noise", "controller.pid.kp"], settings=SMALL
    )
    noise, gain = found.estimates
    assert (
        gain.problem.startswith("not identified")
        and "controller" not in found.overlay()
        and not noise.problem
    )
    alone = calibrate_economy(closes, fit=["controller.pid.kp"], settings=SMALL).estimates[0]
    assert alone.problem and alone.high / alone.low > 1e6
    known = covariance(np.array([[5.0, 0.0], [3.0, 0.0]]), np.eye(2), 10**9)
    assert known[0, 0] == pytest.approx(1.0 / 34.0, rel=1e-4) and known[1, 1] == pytest.approx(1e4)


def test_directions_that_the_moments_do_not_tell_come_last():
    space = Space(("a", "b"), np.ones(2), np.full(2, 2.0))
    slopes = np.array([[5.0, 5.0], [5.0, 5.0], [0.1, -0.1]])
    table = identification(space, FitResult(np.zeros(2), 0.0, np.eye(3), slopes, np.eye(2), {}, 1))
    assert (
        table["standard error along it"].iloc[0]
        < 0.2
        < 2.0
        < table["standard error along it"].iloc[-1]
    )


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        (["speculation.noize"], "speculation.noize"),
        (["speculation.noise=1"], "path=low:high"),
        (["speculation.noise=2:1"], "0 < low < high"),
        (["speculation.information_cost"], "0 < low < high"),
        (["speculation.enabled"], "the path of a number"),
        (["speculation.noise", "speculation.noise"], "different ones"),
    ],
)
def test_a_wrong_parameter_or_range_is_named(fit, message):
    with pytest.raises(InputError, match=message):
        ranges(resolve("baseline"), fit)


def test_a_short_history_a_gap_and_a_wrong_share_are_refused(closes):
    short = Closes(
        closes.dates[:200],
        closes.values[:200],
        closes.file,
        closes.returns[:199],
        closes.ends[:199],
        (),
    )
    with pytest.raises(InputError, match="daily returns to fit; expected at least 250"):
        calibrate_economy(short, settings=SMALL)
    gap = Closes(
        closes.dates, closes.values, closes.file, closes.returns[:-1], closes.ends[:-1], ()
    )
    with pytest.raises(InputError, match="gaps: 1 gaps"):
        calibrate_economy(gap, settings=SMALL)
    with pytest.raises(InputError, match="holdout"):
        calibrate_economy(closes, holdout=1.0, settings=SMALL)
    with pytest.raises(InputError, match="simulation.time_step: a step of 0.5 days; expected 1"):
        calibrate_economy(closes, sets=["simulation.time_step=0.5"], settings=SMALL)


def test_the_recovery_table_counts_coverage_bias_and_failures():
    from tokenomics.calibration.estimates import Estimate

    rng = np.random.default_rng(2)
    draws = 1.0 + 0.1 * rng.normal(size=400)
    found = [(Estimate("x", "1", v, 0.1, v - 0.196, v + 0.196),) for v in draws] + [None]
    row = recovery_table({"x": 1.0}, found).iloc[0]
    assert (
        row["coverage low"] < 0.95 < row["coverage high"]
        and abs(row["bias / standard deviation"]) < 0.15
    )
    assert row["failed"] == 1 and row["replications"] == 400


def test_the_fitted_days_of_the_real_tokens():
    file = DATA / "tokens" / "MiM_RNDR-USD.csv"
    if not file.exists():
        pytest.skip("the recorded Render prices are not here")
    closes = read_closes(file)
    shipped = resolve("baseline", overlays=["render"])
    assert all("2020-07-01 to 2023-03-15" in shipped.entries[path].source for path in FIT)
    model = SimulatedMoments(shipped, ranges(shipped, FIT), days=987, runs=200, seed=11)
    point = np.log([shipped.entries[path].value for path in FIT])
    runs = model.each(point[None])[0]
    gap = (measured(closes.values[:988]) - runs.mean(axis=0)) / runs.std(axis=0)
    assert np.abs(gap).max() < 2.0, "the fitted days look like a run of the model"


def _tree(text: str):
    from ruamel.yaml import YAML

    return YAML(typ="safe").load(text)
