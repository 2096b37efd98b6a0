"""What stands under a shipped name and is not what is shipped is said first: a stress test of a
known name must be that test.
"""

import copy
import json

import pytest

from bundles import PROPOSAL, write
from paths import command
from tokenomics.errors import InputError
from tokenomics.experiments.run import run as simulate_a_run
from tokenomics.governance.bundle.make import GIVEN, propose
from tokenomics.governance.evidence.evidence import Evidence
from tokenomics.governance.evidence.plan import from_plain
from tokenomics.governance.evidence.recorded import plan_of_run
from tokenomics.governance.evidence.shipped import deviations
from tokenomics.governance.evidence.simulation import simulate
from tokenomics.governance.proposal.as_simulated import as_simulated
from tokenomics.governance.proposal.proposal import read_proposal
from tokenomics.governance.verify.proposal_file import disagreements
from tokenomics.governance.verify.verify import verify
from tokenomics.parameters.locate import find
from tokenomics.results.store import load


@pytest.fixture(scope="module")
def plain():
    return read_proposal(PROPOSAL | {"set": {}})[1].plain()


@pytest.mark.parametrize("name", ["pid_gains", "burn_share"])
def test_shipped_proposals_are_as_shipped(name):
    assert deviations(read_proposal(name, runs=2)[1]) == []


def test_a_run_that_nobody_touched_is_as_shipped(tmp_path):
    done = simulate_a_run(
        policy="pid",
        scenario="token_crash",
        engine="ensemble",
        record=["token_price", "total_supply"],
        every=73,
    )
    plan = plan_of_run(load(done.save(tmp_path / "run")))
    assert deviations(plan) == []
    assert (
        plan.plain()["cases"][0]["description"]
        == "The outside valuation of the token falls by 60 % on day 60."
    )


def edit(plan, case, path, **changes):
    plan["cases"][case]["parameters"][path].update(changes)


CALM = {
    "a calm crash": (
        lambda plan: edit(plan, 1, "events.token_crash.size", value=-0.01),
        "scenario 'token_crash' is not the one",
        "events.token_crash.size -0.01",
    ),
    "a late crash": (
        lambda plan: edit(plan, 1, "events.token_crash.start", value=300.0),
        "scenario 'token_crash' is not the one",
        "(shipped 60)",
    ),
    "a crash in still water": (
        lambda plan: edit(plan, 1, "news.volatility", value=0.0),
        "token_crash",
        "news.volatility 0",
    ),
    "another base": (
        lambda plan: [edit(plan, i, "news.volatility", value=0.0) for i in (0, 1)],
        "shipped as 'baseline'",
        "news.volatility 0",
    ),
    "another source": (
        lambda plan: edit(plan, 1, "events.token_crash.size", source="measured"),
        "other sources",
        "'measured' (shipped ",
    ),
    "another description": (
        lambda plan: plan["cases"][1].update(description="falls by 99 %"),
        "described otherwise",
        "'falls by 99 %'",
    ),
    "a crash under another base": (
        lambda plan: (
            [one.update(base="ours") for one in plan["cases"]]
            + [edit(plan, 1, "events.token_crash.size", value=0.0)]
        ),
        "scenario 'token_crash' is not the one",
        "events.token_crash.size 0",
    ),
}


@pytest.mark.parametrize("what", CALM)
def test_a_shipped_name_on_other_values_is_said(plain, what):
    change, first, second = CALM[what]
    forged = copy.deepcopy(plain)
    change(forged)
    told = deviations(from_plain(forged))
    assert len(told) == 1
    assert first in told[0] and second in told[0]


def test_a_policy_on_other_gains_is_said():
    _, plan = read_proposal(PROPOSAL | {"policy": "pid", "set": {"controller.pid.kp": 0.1}})
    assert deviations(plan) == [
        (
            "policy 'pid' is not the one that is shipped under this name: controller.pid.kp 0.1 "
            "(shipped 0.05)"
        )
    ]


