"""Indices agree with functions whose indices are known, and the optimiser finds what a grid finds."""

import importlib
import json

import numpy as np
import pytest

import tokenomics as tk
from paths import command
from tokenomics.errors import InputError
from tokenomics.experiments.design import read_design
from tokenomics.experiments.sweep import sweep

pytest.importorskip("SALib")
sensitivity = importlib.import_module("tokenomics.experiments.sensitivity")  # the function has the module's name
SMALL = {
    "policies": ["pid"],
    "scenarios": ["token_crash"],
    "set": {"simulation.days": 45},
    "method": "saltelli",
    "count": 16,
    "parameters": {"controller.pid.kp": {"low": 0.0, "high": 0.3}, "bills.quote_lag": {"low": 1.0, "high": 9.0}},
    "runs": 4,
    "metrics": ["tracking_rms", "uptime", "bill_cost_at_risk"],
}


def ishigami(unit):
    """Ishigami and Homma (1990), with a = 7 and b = 0.1."""
    x = (2.0 * unit - 1.0) * np.pi
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def design_of(method, count):
    axes = {path: {"low": 0.1, "high": 0.2} for path in ("oracle.lag", "oracle.noise", "controller.pid.kp")}
    return read_design({"policies": ["pid"], "method": method, "count": count, "parameters": axes})


def test_sobol_indices_of_the_ishigami_function_are_the_known_ones():
    design = design_of("saltelli", 2048)
    unit = sensitivity.sample_unit(design)
    first, second = sensitivity._indices("saltelli", design.paths, unit, ishigami(unit))
    known_total, known_first = (0.5576, 0.4424, 0.2437), (0.3139, 0.4424, 0.0)
    for (total, total_interval, one, one_interval), t, f in zip(first, known_total, known_first, strict=True):
        assert abs(total - t) < 1.5 * total_interval + 0.01
        assert abs(one - f) < 1.5 * one_interval + 0.01
    pairs = {pair[:2]: pair[2] for pair in second}
    assert pairs["oracle.lag", "controller.pid.kp"] == pytest.approx(0.2437, abs=0.06)


def test_morris_ranks_a_linear_function_by_its_slopes():
    design = design_of("morris", 10)
    unit = sensitivity.sample_unit(design)
    rows, _ = sensitivity._indices("morris", design.paths, unit, unit @ np.array([3.0, 1.0, -2.0]))
    np.testing.assert_allclose([row[0] for row in rows], [3.0, 1.0, 2.0], rtol=1e-9)
    np.testing.assert_allclose([row[2] for row in rows], [3.0, 1.0, -2.0], rtol=1e-9)


@pytest.fixture(scope="module")
def small():
    return tk.sensitivity(SMALL)


def test_a_parameter_that_a_metric_does_not_depend_on_hardly_depends_on_has_a_small_index(small):
    own = small.ranking("tracking_rms")
    assert own["parameter"].iloc[0] == "controller.pid.kp"
    assert abs(own["total"].iloc[1]) < 1e-6  # the quote's lag reaches the price only through customers' choice of venue
    assert "uptime" not in set(small.indices["metric"])  # it does not vary


def test_figures_state_their_finding(small):
    assert "tracking_rms depends most on controller.pid.kp" in small.tornado("tracking_rms").axes[0].get_title(loc="left")
    small.heatmap()
    small.interactions("bill_cost_at_risk")
    with pytest.raises(InputError, match="no indices for the metric 'tracking_rsm'.*did you mean 'tracking_rms'"):
        small.tornado("tracking_rsm")


def test_morris_on_the_model_has_units_of_the_metric():
    found = tk.sensitivity(SMALL | {"method": "morris", "count": 4})
    own = found.ranking("tracking_rms")
    assert own["parameter"].iloc[0] == "controller.pid.kp" and own["mu_star"].iloc[0] > 0
    found.tornado("tracking_rms")
    found.heatmap()
    with pytest.raises(InputError, match="no second-order indices"):
        found.interactions("tracking_rms")


def test_base_points_with_a_failed_run_are_left_out_and_counted(small):
    columns = dict(small.sweep.source)
    columns["tracking_rms"] = columns["tracking_rms"].copy()
    lost = (columns["point"] == 0)
    columns["tracking_rms"][lost] = np.nan
    again = sensitivity.analyse(type(small.sweep)(small.sweep.manifest, columns))
    assert set(again.ranking("tracking_rms")["lost"]) == {1}


def test_another_method_is_refused():
    with pytest.raises(InputError, match="method grid; expected saltelli"):
        tk.sensitivity({"policies": ["pid"], "parameters": {"oracle.lag": [1.0, 2.0]}, "runs": 1})


def test_the_command_writes_indices_and_figures(tmp_path):
    file, out = tmp_path / "d.yaml", tmp_path / "s"
    file.write_text(json.dumps(SMALL | {"runs": 2, "count": 4}))
    assert command("sensitivity", str(file), "--out", str(out))[0] == 0
    assert (out / "indices.csv").exists() and list((out / "figures").glob("tornado-*tracking_rms.png"))
    status, text, _ = command("sensitivity", str(file), "--out", str(out), "--json")
    assert status == 0 and json.loads(text)["indices"]


RANGES = {"controller.pid.kp": {"low": 0.01, "high": 0.5, "scale": "log"}}
TUNED = {"policies": ["pid"], "scenarios": ["token_crash"], "set": {"simulation.days": 60}, "parameters": RANGES, "runs": 6, "seed": 2}


def test_the_optimiser_finds_what_a_grid_finds():
    pytest.importorskip("pymoo")
    limit = "control_effort <= 6000"
    found = tk.optimise(TUNED, objectives="tracking_rms", constraints=limit, population=8, generations=6, check_runs=3)
    grid = sweep(TUNED | {"parameters": {"controller.pid.kp": RANGES["controller.pid.kp"] | {"count": 60}}}).table("tracking_rms", "control_effort")
    allowed = grid[grid["control_effort"] <= 6000.0]
    assert found.front["control_effort"].iloc[0] <= 6000.0
    assert found.front["tracking_rms"].iloc[0] <= allowed["tracking_rms"].min() * 1.02
    again = sweep(TUNED | {"method": "points", "points": [found.best], "parameters": {}}).table("tracking_rms")
    assert again["tracking_rms"].iloc[0] == pytest.approx(found.front["tracking_rms"].iloc[0])
    assert found.check.manifest["seed"] != TUNED["seed"] and found.check.manifest["runs"] == 3
    found.plot()


def test_no_point_of_the_front_is_better_in_both_objectives():
    pytest.importorskip("pymoo")
    found = tk.optimise(TUNED, objectives=["tracking_rms", "control_effort"], population=8, generations=4, check_runs=2)
    points = found.front[["tracking_rms", "control_effort"]].to_numpy()
    for point in points:
        assert not np.any(np.all(points < point, axis=1))
    assert "Pareto front" in found.plot().axes[0].get_title(loc="left")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"objectives": "tracking"}, "unknown metric 'tracking'"),
        ({"objectives": "price_final"}, "'price_final' is not better either way"),
        ({"objectives": "ruin", "constraints": "ruin < 1"}, "'ruin < 1'; expected metric <= limit"),
        ({"objectives": "ruin", "constraints": "max_drawdown <= -1"}, "no candidate meets the constraints"),
    ],
)
def test_a_bad_optimisation_gets_one_clear_line(arguments, message):
    pytest.importorskip("pymoo")
    with pytest.raises(InputError, match=message):
        tk.optimise(TUNED | {"set": {"simulation.days": 5}, "runs": 1}, population=4, generations=1, **arguments)
