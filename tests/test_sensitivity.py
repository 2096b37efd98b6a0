"""Indices agree with functions whose indices are known, and the optimiser finds what a grid
finds.
"""

import importlib
import json

import numpy as np
import pytest
from stores import with_failures

import tokenomics as tk
from paths import command
from tokenomics.errors import InputError
from tokenomics.experiments.design_reading import read_design
from tokenomics.experiments.sampling import problem_of
from tokenomics.experiments.sweep import sweep

pytest.importorskip("SALib")
sensitivity = importlib.import_module(
    "tokenomics.experiments.sensitivity"
)  # the function has the module's name
SMALL = {
    "policies": ["pid"],
    "scenarios": ["token_crash"],
    "set": {"simulation.days": 45},
    "method": "saltelli",
    "count": 16,
    "parameters": {
        "controller.pid.kp": {"low": 0.0, "high": 0.3},
        "bills.quote_lag": {"low": 1.0, "high": 9.0},
    },
    "runs": 4,
    "metrics": ["tracking_rms", "cloud_service_uptime", "bill_cost_at_risk"],
}


def ishigami(unit):
    """Ishigami and Homma (1990), with a = 7 and b = 0.1."""
    x = (2.0 * unit - 1.0) * np.pi
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def design_of(method, count):
    axes = {
        path: {"low": 0.1, "high": 0.2}
        for path in ("oracle.lag", "oracle.noise", "controller.pid.kp")
    }
    return read_design({"policies": ["pid"], "method": method, "count": count, "parameters": axes})


def test_sobol_indices_of_the_ishigami_function_are_the_known_ones():
    design = design_of("saltelli", 2048)
    unit = design.unit()
    first, second = sensitivity._indices("saltelli", design.paths, unit, ishigami(unit), 0)
    known_total, known_first = (0.5576, 0.4424, 0.2437), (0.3139, 0.4424, 0.0)
    for (total, total_interval, one, one_interval), t, f in zip(
        first, known_total, known_first, strict=True
    ):
        assert abs(total - t) < 1.5 * total_interval + 0.01
        assert abs(one - f) < 1.5 * one_interval + 0.01
    pairs = {pair[:2]: pair[2] for pair in second}
    assert pairs["oracle.lag", "controller.pid.kp"] == pytest.approx(0.2437, abs=0.06)


def test_morris_ranks_a_linear_function_by_its_slopes():
    design = design_of("morris", 10)
    unit = design.unit()
    rows, _ = sensitivity._indices(
        "morris", design.paths, unit, unit @ np.array([3.0, 1.0, -2.0]), 0
    )
    np.testing.assert_allclose([row[0] for row in rows], [3.0, 1.0, 2.0], rtol=1e-9)
    np.testing.assert_allclose([row[2] for row in rows], [3.0, 1.0, -2.0], rtol=1e-9)


@pytest.fixture(scope="module")
def small():
    return tk.sensitivity(SMALL)


def test_a_parameter_that_a_metric_does_not_depend_on_hardly_depends_on_has_a_small_index(small):
    own = small.ranking("tracking_rms")
    assert own["parameter"].iloc[0] == "controller.pid.kp"
    assert (
        abs(own["total"].iloc[1]) < 1e-2
    )  # the quote's lag reaches the price only through customers' choice of venue
    assert "cloud_service_uptime" not in set(small.indices["metric"])  # it does not vary


def test_figures_state_their_finding(small):
    assert "tracking error depends most on controller.pid.kp" in small.tornado("tracking_rms").axes[
        0
    ].get_title(loc="left")
    small.heatmap()
    small.interactions("bill_cost_at_risk")
    with pytest.raises(
        InputError, match="no indices for the metric 'tracking_rsm'.*did you mean 'tracking_rms'"
    ):
        small.tornado("tracking_rsm")


def test_morris_on_the_model_has_units_of_the_metric():
    found = tk.sensitivity(SMALL | {"method": "morris", "count": 4})
    own = found.ranking("tracking_rms")
    assert own["parameter"].iloc[0] == "controller.pid.kp" and own["mu_star"].iloc[0] > 0
    found.tornado("tracking_rms")
    found.heatmap()
    with pytest.raises(InputError, match="no second-order indices"):
        found.interactions("tracking_rms")


def test_one_missing_output_is_an_index_of_exactly_zero_to_salib():
    from SALib.analyze import sobol

    design = design_of("saltelli", 64)
    unit = design.unit()
    output = ishigami(unit)
    output[7] = np.nan
    problem = problem_of(design.paths)
    with np.errstate(all="ignore"):
        found = sobol.analyze(problem, output, num_resamples=10, seed=1)
    assert not any(np.any(found[name]) for name in ("S1", "S1_conf", "ST", "ST_conf"))


def damaged(small, points, runs):
    """The sweep behind indices, some runs of some points of which failed."""
    return with_failures(
        small.sweep, lambda case, point, run: np.isin(point, points) & np.isin(run, runs)
    )


