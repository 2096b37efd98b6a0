"""The days before day 0: a run starts from stocks of its own, the same for all changes of its
network.
"""

import numpy as np
import pytest

import tokenomics as tk
from paths import assert_same_bits
from tokenomics.engines.trajectories import Trajectories
from tokenomics.errors import InputError
from tokenomics.experiments import warm_up, worlds
from tokenomics.experiments.evaluate import evaluate
from tokenomics.model.block import block
from tokenomics.model.blocks.clock import policy_clock
from tokenomics.model.controllers import LAWS
from tokenomics.model.keeping import all_shipped
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import before_day_zero, sample
from tokenomics.model.steady_state import start_of, steady_state, unmoved
from tokenomics.model.transition import INITIAL
from tokenomics.model.variables import Variable, as_arrays, writes
from tokenomics.parameters import put, resolve

DAYS = 20.0


def simulated(**how):
    return tk.run(**({"engine": "ensemble", "runs": 3, "days": 10, "seed": 2} | how))


def at_start(result):
    return {name: path[:, 0] for name, path in result.trajectories.values.items()}


def test_day_zero_is_what_the_step_makes_of_rest_with_shocks_of_its_own():
    found = at_start(simulated(sets={"simulation.warm_up": DAYS}))
    network = put(unmoved(resolve().values), {"simulation.days": DAYS})
    params = bind(network, before_day_zero(network, [0, 1, 2], 2))
    state = as_arrays(steady_state(network).state, 3) | {"time": -DAYS, "step": -int(DAYS)}
    for _ in range(int(DAYS)):
        state = MODEL.step(params, state)
    for name, start in found.items():
        own = state[INITIAL.get(name, name)]
        assert np.array_equal(start, np.broadcast_to(own, 3)), name
    assert len(np.unique(found["token_price"])) == 3


def test_both_engines_start_alike_and_a_change_of_law_meets_the_same_day_zero():
    how = {"today": {"controller.type": "pid"}, "sets": {"simulation.warm_up": DAYS}}
    one, two = (simulated(engine=e, **how).trajectories for e in ("cadcad", "ensemble"))
    assert one.time[0] == two.time[0] == 0.0 and np.all(one.values["step"][:, 0] == 0)
    for name, path in one.values.items():
        assert np.array_equal(path, two.values[name]), name
    other = at_start(simulated(policy="threshold", **how))
    for name, start in at_start(simulated(**how)).items():
        if name in other:
            assert np.array_equal(start, other[name]), name


def test_a_longer_warm_up_ends_with_the_shocks_of_a_shorter_one():
    values = resolve().values
    long, short = (
        before_day_zero(put(values, {"simulation.days": days}), [0, 7], 3) for days in (30.0, 10.0)
    )
    later = sample(put(values, {"simulation.days": 10.0}), [0, 7], 3)
    assert (long.first, short.first) == (-30, -10)
    for name in short.values:
        for step in range(-10, 0):
            assert np.array_equal(long.at(name, step), short.at(name, step))
        assert not np.any(short.values[name] == later.values[name])


def volatility(result, days):
    price = result.trajectories.values["token_price"]
    return float(np.std(np.diff(np.log(price[:, days.start : days.stop + 1]), axis=1)))


def test_the_first_days_are_as_volatile_as_the_others_after_a_warm_up_alone():
    first, later = slice(0, 60), slice(120, 240)
    with_it = simulated(runs=300, days=240)
    without = simulated(runs=300, days=240, sets={"simulation.warm_up": 0.0})
    assert volatility(with_it, first) == pytest.approx(volatility(with_it, later), rel=0.05)
    assert volatility(without, first) > 1.15 * volatility(without, later)


