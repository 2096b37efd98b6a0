"""Proposal files: exact on-chain numbers, mistakes told in one line, shipped examples,
calibrations.
"""

import json
import math
import re
from decimal import Decimal, getcontext
from fractions import Fraction

import pandas as pd
import pytest
from pydantic import ValidationError

from paths import command
from proposals import PROPOSAL
from tokenomics.calibration.estimates import Calibration, Data, Estimate
from tokenomics.cli.output import json_text
from tokenomics.errors import InputError
from tokenomics.governance.evidence.canonical import canonical_json
from tokenomics.governance.evidence.evidence import Evidence
from tokenomics.governance.evidence.simulation import simulate
from tokenomics.governance.evidence.statement import CalibrationRecord, StoredAs
from tokenomics.governance.proposal.proposal import read_proposal
from tokenomics.governance.report.input_tables import exact
from tokenomics.governance.report.sections import proposal_sections
from tokenomics.parameters.locate import find, names


@pytest.mark.parametrize(
    ("value", "decimals", "divide", "raw"),
    [
        (0.05, 18, 1, 50_000_000_000_000_000),
        (0.1, 77, 1, 10**76),
        (0.001, 27, 7_464_960_000, 133_959_190_672_154),
        (123456789.123456789, 18, 1, 123456789123456790000000000),
        (-0.3, 4, 1, -3000),
        (1e-30, 18, 1, 0),
    ],
)
def test_a_stored_number_is_exact(value, decimals, divide, raw):
    stored, back = StoredAs(decimals=decimals, unit="u", divide=divide).raw(value)
    assert stored == raw
    getcontext().prec = 120
    assert abs(Decimal(repr(value)) / divide * Decimal(10) ** decimals - stored) <= Decimal("0.5")
    assert back == Fraction(raw * divide, 10**decimals)
    assert exact(Fraction(1, 8)) == "0.125" and exact(Fraction(-1, 3), 5) == "-0.33333…"


BAD = [
    ({"titel": "x"}, "titel: unknown key", "did you mean 'title'"),
    (
        {"proposed": {"supply.holding_time": 900.0}, "on_chain": {}},
        "proposed.supply.holding_time: supply.holding_time is an uncertain fact of the world",
        "expected a lever",
    ),
    (
        {"proposed": {"controller.pid.kpp": 0.1}},
        "proposed.controller.pid.kpp: unknown parameter",
        "did you mean 'controller.pid.kp'",
    ),
    (
        {"proposed": {"supply.burn_share": 1.5}, "on_chain": {}},
        "proposed.supply.burn_share: 1.5",
        "≤ 1",
    ),
    (
        {"proposed": {"supply.burn_share": math.nan}, "on_chain": {}},
        "proposed.supply.burn_share: nan",
        "a number ≥ 0, ≤ 1",
    ),
    ({"title": ""}, "title: ''", "at least 1 character"),
    (
        {"proposed": {"controller.pid.kp": 0.05}},
        "proposed: the values of today",
        "expected a change",
    ),
    (
        {"limits": [{"limit": "treasury_lwo <= 0.1"}]},
        "unknown metric 'treasury_lwo'",
        "did you mean 'treasury_low'",
    ),
    ({"limits": [{"limit": "treasury_low < 0.1"}]}, "'treasury_low < 0.1'", "metric <= limit"),
    (
        {"limits": [{"limit": "treasury_low <= 1.7e308"}]},
        "'treasury_low <= 1.7e308'",
        "at most 1e+15 by size",
    ),
    (
        {"limits": [{"limit": "treasury_low <= \u0661"}]},
        "'treasury_low <= \u0661'",
        "metric <= limit",
    ),
    ({"title": "a\x1b[2Jb"}, "title: character U+001B at place 2", "without control characters"),
    ({"title": "a\nb"}, "title: character U+000A at place 2", "without control characters"),
    ({"authors": ["x", "a\u202eb"]}, "authors.1: character U+202E", "without control characters"),
    (
        {"summary": "one\n\ttwo\x9b"},
        "summary: character U+009B at place 9",
        "without control characters",
    ),
    ({"title": "\ud800"}, "title: '\\ud800'", "valid string"),
    (
        {"alternatives": {"a\x1bb": {"controller.pid.kp": 0.2}}},
        "character U+001B",
        "without control characters",
    ),
    ({"limits": []}, "limits: []", "at least 1"),
    (
        {"limits": [{"limit": "treasury_low <= 0.1", "scenarios": ["token_crsh"]}]},
        "unknown scenario 'token_crsh'",
        "did you mean 'token_crash'",
    ),
    ({"scenarios": ["token_crsh"]}, "unknown scenario 'token_crsh'", "did you mean 'token_crash'"),
    (
        {"on_chain": {"supply.burn_share": {"decimals": 4, "unit": "bp"}}},
        "not a parameter that the proposal changes",
        "controller.pid.kp",
    ),
    ({"on_chain": {"controller.pid.kp": {"decimals": 99, "unit": "x"}}}, "99", "at most 77"),
    (
        {"on_chain": {"controller.pid.kp": {"decimals": 0, "unit": "x"}}},
        "0.05 and 0.1 are both stored as 0",
        "as many decimals",
    ),
    (
        {"on_chain": {"controller.pid.kp": {"decimals": 1, "unit": "x"}}},
        "0.05 is stored as 0, which stands for 0",
        "keep it to 1%",
    ),
    (
        {
            "proposed": {"controller.pid.kp": 0.0506},
            "current": {"controller.pid.kp": 0.05},
            "on_chain": {"controller.pid.kp": {"decimals": 3, "unit": "x"}},
        },
        "0.05 to 0.0506 is a change of 0.0006, of which the contract would make 0.001",
        "keep the change to 1%",
    ),
    (
        {"limits": [{"limit": "served_share >= 5"}]},
        "limits.0.limit: 'served_share >= 5' can never hold: served_share is from 0 to 1",
        "can fail",
    ),
    (
        {"limits": [{"limit": "treasury_low <= 0.1"}, {"limit": "served_share >= -5"}]},
        "limits.1.limit: 'served_share >= -5' can never fail",
        "can hold",
    ),
    (
        {"limits": [{"limit": "treasury_low <= 1"}]},
        "'treasury_low <= 1' can never fail",
        "can hold",
    ),
    (
        {"limits": [{"limit": "churn <= -1"}]},
        "'churn <= -1' can never hold: churn is from 0 to inf",
        "can hold",
    ),
    (
        {"limits": [{"limit": "treasury_low <= -2", "of": "change"}]},
        "can never hold: a change of treasury_low is from -1 to 1",
        "can hold",
    ),
    (
        {"alternatives": {"a": {"controller.pid.kp": 0.1}}},
        "alternatives.a: the values of 'proposed'",
        "other values",
    ),
    (
        {"alternatives": {"a": {"controller.pid.kp": 0.2}, "b": {"controller.pid.kp": 0.2}}},
        "alternatives.b: the values of 'a'",
        "other values",
    ),
    (
        {"proposed": {"controller.type": "pdi"}, "on_chain": {}},
        "unknown controller 'pdi'",
        "did you mean 'pid'",
    ),
    (
        {"sensitivity": {"paths": {"controller.pid.kp": [0.2, 0.1]}}},
        "[0.2, 0.1]",
        "the first below the second",
    ),
    (
        {"current": {"oracle.lag": 1.0}},
        "current.oracle.lag: not a parameter that the proposal changes",
        "controller.pid.kp",
    ),
    ({"runs": 1}, "runs: 1", "at least 2"),
    ({"calibration": ["nowhere"]}, "no calibration in 'nowhere'", "calibrate --out"),
]


