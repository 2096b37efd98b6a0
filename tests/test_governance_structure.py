"""A plan whose labels, roles or words are not those of its values is none; forged numbers are found
whatever they are.
"""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest

from bundles import FORGED, PROPOSAL, elsewhere, write
from tokenomics.errors import InputError
from tokenomics.governance.bundle.make import GIVEN
from tokenomics.governance.evidence.plan import from_plain
from tokenomics.governance.evidence.recorded import plan_of_run, plan_of_sweep
from tokenomics.governance.verify.proposal_file import disagreements
from tokenomics.governance.verify.verify import verify
from tokenomics.results.metrics import METRICS


def fake_baseline(plan):
    today = copy.deepcopy(plan["points"][0])
    plan["points"].insert(0, today | {"label": "today", "role": "counterfactual"})


def other_label(plan):
    point = next(p for p in plan["points"] if p["role"] == "sensitivity")
    point["label"] = "market.pool_share = 0.001"


def two_changes(plan):
    point = next(p for p in plan["points"] if p["role"] == "sensitivity")
    for one in plan["points"]:
        one["values"]["treasury.fee_share"] = 0.1
    point["values"]["treasury.fee_share"] = 0.2


def alike(plan):
    plan["points"][2]["label"] = plan["points"][1]["label"]


def a_column(plan):
    plan["points"].append(
        copy.deepcopy(plan["points"][1]) | {"label": "metric", "role": "alternative"}
    )