@pytest.mark.parametrize(
    "how",
    [
        {"sets": {"shocks.enabled": False}},
        {"prices": True},
        {"demand": True},
        {"model": True},
    ],
    ids=["without shocks", "recorded prices", "recorded demand", "own blocks"],
)
def test_there_is_none_where_it_would_tell_nothing(how, tmp_path):
    if "prices" in how:
        lines = [f"2024-01-{day:02},{1.0 + 0.01 * (day % 3)}" for day in range(1, 20)]
        (tmp_path / "p.csv").write_text("\n".join(["date,close", *lines]))
        how = {"prices": tmp_path / "p.csv"}
    if "demand" in how:
        rows = [f"2024-01-{d:02}T{h:02}:00:00Z,{100 + h}" for d in range(1, 12) for h in range(24)]
        (tmp_path / "d.csv").write_text("\n".join(["time,rate", *rows]))
        how = {"demand": tmp_path / "d.csv"}
    if "model" in how:

        @writes(Variable("doubled", "days", "twice the time", start=0.0))
        def policy_doubled(params, substep, state_history, state):
            return {"doubled": 2.0 * state["time"]}

        how = {"model": MODEL.insert(block("mine", policy_doubled), after="the step is booked")}
    sets = {"simulation.warm_up": 0.0} | how.get("sets", {})
    one, two = simulated(**how), simulated(**(how | {"sets": sets}))
    for name, path in one.trajectories.values.items():
        assert np.array_equal(path, two.trajectories.values[name]), name


def test_neither_trend_nor_event_comes_before_day_zero():
    base = at_start(simulated())
    trends = {
        "demand.growth_rate": 1.0,
        "supply.vesting": True,
        "emission.schedule": "smooth",
        "emission.half_life": 30.0,
    }
    events = simulated(scenario="combined_stress", today=trends)
    for name, start in at_start(events).items():
        assert np.array_equal(start, base[name]), name


def test_what_is_a_share_of_the_start_is_one_of_the_runs_own():
    found = at_start(simulated())
    for name, source in INITIAL.items():
        assert np.array_equal(found[name], found[source]) and np.ptp(found[name]) > 0.0, name
    pegged = simulated(policy="pid", sets={"controller.reference": "peg", "controller.peg": 1.5})
    reference = pegged.trajectories.values["reference_price"]
    assert np.array_equal(reference[:, 1], 1.5 * found["token_price"])


@pytest.mark.slow
def test_points_of_many_worlds_start_as_each_alone_however_they_are_put_together(monkeypatch):
    resolved = resolve(policy="pid", sets={"simulation.days": 8.0})
    paths = ["supply.holding_time", "supply.burn_share", "demand.growth_rate"]
    points = [
        [hold, burn, grow] for burn in (0.5, 0.3) for hold, grow in ((1825.0, 0.0), (900.0, 0.5))
    ]
    how = {"runs": np.arange(5), "seed": 1, "metrics": ["price_final", "inflation", "tracking_rms"]}
    together = evaluate(resolved, paths, points, **how).values
    monkeypatch.setattr(worlds, "MOST_STATES", 7)
    monkeypatch.setattr(warm_up, "KEPT", warm_up.Kept(1))
    apart = evaluate(resolved, paths, points, **how).values
    for name, values in together.items():
        assert np.array_equal(values, apart[name])
        for row, point in enumerate(points):
            sets = dict(zip(paths, point, strict=True))
            alone = tk.run(policy="pid", sets=sets, days=8, runs=5, seed=1, engine="ensemble")
            assert np.array_equal(values[row], alone.metrics_per_run()[name]), (name, point)


def test_states_are_made_once_for_all_policies(monkeypatch):
    made = []
    original = warm_up.WarmUp._simulated

    def counted(self, runs, start, values, *rest):
        made.append(len(values))
        return original(self, runs, start, values, *rest)

    monkeypatch.setattr(warm_up, "KEPT", warm_up.Kept(2**24))
    monkeypatch.setattr(warm_up.WarmUp, "_simulated", counted)
    how = {"runs": np.arange(4), "seed": 77, "metrics": ["price_final"]}
    for policy in ("none", "pid", "threshold"):
        for days in (8.0, 12.0):
            evaluate(resolve(policy=policy, sets={"simulation.days": days}), [], [[]], **how)
    assert made == [1]
    evaluate(resolve(today={"treasury.fee_share": 0.2}), [], [[]], **how)
    assert made == [1, 1]


