"""Deployed rules of emission as policies of the economy: what they decide is what the integer rules
decide, on their own clock within the step.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tokenomics as tk
from paths import DATA
from tokenomics.errors import InputError
from tokenomics.histories.recorded_steps import read_recorded
from tokenomics.model.controllers import LAWS
from tokenomics.model.controllers import helium as issuance
from tokenomics.model.controllers import livepeer as law
from tokenomics.protocols.helium import HELIUM
from tokenomics.protocols.helium_issuance import BONES, HeliumInputs, HeliumState
from tokenomics.protocols.helium_issuance import step as settled
from tokenomics.protocols.livepeer import LIVEPEER, LivepeerInputs, LivepeerState
from tokenomics.protocols.livepeer import step as exact

OVER = {"overlay": "delegated_stake", "days": 40, "runs": 3, "seed": 5}
QUICK = OVER | {"engine": "ensemble"}


def in_doubles(parameters):
    """The rule's settings as the model has them."""
    return SimpleNamespace(
        target=float(parameters.target),
        change=float(parameters.change),
        floor=float(parameters.floor),
        ceiling=min(float(parameters.ceiling), 1e9),
    )


def test_every_recorded_round_gives_the_same_parts_per_billion():
    if not (DATA / "protocols").is_dir():
        pytest.skip("the recorded rounds are not here")
    rows, _ = read_recorded(LIVEPEER, DATA / "protocols" / "livepeer_rounds_2023_2024.csv")
    for version in LIVEPEER.versions:
        rule = in_doubles(version.parameters)
        state = rows[0].state
        inflation = float(min(max(state.inflation, version.parameters.floor), 10**9))
        for row in rows:
            bonded, supply = row.inputs.bonded / 10**18, row.inputs.supply / 10**18
            state = exact(state, row.inputs, version.parameters)
            inflation = float(law.next_inflation(inflation, law.bonding_rate(bonded, supply), rule))
            assert inflation == state.inflation


@given(st.integers(0, 10**6), st.integers(1, 10**8), st.integers(1, 10**8))
def test_doubles_and_integers_decide_alike(inflation, bonded, supply):
    bonded = min(bonded, supply)
    for version in LIVEPEER.versions:
        rule, low = in_doubles(version.parameters), version.parameters.floor
        now = max(inflation, low)
        inputs = LivepeerInputs(bonded * 10**18, supply * 10**18)
        found = exact(LivepeerState(now, 0), inputs, version.parameters).inflation
        rate = law.bonding_rate(float(bonded), float(supply))
        assert float(law.next_inflation(float(now), rate, rule)) == min(found, 10**9)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("policy", ["livepeer", "cosmos", "helium"])
def test_both_engines_mint_alike_and_supply_grows_by_it(policy):
    paths = [
        tk.run("baseline", policy=policy, engine=engine, **OVER).trajectories.values
        for engine in ("cadcad", "ensemble")
    ]
    for name, path in paths[0].items():
        np.testing.assert_array_equal(path, paths[1][name])
    path = paths[0]
    grown = np.diff(path["total_supply"])
    np.testing.assert_allclose(grown, (path["emitted"] - path["burned"])[:, 1:], rtol=1e-6)
    np.testing.assert_array_equal(path["emitted"][:, 1:], path["control_emission"][:, 1:])


@given(
    st.integers(0, 10**14),
    st.integers(0, 10**14),
    st.sampled_from([v.parameters for v in HELIUM.versions if not v.parameters.minimum]),
)
def test_an_epoch_of_helium_mints_to_the_bone_what_the_program_mints(average, burned, parameters):
    rule = SimpleNamespace(
        emission=parameters.emission / BONES,
        cap=parameters.cap / BONES,
        treasury=parameters.treasury / BONES,
        smoothing=parameters.smoothing,
        carried=bool(parameters.carried),
    )
    state = settled(HeliumState(0, 0, average), HeliumInputs(burned), parameters)
    found = issuance.smoothed(float(average), float(burned), rule)
    assert found == state.smoothed
    assert issuance.minted(found, 1.0, rule) == state.minted


def test_epochs_are_settled_in_any_step_and_the_schedule_halves_on_its_day():
    rule = {
        "controller.helium.halving": 20.0,
        "controller.helium.half_life": 15.0,
        "controller.helium.cap": 0.0,
        "shocks.enabled": False,
    }
    daily = [20_500.0] * 20 + [10_250.0] * 15 + [5_125.0] * 5
    for step in (1.0, 0.5):
        clock = {"simulation.time_step": step, "controller.interval": step}
        path = tk.run(
            "baseline", policy="helium", sets={**rule, **clock}, **OVER
        ).trajectories.values
        by_day = path["emitted"][0, 1:].reshape(40, -1).sum(axis=1) * step
        np.testing.assert_allclose(by_day, daily, rtol=1e-12)


