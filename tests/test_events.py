"""Events happen each by itself: of one kind or of several, in any order, and what contradicts is
refused.
"""

import re

import numpy as np
import pytest
from events import event

from paths import assert_same_bits, simulate
from tokenomics.engines import cadcad, ensemble
from tokenomics.engines.program import Constant
from tokenomics.engines.trace import record_step
from tokenomics.errors import InputError
from tokenomics.experiments.evaluate import evaluate
from tokenomics.experiments.unread import changed_to_no_effect
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve

CALM = {"shocks.enabled": False}
KINDS = ("demand", "news", "outage", "ban", "oracle", "hardware", "unlock")
WRITTEN = {
    "demand": "demand_event",
    "news": "news",
    "outage": "outage_share",
    "ban": "banned_share",
    "oracle": "oracle_bias",
    "hardware": "hardware_event",
    "unlock": "unlock_rate",
}


def refusal(**choice):
    with pytest.raises(InputError) as error:
        resolve("baseline", **choice)
    return str(error.value)


def happened(kind, *sizes):
    """What events of one kind on day 2, three days long, write on that day."""
    sets = {}
    for number, size in enumerate(sizes):
        sets |= event(kind, size, start=2.0, days=3.0, name=f"e{number}")
    return simulate(CALM | sets, days=5, runs=1)[WRITTEN[kind]][0, 3]


def test_a_crash_and_a_bull_both_act():
    paths = {
        names: simulate(CALM, scenarios=names, days=95, runs=1)["news"][0]
        for names in (("token_crash",), ("token_bull",), ("token_crash", "token_bull"))
    }
    crash, bull, both = paths.values()
    assert np.count_nonzero(crash) == 1 and np.count_nonzero(bull) == 30
    np.testing.assert_allclose(both, crash + bull, rtol=1e-15)


def test_two_crashes_are_twice_one():
    one, two = happened("news", -0.3), happened("news", -0.3, -0.3)
    assert one == pytest.approx(-0.1) and two == 2.0 * one


@pytest.mark.parametrize("kind", ["demand", "news", "oracle", "hardware"])
def test_log_changes_of_one_kind_add_up(kind):
    assert happened(kind, 0.3, -0.1, 0.2) == pytest.approx(
        happened(kind, 0.3) + happened(kind, -0.1) + happened(kind, 0.2), rel=1e-14
    )


@pytest.mark.parametrize("kind", ["outage", "ban"])
def test_of_what_one_leaves_the_next_takes_its_share(kind):
    assert happened(kind, 0.3) == 0.3
    assert happened(kind, 0.3, 0.2, 0.5) == pytest.approx(1.0 - 0.7 * 0.8 * 0.5, rel=1e-15)
    assert happened(kind, 0.3, 1.0) == 1.0


def test_unlocks_add_up_to_what_is_locked_and_no_further():
    assert happened("unlock", 0.2, 0.3) == pytest.approx(
        happened("unlock", 0.2) + happened("unlock", 0.3), rel=1e-14
    )
    sets = event("unlock", 0.7, start=2.0, days=2.0, name="a")
    sets |= event("unlock", 0.6, start=2.0, days=4.0, name="b")
    paths = simulate(CALM | sets, days=8, runs=1)
    assert paths["locked"][0, 0] > 0.0 and np.all(paths["locked"] >= 0.0)
    assert paths["locked"][0, -1] == pytest.approx(0.0, abs=1e-6)
    assert np.sum(paths["unlock_rate"]) == pytest.approx(paths["locked"][0, 0], rel=1e-12)


@pytest.mark.slow_after(3)
@pytest.mark.parametrize("kind", KINDS)
def test_the_engines_agree_on_two_events_of_a_kind_to_the_last_bit(kind):
    sets = event(kind, 0.3, start=2.0, days=4.5, name="one")
    sets |= event(kind, 0.2, start=3.0, days=7.0, name="two")
    values = resolve("baseline", policy="pid", sets=sets | {"simulation.days": 12}).values
    params = bind(values, sample(values, np.arange(3), 5))
    model, start = MODEL.bound(params), steady_state(values).state
    one, two = (
        engine.simulate(model, params, start, runs=np.arange(3), steps=12)
        for engine in (cadcad, ensemble)
    )
    assert np.any(one.values[WRITTEN[kind]] != 0.0)
    for name, path in one.values.items():
        assert_same_bits(name, two.values[name], path)


