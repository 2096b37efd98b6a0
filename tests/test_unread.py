"""What nothing reads changes no number: told from the recorded step, and held against simulations
to the last bit.
"""

import numpy as np
import pytest
from events import event

from paths import command
from tokenomics.experiments.design_reading import read_design
from tokenomics.experiments.evaluate import Simulator
from tokenomics.experiments.idle import idle
from tokenomics.experiments.reads import network
from tokenomics.experiments.unread import changed_to_no_effect, unread
from tokenomics.model.block import block
from tokenomics.model.controllers import LAWS, Command, register_controller
from tokenomics.model.model import MODEL
from tokenomics.model.variables import SHARED
from tokenomics.parameters import fits, resolve
from tokenomics.results.evaluation import asked
from tokenomics.results.metrics import METRICS, metric

SPAN = ("simulation.days=25",)
DAYS = "events.token_crash.days"


def other(path, value):
    """Another value of a number, within its bounds."""
    return next(
        one
        for one in (value * 1.3, value * 0.7, 0.2, 0.01, 3.0)
        if one != value and fits(path, one) is None
    )


def differing(resolved, changes):
    """By path, the variables that are not the same to the last bit in every run and step where that
    number is another; none for an impossible one.
    """
    names = [name for name in MODEL.variables(resolved.values) if name not in SHARED]
    own = {path: resolved.entries[path].value for path in changes}
    points = [
        list(point.values())
        for point in (own, *(own | {path: value} for path, value in changes.items()))
    ]

    def digests(outcome, _):
        # + 0.0: a zero may change its sign
        return {
            name: np.array(
                [hash((path + 0.0).tobytes()) for path in outcome.values[name]], dtype=float
            )
            for name in names
        }

    got = Simulator(resolved, list(own), runs=np.arange(3), seed=7, needs=names)(
        points, names, digests
    )
    same = {
        name: [np.array_equal(one, got.values[name][0]) for one in got.values[name][1:]]
        for name in names
    }
    return {
        path: set() if got.errors[i + 1] else {name for name in names if not same[name][i]}
        for i, path in enumerate(changes)
    }


NETWORKS = {
    "none": {"policy": "none"},
    "pid in a crash, with vesting": {
        "policy": "pid",
        "scenarios": ("token_crash",),
        "overlays": ("vesting",),
    },
    "run ahead of and attacked": {
        "policy": "scheduled",
        "scenarios": ("oracle_siege", "bank_run"),
        "overlays": ("front_running", "decaying_emission"),
    },
    "buy-back below an average": {
        "policy": "threshold",
        "scenarios": ("regional_outage", "whale_unlock"),
        "sets": ("privacy.mode=optimistic", "access.mode=node"),
    },
    "without shocks, linear": {
        "policy": "dcbm",
        "overlays": ("no_shocks", "growth"),
        "sets": ("market.type=linear", "reliability.enabled=false"),
    },
}


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_number_changes_no_more_than_what_is_said_to_depend_on_it(name):
    given = NETWORKS[name]
    resolved = resolve("baseline", **given | {"sets": (*SPAN, *given.get("sets", ()))})
    own = network(resolved)
    # every third number of a network, others in the next
    chosen = sorted(own.numbers)[list(NETWORKS).index(name) % 3 :: 3]
    changes = {path: other(path, resolved.entries[path].value) for path in chosen}
    found, silent, moved = differing(resolved, changes), [], 0
    for path, reach in own.each({path: [value] for path, value in changes.items()}).items():
        assert found[path] <= reach.variables, path
        silent += [path] * (not reach.variables)
        moved += bool(found[path])
    assert len(silent) > 10 and moved > 0.75 * (len(changes) - len(silent))