@pytest.mark.parametrize("method", ["saltelli", "morris"])
def test_a_base_point_of_which_one_run_failed_is_left_out_whole_and_counted(method):
    found = tk.sensitivity(SMALL | {"method": method, "metrics": ["tracking_rms"]})
    block = 6 if method == "saltelli" else 3
    again = sensitivity.analyse(damaged(found, [block + 1], [2]))
    own, before = again.ranking("tracking_rms"), found.ranking("tracking_rms")
    assert set(own["lost"]) == {1} and set(before["lost"]) == {0}
    # the same as without that base point, which no run of is looked at
    unit = read_design(SMALL | {"method": method}).unit()
    output = found.sweep.columns("tracking_rms")["tracking_rms"].reshape(len(unit), 4).mean(axis=1)
    keep = np.arange(len(unit)) // block != 1
    first, _ = sensitivity._indices(method, found.sweep.paths, unit[keep], output[keep], 0)
    assert (
        sorted(own[again.measure]) == sorted(row[0] for row in first)
        and own[again.measure].iloc[0] != before[again.measure].iloc[0]
    )
    assert any(
        "of 16 base points, left out for a failed run: tracking_rms 1" in note
        for note in again.notes()
    )
    assert "up to 1 left out for failed runs" in again.tornado("tracking_rms").axes[0].get_title(
        loc="left"
    )
    assert "up to 1 left out for failed runs" in again.heatmap().get_suptitle().replace("\n", " ")


def test_indices_of_a_design_of_which_many_base_points_failed_are_not_defined(small):
    again = sensitivity.analyse(damaged(small, [0, 6, 12], [0, 1, 2, 3]))
    assert again.indices.empty and set(again.undefined["metric"]) == set(SMALL["metrics"])
    assert any(
        "tracking_rms, cloud_service_uptime, bill_cost_at_risk: 3 of 16 base points lost a run"
        in note
        for note in again.notes()
    )
    with pytest.raises(
        InputError,
        match="no index of the metric 'tracking_rms' is defined: 3 of 16 base points lost a run",
    ):
        again.tornado("tracking_rms")
    with pytest.raises(InputError, match="no index is defined"):
        again.heatmap()


def test_one_base_point_has_no_interval_and_so_no_index():
    found = tk.sensitivity(SMALL | {"count": 1, "metrics": ["tracking_rms"]})
    assert list(found.undefined["reason"]) == ["1 base points, of 2 or more that it takes"]


@pytest.mark.parametrize("seed", [0, 7])
def test_the_same_sweep_gives_the_same_intervals_at_every_call(seed):
    for method in ("saltelli", "morris"):
        found = tk.sensitivity(
            SMALL | {"method": method, "design_seed": seed, "metrics": ["tracking_rms"]}
        )
        again = sensitivity.analyse(found.sweep)
        assert found.indices.equals(again.indices) and found.pairs.equals(again.pairs)
        assert found.indices[f"{found.measure}_interval"].max() > 0


def test_a_constant_metric_beside_a_moving_one_is_named(small, tmp_path):
    assert small.notes() == [
        "policy pid, scenario token_crash: no index is defined of cloud_service_uptime: "
        "constant, 0.999"
    ]
    with pytest.raises(
        InputError, match="no index of the metric 'cloud_service_uptime' is defined: constant"
    ):
        small.ranking("cloud_service_uptime")
    file, out = tmp_path / "d.yaml", tmp_path / "s"
    file.write_text(
        json.dumps(
            SMALL
            | {
                "runs": 2,
                "count": 4,
                "scenarios": ["none", "token_crash"],
                "metrics": ["cloud_service_uptime", "tracking_rms"],
            }
        )
    )
    status, text, _ = command("sensitivity", str(file), "--out", str(out))
    assert status == 0 and text.count("no index is defined of cloud_service_uptime: constant") == 2
    assert 'cloud_service_uptime,"constant' in (out / "undefined.csv").read_text()
    gain = {path: axis for path, axis in SMALL["parameters"].items() if path == "controller.pid.kp"}
    file.write_text(
        json.dumps(SMALL | {"runs": 2, "count": 4, "metrics": ["treasury_low"], "parameters": gain})
    )
    status, text, _ = command("sensitivity", str(file), "--json", "--out", str(tmp_path / "t"))
    assert (
        status == 1
        and json.loads(text)["indices"] == []
        and json.loads(text)["undefined"][0]["reason"].startswith("constant")
    )


def test_means_that_differ_by_rounding_are_constant():
    output = 3.0 + 1e-15 * np.arange(24)
    assert sensitivity._undefined("saltelli", output, 4, 4) == "constant, 3"
    large = np.full_like(output, 7_476_123.0)
    assert sensitivity._undefined("saltelli", large, 4, 4) == "constant, 7,476,000"
    assert (
        sensitivity._undefined("saltelli", np.tile([1.0, 1.0, 2.0, 1.0, 1.0, 1.0], 4), 4, 4)
        == "constant, 1, at all points of the base sample"
    )


