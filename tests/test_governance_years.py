"""What depletes is in a proposal's evidence by year: simulated with the same shocks, in the report,
and recomputed bit for bit as all else is.
"""

import copy
import json

import numpy as np
import pandas as pd
import pytest

import tokenomics as tk
from bundles import CREATED, PROPOSAL, write
from tokenomics.errors import InputError
from tokenomics.governance.bundle.make import GIVEN, propose
from tokenomics.governance.evidence.plan import from_plain
from tokenomics.governance.proposal.proposal import read_proposal
from tokenomics.governance.verify.verify import verify
from tokenomics.results.metrics import DEPLETING

YEARS = PROPOSAL | {"policy": "threshold", "set": {"simulation.days": 730}, "years": [2, 1]}
LABELS = ["current, after 1 year", "proposed, after 1 year"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("years")
    (folder / "example.yaml").write_text(json.dumps(YEARS))
    return propose(
        folder / "example.yaml", out=folder / "b", workers=1, created=CREATED, figures=False
    )


def test_a_proposal_is_simulated_for_three_years_unless_it_sets_another_span():
    def days(**changes):
        plan = read_proposal(YEARS | changes)[1]
        return {p.label: p.values.get("simulation.days") for p in plan.points}, {
            case.resolved.values.simulation.days for case in plan.cases
        }

    points, cases = days(set={}, years=[5, 1, 3])
    assert cases == {1095.0} and points["current"] == points["proposed"] == 1095.0
    assert {label: points[label] for label in points if "after" in label} == {
        "current, after 1 year": 365.0,
        "proposed, after 1 year": 365.0,
        "current, after 5 years": 1825.0,
        "proposed, after 5 years": 1825.0,
    }
    points, cases = days(years=[])
    assert cases == {730.0} and set(points.values()) == {None}


@pytest.mark.parametrize(
    ("years", "found"), [([0], "years.0"), ([101], "years.0"), ([1.5], "years.0"), ("x", "years.0")]
)
def test_years_are_whole_numbers(years, found):
    with pytest.raises(InputError, match=found):
        read_proposal(YEARS | {"years": years})


@pytest.mark.slow
def test_the_table_by_year_is_that_of_runs_of_so_many_years(bundle):
    table = pd.read_csv(bundle.folder / "data" / "by_year.csv")
    assert set(table["metric"]) == set(DEPLETING)  # whatever metrics the proposal picks
    for scenario, days in (("none", 730), ("token_crash", 365)):
        alone = tk.run(
            today={"controller.type": "threshold"},
            scenario=scenario,
            sets={"supply.burn_share": 0.3},
            days=days,
            runs=5,
            seed=6,
            engine="ensemble",
        ).metrics()
        mine = table[
            (table["scenario"] == scenario)
            & (table["days"] == days)
            & (table["values"] == "proposed")
        ].set_index("metric")
        for name in DEPLETING:
            for column in ("mean", "low", "high"):
                assert mine[column][name] == alone[column][name], (name, column)


def test_the_report_shows_it_and_its_limits_are_those_of_the_own_span(bundle):
    text = (bundle.folder / "report.md").read_text()
    section = text[text.index("## By year") : text.index("## Sensitivity")]
    assert "| calm | treasury_low [1] | 1 year | " in section
    assert "| 2 years | " in section
    evidence = bundle.evidence
    assert set(evidence.checks["values"]) == {"current", "proposed"}
    assert not set(LABELS) & set(evidence.differences["values"])
    means = text[text.index("## Today, the proposal") : text.index("<details>")]
    assert "after" not in means
    assert not (bundle.folder / "data" / "by_year.csv").read_text().count("after")


def test_it_is_verified_whole(bundle):
    found = verify(bundle.folder)
    assert (found.status, found.recomputed) == ("verified", found.runs)
    assert found.runs == 2 * (2 * 5 + 6 * 3 + 2 * 5)


@pytest.mark.usefixtures("pages_are_made_once")
def test_it_is_verified_by_a_sample(bundle):
    assert verify(bundle.folder, sample=0.4, sample_seed=2).status == "verified"


@pytest.mark.usefixtures("pages_are_made_once")
def test_a_forged_year_is_found(bundle, tmp_path):
    plan, runs = bundle.evidence.plan, bundle.evidence.runs.copy()
    labels = [point.label for point in plan.points]
    row = np.flatnonzero(runs["point"] == labels.index(LABELS[1]))[0]
    runs.loc[row, "treasury_final"] *= 1.0 + 1e-12
    given = {GIVEN: json.dumps(YEARS).encode()}
    found = verify(write(tmp_path / "b", plan, runs, given, figures=False))
    assert found.status == "differs"
    assert [one.what for one in found.findings if "run 0" in one.what] == [
        "run 0 of proposed, after 1 year in none, treasury_final [USD]"
    ]


@pytest.mark.usefixtures("pages_are_made_once")
def test_a_file_that_asks_for_other_years_is_not_what_was_simulated(bundle, tmp_path):
    other = json.dumps(YEARS | {"years": [2, 4]}).encode()
    plan, runs = bundle.evidence.plan, bundle.evidence.runs
    found = verify(write(tmp_path / "b", plan, runs, {GIVEN: other}, figures=False))
    assert found.status == "differs"
    assert any("current, after 4 years" in one.what for one in found.findings)


def one_side(plan):
    del plan["points"][-1]


def another_label(plan):
    plan["points"][-1]["label"] = "proposed, after 3 years"


def other_values(plan):
    plan["points"][-1]["values"]["supply.burn_share"] = 0.9


def the_own_span(plan):
    for point in plan["points"][-2:]:
        point["values"]["simulation.days"] = 730.0
        point["label"] = point["label"].replace("1 year", "2 years")


def fewer_runs(plan):
    plan["points"][-1]["runs"] = 2


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (one_side, "1 other spans of today, 0 of the proposal"),
        (another_label, "over another span, which the label says"),
        (other_values, "over another span, which the label says"),
        (the_own_span, "over another span, which the label says"),
        (fewer_runs, "2 runs of 'proposed, after 1 year'"),
    ],
)
def test_a_span_is_of_both_sides_and_says_what_it_is(bundle, change, found):
    plain = copy.deepcopy(bundle.evidence.plan.plain())
    change(plain)
    with pytest.raises(InputError) as error:
        from_plain(plain)
    assert found in str(error.value)