def test_a_scenario_whose_effect_the_proposal_takes_away_is_said(plain):
    forged = read_proposal(PROPOSAL | {"set": {}, "scenarios": ["token_crash"]})[1].plain()
    for point in forged["points"]:
        point["values"]["events.token_crash.size"] = 0.0
    assert deviations(from_plain(forged)) == [
        "scenario 'token_crash' sets what the proposal changes: events.token_crash.size"
    ]
    beside = copy.deepcopy(plain)  # with scenario none, where that event is not
    for point in beside["points"]:
        point["values"]["events.token_crash.size"] = 0.0
    with pytest.raises(InputError, match=r"events.token_crash.size: unknown parameter"):
        from_plain(beside)


def test_a_file_of_ones_own_under_a_shipped_name_is_said_at_once_in_the_report_and_by_verify(
    tmp_path,
):
    shipped = find("scenario", "token_crash").read_text(encoding="utf-8")
    assert "-0.916291" in shipped
    (tmp_path / "token_crash.yaml").write_text(shipped.replace("-0.916291", "-0.01"))
    own = PROPOSAL | {
        "scenarios": ["none", str(tmp_path / "token_crash.yaml")],
        "runs": 2,
        "sensitivity": {"runs": 2},
    }
    (tmp_path / "own.yaml").write_text(json.dumps(own))
    line = ("propose", tmp_path / "own.yaml", "--out", tmp_path / "b", "--workers", "1")
    _, out, _ = command(*line, "--no-figures")
    told = (
        "not as shipped: scenario 'token_crash' is not the one that is shipped under this name: "
        "events.token_crash.size -0.01 (shipped -0.916291)"
    )
    assert told in out.split("\n")[1]
    report = (tmp_path / "b/report.md").read_text()
    assert (
        "Not as shipped: scenario 'token\\_crash'" in report
        or "Not as shipped: scenario 'token_crash'" in report
    )
    found = verify(tmp_path / "b", workers=1)
    assert found.status == "verified"
    assert told in found.lines()[1]
    assert any(
        "names files that are not in the bundle" in line and "scenario token_crash.yaml" in line
        for line in found.lines()[:8]
    )


def test_a_proposals_file_that_names_a_shipped_scenario_is_held_against_it(tmp_path):
    folder = tmp_path / "b"
    _, plan = read_proposal(PROPOSAL)
    forged = copy.deepcopy(plan.plain())
    edit(forged, 1, "events.token_crash.size", value=-0.01)
    plan = from_plain(forged)
    write(folder, plan, simulate(plan, workers=1), figures=False)
    assert "token_crash: events.token_crash.size is not what was simulated" in [
        one.what for one in disagreements(folder, plan)
    ]
    assert verify(folder, workers=1).exit_status == 1


def test_the_proposals_file_of_a_bundle_has_the_runs_and_the_seed_that_were_simulated(tmp_path):
    text = f"# a comment\n{json.dumps(PROPOSAL)}\n"
    (tmp_path / "own.yaml").write_text(text)
    given = {"runs": 3, "seed": 9, "workers": 1, "figures": False}
    bundle = propose(tmp_path / "own.yaml", out=tmp_path / "b", **given)
    assert (bundle.folder / GIVEN).read_text() == text.replace('"runs": 5', '"runs": 3').replace(
        '"seed": 6', '"seed": 9'
    )
    assert disagreements(bundle.folder, bundle.evidence.plan) == []
    assert isinstance(bundle.evidence, Evidence)


def test_other_runs_are_set_where_they_are_plain_numbers():
    assert (
        as_simulated(b"sensitivity: {runs: 7}\r\nruns:   12 # many\r\n", "f", runs=3)
        == b"sensitivity: {runs: 7}\r\nruns:   3 # many\r\n"
    )
    assert as_simulated(b"runs: 0x10\n", "f", runs=None) == b"runs: 0x10\n"
    for text in (b"runs: 0x10\n", b"a: &n 7\nruns: *n\n", b"seed: 3\n"):
        with pytest.raises(InputError, match="runs: "):
            as_simulated(text, "f", runs=3)
