"""What laws buy against what they cost: paired, at the strengths of their range, and dominated
where another costs no more and is better in something.
"""

import json

import numpy as np
import pandas as pd
import pytest

from paths import command
from tokenomics.errors import InputError
from tokenomics.experiments.frontier import BOUGHT, CostFrontier, frontier, frontier_table
from tokenomics.experiments.matching import POINTS
from tokenomics.results.metrics import METRICS
from tokenomics.shown import readable

SPAN = {"simulation.days": 40.0}


@pytest.fixture(scope="module")
def found():
    return frontier(policies=["static", "pid"], runs=12, seed=2, sets=SPAN)


def test_every_law_is_there_at_its_own_and_at_nine_strengths(found):
    rows = found.points.groupby("policy", sort=False).size().to_dict()
    assert rows == {"static": POINTS + 1, "pid": POINTS + 1, "none": 1}
    pid = found.points[found.points["policy"] == "pid"].set_index("strength")
    one = pid.index[np.isclose(pid.index, 1.0)][0]
    own = pid[pid.index.isna()].iloc[0]
    # the strength 1 is the law as it is
    for name in ("cost", *BOUGHT, "decoupling_rms_bought"):
        assert pid.loc[one, name] == pytest.approx(own[name], rel=1e-12), name


def test_what_is_bought_is_the_difference_to_no_controller(found):
    none = found.points.iloc[-1]
    assert none["policy"] == "none" and none["cost"] == 0.0
    for name in BOUGHT:
        gaps = found.points[name] - none[name]
        np.testing.assert_allclose(found.points[f"{name}_bought"], gaps, rtol=1e-6, atol=1e-9)
        inside = found.points[f"{name}_low"] <= found.points[f"{name}_bought"]
        assert inside.all()


def test_no_controller_is_the_same_network_whatever_policies_there_are(tmp_path):
    """A policy that sets more than its law is measured against the network without it."""
    law = {"controller": {"type": "static"}, "supply": {"burn_share": 0.6}}
    burns = tmp_path / "burns.yaml"
    burns.write_text(json.dumps(law))
    own = {"runs": 3, "seed": 1, "sets": {"simulation.days": 10.0}}
    one, other = (
        frontier(policies=names, **own).points
        for names in (["static", str(burns)], [str(burns), "static"])
    )
    columns = [name for name in one if one[name].dtype.kind == "f"]
    none = [found[columns].iloc[-1] for found in (one, other)]
    pd.testing.assert_series_equal(*none, check_names=False)


def test_a_law_that_costs_more_and_buys_nothing_more_is_dominated():
    rng = np.random.default_rng(1)
    base = rng.normal(1.0, 0.1, 60)
    noise = rng.normal(0.0, 0.01, (4, 60))
    decoupling = base - np.array([[0.3], [0.2], [0.0], [0.0]]) + noise
    spent = np.array([[10.0], [20.0], [5.0], [0.0]]) + 0.0 * base
    labels = [("good", np.nan), ("poor", np.nan), ("idle", np.nan), ("none", np.nan)]
    values = {"decoupling_rms": decoupling, "purchases": spent}
    table = frontier_table(labels, values, ("decoupling_rms",), "spend")
    assert table["dominated_by"].tolist() == ["", "good at own", "", ""]
    one = CostFrontier(table, "spend", ("decoupling_rms",), 60, 365.0)
    assert one.dominated == ["poor"]
    assert one.finding() == "dominated at every strength: poor"


def test_a_law_is_dominated_by_others_even_where_its_own_points_do_better_still():
    rng = np.random.default_rng(2)
    base, small = rng.normal(1.0, 0.1, 60), rng.normal(0.0, 0.01, (5, 60))
    one = base - np.array([[0.3], [0.0], [0.3], [0.0], [0.0]]) + small
    two = base - np.array([[0.0], [0.3], [0.3], [0.0], [0.0]]) - small
    paid = np.array([[3.0], [9.0], [4.0], [9.5], [0.0]]) + 0.0 * base
    labels = [("top", 1.0), ("poor", 1.0), ("best", 1.0), ("poor", 2.0), ("none", np.nan)]
    values = {"decoupling_rms": one, "max_drawdown": two, "purchases": paid}
    table = frontier_table(labels, values, ("decoupling_rms", "max_drawdown"), "spend")
    assert table["dominated_by"][1] == table["dominated_by"][3] == "best at 1"
    found = CostFrontier(table, "spend", ("decoupling_rms", "max_drawdown"), 60, 365.0)
    assert found.dominated == ["top", "poor"] or found.dominated == ["poor"]


