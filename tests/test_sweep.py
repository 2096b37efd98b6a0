"""Sweeps: every point and run is what it would be alone, and a sweep that is cut off goes on."""

import importlib
import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from scipy.stats import qmc
from stores import with_failures

import tokenomics as tk
from paths import command
from tokenomics.engines.instructions import LANES
from tokenomics.errors import InputError, ModelError
from tokenomics.experiments import plan as plan_module
from tokenomics.experiments.design import Design
from tokenomics.experiments.design_reading import read_design
from tokenomics.experiments.plan import make_plan
from tokenomics.experiments.sampling import latin_hypercube
from tokenomics.experiments.sweep import estimate, sweep
from tokenomics.experiments.worlds import AT_ONCE, pieces
from tokenomics.inputs import footprint
from tokenomics.parameters.layers import labels
from tokenomics.parameters.locate import names
from tokenomics.results import metrics as metrics_module
from tokenomics.results import sweep_figures as sweep_plots
from tokenomics.results.intervals import summarise

module = importlib.import_module(
    "tokenomics.experiments.sweep"
)  # the function has the module's name
GAINS = {
    "policies": ["pid"],
    "scenarios": ["none", "token_crash"],
    "set": {"simulation.days": 40},
    "method": "sobol",
    "count": 8,
    "parameters": {
        "controller.pid.kp": {"low": 0.0, "high": 0.3},
        "supply.burn_share": {"low": 0.0, "high": 0.5},
        "workloads.batch.price_elasticity": {"low": 0.2, "high": 2.0},
        "treasury.reserve": {"low": 0.001, "high": 0.1, "scale": "log"},
    },
    "runs": 5,
    "seed": 3,
}


@pytest.fixture
def small_tasks(monkeypatch):
    monkeypatch.setattr(plan_module, "SECONDS_PER_TASK", 2.2e-4)  # two points


@pytest.fixture(scope="module")
def gains():
    return sweep(GAINS)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(("scenario", "point", "run"), [("none", 0, 0), ("token_crash", 5, 4)])
def test_any_run_of_a_sobol_sweep_can_be_replayed_alone_in_cadcad(gains, scenario, point, run):
    row = gains.per_run().query("scenario == @scenario and point == @point and run == @run").iloc[0]
    sets = {"simulation.days": 40} | {path: row[path] for path in gains.paths}
    scenario = None if scenario == "none" else scenario
    alone = tk.run(
        "baseline",
        policy="pid",
        scenario=scenario,
        sets=sets,
        runs=run + 1,
        seed=3,
        engine="cadcad",
    ).metrics_per_run()
    for name in gains.metrics:
        assert row[name] == pytest.approx(alone[name][run], rel=1e-9), name


def test_workers_and_tasks_do_not_matter(gains, small_tasks):
    cut = sweep(GAINS, workers=1)
    assert len(make_plan(read_design(GAINS)).tasks) == 8
    for name in ("failed_day", *gains.metrics):
        np.testing.assert_array_equal(
            cut.columns(name)[name], gains.columns(name)[name], err_msg=name
        )


def test_a_list_of_points_is_gone_through_once_however_long_it_is(monkeypatch):
    asked = []
    found = Design.paths.fget
    monkeypatch.setattr(Design, "paths", property(lambda self: asked.append(1) or found(self)))
    times = []
    for points in (3, 30):
        asked.clear()
        listed = [{"supply.burn_share": i / points} for i in range(points)]
        design = read_design({"method": "points", "points": listed, "runs": 1})
        assert len(design.table()) == points
        times.append(len(asked))
    assert times[0] == times[1]