@pytest.mark.parametrize(("change", "found", "hint"), BAD)
def test_a_bad_proposal_is_told_in_one_line(change, found, hint):
    with pytest.raises(InputError) as error:
        read_proposal(PROPOSAL | change)
    text = str(error.value)
    assert found in text and hint in text and "\n" not in text


def test_a_proposals_mistake_has_its_line(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(
        "title: t\nscenarios: [none]\nruns: 5\nseed: 1\nproposed:\n  controller.pid.kp: "
        "0.1\nlimits:\n  - {limit: 'treasury_low <= 1'}\n  - limit: 'x <= 1'\n"
    )
    status, out, errors = command("propose", file, "--out", tmp_path / "b")
    assert (
        status == 2
        and out == ""
        and errors.startswith(f"error: {file}:9: limits.1.limit: unknown metric 'x'")
    )
    assert not (tmp_path / "b").exists()


def test_ordinary_text_of_any_language_is_allowed():
    title = "Gebühren – 50\u00a0% weniger: 手数料, العمولات 🙂"
    proposal, _ = read_proposal(PROPOSAL | {"title": title, "summary": "one\n\ttwo"})
    assert (proposal.title, proposal.summary) == (title, "one\n\ttwo")


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([{f"k{i}": 1.0 for i in range(21)}], "at most 20"),
        ([{"a": 1.0}, {"b": 1.0}], "row 2 has other columns than the first"),
        ([{"a|b": 1.0}], "pattern"),
        ([{"a": "x\x1b"}], "U\\+001B"),
    ],
)
def test_a_calibrations_estimates_are_one_small_table(rows, found):
    with pytest.raises(ValidationError, match=found):
        CalibrationRecord(method="m", data="d", estimates=rows, notes=[])
    assert (
        len(
            CalibrationRecord(
                method="m", data="d", estimates=[{"95 % low": 1.0, "x_1": "a\nb"}] * 2, notes=[]
            ).estimates
        )
        == 2
    )