def test_a_strength_says_what_it_is_times_or_of(found):
    assert found.notes[0].startswith("static: strength is controller.static_share [1], own is ")
    assert found.notes[1].startswith("pid: strength [1] is times controller.pid.kp, ")
    assert found.notes[1].endswith("; own is 1")


def test_strengths_are_numbers_as_in_every_table(found):
    strengths = found.table().query("policy == 'pid'")["strength"]
    assert strengths.iloc[-1] == "1000" and not strengths.str.contains("e\\+").any()


def test_one_run_tells_no_law_from_another():
    points = pd.DataFrame({"policy": ["pid", "none"], "dominated_by": ["", ""]})
    told = CostFrontier(points, "spend", (), 1, 20.0).summary()
    assert told == (
        "One run tells no law from another; 2 or more may. 1 run of 20 days; "
        "differences to the same run without a controller; ↓ less is better, ↑ more."
    )


def test_every_column_says_which_way_it_is_better(found):
    heads = [head for head in found.table() if head[-1] in "↓↑"]
    assert [head.split(" [")[0] for head in heads] == list(BOUGHT)
    ways = {"lower": "↓", "higher": "↑"}
    assert [head[-1] for head in heads] == [ways[METRICS[name].better] for name in BOUGHT]
    assert found.better == {f"{name}_bought": METRICS[name].better for name in BOUGHT}


def test_a_metric_without_a_direction_and_a_law_without_strength_are_refused():
    with pytest.raises(InputError, match=r"metrics: 'price_final'"):
        frontier(policies=["pid"], metrics=["price_final"], runs=2, sets=SPAN)
    with pytest.raises(InputError, match=r"policies: 'livepeer' cannot be matched: it declares no"):
        frontier(policies=["none", "livepeer"], runs=2, sets=SPAN)
    with pytest.raises(InputError, match=r"policies: none; expected one that acts"):
        frontier(policies=["none"], runs=2, sets=SPAN)


def test_the_command_writes_a_table_and_a_figure(tmp_path):
    out = tmp_path / "out"
    given = ("frontier", "--policies", "none,static", "--runs", "6", "--days", "20", "--out", out)
    status, text, errors = command(*given)
    assert status == 0, errors
    assert not [line for line in text.splitlines() if line.startswith("|")]
    found, page = pd.read_csv(out / "frontier.csv"), (out / "frontier.md").read_text()
    rows = [line.split() for line in text.splitlines()]
    for number in found["cost"].iloc[:-1]:  # of the law as it is, and at each strength
        assert [row for row in rows if len(row) > 1 and row[1] == readable(number)]
    told = (
        "none: no controller, which costs nothing and is what all differ from",
        "static: strength is controller.static_share [1], own is 0.5",
    )
    assert set(told) <= set(text.splitlines()) & set(page.splitlines())
    assert ["static"] in rows and page.split("\n")[0] in text
    assert "| policy | strength | cost [USD a day of purchases] |" in page
    assert {file.name for file in out.iterdir()} == {"frontier.csv", "frontier.md", "frontier.png"}
    assert len(found) == POINTS + 2
    assert command(*given[:-2], "--markdown")[1] == f"{page}\n"
    told = json.loads(command(*given[:-2], "--json")[1])
    assert told["better"]["decoupling_rms_bought"] == "lower"
    assert len(told["points"]) == POINTS + 2 and told["cost"] == "spend"
    status, _, errors = command("frontier", "--cost", "spent")
    assert status == 2 and "did you mean 'spend'?" in errors
