"""Simulated moments find what was put in, say what they cannot tell, and are tested on days that
were not fitted.
"""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest

from paths import DATA
from tokenomics.calibration.economy import volatility
from tokenomics.calibration.economy.calibrate import FIT, calibrate_economy
from tokenomics.calibration.economy.fit import Simulations, refitted, refuse_worse, searched
from tokenomics.calibration.economy.identification import (
    Criterion,
    Local,
    curves,
    directions,
    flatness,
    rises,
)
from tokenomics.calibration.economy.moments import MOMENTS, measured, scaled
from tokenomics.calibration.economy.panel import calibrate_panel
from tokenomics.calibration.economy.pooling import pool
from tokenomics.calibration.economy.search import descend
from tokenomics.calibration.economy.simulated_moments import SimulatedMoments, covariance
from tokenomics.calibration.economy.space import Space, ranges
from tokenomics.calibration.economy.weight import resampled, slow_levels, weight_of
from tokenomics.calibration.recovery import recovery_table
from tokenomics.cli.calibrate_output import finish, finish_panel
from tokenomics.errors import InputError
from tokenomics.histories.prices import Closes, read_closes
from tokenomics.parameters import resolve
from tokenomics.results.returns import statistics
from tokenomics.validation.sources import last_day

SMALL = {
    "volatility": "constant",
    "settings": {"runs": 24, "design": 16, "starts": 1, "check": 60},
}


class Line:
    """A model whose moments are linear in log parameters. noise: covariance of one history's."""

    def __init__(self, slopes: np.ndarray, space: Space, noise: np.ndarray | None = None):
        self.matrix, self.space, self.runs = slopes, space, 10**6
        self.noise = np.eye(len(slopes)) if noise is None else noise

    def mean(self, points):
        return points @ self.matrix.T

    def slopes(self, points, free=None):
        every = np.broadcast_to(self.matrix, (len(points), *self.matrix.shape))
        return every if free is None else every * free[:, None, :]

    def first(self, runs):
        return self

    def each(self, points):
        drawn = np.random.default_rng(0).multivariate_normal(
            np.zeros(len(self.noise)), self.noise, size=4000
        )
        return self.mean(points)[:, None] + drawn


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
    best = covariance(matrix, weight, spread, 10**9)
    np.testing.assert_allclose(best, np.cov(found.T), rtol=0.06, atol=0.01)
    assert np.all(np.diag(covariance(matrix, weight, spread, 4)) > 1.2 * np.diag(best))
    # any weight will do, and tells less
    plain = np.linalg.lstsq(matrix, targets.T, rcond=None)[0].T
    worse = covariance(matrix, np.eye(6), spread, 10**9)
    np.testing.assert_allclose(worse, np.cov(plain.T), rtol=0.06, atol=0.2)
    assert np.all(np.diag(worse) > np.diag(best))


def test_a_history_that_is_fitted_itself_lies_nearer_to_its_fit_by_a_degree_of_freedom_each():
    rng = np.random.default_rng(4)
    matrix = rng.normal(size=(6, 2))
    gaps = rng.normal(size=(20_000, 6))
    assert refitted(gaps, matrix, np.eye(6)).mean() == pytest.approx(4.0, abs=0.1)


def test_the_weight_is_the_histories_own_and_a_slow_level_takes_weight_from_volatility(closes):
    drawn = resampled(closes.values)
    np.testing.assert_allclose(
        np.diag(np.linalg.inv(weight_of(closes.values))), drawn.var(axis=0, ddof=1), rtol=1e-6
    )
    where = MOMENTS.index("annualised volatility")
    wider = resampled(closes.values, 0.3, 1000.0)[:, where].std()
    # over 400 days a level with a memory of 1,000 is all but the same on each
    assert wider == pytest.approx(np.hypot(drawn[:, where].std(), 0.27), rel=0.1)
    levels = slow_levels(np.random.default_rng(0), (4000, 60), 0.3, 20.0)
    np.testing.assert_allclose(levels.std(axis=0), 0.3, rtol=0.06)