def test_the_order_of_scenarios_does_not_matter():
    names = ("bank_run", "token_bull", "token_crash")  # three of one kind: sums differ by order
    first = resolve("baseline", scenarios=names)
    second = resolve("baseline", scenarios=names[::-1])
    assert first.hash == second.hash
    one, two = (simulate(scenarios=s, days=70, runs=2) for s in (names, names[::-1]))
    for name, path in one.items():
        assert_same_bits(name, two[name], path)


def test_an_event_that_there_is_not_costs_nothing():
    def program(**choice):
        values = resolve("baseline", **choice).values
        params = bind(values, sample(values, np.arange(1), 0))
        return record_step(MODEL.bound(params), params)

    calm, crash = program(), program(scenarios=("token_crash",))
    outputs = dict(calm.outputs)
    assert all(
        outputs[name] == Constant((0.0).hex())
        for kind, name in WRITTEN.items()
        if kind not in ("news", "unlock")
    )
    assert len(calm.operations) < len(crash.operations)


def test_contradicting_scenarios_are_refused_with_both_places():
    told = refusal(scenarios=("oracle_push", "oracle_siege"))
    assert re.search(
        r"oracle_siege.yaml:\d+: attack.days: 30.0, and 1.0 in .*oracle_push.yaml:\d+", told
    )
    mild = {"events": {"token_crash": {"size": -0.1}}}
    told = refusal(scenarios=("token_crash", mild))
    assert re.search(
        r"events.token_crash.size: -0.1, and -0.916291 in .*token_crash.yaml:\d+", told
    )
    # what agrees is no contradiction, and what lies above the scenarios is none either
    assert resolve("baseline", scenarios=("bank_run", {"bank_run": {"enabled": True}}))
    for above in ({"overlays": (mild,)}, {"sets": {"events.token_crash.size": -0.1}}):
        values = resolve("baseline", scenarios=("token_crash",), **above).values
        assert values.events["token_crash"].size == -0.1


def test_an_event_of_ones_own_is_given_whole():
    whole = {"kind": "outage", "start": 5, "days": 2, "size": 0.4}
    one = resolve("baseline", overlays=({"events": {"mine": whole}},))
    two = resolve("baseline", sets=event("outage", 0.4, start=5, days=2, name="mine"))
    assert one.hash == two.hash and one.values.events["mine"].size == 0.4
    assert one.entries.keys() == two.entries.keys() and "events" not in one.entries
    for part in whole:
        rest = {name: value for name, value in whole.items() if name != part}
        assert f"events.mine.{part}: missing" in refusal(overlays=({"events": {"mine": rest}},))


REFUSED = [
    (
        ("events.token_crsh.size=-0.5",),
        "events.token_crsh.kind: missing; expected one of demand, news, outage, ban, oracle, "
        "hardware, unlock; did you mean 'events.token_crash'?",
    ),
    (
        ("events.token_crash.kind=outage",),
        "events.token_crash.size: -0.916291; expected a share from 0 to 1, for the kind outage",
    ),
    (
        ("events.token_crash.kind=crash",),
        "events.token_crash.kind: 'crash'; expected one of demand",
    ),
    (("events.token_crash.size=-6",), "events.token_crash.size: -6.0; expected a number ≥ -5, ≤ 5"),
    (("events.news_size=-0.5",), "a group of parameters: kind, start, days, size"),
    (("events.token_crash.sise=-0.5",), "did you mean 'size'"),
]


@pytest.mark.parametrize(("sets", "told"), REFUSED)
def test_a_wrong_event_is_refused(sets, told):
    assert told in refusal(scenarios=("token_crash",), sets=sets)


def test_a_share_is_checked_point_by_point():
    sets = event("outage", 0.5, start=2.0, days=3.0, name="x2") | {"simulation.days": 5}
    found = evaluate(
        resolve("baseline", sets=sets),
        ["events.x2.size"],
        [[0.2], [1.5], [0.9]],
        runs=np.arange(2),
        seed=0,
        metrics=("uptime",),
    )
    assert found.errors[::2] == ("", "")
    assert (
        "events.x2.size: 1.5; expected a share from 0 to 1, for the kind outage" in found.errors[1]
    )
    assert np.all(np.isfinite(found.values["uptime"][::2]))


def test_an_event_that_nothing_reads_is_said():
    corrupt = resolve("baseline", policy="none", scenarios=("oracle_manipulation",))
    (told,) = changed_to_no_effect(corrupt, resolve("baseline", policy="none"))
    assert told.startswith("events.oracle_manipulation.size: changed, but no metric depends on it")
    assert "controller.type is 'none'" in told