def test_another_method_is_refused():
    with pytest.raises(InputError, match="method grid; expected saltelli"):
        tk.sensitivity({"policies": ["pid"], "parameters": {"oracle.lag": [1.0, 2.0]}, "runs": 1})


def test_the_command_writes_indices_and_figures(tmp_path):
    file, out = tmp_path / "d.yaml", tmp_path / "s"
    file.write_text(json.dumps(SMALL | {"runs": 2, "count": 4}))
    status, text, _ = command("sensitivity", str(file), "--out", str(out), "--no-figures")
    assert status == 0 and not list(out.rglob("*.png"))
    assert text.endswith(f"all indices and intervals in {out}\n")
    assert command("sensitivity", str(file), "--out", str(out))[0] == 0
    assert (out / "indices.csv").exists() and list(
        (out / "figures").glob("tornado-*tracking_rms.png")
    )
    status, text, _ = command("sensitivity", str(file), "--out", str(out), "--json")
    assert status == 0 and json.loads(text)["indices"]


RANGES = {"controller.pid.kp": {"low": 0.01, "high": 0.5, "scale": "log"}}
TUNED = {
    "policies": ["pid"],
    "scenarios": ["token_crash"],
    "set": {"simulation.days": 60},
    "parameters": RANGES,
    "runs": 6,
    "seed": 2,
}


def test_the_optimiser_finds_what_a_grid_finds():
    pytest.importorskip("pymoo")
    limit = "control_effort <= 6000"
    found = tk.optimise(
        TUNED,
        objectives="tracking_rms",
        constraints=limit,
        population=8,
        generations=6,
        check_runs=3,
    )
    grid = sweep(
        TUNED | {"parameters": {"controller.pid.kp": RANGES["controller.pid.kp"] | {"count": 60}}}
    ).table("tracking_rms", "control_effort")
    allowed = grid[grid["control_effort"] <= 6000.0]
    assert found.front["control_effort"].iloc[0] <= 6000.0
    assert found.front["tracking_rms"].iloc[0] <= allowed["tracking_rms"].min() * 1.02
    again = sweep(TUNED | {"method": "points", "points": [found.best], "parameters": {}}).table(
        "tracking_rms"
    )
    assert again["tracking_rms"].iloc[0] == pytest.approx(found.front["tracking_rms"].iloc[0])
    assert found.check.manifest["seed"] != TUNED["seed"] and found.check.manifest["runs"] == 3
    found.plot()


def test_no_point_of_the_front_is_better_in_both_objectives():
    pytest.importorskip("pymoo")
    found = tk.optimise(
        TUNED,
        objectives=["tracking_rms", "control_effort"],
        population=8,
        generations=4,
        check_runs=2,
    )
    points = found.front[["tracking_rms", "control_effort"]].to_numpy()
    for point in points:
        assert not np.any(np.all(points < point, axis=1))
    assert "Pareto front" in found.plot().axes[0].get_title(loc="left")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"objectives": "tracking"}, "unknown metric 'tracking'"),
        ({"objectives": "price_final"}, "'price_final' is not better either way"),
        (
            {"objectives": "treasury_low", "constraints": "treasury_low < 1"},
            "'treasury_low < 1'; expected metric <= limit",
        ),
        (
            {"objectives": "treasury_low", "constraints": "max_drawdown <= -1"},
            "no candidate meets the constraints",
        ),
        ({"objectives": []}, "objectives: none; expected one metric"),
        (
            {"objectives": ["churn", "churn"]},
            "objectives: churn, churn; expected one metric, or several different ones",
        ),
        (
            {"objectives": "treasury_low", "population": 2},
            "population: 2; expected a whole number from 4",
        ),
        (
            {"objectives": "treasury_low", "generations": 2**64},
            "generations: 18446744073709551616; expected a whole number from 1",
        ),
    ],
)
def test_a_bad_optimisation_gets_one_clear_line(arguments, message):
    pytest.importorskip("pymoo")
    with pytest.raises(InputError, match=message):
        tk.optimise(
            TUNED | {"set": {"simulation.days": 5}, "runs": 1},
            **{"population": 4, "generations": 1} | arguments,
        )


def test_a_candidate_of_which_a_run_failed_is_never_the_best_and_is_counted(monkeypatch):
    pytest.importorskip("pymoo")
    optimise = importlib.import_module("tokenomics.experiments.optimise")
    simulate = optimise.sweep

    def fail_where_gains_are_high(design, **options):
        found = simulate(design, **options)
        high = found.points["controller.pid.kp"].to_numpy() > 0.1
        return with_failures(found, lambda case, point, run: high[point] & (run == 0))

    monkeypatch.setattr(optimise, "sweep", fail_where_gains_are_high)
    found = tk.optimise(
        TUNED | {"set": {"simulation.days": 10}, "runs": 2},
        objectives="tracking_rms",
        population=6,
        generations=2,
    )
    assert found.best["controller.pid.kp"] <= 0.1
    assert found.candidates == 12 and 0 < found.left_out < 12
    assert f"{found.left_out} of 12 candidates left out for failed runs" in found.plot().axes[
        0
    ].get_title(loc="left")