def test_all_sobol_points_are_looked_at_before_a_descent_starts():
    """A criterion of two valleys: the deeper one is not that of the baseline."""

    class Valleys(Line):
        def mean(self, points):
            x = points[:, :1]
            return np.hstack([np.where(x < 1.0, 1.0 + (x + 1.0) ** 2, (x - 3.0) ** 2), 0.0 * x])

        def slopes(self, points, free=None):
            ends = [self.mean(points + step) for step in (1e-4, -1e-4)]
            return ((ends[0] - ends[1]) / 2e-4)[..., None]

    space = Space(("a",), np.exp([-4.0]), np.exp([4.0]))
    criterion = Criterion(Valleys(np.ones((2, 1)), space), np.zeros(2), np.eye(2))
    x, far, agree, scanned = searched(criterion, np.array([-1.0]), Simulations(design=64, starts=2))
    assert x[0] == pytest.approx(3.0, abs=0.2) and far <= scanned and agree == 2


def test_a_fit_that_is_worse_than_none_is_refused(closes):
    refuse_worse(3.0, 3.0)
    with pytest.raises(
        InputError,
        match="fit: a distance of .* at the best point, of .* without a fit; expected ranges that",
    ):
        calibrate_economy(closes, fit=["speculation.noise=1.2:1.6"], **SMALL)


def test_histories_that_share_a_parameter_tell_it_together():
    rng = np.random.default_rng(6)
    truth, space = 0.7, Space(("own", "shared"), np.full(2, 1e-3), np.full(2, 1e3))
    own = rng.normal(size=30)
    criteria = []
    for level in own:
        matrix = rng.normal(size=(4, 2))
        target = matrix @ (level, truth) + 0.3 * rng.normal(size=4)
        model = Line(matrix, space, 0.09 * np.eye(4))
        criteria.append(Criterion(model, target, np.eye(4) / 0.09))
    alone = np.stack(
        [
            descend(one.model, one.target[None], np.zeros((1, 2)), one.weight)[0][0]
            for one in criteria
        ]
    )
    found = pool(criteria, alone, 1)
    error = np.sqrt(found.covariance[0, 0])
    assert np.ptp(found.x[:, 1]) == 0.0
    assert abs(found.x[0, 1] - truth) < 3.0 * error < 0.3 < alone[:, 1].std()
    np.testing.assert_allclose(found.x[:, 0], own, atol=1.0)


def test_the_spread_that_made_the_parts_foretells_them_best():
    rng = np.random.default_rng(5)

    def parts(spread):
        return rng.normal(size=(4000, 1)) + np.sqrt(0.05**2 + spread**2) * rng.normal(
            size=(4000, 4)
        )

    runs = {spread: parts(spread) for spread in (0.0, 0.3)}
    for made in (0.0, 0.3):
        told = {
            spread: np.mean([volatility.foretold(one, runs[spread]) for one in parts(made)[:300]])
            for spread in runs
        }
        assert max(told, key=told.get) == made


def test_constant_volatility_is_preferred_where_it_is_ten_times_as_likely():
    levels = (volatility.Level(0.0, 180.0), volatility.Level(0.5, 180.0))
    chosen = [volatility.preferred(levels, np.array([gap, 0.0])) for gap in (-5.0, 2.0, 2.5)]
    assert chosen == [levels[1], levels[1], levels[0]]


def test_the_values_that_made_the_moments_are_found_again():
    resolved = resolve("baseline", policy="none")
    space = ranges(resolved, ["news.jump_volatility", "speculation.noise"])
    model = SimulatedMoments(resolved, space, days=300, runs=32, seed=5)
    truth = np.log([0.15, 0.3])
    targets = model.mean(truth[None])
    x, far = descend(
        model, targets, np.log([[0.1, 0.2]]), np.linalg.inv(np.cov(model.each(truth[None])[0].T))
    )
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


@pytest.fixture(scope="module")
def found(closes):
    """A fit of what the moments tell and of what moves none."""
    return calibrate_economy(closes, fit=["speculation.noise", "controller.pid.kp"], **SMALL)