def test_helium_mints_again_what_was_burned_the_day_before_up_to_the_cap():
    rule = {"controller.helium.smoothing": 1, "controller.helium.cap": 15_000.0}
    path = tk.run("baseline", policy="helium", sets=rule, **OVER).trajectories.values
    burned = np.floor(path["burned"][:, 1:-1] * 1e8 + 1e-3) / 1e8
    expected = 20_500.0 + np.minimum(burned, 15_000.0)
    np.testing.assert_allclose(path["emitted"][:, 2:], expected, rtol=1e-14)


def test_helium_refuses_decisions_that_are_too_far_apart():
    with pytest.raises(InputError, match=r"controller\.interval: 5 days; expected less than 4"):
        tk.run("baseline", policy="helium", sets={"controller.interval": 5.0}, days=2)


def test_rounds_keep_their_own_clock_in_any_step():
    whole = tk.run("baseline", policy="livepeer", **QUICK).trajectories.values
    half = tk.run(
        "baseline", policy="livepeer", sets={"simulation.time_step": 0.5}, **QUICK
    ).trajectories.values
    rounds = int(np.floor(40 / 0.8801391367 + 1e-9))
    for path in (whole, half):
        moved = path["control_round_inflation"][:, -1] - path["control_round_inflation"][:, 0]
        np.testing.assert_array_equal(moved, 500.0 * rounds)
    emitted = [path["emitted"].sum(axis=1) * dt for path, dt in ((whole, 1.0), (half, 0.5))]
    np.testing.assert_allclose(emitted[0], emitted[1], rtol=0.02)


def test_a_change_to_the_rule_goes_on_from_what_is_emitted():
    found = tk.run(
        "baseline",
        today={"controller.type": "none"},
        policy="livepeer",
        sets={"change.day": 10.0, "shocks.enabled": False},
        **QUICK,
    ).trajectories.values
    before, rule = found["emitted"][:, 10], found["control_round_inflation"][:, 11]
    supply = found["total_supply"][:, 10]
    np.testing.assert_allclose(rule, np.rint(before * 0.8801391367 / supply * 1e9), atol=500.0 * 2)


def test_inflation_is_what_is_set_where_it_is_set():
    set_to = {"controller.livepeer.inflation": 201_000.0}
    found = tk.run("baseline", policy="livepeer", sets=set_to, **QUICK).trajectories.values
    np.testing.assert_array_equal(found["control_round_inflation"][:, 0], 201_000.0)


def test_a_law_that_mints_nothing_cannot_be_left_the_emission():
    with pytest.raises(InputError, match=r"emission\.mode: law, and controller\.type pid mints no"):
        tk.run("baseline", policy="pid", sets={"emission.mode": "law"}, days=2)


def test_a_round_too_short_for_the_decisions_is_refused():
    with pytest.raises(InputError, match=r"controller\.livepeer\.round: 0\.1 days; expected more"):
        tk.run("baseline", policy="livepeer", sets={"controller.livepeer.round": 0.1}, days=2)


@pytest.mark.parametrize("target", [0.5, 46.0, 999_999.0])
def test_a_share_where_parts_per_billion_are_meant_is_refused(target):
    with pytest.raises(
        InputError, match=r"controller\.livepeer\.target: .* ppb; expected parts pe"
    ):
        tk.run("baseline", policy="livepeer", sets={"controller.livepeer.target": target}, days=2)


def test_a_rule_that_replaces_another_begins_in_its_own_units():
    own = tk.run("livepeer", days=20, record=["emitted"]).trajectories.values["emitted"]
    other = tk.run("livepeer", policy="cosmos", days=20, record=["emitted", "control_inflation"])
    found = other.trajectories.values
    # what is emitted goes on from today's, within the band of the rule that comes
    assert found["control_inflation"][0, 2:].max() <= 0.1
    assert np.all(found["emitted"][0, 2:] < 2.0 * own[0, 2:].mean())


def test_laws_share_a_memory_only_where_it_means_the_same():
    meanings = {}
    for name, one in LAWS.items():
        for memory in one.memory:
            meant = (memory.unit, memory.meaning)
            assert meanings.setdefault(memory.name, meant) == meant, (name, memory.name)
