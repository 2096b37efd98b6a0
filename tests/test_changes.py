"""Today and the change: levers act on the network as it is, and never move its start."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import tokenomics as tk
from tokenomics.cli.main import app
from tokenomics.errors import InputError
from tokenomics.experiments.evaluate import evaluate
from tokenomics.loop.tuning import tune
from tokenomics.parameters import Resolved, resolve

LEVERS = {
    "supply.burn_share": 0.3,
    "treasury.fee_share": 0.2,
    "pricing.target_utilisation": 0.5,
    "reliability.replication": 2.0,
    "reliability.slash_fraction": 0.2,
    "reliability.audit_probability": 0.2,
    "privacy.mode": "tee",
    "access.mode": "node",
    "oracle.lag": 2.0,
    "controller.spend_limit": 0.0,
}
WORLDS = {"demand.request_rate": 250.0, "supply.holding_time": 900.0}


def simulated(engine="ensemble", **how):
    return tk.run(engine=engine, **({"runs": 2, "days": 40, "policy": "pid"} | how))


def at_start(result):
    return {name: path[0, 0] for name, path in result.trajectories.values.items()}


@pytest.fixture(autouse=True)
def remarks_are_left_out(monkeypatch):
    """What nothing reads is searched for longer than these few runs are simulated."""
    monkeypatch.setattr("tokenomics.experiments.run.changed_to_no_effect", lambda *_, **__: [])


def at_first(**how):
    """A few days, for which cadCAD takes less than to make machine code."""
    return simulated("cadcad", days=3, **how)


@pytest.fixture(scope="module")
def today():
    return at_first()


@pytest.mark.slow_after(3)
@pytest.mark.parametrize("path", LEVERS)
def test_a_lever_leaves_the_start_as_it_is_and_acts_after_it(path, today):
    changed = at_first(sets={path: LEVERS[path]})
    assert at_start(changed) == at_start(today)
    differing = [
        name
        for name, values in changed.trajectories.values.items()
        if not np.array_equal(values, today.trajectories.values[name])
    ]
    assert differing


@pytest.mark.parametrize("path", WORLDS)
def test_another_world_has_a_start_of_its_own_for_today_and_for_the_change(path, today):
    world = {path: WORLDS[path]}
    there = at_first(sets=world)
    changed = at_first(sets=world | {"supply.burn_share": 0.3})
    assert at_start(there) != at_start(today)
    assert at_start(there) == at_start(changed)


def test_a_policy_is_a_change_and_the_files_own_is_not():
    found = resolve(policy="pid", overlays=[{"controller": {"pid": {"kp": 0.2}}}])
    assert (found.today.controller.type, found.values.controller.type) == ("none", "pid")
    assert (found.today.controller.pid.kp, found.values.controller.pid.kp) == (0.2, 0.05)
    own = resolve(today=["controller.type=pid"])
    assert own.before == () and own.today.controller.type == "pid"
    assert resolve(policy="none").before == ()
    assert found.in_force().before == ()


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "how",
    [
        {"sets": {"change.day": 20.0, "supply.burn_share": 0.3}},
        {"sets": {"change.day": 20.0}, "policy": "lqr", "today": {"controller.type": "pid"}},
        {
            "policy": None,
            "changes": [
                {"day": 10, "policy": "pid"},
                {"day": 20, "set": {"supply.burn_share": 0.3}},
                {"day": 30, "policy": "mpc"},
            ],
        },
    ],
)
def test_engines_agree_through_a_change_to_the_last_bit(how):
    one, two = (simulated(engine, **how).trajectories.values for engine in ("cadcad", "ensemble"))
    assert one.keys() == two.keys()
    for name, path in one.items():
        assert np.array_equal(path, two[name], equal_nan=True), name


def test_until_the_day_of_the_change_the_run_is_todays():
    before = simulated(policy=None, days=20).trajectories.values
    changed = simulated(policy="lqr", sets={"change.day": 20.0}).trajectories.values
    for name, path in before.items():
        assert np.array_equal(path, changed[name][:, :21]), name
    state = "control_error_integral"
    assert np.all(np.isnan(changed[state][:, :20])) and np.all(np.isfinite(changed[state][:, 21:]))


def test_a_law_that_takes_over_goes_on_from_the_signal_and_the_age():
    how = {"today": {"controller.type": "pid", "controller.interval": 3.0}, "policy": None}
    pid = simulated(**how).trajectories.values
    # the same law again, and limits of which none binds: nothing moves
    same = simulated(
        **how, sets={"change.day": 20.0, "controller.pid.rate_limit": 0.5}
    ).trajectories.values
    assert np.array_equal(pid["control_signal"][:, :22], same["control_signal"][:, :22])
    held = simulated(**how, changes=[{"day": 19, "policy": "rai"}]).trajectories.values
    # day 19 is one day after a decision: the new law waits for its turn
    assert np.array_equal(held["control_age"], pid["control_age"])
    assert np.array_equal(held["control_signal"][:, :21], pid["control_signal"][:, :21])
    assert np.all(np.isnan(held["control_filtered"][:, 20:]))


@pytest.mark.parametrize("policy", ["none", "pid"])
def test_a_swept_lever_acts_on_the_day_of_the_change_under_every_policy(policy):
    resolved = resolve(policy=policy, sets={"simulation.days": 12.0, "change.day": 10.0})
    found = evaluate(
        resolved, ["supply.burn_share"], [[0.9]], runs=np.arange(2), seed=0, metrics=["inflation"]
    ).values["inflation"][0]
    alone = tk.run(
        policy=policy,
        sets={"change.day": 10.0, "supply.burn_share": 0.9},
        runs=2,
        days=12,
        engine="ensemble",
    ).metrics_per_run()["inflation"]
    assert np.array_equal(found, alone)


def test_a_span_that_ends_before_the_change_sees_today():
    sets = {"simulation.days": 30.0, "change.day": 20.0, "supply.burn_share": 0.9}
    short = resolve(policy="pid", sets=sets).replace({"simulation.days": 10.0}, source="test")
    paths = ["supply.burn_share", "controller.pid.kp"]
    for case, swept in ((short, [[0.9, 0.05], [0.2, 0.4]]), (resolve(), [[], []])):
        found = evaluate(
            case.replace({"simulation.days": 10.0}, source="test"),
            paths[: len(swept[0])],
            swept,
            runs=np.arange(2),
            seed=0,
            metrics=["price_final"],
        ).values["price_final"]
        assert np.array_equal(found[0], found[1])
        if case is short:
            first = found
    assert np.array_equal(first, found)


@pytest.mark.slow
def test_a_longer_delay_goes_on_from_what_is_under_way():
    how = {"today": {"oracle.delay": 1.0}, "policy": None, "days": 30}
    same = simulated(**how).trajectories.values["measured_price"]
    longer = simulated(**how, sets={"change.day": 20.0, "oracle.delay": 3.0})
    seen = longer.trajectories.values["measured_price"]
    assert np.array_equal(seen[:, :21], same[:, :21])
    # what was seen last is seen until the first new measurement has come through
    assert np.array_equal(seen[:, 21:24], np.repeat(same[:, 21:22], 3, axis=1))
    assert np.array_equal(seen[:, 24:], same[:, 22:-2])


def test_a_search_for_gains_starts_from_today(monkeypatch):
    seen = {}

    def searched(design, **_):
        seen.update(design)
        raise InterruptedError

    monkeypatch.setattr("tokenomics.loop.tuning.optimise", searched)
    with pytest.raises(InterruptedError):
        tune(resolve(policy="pid", today={"supply.burn_share": 0.3}), "optimise", runs=2)
    assert seen["today"]["controller.type"] == "none"
    assert seen["today"]["supply.burn_share"] == seen["set"]["supply.burn_share"] == 0.3


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("day", [0.0, 15.0])
def test_points_of_a_sweep_are_changes_and_share_the_start_of_their_world(day):
    resolved = resolve(policy="pid", sets={"simulation.days": 30.0, "change.day": day})
    paths = ["supply.burn_share", "supply.holding_time"]
    points = [[0.5, 1825.0], [0.3, 1825.0], [0.3, 900.0]]
    found = evaluate(
        resolved, paths, points, runs=np.arange(3), seed=0, metrics=["price_final", "inflation"]
    )
    for row, point in enumerate(points):
        alone = tk.run(
            policy="pid",
            sets={"change.day": day} | dict(zip(paths, point, strict=True)),
            runs=3,
            days=30,
            engine="ensemble",
        ).metrics_per_run()
        for name, values in found.values.items():
            assert np.array_equal(values[row], alone[name]), name


def test_changes_are_written_and_read_with_the_same_hash(tmp_path):
    changes = [{"day": 10, "policy": "pid"}, {"day": 20, "set": {"supply.burn_share": 0.3}}]
    for found in (resolve(policy="pid", sets=["supply.burn_share=0.3"]), resolve(changes=changes)):
        file = tmp_path / "params.yaml"
        file.write_text(found.to_yaml())
        again = resolve(file)
        assert (again.hash, again.before) == (found.hash, found.before)
        assert again.hash != found.in_force().hash
    assert [step for step, _ in again.stages()] == [0, 10, 20]


def test_a_lever_that_is_set_again_to_what_it_was_is_no_change():
    found = resolve(sets=["supply.burn_share=0.3"])
    assert found.before[0].levers == {"supply.burn_share": 0.5}
    assert found.replace({"supply.burn_share": 0.5}, source="test").before == ()
    moved: Resolved = found.replace({"supply.holding_time": 900.0}, source="test")
    assert moved.today.supply.holding_time == 900.0 and moved.before == found.before


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"changes": [{"day": 5, "set": {"supply.holding_time": 9.0}}]}, "uncertain fact"),
        ({"changes": [{"day": 5}]}, "changes nothing"),
        ({"changes": [{"day": 5, "policy": "pid"}] * 2}, "day 5 twice"),
        ({"changes": [{"day": -1, "policy": "pid"}]}, "-1; expected at least 0"),
        ({"changes": [{"day": 1, "polcy": "pid"}]}, "policy"),
        ({"policy": {"supply": {"holding_time": 5.0}}}, "levers alone"),
        ({"today": ["supply.burn_shar=1"]}, "did you mean 'burn_share'|burn_share"),
    ],
)
def test_what_is_no_change_is_refused(how, said):
    with pytest.raises(InputError, match=said):
        resolve(**how)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"policy": "pid", "sets": {"change.day": 400.0}}, "before the end, 365"),
        ({"policy": "pid", "sets": {"change.day": 0.5}}, "multiple"),
        ({"changes": [{"day": 400, "policy": "pid"}]}, "before the end, 365"),
    ],
)
def test_a_change_falls_on_a_step_before_the_end(how, said):
    with pytest.raises(InputError, match=said):
        tk.run(**how, engine="ensemble")


def test_a_design_whose_points_change_levers_has_a_day_for_it():
    design = {"parameters": {"supply.burn_share": [0.3, 0.5]}, "set": {"change.day": 400.0}}
    with pytest.raises(InputError, match="before the end, 365"):
        tk.sweep(design | {"runs": 2, "policies": ["none"]})


def test_a_file_that_dates_its_changes_takes_no_others(tmp_path):
    file = tmp_path / "dated.yaml"
    file.write_text(resolve(changes=[{"day": 10, "policy": "pid"}]).to_yaml())
    for how in (
        {"policy": "lqr"},
        {"sets": ["supply.burn_share=0.3"]},
        {"changes": [{"day": 3, "policy": "lqr"}]},
    ):
        with pytest.raises(InputError, match="dates changes of its own"):
            resolve(file, **how)
    assert resolve(file, today=["supply.holding_time=900"]).before[0].until == 10.0
    again = tmp_path / "order.yaml"
    text = resolve(
        changes=[{"day": 10, "policy": "pid"}, {"day": 20, "set": {"supply.burn_share": 0.3}}]
    ).to_yaml()
    again.write_text(text.replace("until: 20.0", "until: 5.0"))
    assert again.read_text() != text
    with pytest.raises(InputError, match="order of time"):
        resolve(again)


@pytest.mark.slow
def test_a_comparison_and_a_command_start_from_the_same_today(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    how = {"policies": ["none", "pid"], "runs": 2, "days": 20, "metrics": ["price_final"]}
    own = tk.compare(today={"supply.burn_share": 0.3}, **how).sweep.columns("price_final")
    other = tk.compare(sets={"supply.burn_share": 0.3}, **how).sweep.columns("price_final")
    assert np.all(own["price_final"] != other["price_final"])
    (tmp_path / "plan.yaml").write_text("changes: [{day: 5, policy: pid}]\n")
    (tmp_path / "bad.yaml").write_text("changes:\n- {day: 5, polici: pid}\n")
    line = ["run", "--days", "10", "--runs", "2", "--no-figures", "--json", "--changes"]
    done = CliRunner().invoke(app, [*line, "plan.yaml", "--today", "supply.burn_share=0.4"])
    assert done.exit_code == 0, done.output
    shown = tk.load(json.loads(done.output)["out"]).resolved
    assert [b.until for b in shown.before] == [5.0]
    assert shown.today.supply.burn_share == shown.values.supply.burn_share == 0.4
    with pytest.raises(InputError, match=r"bad\.yaml:2.*polici.*did you mean 'policy'"):
        resolve(changes="bad.yaml")


def test_in_other_tokens_every_figure_in_usd_is_the_same():
    sets = {"emission.mode": "rate", "emission.rate": 20_000.0, "emission.floor": 100.0}
    today = {"emission.rate": 14_000.0, "emission.floor": 50.0}
    old = resolve(policy="pid", today=today, sets=sets | {"simulation.days": 60.0})
    new = old.in_other_tokens(1000.0, "test")
    paths = ["supply.total_supply", "emission.rate", "emission.floor", "emission.cap"]
    for path in paths:
        assert new.entries[path].value == pytest.approx(1000.0 * old.entries[path].value)
    assert new.today.emission.rate == pytest.approx(14_000_000.0)
    # what holds TOK in its unit, and that alone
    moved = {p for p, e in new.entries.items() if e.value != old.entries[p].value}
    amounts = {p: e.value for p, e in old.entries.items() if "TOK" in e.unit.split("/")}
    assert moved == {p for p, value in amounts.items() if value != 0.0}
    metrics = ["price_final", "treasury_min", "tracking_rms"]
    one, two = (
        evaluate(r, [], [[]], runs=np.arange(3), seed=0, metrics=metrics).values for r in (old, new)
    )
    assert np.allclose(two["price_final"] * 1000.0, one["price_final"], rtol=1e-9)
    assert np.allclose(two["treasury_min"], one["treasury_min"], rtol=1e-9)
    assert np.allclose(two["tracking_rms"], one["tracking_rms"], rtol=1e-7)