def test_the_shipped_proposals_are_read_and_change_something():
    assert set(names("proposal")) == {"burn_share", "pid_gains"}
    for name in names("proposal"):
        proposal, plan = read_proposal(name, runs=3)
        assert plan.points[0].values != plan.points[1].values and plan.runs == 3
        assert all(limit.reason for limit in proposal.limits)
        assert all(
            rule.raw(plan.points[1].values[path])[0] for path, rule in proposal.on_chain.items()
        )


def test_a_value_that_a_contract_rounds_is_said_beside_the_verdict():
    change = {
        "proposed": {"controller.pid.kp": 0.1234},
        "on_chain": {"controller.pid.kp": {"decimals": 3, "unit": "x"}},
        "alternatives": {},
    }
    _, plan = read_proposal(PROPOSAL | change | {"runs": 2})
    found = Evidence(plan, pd.DataFrame())
    assert found.rounded() == [
        (
            "Rounded on chain: controller.pid.kp 0.1234 was simulated and is stored as 123, which "
            "stands for 0.123."
        )
    ]


@pytest.mark.parametrize(("old", "new"), [(0.5, 0.6), (0.6, 0.2)])
def test_a_change_that_the_contract_would_make_another_is_refused_by_its_line(tmp_path, old, new):
    """Half of the fees and six tenths of them, in whole numbers, are none of them and all of
    them.
    """
    rules = {
        "current": {"supply.burn_share": old},
        "on_chain": {"supply.burn_share": {"decimals": 0, "unit": "x"}},
        "alternatives": {},
    }
    (tmp_path / "p.yaml").write_text(
        json.dumps(
            PROPOSAL | {"policy": "none", "proposed": {"supply.burn_share": new}} | rules, indent=1
        )
    )
    with pytest.raises(
        InputError,
        match=rf"on_chain.supply.burn_share.decimals.*{old} is stored as [01], which stands for",
    ) as error:
        read_proposal(tmp_path / "p.yaml")
    assert error.value.line


def test_a_calibrations_estimates_and_its_error_out_of_sample_are_in_the_report(tmp_path):
    data = Data(
        "/home/me/prices.csv", "ab" * 32, "daily log returns", 400, "2023-01-01", "2024-02-05"
    )
    estimates = (
        Estimate("news.volatility", "1/sqrt(day)", 0.031, 0.002, 0.027, 0.035),
        Estimate("x", "1", 1.0, math.nan, math.nan, math.nan, "no"),
    )
    found = Calibration(
        "simulated method of moments",
        data,
        estimates,
        notes=("out of sample: the later days look like the model: 40 % beyond",),
    )
    (tmp_path / "overlay.yaml").write_text(found.overlay())
    (tmp_path / "calibration.json").write_text(json_text(found.plain()))
    small = {
        "calibration": [str(tmp_path)],
        "alternatives": {},
        "scenarios": ["none"],
        "metrics": ["treasury_low"],
        "watch": [],
    }
    _, plan = read_proposal(PROPOSAL | small)
    assert plan.cases[0].resolved.values.news.volatility == 0.031
    text = canonical_json(plan.plain()).decode()
    assert str(tmp_path) not in text and "/home/me" not in text
    section = next(
        s
        for s in proposal_sections(Evidence(plan, simulate(plan)), {})
        if s.heading.startswith("Calibration")
    )
    assert section.bullets == found.notes and section.tables[0].frame["value"].tolist() == [
        0.031,
        1.0,
    ]


def test_every_verdict_is_asked_where_purchases_leave_less_and_more_in_the_price():
    impact = "market.permanent_impact"
    ends = {
        name: sorted({point.values[impact] for point in plan.points if point.role == "sensitivity"})
        for name, plan in (
            ("as usual", read_proposal(PROPOSAL)[1]),
            (
                "its own",
                read_proposal(PROPOSAL | {"sensitivity": {"paths": {impact: [0.1, 0.9]}}})[1],
            ),
        )
    }
    assert ends == {"as usual": [0.33, 0.5, 0.67], "its own": [0.1, 0.5, 0.9]}


@pytest.mark.parametrize(
    ("lacks", "instead", "said"),
    [
        ("title", "", r"mine.yaml:\d+: title: missing; expected a text\n"),
        ("title", "titel: x", r"mine.yaml:\d+: titel: unknown key; .* did you mean 'title'\?\n"),
        ("proposed", "propsed: {}", r"mine.yaml:\d+: propsed: .* did you mean 'proposed'\?\n"),
        ("seed", "", r"mine.yaml:\d+: seed: missing; expected a whole number\n"),
    ],
)
def test_a_proposal_that_lacks_a_key_is_told_which_and_taken_for_nothing_else(
    tmp_path, lacks, instead, said
):
    lines = find("proposal", "pid_gains").read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(f"{lacks}:"))
    last = next(i for i in range(first + 1, len(lines)) if lines[i][:1] not in (" ", ""))
    lines[first:last] = [instead]
    (tmp_path / "mine.yaml").write_text("\n".join(lines))
    status, _, errors = command("propose", "mine.yaml", folder=tmp_path)
    assert status == 2 and re.fullmatch(f"error: {said}", errors), errors
