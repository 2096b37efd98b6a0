"""Where a design varies what nothing reads: refused where no case reads it, named where some do,
without index or optimum.
"""

import json
import warnings
from dataclasses import replace

import pandas as pd
import pytest

import tokenomics as tk
from paths import command
from tokenomics.errors import InputError, Remark
from tokenomics.experiments import switches
from tokenomics.experiments.compare import comparison_design
from tokenomics.experiments.design_reading import read_design
from tokenomics.experiments.idle import idle
from tokenomics.governance.bundle.diff import _unmoved
from tokenomics.governance.evidence.evidence import Evidence
from tokenomics.governance.evidence.recorded import plan_of_run, runs_of_run, together

KP = "controller.pid.kp"
LOW = {"low": 0.05, "high": 0.5}
VESTING, LAG, CREDIT = "supply.vesting_time", "oracle.lag", "bills.follows_demand"
OFF = (
    "nothing reads it while controller.type is 'none'; expected controller.type pid or scheduled "
    "with it"
)
UNLOCKED = {
    "policies": ["none"],
    "parameters": {"supply.vesting": [True, False]},
    "set": {"supply.locked_share": 0.0},
}
REFUSED = [
    ({"policies": ["none"], "parameters": {KP: [0.05, 5.0]}, "metrics": ["tracking_rms"]}, KP, OFF),
    (
        {"policies": ["none", "static"], "parameters": {KP: LOW}},
        KP,
        "under policy static nothing reads it while controller.type is 'static'",
    ),
    (
        {"policies": ["none"], "parameters": {"supply.burn_share": [0.1, 0.2], VESTING: LOW}},
        VESTING,
        "supply.vesting is false",
    ),
    (
        {"policies": ["pid"], "parameters": {"controller.mpc.horizon": [5, 9]}},
        "controller.mpc.horizon",
        "expected controller.type mpc with it",
    ),
    (
        {"policies": ["none"], "parameters": {LAG: LOW}},
        LAG,
        "no metric depends on it while controller.type is 'none'",
    ),
    (
        {"policies": ["none"], "parameters": {"privacy.zk.latency": LOW}},
        "privacy.zk.latency",
        "expected privacy.mode zk with it",
    ),
    (
        {"policies": ["pid"], "parameters": {CREDIT: LOW}, "metrics": ["treasury_low"]},
        CREDIT,
        "expected a metric that does: bill_volatility",
    ),
    (UNLOCKED, "supply.vesting", "locked_share is 0"),
    (
        {"policies": ["none"], "method": "points", "points": [{KP: 0.1}, {KP: 0.2}]},
        KP,
        "nothing reads it",
    ),
    ({"policies": ["none"], "parameters": {KP: [0.1]}}, KP, OFF),
    ({"policies": ["none"], "method": "points", "points": [{KP: 0.1}]}, KP, OFF),
    (
        {"policies": ["none"], "parameters": {"controller.type": ["static"], KP: [0.1, 0.2]}},
        KP,
        "nothing reads it",
    ),
]


@pytest.mark.parametrize(("design", "path", "found"), REFUSED)
def test_a_design_over_what_nothing_reads_is_refused(design, path, found):
    with pytest.raises(InputError) as error:
        tk.sweep(design | {"runs": 2})
    assert f".{path}: " in str(error.value) and found in str(error.value)


KEPT = [
    {
        "policies": ["none"],
        "parameters": {"supply.vesting": [False, True], "supply.vesting_time": LOW},
    },
    {"policies": ["none"], "parameters": {"controller.type": ["none", "pid"], KP: LOW}},
    {
        "policies": ["none"],
        "scenarios": ["demand_boom"],
        "parameters": {
            "events.demand_boom.size": [0.0, 0.5],
            "events.demand_boom.days": [0.0, 9.0],
            "events.demand_boom.start": [5.0, 6.0],
        },
    },
    {"policies": ["pid"], "parameters": {"controller.pid.rate_limit": [40.0, 50.0]}},
    {"policies": ["none"], "parameters": {KP: [0.05]}},  # one point, as it is
    {
        "policies": ["none"],
        "parameters": {"controller.mpc.horizon": [tk.resolve().values.controller.mpc.horizon]},
    },
    {"policies": ["none"], "parameters": {"controller.type": ["pid"], KP: [0.1]}},
]


