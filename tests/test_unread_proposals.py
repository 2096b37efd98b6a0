"""A proposal is judged by what something reads alone, and one that moves no number meets no
limit.
"""

import json

import pytest

from paths import command
from tokenomics.errors import InputError
from tokenomics.governance.evidence.evidence import Evidence
from tokenomics.governance.evidence.plan import from_plain
from tokenomics.governance.evidence.simulation import simulate
from tokenomics.governance.proposal.proposal import read_proposal
from tokenomics.governance.report.sections import report

KP, HALF_LIFE = "controller.pid.kp", "emission.half_life"
UNSCHEDULED = (
    "nothing reads it while emission.schedule is 'constant'; expected emission.schedule smooth or "
    "stepwise with it"
)
SMALL = {
    "title": "For a test",
    "policy": "none",
    "set": {"simulation.days": 8},
    "scenarios": ["none", "bank_run"],
    "runs": 5,
    "seed": 1,
    "years": [],
    "worlds": {"count": 0},
    "metrics": ["inflation", "churn"],
    "limits": [{"limit": "inflation <= 9", "of": "change"}],
    "sensitivity": {"runs": 5},
}


def evidence(**changes):
    plan = read_proposal(SMALL | changes)[1]
    return Evidence(plan, simulate(plan, workers=1))


REFUSED = [
    (
        {"proposed": {HALF_LIFE: 365.0}},
        HALF_LIFE,
        UNSCHEDULED,
    ),
    (
        {"proposed": {KP: 0.4}},
        KP,
        "controller.type is 'none'; expected controller.type pid or scheduled with it",
    ),
    ({"proposed": {KP: 0.4, HALF_LIFE: 365.0}}, KP, "nothing reads it"),
    (
        {"proposed": {"emission.cap": 1e9, "controller.threshold_band": 0.1}},
        "emission.cap",
        "expected emission.capped true with it",
    ),
    (
        {"proposed": {"oracle.lag": 2.0}, "metrics": []},
        "oracle.lag",
        "no metric depends on it while controller.type is 'none'",
    ),
    (
        {"policy": "pid", "proposed": {"controller.mpc.horizon": 9}},
        "controller.mpc.horizon",
        "expected controller.type mpc with it",
    ),
    (
        {
            "policy": "pid",
            "proposed": {KP: 0.4},
            "metrics": ["cloud_service_uptime"],
            "limits": [{"limit": "cloud_service_uptime >= 0.9"}],
        },
        KP,
        "expected a metric that does: price_volatility",
    ),
]


@pytest.mark.slow_after(3)
@pytest.mark.parametrize(("change", "path", "found"), REFUSED)
def test_a_proposal_of_what_nothing_reads_is_refused_with_the_switch(change, path, found):
    with pytest.raises(InputError) as error:
        read_proposal(SMALL | change)
    assert str(error.value).startswith(f"proposal: proposed.{path}: ") and found in str(error.value)