def test_a_fit_has_errors_moments_in_and_out_of_sample_and_an_overlay_that_resolves(found):
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
    least = found.tables["Criterion around the estimate"]["distance above the least"]
    assert least.min() > -1.0, "no point of the profile lies below the fit"
    assert any("out of sample" in note for note in found.notes)


@pytest.mark.slow
def test_each_token_of_a_panel_has_what_they_share_and_its_own(closes, tmp_path):
    files = []
    for name, scale in (("calm", 0.7), ("wild", 1.0)):
        files.append(tmp_path / f"{name}.csv")
        rows = zip(closes.dates, closes.values**scale, strict=True)
        files[-1].write_text("date,close\n" + "".join(f"{d},{float(v)!r}\n" for d, v in rows))
    asked = {"fit": ["speculation.noise"], "shared": ["news.jump_volatility"]} | SMALL
    found = calibrate_panel(files, **asked)
    trees = [resolve("baseline", overlays=[_tree(one.overlay())]).values for one in found.values()]
    assert list(found) == ["calm", "wild"]
    assert trees[0].news.jump_volatility == trees[1].news.jump_volatility != 0.138
    assert trees[0].speculation.noise < trees[1].speculation.noise
    with pytest.raises(InputError, match="files: 1 files; expected two or more"):
        calibrate_panel(files[:1], **asked)


def test_what_is_not_told_is_held_and_a_run_with_the_overlay_has_what_the_fit_had(closes):
    fit = ["speculation.noise", "operators.entry_time=60:120"]
    found = calibrate_economy(closes, fit=fit, **SMALL)
    noise, held = found.estimates
    assert held.problem.startswith("not told beside the others") and found.told == (noise,)
    assert any(note.startswith("operators.entry_time: not told") for note in found.notes)
    resolved = resolve("baseline", overlays=[_tree(found.overlay())])
    assert resolved.values.operators.entry_time == pytest.approx(held.value, rel=1e-5)
    # the days are in its source too: `validate` tells by them what saw its data
    assert last_day(resolved.entries["operators.entry_time"].source) == dt.date(2021, 9, 25)


def test_an_overlay_of_assumptions_alone_is_written_and_said(closes, tmp_path, capsys):
    """Render's case: the data tell no parameter, and the fit is held where it is best."""
    asked = SMALL | {"volatility": "slow"}
    found = calibrate_economy(closes, fit=["controller.pid.kp"], **asked)
    assert not found.told and found.settings
    finish(found, tmp_path / "fit", False)
    *_, last = capsys.readouterr().out.splitlines()
    file = tmp_path / "fit" / "overlay.yaml"
    assert "overlay.yaml holds assumptions alone, since the data tell no parameter" in last
    assert last.endswith(f"tokenomics run baseline --overlay {file}")
    assert resolve("baseline", overlays=[str(file)]).values.slow_volatility.spread == 0.5
    finish_panel({"calm": found}, tmp_path / "both", True)
    told = json.loads(capsys.readouterr().out)["tokens"]["calm"]["overlay"]
    assert Path(told["file"]) == tmp_path / "both" / "calm" / "overlay.yaml"
    assert Path(told["file"]).exists() and told["file"] in told["said"]


@pytest.mark.slow
def test_what_moves_no_moment_is_not_known_exactly(found):
    noise, gain = found.estimates
    assert (
        gain.problem.startswith("not told")
        and gain.value == pytest.approx(resolve("baseline").values.controller.pid.kp)
        and "controller" not in found.overlay()
        and not noise.problem
    )
    known = covariance(np.array([[5.0, 0.0], [3.0, 0.0]]), np.eye(2), np.eye(2), 10**9)
    assert known[0, 0] == pytest.approx(1.0 / 34.0, rel=1e-4) and known[1, 1] == pytest.approx(1e4)


