"""Gains have what their method promises, the boundary is the simulated one, and what depletes a
treasury is refused.
"""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from paths import command
from tokenomics.cli.main import app
from tokenomics.loop import boundary as boundary_module
from tokenomics.loop.analyse import analyse
from tokenomics.loop.boundary import boundary_table, predicted, simulated, worse
from tokenomics.loop.economy import linear_law, linearise, pid_law
from tokenomics.loop.margins import is_stable, poles, radius
from tokenomics.loop.tuning import SHAPED, pole_placement, tune, ziegler_nichols
from tokenomics.parameters import resolve

DOCS = Path(__file__).resolve().parents[1] / "docs" / "control.md"


def test_the_simulated_boundary_is_the_predicted_one_where_the_economy_has_no_kinks():
    resolved = resolve("baseline", policy="pid_two_sided", sets=("operators.enabled=false",))
    economy = linearise(resolved.values)
    for time in (np.inf, 10.0):
        linear = predicted(resolved.values, economy, time)
        assert simulated(resolved.values, time, linear) == pytest.approx(linear, rel=0.04)


def test_with_entry_and_exit_the_boundary_stays_close(tmp_path, monkeypatch):
    # the law is the PID, whatever the policy
    found = boundary_table(resolve("baseline", policy="lqr"), integral_times=(30.0,), runs=4)
    assert found["ratio"].iloc[0] == pytest.approx(1.0, abs=0.2)
    assert found["worse_than_none_unlimited"].iloc[0] > found["predicted"].iloc[0]
    monkeypatch.setattr(boundary_module, "boundary_table", lambda *_, **__: found)
    monkeypatch.chdir(tmp_path)
    called = CliRunner().invoke(
        app, ["control", "boundary", "--policy", "lqr", "--out", "b", "--json"]
    )
    assert called.exit_code == 0
    assert {p.name for p in (tmp_path / "b").iterdir()} == {
        "boundary.md",
        "boundary.json",
        "boundary.png",
    }
    (row,) = json.loads((tmp_path / "b" / "boundary.json").read_text())
    assert [row] == json.loads(called.stdout)
    at_edge = linearise(
        resolve(
            "baseline", policy="lqr", sets=tuple(f"{k}={v}" for k, v in row["settings"].items())
        ).values
    )
    assert radius(at_edge.plant, linear_law(at_edge.params, at_edge.state)) == pytest.approx(
        1.0, abs=1e-4
    )


@pytest.mark.parametrize("method", ["imc", "loop-shaping"])
def test_tuned_gains_have_the_margins_that_their_method_asks_for(method):
    found = tune(resolve("baseline", policy="lqr"), method, runs=4)
    assert found.margins.stable
    assert found.margins.sensitivity <= SHAPED * 1.001
    # what it found is a policy: the PID with those gains
    again = resolve("baseline", policy=found.policy()).values.controller
    assert (again.type, [again.pid.kp, again.pid.ki, again.pid.kd]) == (
        "pid",
        list(found.gains.values()),
    )
    assert next(iter(found.settings())) == "controller.type"
    # rounded once, so that no processor's rounding shows
    assert all(float(f"{gain:.6g}") == gain for gain in found.gains.values())


def test_an_lqr_is_designed_from_the_weights():
    weight = "controller.lqr.effort_weight"
    cheap, dear = (
        tune(resolve("baseline", policy="none", sets=(f"{weight}={w}",)), "lqr", runs=4)
        for w in (10, 1000)
    )
    assert cheap.margins.gain < dear.margins.gain
    assert cheap.metrics["control_effort"][0][0] > dear.metrics["control_effort"][0][0]
    assert cheap.metrics["control_effort"][1][0] == 0.0  # the policy none, as it is
    again = resolve("baseline", policy=dear.policy()).values
    assert (again.controller.type, again.controller.lqr.effort_weight) == ("lqr", 1000.0)
    own = analyse(resolve("baseline", policy="lqr", sets=(f"{weight}=1000",)).values)
    assert dear.margins.gain == pytest.approx(own.margins.gain)