@pytest.mark.parametrize("workers", [1, 2, 3, 16])
def test_workers_share_runs_evenly_in_whole_vectors(workers):
    for lanes in (1, LANES, 2 * LANES + 1, 400, AT_ONCE, AT_ONCE + 1, 13 * AT_ONCE + 7):
        found = pieces(lanes, workers)
        assert [i for one in found for i in range(one.start, one.stop)] == list(range(lanes))
        assert all(one.start % LANES == 0 for one in found)
        sizes = [one.stop - one.start for one in found]
        assert max(sizes) <= AT_ONCE
        shares = [sum(sizes[i::workers]) for i in range(min(workers, len(sizes)))]
        assert max(shares) - lanes / workers <= LANES * -(-len(sizes) // workers)


@pytest.mark.parametrize("runs", [1, 3, 8, 40, 41])
def test_the_number_of_runs_does_not_change_a_run(gains, runs):
    some = sweep(GAINS, runs=runs).per_run()
    both = gains.per_run().merge(some, on=["scenario", "point", "run"], suffixes=("", "_other"))
    assert len(both) == 16 * min(runs, 5)
    for name in gains.metrics:
        np.testing.assert_array_equal(both[name], both[f"{name}_other"], err_msg=name)


def test_a_run_of_a_point_does_not_depend_on_the_points_beside_it(gains):
    rows = gains.points.to_dict("records")
    backwards = GAINS | {"method": "points", "points": rows[::-1], "parameters": {}, "count": None}
    mine, theirs = (
        gains.columns("treasury_low", "tracking_rms"),
        sweep(backwards).columns("treasury_low", "tracking_rms"),
    )
    shape = (2, 8, 5)
    np.testing.assert_array_equal(
        mine["tracking_rms"].reshape(shape), theirs["tracking_rms"].reshape(shape)[:, ::-1]
    )


def test_a_cut_off_sweep_goes_on_and_a_damaged_shard_is_done_again(gains, small_tasks, tmp_path):
    whole = sweep(GAINS, out=tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    shards = sorted((tmp_path / "cut" / "shards").iterdir())
    for file in shards[::2]:
        file.unlink()
    content = bytearray(shards[1].read_bytes())
    content[40:60] = bytes(20)
    shards[1].write_bytes(content)
    assert not tk.load(tmp_path / "cut").complete
    done = []
    again = sweep(GAINS, out=tmp_path / "cut", progress=lambda n, total: done.append((n, total)))
    assert again.complete and again.hash == whole.hash
    assert 0 < done[0][0] < done[-1][0] == done[-1][1] == 80
    assert tk.load(tmp_path / "cut").table().equals(whole.table())


@pytest.mark.slow
def test_a_killed_sweep_resumes_to_the_same_hash(tmp_path, monkeypatch):
    design, out = tmp_path / "d.yaml", tmp_path / "out"
    design.write_text(json.dumps(GAINS | {"count": 64, "runs": 2}))
    code = (
        "import sys; from tokenomics.experiments import plan; plan.SECONDS_PER_TASK = 3e-4; "
        "import tokenomics as tk; tk.sweep(sys.argv[1], out=sys.argv[2], workers=1)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(design), str(out)]) as killed:
        deadline = time.monotonic() + 100
        while len(list(out.glob("shards/*.parquet"))) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)
    assert 3 <= len(list(out.glob("shards/*.parquet"))) < 22
    monkeypatch.setattr(plan_module, "SECONDS_PER_TASK", 3e-4)
    again, new = (tk.sweep(design, out=o, workers=1) for o in (out, tmp_path / "new"))
    assert again.complete and again.hash == new.hash


def test_another_sweeps_directory_is_refused(tmp_path):
    design = GAINS | {"count": 1, "runs": 1, "metrics": ["treasury_low"]}
    sweep(design, out=tmp_path / "a")
    with pytest.raises(InputError, match="holds another sweep"):
        sweep(design | {"seed": 9}, out=tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty and holds no sweep"):
        sweep(design, out=tmp_path / "b")
    with pytest.raises(InputError, match="is a file"):
        sweep(design, out=tmp_path / "b" / "letter.txt")


def test_a_changed_base_is_another_sweep(tmp_path):
    base = tmp_path / "base.yaml"
    base.write_text(tk.resolve().to_yaml())
    design = GAINS | {"base": str(base), "count": 1, "runs": 1, "metrics": ["treasury_low"]}
    sweep(design, out=tmp_path / "a")
    base.write_text(tk.resolve(sets={"supply.total_supply": 2e8}).to_yaml())
    with pytest.raises(InputError, match="holds another sweep"):
        sweep(design, out=tmp_path / "a")


def test_an_impossible_point_is_recorded_and_the_others_go_on():
    design = {
        "method": "points",
        "points": [
            {"supply.burn_share": 0.1, "supply.speculator_share": 0.1},
            {"supply.burn_share": 0.95, "supply.speculator_share": 0.1},
            {"supply.burn_share": 0.1, "supply.speculator_share": 0.999},
        ],
        "set": {"simulation.days": 10},
        "runs": 2,
        "metrics": ["price_final"],
    }
    table = sweep(design).table()
    assert "add up to more than 1" in table["error"][1]
    assert "of circulating supply" in table["error"][2]
    assert list(table["error"] == "") == [True, False, False]
    assert list(np.isfinite(table["price_final"])) == [True, False, False]


@pytest.mark.slow
def test_switches_names_and_spans_group_their_runs():
    design = {
        "parameters": {
            "controller.type": ["none", "pid", "nonsense"],
            "simulation.days": [10, 20],
            "oracle.lag": [1.0, 5.0],
            "privacy.mode": ["none", "zk"],
        },
        "runs": 2,
        "metrics": ["price_final", "tracking_iae"],
    }
    table = sweep(design).table()
    assert len(table) == 24
    assert (
        table.loc[table["controller.type"] == "nonsense", "error"]
        .str.contains("unknown controller")
        .all()
    )
    row = table.query(
        "`controller.type` == 'pid' and `simulation.days` == 20 and `oracle.lag` == 5 and "
        "`privacy.mode` == 'zk'"
    ).iloc[0]
    sets = {
        "controller.type": "pid",
        "simulation.days": 20,
        "oracle.lag": 5.0,
        "privacy.mode": "zk",
    }
    alone = tk.run("baseline", sets=sets, runs=2, engine="ensemble").metrics()
    assert row["price_final"] == alone["mean"]["price_final"]


def test_a_number_is_no_truth():
    for values in ([1.0, True], [True, 1.0]):
        with pytest.raises(InputError, match="1.0; expected true or false"):
            sweep(
                {
                    "parameters": {"shocks.enabled": values},
                    "set": {"simulation.days": 5},
                    "runs": 1,
                    "metrics": ["treasury_low"],
                }
            )


@pytest.mark.slow
def test_gains_that_are_designed_before_a_simulation_group_their_runs():
    weights = [10.0, 1000.0]
    design = {
        "policies": ["lqr"],
        "parameters": {"controller.lqr.effort_weight": weights, "news.volatility": [0.01, 0.02]},
        "runs": 2,
    }
    design |= {"set": {"simulation.days": 30}, "metrics": ["control_effort"]}
    found = sweep(design)
    assert not found.table()["error"].any()
    for row in found.table().itertuples():
        sets = {
            "controller.lqr.effort_weight": row[4],
            "news.volatility": row[5],
            "simulation.days": 30,
        }
        alone = tk.run("baseline", policy="lqr", sets=sets, runs=2, seed=0, engine="ensemble")
        assert row.control_effort == pytest.approx(
            alone.metrics().loc["control_effort", "mean"], rel=1e-12
        )


def test_a_plot_holds_the_other_paths_of_a_grid_at_a_value():
    grid = {
        "controller.pid.kp": [0.01, 0.1],
        "controller.pid.ki": [0.0, 0.01],
        "privacy.mode": ["none", "tee"],
    }
    found = sweep(
        {
            "policies": ["pid"],
            "parameters": grid,
            "runs": 2,
            "set": {"simulation.days": 10},
            "metrics": ["tracking_rms"],
        }
    )
    titles = [
        found.plot("tracking_rms", at=at).axes[0].get_title(loc="left")
        for at in (None, {"privacy.mode": "tee"})
    ]
    assert ["privacy.mode none" in titles[0], "privacy.mode tee" in titles[1]] == [True, True]
    with pytest.raises(InputError, match="expected one of none, tee"):
        found.plot("tracking_rms", at={"privacy.mode": "zk"})
    assert len(repr(found)) < 200


def test_a_metric_that_asks_for_a_swept_parameter_gets_that_of_its_run(tmp_path):
    tk.metric("doubled_lag", "days", "for a test", ("token_price",))(
        lambda paths, p: np.full(len(paths["token_price"]), max(p.oracle.lag, 0.0) * 2)
    )
    tk.metric("broken", "1", "for a test", ("token_price",))(lambda paths, p: 1 / 0)
    try:
        design = {
            "parameters": {"oracle.lag": [1.0, 2.0, 3.0]},
            "set": {"simulation.days": 5},
            "runs": 3,
        }
        assert list(sweep(design | {"metrics": ["doubled_lag"]}).table()["doubled_lag"]) == [
            2.0,
            4.0,
            6.0,
        ]
        told = r"metric 'broken'.* \(test_sweep.py, line \d+\): ZeroDivisionError"
        with pytest.raises(ModelError, match=told):
            sweep(design | {"metrics": ["broken"]}, out=tmp_path / "sweep")
        assert not (tmp_path / "sweep").exists()
    finally:
        del metrics_module.METRICS["doubled_lag"], metrics_module.METRICS["broken"]


def test_the_table_gives_the_intervals_of_each_point(gains):
    table, runs = gains.table("price_volatility"), gains.per_run("price_volatility")
    for _, row in table.iterrows():
        own = runs.query("scenario == @row.scenario and point == @row.point")[
            "price_volatility"
        ].to_numpy()
        s = summarise(own)
        assert (
            row["price_volatility"],
            row["price_volatility_low"],
            row["price_volatility_high"],
        ) == pytest.approx((s.mean, s.low, s.high))
        assert (row["n"], row["failed"]) == (5, 0)


@pytest.mark.parametrize("method", ["random", "latin_hypercube", "sobol", "grid"])
def test_points_fill_the_box(method):
    axes = {
        "oracle.lag": {"low": 1.0, "high": 9.0, "count": 4},
        "controller.pid.kp": {"low": 0.01, "high": 1.0, "count": 4, "scale": "log"},
    }
    design = {"policies": ["pid"], "method": method, "count": 16, "parameters": axes}
    points = np.array(read_design(design).table())
    assert points.shape == (16, 2)
    assert np.all((points >= [1.0, 0.01]) & (points <= [9.0, 1.0]))
    halves = [np.sum(points[:, 0] < 5.0), np.sum(points[:, 1] < 0.1)]
    assert halves == [8, 8] if method != "random" else min(halves) > 0
    assert np.array_equal(points, read_design(design).table())


@pytest.mark.parametrize(("count", "dimensions", "seed"), [(1, 1, 0), (5, 3, 1), (300, 12, 2**63)])
def test_a_latin_hypercube_is_that_of_scipy(count, dimensions, seed):
    rng = np.random.Generator(np.random.Philox(seed))
    theirs = qmc.LatinHypercube(dimensions, rng=rng).random(count)
    assert np.array_equal(latin_hypercube(dimensions, count, seed), theirs)


@pytest.mark.parametrize("name", names("sweep"))
def test_shipped_designs_can_be_planned(name):
    assert make_plan(read_design(name)).simulations > 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runs: 0", r"d.yaml:1: runs: 0; expected a whole number from 1 to 1,000,000"),
        ("rnus: 5", r"d.yaml:1: rnus: unknown key; expected one of .*did you mean 'runs'"),
        ("method: grdi", r"d.yaml:1: method: 'grdi'"),
        ("Range: 1", r"d.yaml:1: Range: unknown key; expected one of .*, parameters, "),
        (
            "parameters:\n  oracle.lga: [1]",
            r"d.yaml:2: parameters.oracle.lga: unknown parameter.*did you mean 'lag'",
        ),
        (
            "parameters:\n  oracle.lag: {low: 3, high: 1}",
            r"d.yaml:2: parameters.oracle.lag: .*low 3 is not below high 1",
        ),
        (
            "parameters:\n  oracle.lag: {lwo: 3, high: 1}",
            r"d.yaml:2: parameters.oracle.lag.lwo: unknown key.*did you mean 'low'",
        ),
        ("parameters:\n  oracle.lag: {low: 0, high: 1, scale: log}", r"on a log scale"),
        (
            "parameters:\n  oracle.lag: []",
            r"d.yaml:2: parameters.oracle.lag: \[\]; expected a list of values",
        ),
        ("parameters:\n  oracle.lag: [.nan]", r"parameters.oracle.lag"),
        (
            "parameters:\n  fleet.zzz.power: [1.0]",
            r"d.yaml:2: parameters.fleet.zzz.power: not a parameter of this network",
        ),
        (
            "parameters:\n  shocks.enabled: {low: 0, high: 1}",
            r"a range; expected a list of values, for a switch",
        ),
        ("parameters:\n  oracle: [1]", r"unknown parameter|the path of one"),
        (
            "method: sobol\ncount: 6\nparameters: {oracle.lag: {low: 1, high: 2}}",
            r"d.yaml:2: count: 6; expected a power of two",
        ),
        (
            "method: random\nparameters: {oracle.lag: {low: 1, high: 2}}",
            r"no count; expected count",
        ),
        (
            "method: random\ncount: 4\nparameters: {oracle.lag: [1, 2]}",
            r"a list of values; expected low and high",
        ),
        ("method: points\npoints: [{oracle.lag: 1}, {oracle.noise: 1}]", r"a point without"),
        ("metrics: [tracking]", r"unknown metric 'tracking'.*did you mean 'tracking_"),
        ("policies: [treshold]", r"d.yaml: unknown policy 'treshold'.*did you mean 'threshold'"),
        (
            "parameters:\n  supply.burn_share: [0.1, 1.7]",
            r"d.yaml:2: parameters.supply.burn_share: 1.7; expected a number ≥ 0, ≤ 1",
        ),
        (
            "parameters:\n  supply.burn_share: [a]",
            r"d.yaml:2: parameters.supply.burn_share: 'a'; expected a number",
        ),
        (
            "method: points\npoints: [{shocks.enabled: 1}]",
            r"points.shocks.enabled: 1.0; expected true or false",
        ),
        ("set: {supply.burn_share: 3}", r"d.yaml: .*burn_share: 3"),
        ("scenarios: []", r"d.yaml:1: scenarios"),
        ("seed: 18446744073709551616", r"d.yaml:1: seed"),
        ("- 1", r"expected a design"),
        (
            "runs: 18446744073709551616",
            r"d.yaml:1: runs: 18446744073709551616; expected a whole number from 1 to 1,000,000",
        ),
        (
            "policies: []",
            r"d.yaml:1: policies: \[\]; expected at least one name, or to leave the key out",
        ),
        ("runs: 2\nmetrics: []", r"d.yaml:2: metrics: \[\]; expected at least one name"),
        (
            "policies: [pid]\nparameters:\n  controller.pid.kp: [0.1, 0.10]",
            r"d.yaml:3: parameters.controller.pid.kp: 0.1 twice; expected each",
        ),
        (
            "method: points\npoints: [{controller.pid.kp: 1}, {controller.pid.kp: 1.0}]",
            r"d.yaml:2: points: controller.pid.kp 1.0 twice",
        ),
        ("policies: [pid, none, pid]", r"d.yaml:1: policies: 'pid' twice; expected each once"),
        ("policies: ['']", r"d.yaml:1: policies: an empty name"),
        ("scenarios: [none, none]", r"d.yaml:1: scenarios: 'none' twice"),
        ("metrics: [treasury_low, ' ']", r"d.yaml:1: metrics: an empty name"),
        ("overlays: 5", r"d.yaml:1: overlays: 5; expected a list of names"),
        ("set: 5", r"d.yaml:1: set: 5; expected values by path"),
        ("points: {a: 1}", r"d.yaml:1: points: .*; expected a list of {path: value}"),
        (
            "set: {oracle.lag: 2}\nparameters: {oracle.lag: [1, 3]}",
            r"parameters.oracle.lag: stands under 'set', too; expected each path once",
        ),
        (
            "set: {oracle.lag: 2}\nmethod: points\npoints: [{oracle.lag: 1}]",
            r"points.oracle.lag: stands under 'set', too",
        ),
        (
            "policies: [pid, none]\nparameters: {controller.type: [pid]}",
            r"parameters.controller.type: several policies, of which it would",
        ),
        (
            "policies: [pid, none]\nset: {controller.type: pid}",
            r"set.controller.type: several policies, of which it would",
        ),
        ("parameters: {oracle.lag: [1]}\nparameters: {oracle.lag: [2]}", r"d.yaml:2: .*parameters"),
        ("parameters:\n  oracle.lag: [1]\n  oracle.lag: [2]", r"d.yaml:3: .*oracle.lag"),
        (
            (
                "parameters:\n  oracle.lag: {low: 1, high: 2, count: 1000}\n  oracle.noise: {low: "
                "0.1, high: 0.2, count: 1001}"
            ),
            r"1,001,000 points",
        ),
        (
            "method: saltelli\ncount: 262144\nparameters: {oracle.lag: {low: 1, high: 2}}",
            r"d.yaml:2: count: 1,048,576 points; expected at most",
        ),
        (
            "method: sobol\ncount: 1048576\nparameters: {oracle.lag: {low: 1, high: 2}}",
            r"d.yaml:2: count: 1048576; expected a whole number",
        ),
    ],
)
def test_a_bad_design_gets_one_clear_line(tmp_path, text, message):
    file = tmp_path / "d.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        sweep(str(file))


def test_a_text_is_one_name_and_no_list_of_letters():
    design = read_design({"policies": "pid", "scenarios": "token_crash", "metrics": "treasury_low"})
    assert (design.policies, design.scenarios, design.metrics) == (
        ("pid",),
        ("token_crash",),
        ("treasury_low",),
    )


def lags(count):
    return {"oracle.lag": {"low": 1.0, "high": 2.0, "count": count}}


def spans(count):
    return {"simulation.days": [float(n) for n in range(1, count + 1)]}


TOO_LARGE = {
    "table": (
        0.4,
        {"runs": 1, "policies": ["none", "pid"], "parameters": lags(900_000)},
        r"^points: a table of 900,000 points x 2 cases, 1 parameter and 1 metric, would take "
        r"about 0.441 GB; .*: fewer points or metrics",
    ),
    "structures": (
        2.0,
        {"parameters": spans(2001)},
        r"^parameters: 2,001 structures .*; expected at most 2,000",
    ),
    "structures by policy": (
        2.0,
        {"policies": ["none", "pid"], "parameters": spans(1001)},
        r"^parameters: 2,002 structures",
    ),
    "steps": (
        2.0,
        {"set": {"simulation.time_step": 1e-3, "simulation.days": 730}},
        r"730,000 steps of 64 runs, in 1 tasks at a time, would take about 6.07 GB",
    ),
    "time": (
        2e3,
        {
            "set": {"simulation.time_step": 1e-3, "simulation.days": 7300},
            "runs": 1_000_000,
            "parameters": lags(6),
        },
        r"about 142 days",
    ),
}


@pytest.mark.parametrize("case", TOO_LARGE)
def test_what_is_too_large_is_refused_before_any_work_with_what_to_lower(case, monkeypatch):
    memory, design, message = TOO_LARGE[case]
    monkeypatch.setenv(footprint.VARIABLE, str(memory))
    monkeypatch.setattr(module, "perform", None)
    for use in (sweep, estimate):
        with pytest.raises(InputError, match=message):
            use({"policies": ["pid"], "metrics": ["tracking_rms"]} | design, workers=1)


def test_an_estimate_says_what_is_compiled_and_what_it_takes():
    axes = {"simulation.days": [5.0, 10.0], "oracle.lag": [1.0, 2.0]}
    size = estimate(
        {"policies": ["pid"], "parameters": axes, "runs": 3, "metrics": ["tracking_rms"]}
    )
    assert (size.points, size.simulations, size.structures, size.tasks) == (4, 12, 2, 2)
    assert size.memory > 0 and size.seconds > 0


def test_cells_of_a_map_meet_half_way_in_the_axis_scale():
    assert sweep_plots._edges(np.array([1.0, 10.0, 100.0]), "log") == pytest.approx(
        10.0 ** np.array([-0.5, 0.5, 1.5, 2.5])
    )
    assert sweep_plots._edges(np.array([1.0, 2.0, 4.0]), "linear") == pytest.approx(
        [0.5, 1.5, 3.0, 5.0]
    )
    axes = {
        "controller.pid.kp": {"low": 0.01, "high": 1.0, "count": 3, "scale": "log"},
        "oracle.lag": [1.0, 2.0],
    }
    found = sweep(
        {
            "policies": ["pid"],
            "parameters": axes,
            "runs": 1,
            "set": {"simulation.days": 5},
            "metrics": ["tracking_rms"],
        }
    )
    axis = found.plot("tracking_rms").axes[0]
    corners = axis.collections[0].get_coordinates()
    assert axis.get_xscale() == "log"
    np.testing.assert_allclose(corners[0, :, 0], 10.0 ** np.array([-2.5, -1.5, -0.5, 0.5]))
    np.testing.assert_allclose(corners[:, 0, 1], [0.5, 1.5, 2.5])


def test_failed_runs_stand_in_the_title_of_a_map_and_of_a_line():
    axes = {"controller.pid.kp": [0.01, 0.02], "oracle.lag": [1.0, 2.0]}
    found = sweep(
        {
            "policies": ["pid"],
            "parameters": axes,
            "runs": 3,
            "set": {"simulation.days": 5},
            "metrics": ["tracking_rms"],
        }
    )
    assert "failed" not in found.plot("tracking_rms").axes[0].get_title(loc="left")
    broken = with_failures(
        found, lambda case, point, run: (case == 0) & (point == 0) & np.isin(run, (0, 2))
    )
    assert list(broken.table()["failed"]) == [2, 0, 0, 0]
    assert "2 of 12 runs failed" in broken.plot("tracking_rms").axes[0].get_title(loc="left")
    assert "2 of 6 runs failed" in broken.plot(
        "tracking_rms", "controller.pid.kp", at={"oracle.lag": 1.0}
    ).axes[0].get_title(loc="left")


def test_the_command_says_which_extremes_lost_runs(tmp_path, monkeypatch):
    design = tmp_path / "d.yaml"
    axes = {"oracle.lag": [1, 2]}
    design.write_text(
        json.dumps(
            {
                "policies": ["pid"],
                "set": {"simulation.days": 5},
                "parameters": axes,
                "runs": 3,
                "metrics": ["max_drawdown"],
            }
        )
    )
    broken = with_failures(sweep(str(design)), lambda case, point, run: (point == 1) & (run == 0))
    monkeypatch.setattr(module, "sweep", lambda *_, **__: broken)
    (tmp_path / "out").mkdir()
    status, text, _ = command("sweep", design, "--out", tmp_path / "out")
    assert (
        status == 0
        and "1 of 3 runs failed" in " ".join(text.split())
        and "failed runs 1" in " ".join(text.split())
    )


def test_few_points_are_all_shown_and_a_scenario_s_file_is_called_by_its_stem(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "two_crashes.yaml").write_text("demand: {volatility: 0.5}\n")
    files = [str(tmp_path / folder / "two_crashes.yaml") for folder in ("a", "b")]
    assert labels("scenario", ["none", files[0]]) == ["none", "two_crashes"]
    assert labels("scenario", files) == files  # which one name would not tell apart
    assert labels("scenario", ["./token_crash.yaml"]) == ["./token_crash.yaml"]
    content = {
        "policies": ["pid"],
        "scenarios": ["none", files[0]],
        "set": {"simulation.days": 3},
        "parameters": {"controller.pid.kp": [0.1, 0.2]},
        "runs": 2,
        "metrics": ["max_drawdown", "churn"],
    }
    (tmp_path / "d.yaml").write_text(json.dumps(content))
    status, text, _ = command("sweep", tmp_path / "d.yaml", "--out", tmp_path / "out")
    rows = [line for line in text.splitlines() if "kp=" in line]
    at = [", ".join((s, f"kp={kp}")) for s in ("none", "two_crashes") for kp in (0.1, 0.2)]
    assert status == 0 and [row[: len(one)] for row, one in zip(rows, at, strict=True)] == at
    assert "max_drawdown [1]" in text and "churn [1/year]" in text
    assert str(tmp_path / "out" / "table.csv") in text


def test_one_is_counted_as_one_and_a_single_run_has_no_interval(tmp_path):
    (tmp_path / "d.yaml").write_text(
        "policies: [pid]\nruns: 1\nset: {simulation.days: 3}\nmetrics: "
        "[price_volatility]\nparameters:\n  controller.pid.kp: [0.1, 0.2]\n"
    )
    status, out, _ = command("sweep", tmp_path / "d.yaml", "--dry-run")
    assert status == 0 and out.startswith(
        "2 points x 1 case x 1 run = 2 simulations in 1 task of 1 structure; about"
    )
    status, out, _ = command("sweep", tmp_path / "d.yaml", "--out", tmp_path / "s")
    assert status == 0 and "price_volatility" in out and "nan" not in out
