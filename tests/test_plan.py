"""A sweep's size is counted as it is drawn, and its tasks last alike."""

import itertools

import numpy as np
import pytest

import tokenomics as tk
from tokenomics.errors import InputError
from tokenomics.experiments import costs
from tokenomics.experiments import plan as plan_module
from tokenomics.experiments.design import Method
from tokenomics.experiments.design_reading import read_design
from tokenomics.experiments.plan import SECONDS_PER_TASK, make_plan, rows_of
from tokenomics.experiments.sweep import estimate
from tokenomics.results.metrics import METRICS
from tokenomics.results.sweep_rows import Extent

PATHS = ("oracle.lag", "oracle.noise", "controller.pid.kp", "supply.burn_share")
BOX = {path: {"low": 0.1, "high": 0.2, "count": 3} for path in PATHS}


def design_of(method, paths, count):
    """A design of a method over some of the box's paths."""
    chosen = {path: BOX[path] for path in PATHS[:paths]}
    if method == "points":
        values = np.linspace(0.1, 0.2, count)
        return {"points": [dict.fromkeys(chosen, float(value)) for value in values]}
    if method == "grid":
        # a range with a count and one without, and a list
        axes = [{"count": count}, {"count": None}, [0.12, 0.13, 0.15], {"count": 2}]
        return {
            "parameters": {
                path: axis if isinstance(axis, list) else chosen[path] | axis
                for path, axis in zip(chosen, axes, strict=False)
            }
        }
    return {"parameters": chosen, "count": count}


@pytest.mark.parametrize("method", Method.__args__)
@pytest.mark.parametrize(("paths", "count"), list(itertools.product((1, 2, 4), (1, 4, 16))))
def test_a_design_has_as_many_points_as_are_drawn(method, paths, count):
    if method in ("saltelli", "morris"):
        pytest.importorskip("SALib")
    own = design_of(method, paths, count)
    design = read_design({"policies": ["pid"], "runs": 1, "method": method} | own)
    drawn = design.table()
    assert design.size == len(drawn) and {len(point) for point in drawn} == {paths}
    plan = make_plan(design)
    assert plan.rows.points == sum(len(task.points) for task in plan.tasks) == len(drawn)


def test_a_million_random_points_of_four_policies_are_a_million_points():
    policies = ["none", "static", "threshold", "pid"]
    million = {"method": "random", "count": 1_000_000, "runs": 1, "policies": policies}
    axes = {"treasury.reserve": {"low": 0.1, "high": 0.2}, "oracle.lag": {"low": 1.0, "high": 2.0}}
    million["metrics"] = list(METRICS)[:30]
    rows = rows_of(read_design(million | {"parameters": axes}), len(policies))
    assert (rows.points, rows.cases, rows.runs) == (1_000_000, 4, 1)
    rows.check_kept()
    rows.check_table(metrics=1)
    with pytest.raises(InputError, match="a table of 1,000,000 points x 4 cases, 2 parameters and"):
        rows.check_table(metrics=25)
    ten = rows_of(read_design(million | {"parameters": axes, "runs": 3}), len(policies))
    with pytest.raises(InputError, match="12,000,000 simulations .1,000,000 points x 4 cases x 3"):
        ten.check_kept()
    ten.check_table(metrics=1)


def test_runs_do_not_count_where_they_are_in_a_directory(monkeypatch):
    monkeypatch.setattr(plan_module, "SECONDS_PER_TASK", 0.02)  # an estimate does one
    many = {"policies": ["pid"], "runs": 1_000_000, "set": {"simulation.days": 1}}
    many |= {"parameters": {"oracle.lag": {"low": 1.0, "high": 2.0, "count": 12}}}
    with pytest.raises(InputError, match="12,000,000 simulations .* or a directory for them"):
        tk.sweep(many, workers=1)
    assert estimate(many, workers=1).memory < 2e8


def seconds(plan, task):
    """What a task costs by the model, beyond what any costs."""
    one = plan.structures[task.case].seconds
    return costs.POINT * len(task.points) + task.size * one


SIZES = [
    ("pid", 1, 100_000, 365),
    ("pid", 40_000, 1, 365),
    ("pid", 100_000, 1, 2),
    ("pid", 300, 77, 365),
    ("pid", 7, 3000, 100),
    ("mpc", 40, 1000, 365),
    ("mpc", 3, 900, 3650),
    ("none", 1, 1, 1),
]


@pytest.mark.parametrize(("policy", "points", "runs", "days"), SIZES)
def test_tasks_last_alike_and_are_all_rows_once(policy, points, runs, days):
    axis = {"low": 0.1, "high": 0.2, "count": points}
    varied = {"parameters": {"treasury.reserve": axis}} if points > 1 else {}
    plan = make_plan(
        read_design({"policies": [policy], "runs": runs, "set": {"simulation.days": days}} | varied)
    )
    extent = Extent(1, points, runs)
    tiles = [extent.tile(task.rows(), []) for task in plan.tasks]
    assert list(extent.counted(tiles)) == tiles
    found = np.array([seconds(plan, task) for task in plan.tasks])
    most = max(SECONDS_PER_TASK, plan_module.FEW * plan.structures[0].seconds + costs.POINT)
    assert found.max() <= most * 1.0001
    # but for the last runs of a point, and the rounding to whole vectors of runs
    whole = found[[task.runs[1] < runs or task.runs[0] == 0 for task in plan.tasks]]
    if len(found) > 1:
        assert whole.min() > 0.5 * SECONDS_PER_TASK, "more tasks than need be"
    # to a point more or less, or to the runs that are simulated at a time
    several = max(len(task.points) for task in plan.tasks) > 1
    unit = seconds(plan, plan.tasks[0]) / len(plan.tasks[0].points) if several else 0.0
    assert np.ptp(whole) < max(1.0001 * unit, 0.2 * whole.max())


def test_a_task_of_the_mpc_has_fewer_runs_than_one_of_the_pid():
    both = {"policies": ["pid", "mpc"], "runs": 20_000}
    plan = make_plan(read_design(both))
    sizes = [
        {t.size for t in plan.tasks if t.case == case and t.runs[1] < 20_000} for case in (0, 1)
    ]
    assert max(sizes[1]) < min(sizes[0])
    total = [sum(seconds(plan, t) for t in plan.tasks if t.case == case) for case in (0, 1)]
    assert total[1] > 1.5 * total[0]
