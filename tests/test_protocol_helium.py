"""Helium's issuance: the program's own tests, the proposals' figures, and its record by week."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths import DATA, command
from tokenomics.errors import InputError
from tokenomics.experiments.replays import replay
from tokenomics.protocols.catalogue import named
from tokenomics.protocols.helium import CAP, FUNDED, HELIUM, epoch
from tokenomics.protocols.helium_issuance import (
    BONES,
    EPOCH,
    U32,
    HeliumInputs,
    HeliumParameters,
    HeliumState,
    smoothed,
    step,
    supplement,
    top_up,
)

FILES = [DATA / "protocols" / f"helium_weekly_{name}.csv" for name in ("burns", "issuance")]
recorded = pytest.mark.skipif(not FILES[0].exists(), reason="the real data are not there")
amounts = st.integers(0, 10**15)

# helium/helium-program-library 145947eed, programs/helium-sub-daos/src/backstop.rs, its tests:
# burned HNT is given as the average, and two prices coincide
NET_CAP, EMISSION = 1_644 * BONES, 20_548 * BONES
PROGRAM = HeliumParameters(EMISSION, NET_CAP, minimum=1)
SHARE, PAID = int(0.8927 * U32), 910_000_000  # DC a day, 9,100 USD
ALPHA = 0.8927 * 0.70


def settle(price, average, low=None, share=SHARE, parameters=PROGRAM):
    prices = int((low or price) * 1e8), int(price * 1e8)
    return step(HeliumState(0), HeliumInputs(average, 0, PAID, share, *prices), parameters)


def test_within_the_band_nothing_is_added_as_in_the_program():
    found = settle(1.0, NET_CAP)
    assert found.rewards == EMISSION + NET_CAP
    assert found.rewards * ALPHA < found.ceiling == 27_300 * BONES


def test_the_minimum_is_delivered_as_in_the_program():
    found = settle(0.10, 91_000 * BONES)
    assert found.rewards / BONES * ALPHA == pytest.approx(45_500, abs=50)


def test_the_minimum_is_bounded_by_what_was_burned_as_in_the_program():
    found = settle(0.10, 9_100 * BONES)
    assert found.rewards == EMISSION + 9_100 * BONES


def test_the_ceiling_takes_its_own_price_as_in_the_program():
    assert settle(2.50, NET_CAP).ceiling / BONES == pytest.approx(10_920, abs=5)
    assert settle(1.00, NET_CAP, low=0.90).ceiling == 27_300 * BONES


def test_without_a_share_or_a_price_the_minimum_sleeps():
    assert settle(0.10, 91_000 * BONES, share=0).rewards == EMISSION + NET_CAP
    asleep = step(HeliumState(0), HeliumInputs(91_000 * BONES, 0, PAID, SHARE), PROGRAM)
    assert (asleep.rewards, asleep.ceiling) == (EMISSION + NET_CAP, 0)


def test_a_demand_beyond_the_chains_numbers_is_not_met():
    tiny = step(HeliumState(0), HeliumInputs(91_000 * BONES, 0, 2**64 - 1, 1, 1, 1), PROGRAM)
    assert tiny.rewards == EMISSION + NET_CAP


@pytest.mark.parametrize("price", [0.05, 0.10, 0.20, 0.33, 1.0, 1.97, 2.5, 5.0])
def test_minimum_and_ceiling_never_bind_together(price):
    # floor_and_cap_mutually_exclusive
    found = settle(price, 91_000 * BONES)
    raised = found.rewards > EMISSION + NET_CAP
    bucket = found.rewards * SHARE // U32 * 70 // 100
    assert not (raised and bucket > found.ceiling)


def test_the_band_begins_and_ends_at_the_proposals_prices():
    # HIP-149: the minimum near 0.33 USD an HNT, the ceiling near 1.97
    burned = 91_000 * BONES
    assert settle(0.32, burned).rewards > settle(0.34, burned).rewards == EMISSION + NET_CAP
    bucket = (EMISSION + NET_CAP) * ALPHA
    assert settle(1.95, burned).ceiling > bucket > settle(1.99, burned).ceiling


def test_the_supplement_begins_falls_and_ends_with_the_programs_epochs():
    # supplement.rs, deployed_window_boundaries_match_the_published_schedule
    parameters = named("helium@HIP-149")[1].parameters
    first, full = 1_785_974_400, 98_000 * BONES
    paid = [supplement(first + crank * EPOCH, parameters) for crank in range(-1, 1_081)]
    assert paid[0] == 0
    assert set(paid[1:361]) == {full}
    assert full > paid[361] > paid[1_080] > 0 == paid[1_081]
    # HIP-149: about 141 M HNT over 36 months
    assert 2 * sum(paid) / BONES == pytest.approx(141e6, rel=0.005)


@given(amounts, st.integers(1, U32), st.integers(0, 2**40), st.integers(1, 10**10))
def test_no_more_is_given_back_than_the_average_of_what_was_burned(burned, share, dc, price):
    inputs = HeliumInputs(burned, 0, dc, share, price, price)
    found = step(HeliumState(0), inputs, PROGRAM)
    assert EMISSION <= found.rewards <= EMISSION + burned


@given(amounts, amounts, amounts)
def test_the_average_lies_between_and_rises_with_what_was_burned(before, one, other):
    parameters = HELIUM.version().parameters
    low, high = sorted((one, other))
    averages = [smoothed(HeliumState(0, 0, before), b, parameters) for b in (low, high)]
    assert averages[0] <= averages[1]
    for burned, average in zip((low, high), averages, strict=True):
        bounds = sorted((before or 300, burned))
        assert bounds[0] - 2 <= average <= bounds[1]


def test_an_average_that_is_not_carried_gives_13_of_49_parts():
    parameters = named("helium@2025-03")[1].parameters
    average = smoothed(HeliumState(0, 0, 10**15), 49 * BONES, parameters)
    assert average == pytest.approx(13 * BONES, abs=300)


def test_without_burning_the_average_does_not_come_to_rest():
    parameters, state = HELIUM.version().parameters, HeliumState(0)
    seen = []
    for _ in range(58):
        state = step(state, HeliumInputs(0), parameters)
        seen.append(state.smoothed)
    assert seen[:29] == seen[29:]
    assert (min(seen), max(seen)) == (0, 257)


def test_a_year_of_emission_halves():
    # HIP-20: 60 M HNT in each of the first two years, half of it every two years
    for name, million, days in (
        ("2023-04", 30, 365),
        ("2023-08", 15, 366),
        ("2024-08", 15, 365),
        ("2025-08", 7.5, 365),
    ):
        emission = named(f"helium@{name}")[1].parameters.emission
        assert emission * days / BONES == pytest.approx(million * 1e6, abs=1e-5)
    one_percent = CAP * 365 / BONES
    assert one_percent == pytest.approx(0.6e6, abs=1e-5)  # of 60 M


def test_the_versions_follow_the_schedule_of_the_first_halving():
    days = [dt.date(2023, 7, 30) + dt.timedelta(day) for day in range(5)]
    names = [HELIUM.acting(epoch(day.year, day.month, day.day)).name for day in days]
    assert names == ["2023-06", "2023-08 early", "2023-08 corrected", "2023-08", "2023-08"]
    assert HELIUM.version().name == "2025-08"  # HIP-149 is not known to act


def test_a_version_acts_from_its_day_on():
    for name, before, first in (
        ("HIP-138", "2024-08", epoch(2024, 12, 6)),
        ("2025-03", "HIP-138", epoch(2025, 3, 12)),
        ("2025-07", "2025-03", epoch(2025, 7, 13)),
        ("2025-08", "2025-07", epoch(2025, 8, 1)),
    ):
        assert (HELIUM.acting(first - 1).name, HELIUM.acting(first).name) == (before, name)


def test_whole_numbers_are_cut_in_the_programs_order():
    # 9 x 4 / 10 = 3 and 59 / 10 = 5, each cut by itself: 95 / 10 would be 9
    ten = HeliumParameters(0, CAP, smoothing=10)
    assert smoothed(HeliumState(0, 0, 4), 59, ten) == 8
    # half of an odd number of credits is cut
    whole = 10**11  # a bone a credit
    assert top_up(HeliumInputs(0, 0, 1, U32, whole, whole), 0, 10, 0) == 0
    assert top_up(HeliumInputs(0, 0, 3, U32, whole, whole), 0, 10, 0) == 1
    # of 3 bones a share of 0.66 is 1, of which 70 % are 0; any other order leaves 1
    share = U32 * 66 // 100
    assert 3 * share * 70 // 100 // U32 == 3 * 70 // 100 * share // U32 == 1
    assert top_up(HeliumInputs(0, 0, 2, share, whole, whole), 3, 10, 0) == 2


def test_states_that_the_chain_cannot_hold_are_named():
    with pytest.raises(InputError) as error:
        HELIUM.check("state", HeliumState(-1))
    assert error.value.key == "minted"


def weeks(folder, issued):
    """Two files of a record that begins with the migration; nothing is burned in it."""
    days = [dt.date(2023, 4, 17) + dt.timedelta(7 * week) for week in range(len(issued))]
    for name, values in (("hnt_burned", [0] * len(issued)), ("hnt_issued", issued)):
        lines = [f"{day},{value}" for day, value in zip(days, values, strict=True)]
        (folder / f"{name}.csv").write_text("\n".join([f"week,{name}", *lines]) + "\n")
    return folder / "hnt_burned.csv", folder / "hnt_issued.csv"


def test_a_week_is_seven_epochs_and_the_migration_is_no_step(tmp_path):
    week = 7 * 82_191.78082192
    found = replay("helium", *weeks(tmp_path, [145e6, week, f"{week:.8f}", "575342.46575345"]))
    assert [step.error for step in found.steps] == [0, -1]
    assert found.steps[0].before.minted == round(week * BONES)
    assert found.exact == 1
    from tokenomics.results.replay_figure import draw_replay

    title = draw_replay(found).get_suptitle()
    assert "2 steps the plain step takes away 0 %" in title


@recorded
def test_weeks_of_which_nothing_is_unknown_are_met_to_the_bone():
    found = replay("helium", *FILES)
    known = [
        step
        for step in found.steps
        if step.clock < epoch(2023, 6, 18) or epoch(2025, 8, 25) <= step.clock < epoch(2026, 2, 23)
    ]
    assert len(known) == 33
    # three or four payments a day are each rounded down
    assert all(0 <= step.error <= 28 for step in known)
    scores = {score.reading: score for score in found.scores}
    plain, fund = scores["the plain step"], scores["with the 1.3 M HNT of HIP-138's fund"]
    assert plain.share < 0.5 < 0.998 < fund.share
    assert found.relative()[0] < 0.001
    worst = max(found.steps, key=lambda step: abs(step.error))
    assert worst.clock == FUNDED
    last = found.steps[-1]
    assert last.predicted * 4 // 7 - last.recorded < 28  # four days of seven are recorded


@recorded
def test_recorded_weeks_lie_between_nothing_and_the_cap_given_back():
    found = replay("helium", *FILES)
    outside = []
    for week in found.steps[:-1]:
        epochs = range(week.clock - 6, week.clock + 1)
        acting = [HELIUM.acting(now).parameters for now in epochs]
        base = sum(p.emission + p.treasury for p in acting)
        if not base - 28 <= week.recorded <= base + sum(p.cap for p in acting):
            outside.append(week.clock)
    # the fund's week, and one that lacks a payment to the treasury
    assert outside == [FUNDED, epoch(2025, 1, 25)]


@recorded
def test_the_command_tells_how_each_reading_does():
    status, said, errors = command(
        "protocols", "replay", "helium", "--history", FILES[0], "--history", FILES[1]
    )
    assert (status, errors) == (0, "")
    assert "rows read as" in said
    assert "HIP-138's fund" in said