def test_a_design_that_depletes_the_treasury_is_refused_whatever_its_margins():
    found = tune(resolve("baseline", policy="pid"), "imc", runs=4)
    depleted = replace(
        found,
        metrics=found.metrics | {"treasury_low": ((0.02, 0.01, 0.04), (0.0, 0.0, 0.01))},
        runs=1000,
    )
    assert (
        not depleted.margins.thin
        and depleted.refused
        and "depletes the treasury" in depleted.reading()
    )
    few = replace(
        found, metrics=found.metrics | {"treasury_low": ((0.0, 0.0, 0.5), (0.0, 0.0, 0.5))}
    )
    assert not few.refused and "too few" in few.reading()
    many = replace(
        found, metrics=found.metrics | {"treasury_low": ((0.0, 0.0, 0.004), (0.0, 0.0, 0.004))}
    )
    assert not many.refused and "comfortable in margins and reserve" in many.reading()
    assert replace(many, failed=1).refused


def test_a_failed_run_is_worse_than_none():
    values = np.array([[0.2, 0.3, np.nan], [0.1, 0.2, 0.1], [0.1, np.nan, 0.1], [0.3, 0.3, 0.1]])
    assert worse(values).tolist() == [False, False, True, True]


def test_pole_placement_places_its_poles():
    resolved = resolve("baseline", policy="pid")
    economy = linearise(resolved.values)
    gains, _ = pole_placement(resolved.values, economy, 5.0)
    law = pid_law(resolved.values, economy, gains)
    found = poles(economy.plant, law)
    pair = np.exp(0.2 * complex(-0.7, np.sqrt(1 - 0.49)))
    for wanted in (pair, pair.conjugate(), np.exp(-0.2)):
        assert np.min(np.abs(found - wanted)) < 1e-6


def test_ziegler_and_nichols_start_from_the_gain_at_which_the_loop_oscillates():
    resolved = resolve("baseline", policy="pid")
    economy = linearise(resolved.values)
    (kp, _, _), _ = ziegler_nichols(resolved.values, economy, 10.0)
    law = pid_law(resolved.values, economy, (1.0, 0.0, 0.0))
    assert is_stable(economy.plant, law, 0.99 * kp / 0.6)
    assert not is_stable(economy.plant, law, 1.01 * kp / 0.6)


def test_the_command_refuses_thin_margins_with_status_1(tmp_path):
    status, text, _ = command(
        "control",
        "tune",
        "--method",
        "ziegler-nichols",
        "--runs",
        "2",
        "--out",
        "p.yaml",
        "--json",
        folder=tmp_path,
    )
    assert (status, json.loads(text)["margins"]["thin"], json.loads(text)["refused"]) == (
        1,
        True,
        True,
    )
    assert (
        resolve("baseline", policy=str(tmp_path / "p.yaml")).values.controller.pid.kp
        == json.loads(text)["gains"]["controller.pid.kp"]
    )
    status, _, error = command("control", "tune", "--method", "zigler", folder=tmp_path)
    assert (status, "did you mean 'ziegler-nichols'" in error) == (2, True)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("imc", "--target", "30", "--runs", "500"), "23.8 % [20.3, 27.7] of 500"),
        (("lqr", "--runs", "500"), "10.2 % [7.8, 13.2] of 500"),
    ],
)
def test_the_documentation_has_what_its_commands_give_and_a_refused_design_says_so_itself(
    tmp_path, options, found
):
    (line,) = (
        one
        for one in DOCS.read_text(encoding="utf-8").splitlines()
        if f"tune --method {' '.join(options)}" in one
    )
    assert found in line
    status, out, _ = command(
        "control", "tune", "--method", *options, "--out", "p.yaml", folder=tmp_path
    )
    mean, low, high, runs = re.search(
        r"Of (\d+) simulated treasuries ([\d.]+)% fall .* \[([\d.]+)%, ([\d.]+)%\]", out
    ).group(2, 3, 4, 1)
    interval = f"{float(mean):.1f} % [{float(low):.1f}, {float(high):.1f}] of {runs}"
    assert interval == found
    assert status == 1 and "written to p.yaml, with the refusal in its description" in out
    assert "refused" in resolve("baseline", policy=str(tmp_path / "p.yaml")).descriptions["p"]