CASES = [
    (
        "none",
        "supply.vesting_time",
        1460.0,
        "nothing reads it while supply.vesting is false",
        "supply.vesting true with it",
    ),
    (
        "none",
        "controller.pid.kp",
        0.4,
        "nothing reads it while controller.type is 'none'",
        "controller.type pid or scheduled with it",
    ),
    (
        "none",
        "privacy.zk.latency",
        2.0,
        "nothing reads it while privacy.mode is 'none'",
        "privacy.mode zk with it",
    ),
    (
        "pid",
        "controller.threshold_band",
        0.3,
        "nothing reads it while controller.type is 'pid'",
        "controller.type threshold with it",
    ),
    (
        "pid",
        "front_running.size",
        3.0,
        "nothing reads it while front_running.enabled is false",
        "front_running.enabled true with it",
    ),
    (
        "pid",
        "controller.mpc.horizon",
        9,
        "nothing reads it while controller.type is 'pid'",
        "controller.type mpc with it",
    ),
    (
        "pid",
        "controller.peg",
        2.0,
        "nothing reads it while controller.reference is 'utility'",
        "controller.reference peg with it",
    ),
    (
        "pid",
        "events.ahead.start",
        9.0,
        "nothing reads it while events.ahead.size is 0",
        "events.ahead.size other than 0",
    ),
    (
        "pid",
        "attack.build_days",
        9.0,
        "while attack.enabled is false and attack.position is 0",
        "attack.position other than 0 with it",
    ),
    (
        "none",
        "oracle.lag",
        9.0,
        "while controller.type is 'none' (it changes average_log_price, control_error",
        "pid, scheduled",
    ),
    (
        "none",
        "oracle.delay",
        3,
        "no metric depends on it while controller.type is 'none'",
        "pid, scheduled",
    ),
    (
        "pid",
        "bills.hedge_ratio",
        0.2,
        "no metric depends on it (it changes bill_hedged alone)",
        None,
    ),
    (
        "pid",
        "events.ahead.days",
        0.5,
        "nothing reads it while events.ahead.size is 0",
        "events.ahead.size other than 0 with it",
    ),
    ("pid", "privacy.none.finality", 9.0, "nothing reads it", None),
]


@pytest.mark.slow_after(5)
@pytest.mark.parametrize(("policy", "path", "value", "found", "expected"), CASES)
def test_the_switch_that_keeps_a_parameter_from_being_read_is_named(
    policy, path, value, found, expected
):
    ahead = event("outage", 0.0, start=5.0, days=3.0, name="ahead")
    # a bond at the oracle's price would read the oracle
    held = {"bonding.mode": "per_node_at_start"}
    one = unread(resolve("baseline", policy=policy, sets=dict(ahead) | held), {path: [value]})[path]
    assert found in one.found
    assert expected is None and one.expected is None or expected in one.expected


READ = [
    ("none", {"supply.vesting_time": [1460.0]}, ("supply.vesting=true",)),
    ("pid", {"controller.pid.kp": [0.4]}, ()),
    ("pid", {"oracle.lag": [9.0]}, ()),
    ("none", {"privacy.zk.latency": [9.0]}, ("privacy.mode=zk",)),
    (
        "none",
        {
            "controller.type": ["pid"],
            "privacy.mode": ["tee"],
            "market.type": ["linear"],
            "bank_run.enabled": [True],
        },
        (),
    ),
    # a limit that these runs may never meet is read
    (
        "pid",
        {
            "controller.pid.rate_limit": [50.0],
            "controller.spend_limit": [0.9],
            "bonding.limit": [0.95],
        },
        (),
    ),
    (
        "none",
        {"cloud.latency_p99": [9.0], "simulation.days": [30.0], "treasury.reserve": [0.5]},
        (),
    ),
    ("none", {"controller.pid.kp": [0.05]}, ()),  # which it is
]


@pytest.mark.parametrize(("policy", "changes", "sets"), READ)
def test_what_the_switches_let_through_is_read(policy, changes, sets):
    assert not unread(resolve("baseline", policy=policy, sets=sets), changes)


def test_a_number_without_effect_within_a_range_alone_is_said_to_be_so():
    crash = resolve("baseline", policy="none", scenarios=("token_crash",))
    assert unread(crash, {DAYS: [0.5]})[DAYS].found == "nothing depends on it between 0 and 0.5"
    assert not unread(crash, {DAYS: [5.0]})


def test_a_metric_that_is_not_asked_for_is_named():
    one = unread(resolve("baseline", policy="pid"), {"bills.quote_lag": [2.0]}, ["inflation"])
    assert one == {}  # the price risk moves demand
    two = unread(resolve("baseline", policy="pid"), {"bills.follows_demand": [0.7]}, ["inflation"])[
        "bills.follows_demand"
    ]
    assert (
        "none of the metrics that are asked for" in two.found and "bill_volatility" in two.expected
    )