@pytest.mark.parametrize("design", KEPT)
def test_a_design_whose_own_switches_let_a_parameter_through_is_kept(design):
    assert idle(read_design(design)).lines() == []


def test_a_refused_design_has_its_line_and_leaves_no_folder(tmp_path):
    file = tmp_path / "d.yaml"
    file.write_text(
        f"policies: [none]\nmethod: saltelli\ncount: 8\nparameters:\n  {KP}: {{low: 0.1, high: "
        f"0.5}}\nmetrics: [tracking_rms]\n"
    )
    for name in ("sweep", "sensitivity"):
        status, out, errors = command(name, file, "--out", tmp_path / "o")
        assert (status, out) == (2, "") and errors.startswith(
            f"error: {file}:5: parameters.{KP}: nothing reads it"
        )
    assert not (tmp_path / "o").exists()


@pytest.mark.slow
def test_the_cases_that_do_not_read_a_parameter_are_named_and_their_points_are_equal():
    design = {
        "policies": ["none", "pid"],
        "parameters": {KP: [0.05, 0.5]},
        "set": {"simulation.days": 10},
        "runs": 2,
        "metrics": ["tracking_rms"],
    }
    with pytest.warns(
        Remark,
        match="varied, but under policy none nothing reads it while controller.type is 'none'",
    ):
        table = tk.sweep(design).table()
    assert table.groupby("policy")["tracking_rms"].nunique().to_dict() == {"none": 1, "pid": 2}
    scenario = {
        "policies": ["pid"],
        "scenarios": ["none", "bank_run"],
        "parameters": {"bank_run.rate": [0.01, 0.05]},
    }
    assert (
        "under policy pid in scenario none nothing reads it while bank_run.enabled is false"
        in idle(read_design(scenario)).lines()[0]
    )
    nowhere = scenario | {"parameters": {"events.bank_run.days": [1.0, 9.0]}}
    with pytest.raises(InputError, match=r"bank_run.days: not a parameter in scenario none"):
        read_design(nowhere)


def test_what_a_case_does_not_read_has_no_sensitivity_index():
    pytest.importorskip("SALib")
    design = {
        "method": "saltelli",
        "count": 4,
        "policies": ["none", "pid"],
        "parameters": {KP: LOW, "supply.burn_share": {"low": 0.1, "high": 0.4}},
        "set": {"simulation.days": 5},
        "runs": 1,
        "metrics": ["tracking_rms"],
    }
    with pytest.warns(Remark, match="under policy none"):
        found = tk.sensitivity(design).indices
    assert found.groupby("policy")["parameter"].apply(set).to_dict() == {
        "none": {"supply.burn_share"},
        "pid": {KP, "supply.burn_share"},
    }


def test_nothing_that_no_objective_depends_on_is_tuned():
    pytest.importorskip("pymoo")
    design = {"policies": ["none"], "parameters": {KP: LOW}, "runs": 2}
    with pytest.raises(InputError, match="nothing reads it while controller.type is 'none'"):
        tk.optimise(design, objectives="tracking_rms")
    with pytest.raises(InputError, match="none of the metrics that are asked for depends on it"):
        tk.optimise(design | {"parameters": {CREDIT: LOW}}, objectives="treasury_low")