def test_the_refusal_has_the_line_and_writes_nothing(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(json.dumps(SMALL | {"proposed": {HALF_LIFE: 365.0}}, indent=1))
    line = 1 + file.read_text().splitlines().index(f'  "{HALF_LIFE}": 365.0')
    status, out, errors = command("propose", file, "--out", tmp_path / "b")
    assert (status, out) == (2, "") and errors.startswith(
        f"error: {file}:{line}: proposed.{HALF_LIFE}: {UNSCHEDULED}"
    )
    assert not (tmp_path / "b").exists()


def test_a_switch_that_is_proposed_too_lets_a_change_through():
    _, plan = read_proposal(SMALL | {"proposed": {HALF_LIFE: 365.0, "emission.schedule": "smooth"}})
    assert Evidence(plan, None).idle.changed == {}
    _, plan = read_proposal(
        SMALL | {"policy": "pid", "proposed": {KP: 0.4, "controller.type": "none"}}
    )
    assert Evidence(plan, None).untested() == [
        (
            f"Not tested: {KP}: nothing reads it while controller.type is 'none'; expected "
            f"controller.type pid or scheduled with it."
        )
    ]


@pytest.fixture(scope="module")
def partly():
    ranges = {KP: [0.1, 0.2], "bank_run.rate": [0.01, 0.05], "operators.rent_sold": [0.5, 0.8]}
    return evidence(
        proposed={"supply.burn_share": 0.4, HALF_LIFE: 365.0},
        alternatives={"halve slower": {HALF_LIFE: 900.0}},
        sensitivity={"runs": 5, "paths": ranges},
    )


@pytest.mark.slow
def test_what_nothing_reads_is_named_in_the_first_lines_and_is_no_part_of_what_meets_the_limits(
    partly,
):
    lead = report(partly, {}).lead
    assert lead[0].startswith(
        f"The proposal without {HALF_LIFE}, on which no metric depends, meets its one limit"
    )
    assert lead[2] == f"Not tested: {HALF_LIFE}: {UNSCHEDULED}."
    assert (
        "The alternative 'halve slower' changes nothing: it has today's numbers in every run."
        in lead
    )


def test_a_check_that_cannot_fail_is_not_counted_as_passed(partly):
    counted = partly.varied_checks.groupby("values")["scenario"].apply(list).to_dict()
    both = ["none", "bank_run"]
    assert counted == {
        "supply.burn_share = 0.3": both,
        "supply.burn_share = 0.5": both,
        "bank_run.rate = 0.01": ["bank_run"],
        "bank_run.rate = 0.05": ["bank_run"],
        "operators.rent_sold = 0.5": both,
        "operators.rent_sold = 0.8": both,
        "market.permanent_impact = 0.33": both,
        "market.permanent_impact = 0.67": both,
    }
    assert f"none of {len(partly.varied_checks)} checks fails." in " ".join(partly.warnings())
    sensitivity = (
        next(section for section in report(partly, {}).sections if section.heading == "Sensitivity")
        .tables[0]
        .text()
    )
    rows = dict(zip(sensitivity["changed to"], sensitivity["which fail"], strict=True))
    assert rows[f"{KP} = 0.1"] == "not counted: nothing reads it while controller.type is 'none'"
    assert (
        rows["bank_run.rate = 0.05"]
        == "not counted everywhere: nothing reads it while bank_run.enabled is false"
    )


def test_whoever_has_the_plan_finds_the_same(partly):
    again = Evidence(from_plain(json.loads(json.dumps(partly.plan.plain()))), partly.runs)
    assert (again.verdict(), again.warnings()) == (partly.verdict(), partly.warnings())


@pytest.mark.slow
def test_a_limit_that_never_binds_is_read_and_the_proposal_meets_nothing(tmp_path):
    # no run comes near either limit
    change = {
        "proposed": {"capacity.admission_limit": 0.99},
        "sensitivity": {"runs": 5, "paths": {"capacity.admission_limit": [0.985, 1.0]}},
    }
    found = evidence(**change)
    assert found.outcome == "unchanged" and found.untested() == []
    page = report(found, {})
    assert page.badge == "nothing changed"
    assert page.lead[0] == (
        "Nothing changed: today's values and the proposed ones give the same numbers in all runs. "
        "So no limit was tested, in 5 runs of each of 2 scenarios."
    )
    file = tmp_path / "p.yaml"
    file.write_text(json.dumps(SMALL | change))
    status, out, _ = command("propose", file, "--out", tmp_path / "b", "--json")
    assert status == 1 and json.loads(out)["outcome"] == "unchanged"
    assert command("verify", tmp_path / "b")[0] == 0


@pytest.mark.slow
def test_a_scenario_in_which_nothing_moves_is_named(tmp_path):
    (tmp_path / "buying.yaml").write_text("controller: {type: pid}")
    scenarios = {"scenarios": ["none", str(tmp_path / "buying.yaml")]}
    found = evidence(proposed={KP: 0.4}, metrics=["tracking_rms", "inflation"], **scenarios)
    assert found.outcome != "unchanged" and not found.verdict().startswith("The proposal without")
    assert (
        f"Not tested in calm: {KP}: nothing reads it while controller.type is 'none'; expected "
        f"controller.type pid or scheduled with it." in found.warnings()
    )
    assert (
        "In calm the proposal changes nothing: it has today's numbers in every run."
        in found.warnings()
    )