def test_states_are_made_once_for_all_scenarios_to_the_last_bit(monkeypatch):
    how = {"runs": 4, "seed": 78, "days": 6, "engine": "ensemble"}
    crash = {"scenario": "token_crash", "sets": {"events.token_crash.start": 2.0}}
    kept = warm_up.Kept(2**24)
    monkeypatch.setattr(warm_up, "KEPT", kept)
    plain, seen = tk.run(**how), tk.run(**crash, **how)
    assert len(kept._found) == 1
    monkeypatch.setattr(warm_up, "KEPT", warm_up.Kept(1))
    alone = tk.run(**crash, **how)
    for name, path in alone.trajectories.values.items():
        assert_same_bits(name, seen.trajectories.values[name], path)
    price = "token_price"
    assert not np.array_equal(plain.trajectories.values[price], alone.trajectories.values[price])


def test_states_are_dropped_when_they_are_too_many():
    kept = warm_up.Kept(240)
    for number in range(4):
        kept.put(number, {"x": np.full(10, number, dtype=float)})
    assert [kept.get(number) is not None for number in range(4)] == [False, True, True, True]
    kept.put("large", {"x": np.zeros(31)})
    assert kept.get("large") is None and kept.get(3) is not None


def test_a_warm_up_is_whole_steps():
    with pytest.raises(InputError, match=r"simulation.warm_up: 10.3.*multiple of simulation.time"):
        resolve(sets={"simulation.warm_up": 10.3})


def test_the_clock_counts_up_to_day_zero():
    state = policy_clock({"time_step": 0.5}, 0, [], {"step": -2})
    assert state == {"step": -1, "time": -0.5}


def test_states_of_a_law_of_ones_own_are_never_kept():
    """A notebook may change a number that the law looks up, and the law stays the same function."""
    strength = {"now": 0.0}

    def looked_up(params, state, error, dt, low, high):
        return tk.Command(strength["now"] + 0.0 * error)

    tk.register_controller("looked_up", looked_up)
    try:
        network = resolve(today={"controller.type": "looked_up"}, sets={"simulation.days": 2.0})
        how = {"runs": np.arange(1), "seed": 0}
        found = []
        for strength["now"] in (0.0, 0.01):
            found.append(evaluate(network, [], [[]], metrics=["price_final"], **how).values)
        assert found[0]["price_final"] != found[1]["price_final"]
        calls = []
        for _ in range(2):
            kept = warm_up.once(None, network.today, how["runs"], 0, MODEL)
            kept(lambda: calls.append(1) or Trajectories(np.empty(0), how["runs"], {}))
        assert calls == [1, 1]
    finally:
        del LAWS["looked_up"]


@pytest.mark.parametrize("begins", [0.5, lambda params, rest: rest["token_price"]])
def test_nothing_is_kept_of_a_law_that_begins_where_its_user_says(begins):
    """A shipped law's function under a name of one's own is one's own law."""
    memory = tk.Memory("mine", "1", "what a test remembers", start=begins)
    tk.register_controller("mine", LAWS["pid"].decide, memory=(*LAWS["pid"].memory, memory))
    try:
        assert all_shipped(MODEL, resolve(today={"controller.type": "pid"}).today)
        assert not all_shipped(MODEL, resolve(today={"controller.type": "mine"}).today)
    finally:
        del LAWS["mine"]


def test_a_start_that_is_kept_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        start_of(resolve().today)["token_price"][0] = 1.0


@pytest.mark.parametrize("engine", ["cadcad", "ensemble"])
def test_states_are_kept_for_the_next_run_of_an_engine(monkeypatch, engine):
    monkeypatch.setattr(warm_up, "KEPT", warm_up.Kept(2**24))
    how = {"runs": 3, "seed": 5, "days": 4, "engine": engine}
    first = tk.run(**how)
    kept = tk.run(**how)
    assert warm_up.KEPT.get(next(iter(warm_up.KEPT._found))) is not None
    for name, path in first.trajectories.values.items():
        assert_same_bits(name, kept.trajectories.values[name], path)
    assert len(warm_up.KEPT._found) == 1
    tk.run(policy="pid", **how)
    assert len(warm_up.KEPT._found) == 1
    tk.run(today={"treasury.fee_share": 0.2}, **how)
    assert len(warm_up.KEPT._found) == 2