@pytest.mark.slow
def test_a_run_names_what_was_changed_to_no_effect(tmp_path):
    (tmp_path / "o.yaml").write_text("supply:\n  vesting_time: 1460\n  burn_share: 0.4\n")
    status, out, errors = command(
        "run",
        "--policy",
        "none",
        "--overlay",
        tmp_path / "o.yaml",
        "--days",
        "3",
        "--engine",
        "ensemble",
        "--no-figures",
        "--out",
        tmp_path / "r",
    )
    assert status == 0 and "supply.burn_share" not in errors
    assert errors == (
        "note: supply.vesting_time: changed, but nothing reads it while supply.vesting is "
        "false; expected supply.vesting true with it\n"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vesting = {"supply.vesting_time": 1460, "supply.vesting": True}
        both = tk.run(policy="none", sets=vesting, days=3, engine="ensemble")
    assert both.remarks == ()
    with pytest.warns(
        Remark,
        match="oracle.lag: changed, but no metric depends on it while controller.type is 'none'",
    ):
        tk.run(policy="none", sets={"oracle.lag": 9.0}, days=3, engine="ensemble")


def test_recorded_demand_takes_the_place_of_what_would_shape_the_sampled_one(tmp_path, monkeypatch):
    # no switch is behind it, which takes all of them to find
    monkeypatch.setattr(switches, "find", lambda *_, **__: None)
    (tmp_path / "rate.csv").write_text(
        "t_s,req_per_s\n" + "".join(f"{3600 * i},{10 + i % 5}\n" for i in range(24 * 4))
    )
    with pytest.warns(Remark, match="demand.weekly_amplitude: changed, but nothing reads it"):
        tk.run(
            policy="none",
            sets={"demand.weekly_amplitude": 0.2},
            days=3,
            demand=tmp_path / "rate.csv",
            engine="ensemble",
        )


@pytest.mark.slow
def test_a_comparison_names_a_setting_that_no_policy_reads():
    common = {"policies": ["none", "static"], "runs": 2, "days": 3, "years": ()}
    common |= {"metrics": ["treasury_low"]}
    with pytest.warns(Remark, match=f"{KP}: changed, but nothing reads it"):
        tk.compare(**common, sets={KP: 0.3})
    with warnings.catch_warnings():
        warnings.simplefilter("error", Remark)
        tk.compare(**common | {"policies": ["none", "pid"]}, sets={KP: 0.3})


def test_policies_of_one_files_name_are_each_held_against_their_own(tmp_path):
    for folder, law in (("a", {"type": "pid"}), ("b", {"type": "none", "pid": {"kp": 0.3}})):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "p.yaml").write_text(json.dumps({"controller": law}))
    files = [str(tmp_path / folder / "p.yaml") for folder in "ab"]
    one = comparison_design(policies=files, sets={"simulation.days": 5})
    assert idle(one).lines() == []


@pytest.mark.slow
def test_sides_with_the_same_numbers_in_every_run_are_said_to_be_so():
    # with no treasury there is nothing to buy back with
    sets = {"simulation.days": 4, "treasury.enabled": False}
    found = tk.compare(policies=["none", "static"], runs=3, sets=sets, years=())
    assert found.unmoved() == [
        "Nothing differs in scenario none: none and static are the same numbers in all 3 runs."
    ]
    assert found.markdown().startswith("Nothing differs in scenario none")
    one, two = (
        tk.run(policy=policy, runs=2, sets=sets, engine="ensemble") for policy in ("none", "static")
    )
    with pytest.warns(
        Remark, match="nothing differs: both sides are the same numbers in all 2 runs"
    ):
        one.compare(two)
    assert (
        tk.compare(
            policies=["none", "static"], runs=3, days=4, metrics=["control_effort"], years=()
        ).unmoved()
        == []
    )
    plans, tables = (
        [plan_of_run(result) for result in (one, two)],
        [runs_of_run(result).assign(case=i) for i, result in enumerate((one, two))],
    )
    both = Evidence(together(plans, ["a", "b"]), pd.concat(tables, ignore_index=True))
    assert both.verdict().startswith(
        "Nothing differs between none, calm and static, calm: the same numbers in all runs."
    )
    alone = [
        Evidence(plan, table.assign(case=0)) for plan, table in zip(plans, tables, strict=True)
    ]
    assert _unmoved(
        alone[0],
        replace(
            alone[1], plan=replace(plans[1], cases=(replace(plans[1].cases[0], policy="none"),))
        ),
    )


@pytest.mark.slow
def test_a_design_of_a_controller_names_a_setting_that_neither_law_reads():
    args = ("control", "tune", "--policy", "none", "--runs", "2", "--set", "simulation.days=5")
    status, _, errors = command(
        *args, "--set", "controller.rai.kp=0.4", "--set", "controller.pid.kd=0.1"
    )
    assert (
        "note: controller.rai.kp: changed, but nothing reads it while controller.type is 'pid'"
        in errors
    )
    assert "controller.pid.kd" not in errors and status in (0, 1)
    _, _, errors = command(
        "control", "analyse", "--policy", "lqr", "--set", "controller.pid.kp=0.4"
    )
    assert (
        "note: controller.pid.kp: changed, but nothing reads it while controller.type is 'lqr'"
        in errors
    )