TYPE_ON_CHAIN = {"controller.type": {"decimals": 1, "unit": "x"}}
WRONG = {
    "another point before today's": (fake_baseline, "expected current and proposed first"),
    "a label that lies": (other_label, "expected the one parameter in which it differs"),
    "two parameters changed": (two_changes, "expected the one parameter in which it differs"),
    "two points alike": (alike, "'proposed' twice"),
    "a column's name": (a_column, "'metric'; expected a name of its own"),
    "no proposed point": (
        lambda plan: plan["points"].pop(1),
        "expected current and proposed first",
    ),
    "a second proposed point": (
        lambda plan: plan["points"][2].update(role="proposed"),
        "one of each",
    ),
    "metrics twice": (lambda plan: plan["metrics"].append(plan["metrics"][0]), "twice"),
    "fewer runs of the proposed point": (
        lambda plan: plan["points"][1].update(runs=3),
        "3 runs of 'proposed'",
    ),
    "an empty statement": (lambda plan: plan.update(statement={}), "limits: missing"),
    "a limit elsewhere": (
        lambda plan: plan["statement"]["limits"][0].update(scenarios=["moon"]),
        "unknown scenario 'moon'",
    ),
    "a limit that was not measured": (
        lambda plan: plan["statement"]["limits"][0].update(limit="treasury_low <= 1"),
        "'treasury_low' is not measured",
    ),
    "a name on chain": (
        lambda plan: plan["statement"].update(on_chain=TYPE_ON_CHAIN),
        "on chain; expected a number",
    ),
    "a scenario twice": (lambda plan: plan["cases"][1].update(scenario="none"), "a scenario twice"),
    "a label that steers a terminal": (
        lambda plan: plan["points"][2].update(label="a\x1b[2J"),
        "U+001B",
    ),
    "a title that turns a line": (lambda plan: plan.update(title="a\u202eb"), "U+202E"),
    "another engine": (lambda plan: plan.update(engine="cadcad"), "expected ensemble, every 1"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_proposals_plan_says_what_its_values_are(made, what):
    change, found = WRONG[what]
    plain = copy.deepcopy(made[1].plain())
    change(plain)
    with pytest.raises(InputError) as error:
        from_plain(plain)
    assert found in str(error.value)


def test_a_run_has_one_point_and_a_sweep_labels_that_say_its_values(tmp_path):
    import tokenomics as tk

    plain = plan_of_run(tk.run("baseline", days=3, runs=2)).plain()
    for change in (
        {"statement": {"audit": "passed"}},
        {"points": [plain["points"][0] | {"values": {"supply.burn_share": 0.9}}]},
    ):
        with pytest.raises(InputError, match="expected (none|one without values)"):
            from_plain(plain | change)
    grid = {
        "parameters": {"controller.pid.kp": [0.05, 0.2]},
        "policies": ["pid"],
        "runs": 2,
        "set": {"simulation.days": 3},
    }
    plain = plan_of_sweep(tk.sweep(grid, out=tmp_path / "sweep")).plain()
    one, two = plain["points"]
    with pytest.raises(InputError, match="expected labels that say the values"):
        from_plain(
            plain | {"points": [one | {"label": two["label"]}, two | {"label": one["label"]}]}
        )
    again = {
        "method": "points",
        "points": [{"supply.burn_share": v} for v in (0.2, 0.2 + 1e-12)],
        "runs": 2,
        "set": {"simulation.days": 3},
    }
    found = plan_of_sweep(tk.sweep(again, out=tmp_path / "again")).points
    assert [point.label for point in found] == ["burn_share 0.2", "burn_share 0.2 (2)"]


@pytest.mark.usefixtures("pages_are_made_once")
@pytest.mark.parametrize("told", [False, True], ids=["same platform", "another platform"])
def test_a_number_that_is_none_is_found_and_hides_no_other(made, tmp_path, told):
    forged = made[2].copy()
    forged.loc[len(forged) - 1, "price_volatility"] = (
        np.inf
    )  # which makes every other number look small beside it
    forged.loc[FORGED, "price_volatility"] *= 0.5
    folder = write(tmp_path / "forged", made[1], forged)
    if told:
        elsewhere(folder)
    found = [
        str(one) for one in verify(folder, workers=1).findings if one.file == "data/runs.parquet"
    ]
    assert len(found) == 2
    assert "recorded inf" in found[1]


OTHERWISE = {
    "scenarios": ({"scenarios": ["none", "whale_unlock"]}, "scenarios"),
    "a limit's scenario": ({"limits": [PROPOSAL["limits"][0] | {"scenarios": ["none"]}]}, "limits"),
    "settings": ({"set": {"simulation.days": 13}}, "set: simulation.days"),
    "the policy": ({"policy": "pid"}, "policy"),
    "a value": ({"proposed": {"supply.burn_share": 0.31}}, "proposed: supply.burn_share"),
    "today's value": ({"current": {"supply.burn_share": 0.4}}, "current: supply.burn_share"),
    "another parameter": (
        {"proposed": PROPOSAL["proposed"] | {"treasury.fee_share": 0.2}},
        "proposed: treasury.fee_share",
    ),
    "an alternative": ({"alternatives": {"more": {"supply.burn_share": 0.6}}}, "more"),
    "what is varied": ({"sensitivity": {"runs": 3, "step": 0.3}}, "supply.burn_share = 0.24"),
    "the metrics": ({"metrics": ["churn"]}, "metrics"),
    "more runs": ({"runs": 100_000}, "runs"),
    "another seed": ({"seed": 4}, "seed"),
    "more runs that were varied": (
        {"sensitivity": {"runs": 4, "step": 0.2}},
        "supply.burn_share = 0.24: runs",
    ),
    "an overlay": ({"overlays": ["growth"]}, "none: demand.growth_rate"),
    "a setting that nobody simulated": (
        {"set": {"simulation.days": 12, "news.volatility": 0.0}},
        "set: news.volatility",
    ),
    "a calibration": ({"calibration": ["fits/token"]}, "calibration"),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_a_file_that_proposes_otherwise_is_found(made, tmp_path, what):
    change, found = OTHERWISE[what]
    (tmp_path / "inputs").mkdir()
    (tmp_path / GIVEN).write_text(json.dumps(PROPOSAL | change))
    told = [one.what for one in disagreements(tmp_path, made[1])]
    assert f"{found} is not what was simulated" in told
    (tmp_path / GIVEN).write_text(json.dumps(PROPOSAL))
    assert disagreements(tmp_path, made[1]) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"proposed": {"supply.burn_share": 0.31}}, ["proposed: supply.burn_share"]),
        ({"set": {"simulation.days": 13}}, ["set: simulation.days"]),
        ({"runs": 4, "seed": 4}, ["runs", "seed"]),
    ],
)
def test_what_follows_from_a_difference_is_no_further_one(made, tmp_path, change, told):
    (tmp_path / "inputs").mkdir()
    (tmp_path / GIVEN).write_text(json.dumps(PROPOSAL | change))
    found = disagreements(tmp_path, made[1])
    assert [one.what for one in found] == [f"{what} is not what was simulated" for what in told]
    assert all("None" not in str(one) for one in found)


@pytest.fixture
def own_metric():
    """A metric of one user's own, which another has not."""
    METRICS["own"] = replace(
        METRICS["churn"], name="own", function=lambda paths, p: paths["token_price"][:, -1]
    )
    yield "own"
    del METRICS["own"]


def test_a_file_without_metrics_means_all_of_them(made, tmp_path, own_metric):
    (tmp_path / "inputs").mkdir()
    (tmp_path / GIVEN).write_text(
        json.dumps({key: value for key, value in PROPOSAL.items() if key != "metrics"})
    )
    assert [one.what for one in disagreements(tmp_path, made[1])] == [
        "metrics is not what was simulated"
    ]
    every = tuple(name for name in METRICS if name != own_metric)
    for metrics in (every, (*every, own_metric)):
        assert disagreements(tmp_path, replace(made[1], metrics=metrics)) == []


def test_values_that_cannot_be_together_are_refused_before_anything_is_simulated():
    from tokenomics.governance.proposal.proposal import read_proposal

    with pytest.raises(InputError, match=r"alternatives.*all: .*expected"):
        read_proposal(PROPOSAL | {"alternatives": {"all": {"supply.burn_share": 0.95}}})