class Well(Line):
    """A moment that lies near its target, 0, about log parameter 1.2 alone."""

    def mean(self, points):
        return np.hstack([2.0 - 2.0 * np.exp(-4.0 * (points[:, :1] - 1.2) ** 2), 0.0 * points])

    def slopes(self, points, free=None):
        ends = [self.mean(points + step) for step in (1e-4, -1e-4)]
        return ((ends[0] - ends[1]) / 2e-4)[..., None]

    def within(self, space):
        return Well(self.matrix, space)


@pytest.mark.parametrize("high", [3.0, 0.5])
def test_a_lower_point_of_the_profile_is_gone_to_or_lies_beyond_the_ranges(high):
    space = Space(("a",), np.exp([-3.0]), np.exp([high]))
    criterion = Criterion(Well(np.ones((2, 1)), space), np.zeros(2), np.eye(2))
    x, near = np.zeros(1), Local(np.ones((2, 1)), np.eye(1), np.array([3.84]))
    far, free = float(criterion.at(x[None])[0]), np.array([True])
    table, lowest = curves(criterion, x, far, near, free)
    if high == 3.0:
        point, least = lowest
        assert point[0] == pytest.approx(1.2, abs=0.05) and least < 0.1 < far
    else:
        said = flatness(*rises(table, "a"))
        assert lowest is None
        assert said.startswith("the distance is lower by 4 beyond the ranges of the search")


@pytest.mark.parametrize(
    ("rises_by", "said"),
    [
        (0.3, "the distance rises by 0.3 of its limit within a factor of ten"),
        (0.004, "the distance does not rise within a factor of ten"),
        (-0.02, "the distance does not rise within a factor of ten"),
        (-0.5, "the distance is lower by 1.9 beyond the ranges of the search"),
    ],
)
def test_a_distance_that_falls_is_not_said_to_rise_by_less_than_nothing(rises_by, said):
    assert flatness(rises_by, 3.84 * rises_by) == said


def test_directions_that_the_moments_do_not_tell_come_last():
    space = Space(("a", "b"), np.ones(2), np.full(2, 2.0))
    slopes = np.array([[5.0, 5.0], [5.0, 5.0], [0.1, -0.1]])
    table = directions(space.paths, slopes, np.eye(3), {})
    assert (
        table["standard error along it"].iloc[0]
        < 0.2
        < 2.0
        < table["standard error along it"].iloc[-1]
    )


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        (["speculation.noize"], "speculation.noize.*did you mean 'speculation.noise'"),
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


@pytest.mark.parametrize(("holdout", "least"), [(1.0 / 3.0, 375), (0.5, 499)])
def test_a_short_file_is_told_at_once_how_many_returns_bind(tmp_path, holdout, least):
    file, day = tmp_path / "closes.csv", dt.date(2025, 1, 1)
    prices = np.exp(np.random.default_rng(1).normal(0.0, 0.05, 40).cumsum())
    rows = (f"{day + dt.timedelta(days=n)},{price}" for n, price in enumerate(prices))
    file.write_text("\n".join(["date,price", *rows]))
    message = (
        f"39 daily returns; expected at least {least}, that is {least + 1} closes in a row: 250"
    )
    with pytest.raises(InputError, match=message):
        calibrate_economy(file, **SMALL, holdout=holdout)


def test_a_short_history_a_gap_and_a_wrong_share_are_refused(closes):
    short = Closes(
        closes.dates[:200],
        closes.values[:200],
        closes.file,
        closes.returns[:199],
        closes.ends[:199],
        (),
    )
    with pytest.raises(
        InputError, match="199 daily returns; expected at least 375: 250 are fitted"
    ):
        calibrate_economy(short, **SMALL)
    gap = Closes(
        closes.dates, closes.values, closes.file, closes.returns[:-1], closes.ends[:-1], ()
    )
    with pytest.raises(InputError, match="gaps: 1 gaps"):
        calibrate_economy(gap, **SMALL)
    with pytest.raises(InputError, match="holdout"):
        calibrate_economy(closes, holdout=1.0, **SMALL)
    with pytest.raises(InputError, match="simulation.time_step: a step of 0.5 days; expected 1"):
        calibrate_economy(closes, sets=["simulation.time_step=0.5"], **SMALL)


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
