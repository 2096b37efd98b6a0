"""Many points of a network are checked at once, and each is told what it alone would be told."""

import numpy as np
import pytest

import tokenomics as tk
from tokenomics.errors import InputError
from tokenomics.experiments.evaluate import evaluate
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import Parameters, place
from tokenomics.parameters import points as points_module
from tokenomics.parameters.checking import LARGEST
from tokenomics.parameters.points import fitting, refusals

STAKED = {"bonding.mode": "per_node_at_start", "supply.staked_share": 0.25}
NETWORK = tk.resolve("baseline", policy="pid", sets={"controller.custom.mine": 1.0} | STAKED)
NUMBERS = [path for path in NETWORK.entries if place(path).kind is float]
SHARES = ["supply.staked_share", "supply.treasury_share", "supply.locked_share"]
TOGETHER = [
    *SHARES,
    "bonding.limit",
    "supply.burn_share",
    "treasury.fee_share",
    "workloads.batch.share",
    "reliability.tiers.home.share",
    "simulation.days",
    "simulation.time_step",
    "oracle.lag",
]


def alone(point):
    """What one point is told."""
    try:
        NETWORK.replace(point, source="sweep")
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("path", NUMBERS)
def test_a_value_at_or_beyond_a_bound_is_taken_or_refused_as_it_is_alone(path):
    ends = [
        getattr(bound, name)
        for bound in place(path).field.metadata
        for name in points_module.WITHIN
        if hasattr(bound, name)
    ]
    own = NETWORK.entries[path].value
    near = [np.nextafter(end, far) for end in ends for far in (-np.inf, np.inf)]
    values = [own, *ends, *near, 0.0, -1e-3, -LARGEST, LARGEST, 2 * LARGEST, np.inf, np.nan]
    said = refusals(NETWORK, [path], np.array(values)[:, None], "sweep")
    assert said == [alone({path: float(value)}) for value in values]
    assert said[0] == "" and said[-1] != ""
    fine = fitting(NETWORK.values, [path], np.array(values)[:, None])
    assert fine.tolist() == [not one for one in said]


def test_values_that_do_not_go_together_are_refused_as_they_are_alone():
    draw = np.random.default_rng(1)
    own = np.array([NETWORK.entries[path].value for path in TOGETHER])
    points = np.tile(own, (400, 1))
    changed = draw.random(points.shape) < 0.2
    points[changed] = draw.choice([-0.1, 0.0, 0.05, 0.25, 0.5, 0.9, 1.0, 3.0], changed.sum())
    said = refusals(NETWORK, TOGETHER, points, "sweep")
    each = [dict(zip(TOGETHER, map(float, point), strict=True)) for point in points]
    assert said == [alone(point) for point in each]
    kinds = (
        "add up to more than 1",
        "expected less than 1",
        "bonding.limit is below",
        "a multiple",
    )
    for kind in (*kinds, "workloads: the shares", "reliability.tiers: the shares", "expected a nu"):
        assert any(kind in one for one in said), kind
    assert said.count("") > 20
    assert fitting(NETWORK.values, TOGETHER, points).tolist() == [not one for one in said]


def test_good_points_are_checked_without_a_tree_of_their_own(monkeypatch):
    monkeypatch.setattr(Parameters, "__init__", None)
    points = np.random.default_rng(2).random((1000, 2)) * 0.4
    assert refusals(NETWORK, ["supply.burn_share", "oracle.noise"], points, "sweep") == [""] * 1000


def test_a_network_without_swept_numbers_is_one_good_point():
    assert refusals(NETWORK, [], np.empty((1, 0)), "sweep") == [""]


def test_points_without_a_steady_state_are_told_what_they_are_told_alone():
    paths = ["supply.speculator_share", "demand.services"]
    rows = [[0.1, 10.0], [0.97, 10.0], [0.1, 1e-30], [0.99, 20.0]]
    network = tk.resolve("baseline", policy="pid", sets={"simulation.days": 2})
    found = evaluate(network, paths, rows, runs=np.arange(2), seed=0, metrics=["price_final"])
    told = []
    for row in rows:
        try:
            steady_state(network.replace(dict(zip(paths, row, strict=True)), source="sweep").values)
            told.append("")
        except InputError as error:
            told.append(str(error))
    assert list(found.errors) == told
    assert [bool(line) for line in told] == [False, True, True, True]
    assert "of circulating supply" in told[1] and "never meets" in told[2]
    assert list(np.isfinite(found.values["price_final"]).all(axis=1)) == [True, False, False, False]