def test_a_parameter_that_a_metric_alone_asks_for_is_read():
    @metric("interval_days", "days", "asks for a parameter", ("token_price",))
    def interval_days(paths, parameters):
        return paths["token_price"][:, -1] * 0.0 + parameters.controller.interval

    try:
        assert asked("interval_days", resolve("baseline").values) == {"controller.interval"}
        assert network(resolve("baseline", sets=["simulation.days=31"])).reach(
            "controller.interval", [9.0]
        ).metrics == {"interval_days"}
    finally:
        del METRICS["interval_days"]
    assert asked("uptime", resolve("baseline").values) == {"access.mode", "access.central.uptime"}


def test_of_blocks_that_cannot_be_recorded_nothing_is_said():
    def policy_branches(params, substep, state_history, state):
        return {
            "inference_price": state["inference_price"]
            * (1.001 if np.all(state["served"] > 1.0) else 1.0)
        }

    model = MODEL.insert(
        block("a branch", policy_branches, writes=("inference_price",)),
        after="the network's price moves",
    )
    resolved, changes = resolve("baseline", policy="none"), {"controller.pid.kp": [1.0]}
    assert unread(resolved, changes) and not unread(resolved, changes, model=model)


@pytest.mark.slow
def test_a_number_of_ones_own_that_no_law_and_no_block_reads_is_told(tmp_path):
    def mild(params, state, error, dt, low, high):
        return Command(params["controller"].custom["gain"] * error)

    register_controller("mild", mild)
    policy = {"controller": {"type": "mild", "custom": {"gain": 0.1}}}
    below = resolve("baseline", policy=policy, sets=SPAN)

    def said(*sets):
        return changed_to_no_effect(resolve("baseline", policy=policy, sets=(*SPAN, *sets)), below)

    try:
        assert said("controller.custom.gain=0.2") == []
        assert said("controller.custom.gian=0.2") == [
            "controller.custom.gian: changed, but nothing reads it"
        ]
        assert said("controller.custom.gian=0.2", "controller.type=none")[-1].startswith(
            "controller.custom.gian: changed, but nothing reads it"
        )
    finally:
        del LAWS["mild"]
    line = ["run", "--days", "2", "--no-figures", "--set", "controller.custom.gian=1"]
    status, _, errors = command(*line, folder=tmp_path)
    assert status == 0
    assert errors == "note: controller.custom.gian: changed, but nothing reads it\n"


LATE = "its event begins on day 60, and the simulation ends with day 60"


@pytest.mark.parametrize(
    ("days", "step", "late"),
    [(60, 1.0, True), (61, 1.0, False), (60, 0.25, True), (60.25, 0.25, False), (60.1, 0.1, False)],
)
def test_an_event_that_lies_after_the_span_is_told_and_one_on_its_last_step_is_not(
    days, step, late
):
    """The crash is on day 60; the last step of 61 days begins there."""
    sets = (f"simulation.days={days}", f"simulation.time_step={step}")
    crash = resolve("baseline", policy="none", scenarios=("token_crash",), sets=sets)
    said = changed_to_no_effect(crash, resolve("baseline", policy="none", sets=sets))
    assert (
        said
        == [
            f"events.token_crash.size: changed, but {LATE}; expected a start before day "
            "60, or a longer span"
        ]
        * late
    )
    other_size = {"events.token_crash.size": -0.1}
    assert (differing(crash, other_size)["events.token_crash.size"] == set()) == late


def test_an_event_is_read_where_its_day_is_varied_into_the_span():
    late, within = [70.0, 80.0], [10.0, 80.0]
    crash = resolve("baseline", policy="none", scenarios=("token_crash",), sets=SPAN)
    start, size = "events.token_crash.start", "events.token_crash.size"
    assert set(unread(crash, {start: late})) == {start}
    assert unread(crash, {start: within}) == {}
    own = network(crash)
    assert not own.together({size: [-0.1], start: late}, [size])[size].metrics
    assert own.together({size: [-0.1], start: within}, [size])[size].metrics


def test_commands_and_sweeps_tell_of_an_event_after_the_span(tmp_path):
    line = ["run", "--policy", "none", "--scenario", "token_crash", "--days", "5", "--no-figures"]
    status, _, errors = command(*line, folder=tmp_path)
    assert status == 0
    assert errors.startswith("note: events.token_crash.size: changed, but its event begins on day")
    assert errors.count("\n") == 1
    design = {"scenarios": ["none", "token_crash"], "set": {"simulation.days": 5}}
    lines = idle(read_design(design)).lines()
    assert [line.split(":")[0] for line in lines] == ["events.token_crash.size"]
