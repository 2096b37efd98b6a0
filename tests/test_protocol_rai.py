"""RAI's rate setter: the contract's own tests, and its record of 2021."""

import csv
import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths import DATA
from tokenomics.errors import InputError
from tokenomics.experiments.replays import replay
from tokenomics.histories.recorded_steps import read_recorded
from tokenomics.model.controllers import rai as law
from tokenomics.protocols.arithmetic import RAY, WAD
from tokenomics.protocols.catalogue import named
from tokenomics.protocols.gaps import gaps_of
from tokenomics.protocols.rai import GAINS, RAI
from tokenomics.protocols.rai_controller import (
    RaiInputs,
    RaiParameters,
    RaiState,
    bounded,
    redemption_price,
    step,
)
from tokenomics.protocols.rai_history import mean, per_second
from tokenomics.protocols.rule import Row

RECORD = DATA / "protocols" / "rai_hourly_states_2021.csv"
TABLE = DATA / "protocols" / "rai_controller_params_by_block.csv"
recorded = pytest.mark.skipif(not RECORD.exists(), reason="the real data are not there")

# what follows to the next blank line is set up so in the contract's tests:
# reflexer-labs/geb-rrfm-calculators 56c709d, src/test/pi/PIRawPerSecondCalculator.t.sol
START, HOUR = 604_411_200, 3_600
LEAK = 999_997_208_243_937_652_252_849_536
ONE = RaiParameters(WAD, WAD, LEAK, HOUR, 995 * WAD // 1_000)
FRESH = RaiState(RAY, RAY, START)


def after(state, seconds, market, parameters):
    last = state.updated or START
    return step(state, RaiInputs(last + seconds, market), parameters)


def test_two_errors_in_a_row_as_in_the_contract():
    # test_first_small_positive_deviation, test_two_small_positive_deviations
    first = after(FRESH, HOUR, 105 * WAD // 100, ONE)
    assert (first.rate, first.proportional, first.integral) == (95 * RAY // 100, -5 * RAY // 100, 0)
    second = after(first, HOUR, 105 * WAD // 100, ONE)
    assert second.price == 1
    assert second.rate == 1
    assert second.proportional == -1049999999999999999999999999
    assert second.integral == -1979999999999999999999999996400


def test_a_late_update_weighs_the_error_by_its_time():
    # test_big_delay_positive_deviation
    first = after(FRESH, HOUR, 105 * WAD // 100, ONE)
    late = after(first, 10 * HOUR, 105 * WAD // 100, ONE)
    assert (late.rate, late.integral) == (1, -19799999999999999999999999964000)


def test_gains_of_a_day_as_in_the_contract():
    # test_normalized_pi_result
    small = ONE._replace(kp=2_893_518_518_518, ki=803_755_144, barrier=WAD - 1)
    first = after(FRESH, HOUR, 95 * WAD // 100, small)
    assert first.rate == 1000000144675925925900000000
    second = after(first, HOUR, 95 * WAD // 100, small)
    assert second.rate == 1000000291613001814917161083
    assert second.proportional == 50520968952868729114836237
    assert second.integral == 180937744115163712406705224800


def test_without_the_integral_the_rates_are_those_of_the_proportional_calculator():
    # src/test/p/PRawPerSecondCalculator.t.sol, test_normalized_p_result
    alone = ONE._replace(kp=2_893_518_518_518, ki=0, barrier=WAD - 1)
    first = after(FRESH, HOUR, 95 * WAD // 100, alone)
    assert first.rate == 1000000144675925925900000000
    assert after(first, HOUR, 95 * WAD // 100, alone).rate == 1000000146183359238598598834


@pytest.mark.parametrize(
    ("market", "kp", "rate"),
    [
        (205, WAD, 95 * RAY // 100),
        (205, 723_379_629_629, 999999963831018518550000000),
        (195, 723_379_629_629, 1000000036168981481450000000),
        (205, 0, RAY),
    ],
)
def test_the_proportional_term_as_in_the_contract(market, kp, rate):
    # test_correct_proportional_calculation, test_both_gains_zero
    at_two = FRESH._replace(price=2 * RAY)
    parameters = ONE._replace(kp=kp, ki=0, barrier=WAD - 1)
    assert after(at_two, HOUR, market * WAD // 100, parameters).rate == rate


def test_a_strong_leak_forgets_the_integral():
    # test_leak_sets_integral_to_zero
    leaky = RaiParameters(WAD, 1_000, 998_721_603_904_830_360_273_103_599, HOUR)
    state = FRESH
    for _ in range(2):
        state = after(state, HOUR, WAD + 1, leaky)
    assert state.integral
    state = after(state._replace(price=RAY, rate=RAY), HOUR, WAD, leaky)
    state = after(state._replace(rate=RAY), 100 * HOUR, WAD, leaky)
    assert (state.rate, state.proportional, state.integral) == (RAY, 0, 0)


def test_inside_the_noise_barrier_the_price_stays():
    # test_get_new_rate_no_warp_zero_current_integral
    wide = ONE._replace(barrier=94 * WAD // 100)
    assert after(FRESH, HOUR, 105 * WAD // 100, wide).rate == RAY
    assert after(FRESH, HOUR, 995 * WAD // 1_000, wide).rate == RAY


def test_too_early_an_update_is_refused():
    # testFail_update_same_period_warp
    first = after(FRESH, HOUR, 105 * WAD // 100, ONE)
    assert after(first, HOUR - 1, WAD, ONE) is first


def test_the_bound_of_the_rate_is_met_at_the_market_price_of_the_forum():
    # community.reflexer.finance/t/redemption-rate-bounds/301: 7.5e-8 × deviation = 6.5758e-8
    now = RAI.version().parameters._replace(ki=0)
    for deviation, held in ((0.8767, False), (0.8769, True)):
        rate = after(FRESH, 14_400, int((1 + deviation) * WAD), now).rate
        assert (rate == 999_999_934_241_503_702_775_225_172) is held


@given(
    st.integers(10**26, 10**29),
    st.integers(10**16, 10**20),
    st.integers(-(10**33), 10**33),
    st.integers(14_400, 10**6),
)
def test_whole_numbers_agree_with_the_law_in_floats(price, market, integral, elapsed):
    parameters = RAI.version().parameters._replace(fastest=RAY * WAD, slowest=1)
    before = RaiState(RAY, price, START, price // 100, integral, START)
    found = step(before, RaiInputs(START + elapsed, market), parameters)
    error = law.deviation(price / RAY, market / WAD)
    held = law.leaky_integral(
        integral / RAY, error, price // 100 / RAY, elapsed, parameters.leak / RAY
    )
    output = law.feedback(error, held, parameters.kp / WAD, parameters.ki / WAD)
    assert found.integral / RAY == pytest.approx(held, rel=1e-9, abs=1e-9)
    assert (found.rate - RAY) / RAY == pytest.approx(output, rel=1e-9, abs=1e-15)


@given(st.integers(-(10**46), 10**46), st.integers(-(10**46), 10**46))
def test_a_larger_output_gives_no_lower_rate_within_the_bounds(one, other):
    low, high = sorted((one, other))
    rates = [bounded(output, ONE) for output in (low, high)]
    assert 1 <= rates[0] <= rates[1] <= RAY + ONE.upper


@given(st.integers(10**17, 10**19), st.integers(10**17, 10**19))
def test_a_higher_market_price_gives_no_higher_rate(one, other):
    low, high = sorted((one, other))
    parameters = RAI.acting(12_100_000).parameters
    rates = [after(FRESH, 14_400, market, parameters).rate for market in (low, high)]
    assert rates[0] >= rates[1]


def test_states_that_the_chain_cannot_hold_are_named():
    with pytest.raises(InputError) as error:
        RAI.check("state", FRESH._replace(price=0))
    assert error.value.key == "price"
    RAI.check("state", FRESH)
    RAI.check("parameters", RAI.version().parameters)


def test_the_rate_per_second_comes_back_from_the_annual_one():
    rate = 999_999_980_000_000_000_000_000_000
    annual = Fraction(str((rate / RAY) ** 31_536_000))
    assert abs(per_second(annual) - rate) < 10**12
    assert per_second(Fraction(1)) == RAY


def test_an_average_over_time_holds_each_price_to_the_next_line():
    rows = [Row(at, None, RaiInputs(at, price)) for at, price in ((0, 10), (30, 20), (40, 60))]
    assert mean(rows, 0, 50, lambda row: row.inputs.market) == (300 + 200 + 600) // 50
    assert mean(rows, 20, 40, lambda row: row.inputs.market) == 15
    assert mean(rows, -1, 40, lambda row: row.inputs.market) is None


def hours(folder):
    """An hourly record that the rule itself makes: the pool's price jumps about, the rate is set
    every four hours on the average of the last four slots.
    """
    rule, lines = RAI.acting(12_100_000).parameters, []
    state = RaiState(RAY, 3 * RAY, 1_616_000_000)
    pools = [1 + (7 * hour * hour % 11) / 100 for hour in range(121)]
    for hour, pool in enumerate(pools):
        now = 1_616_000_000 + hour * HOUR
        moment = dt.datetime.fromtimestamp(now, dt.UTC).isoformat(sep=" ")
        annual = (state.rate / RAY) ** 31_536_000
        price = redemption_price(state, now) / RAY
        lines.append(f"{12_100_000 + 270 * hour},{moment},{3 * pool},{price},{annual!r},3,{pool},1")
        if hour % 4 == 0 and hour >= 16:
            market = sum(3 * one for one in pools[hour - 16 : hour]) / 16
            state = step(state, RaiInputs(now, int(market * WAD)), rule)
    header = (
        "block_number,timestamp,marketPriceUsd,RedemptionPrice,RedemptionRateAnnualizedRate,"
        "ETH Price (OSM),EthInUniswap,RaiInUniswap"
    )
    (folder / "hours.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder / "hours.csv"


def test_a_record_that_the_rule_made_is_met_on_its_feed_alone(tmp_path):
    found = replay("rai", hours(tmp_path))
    assert len(found.steps) == 26  # of 120 hours those in which the rate was set
    scores = {score.reading: score for score in found.scores}
    feed = scores["the feed of 4 slots"]
    assert feed.steps == 22  # four updates must lie behind
    assert feed.share > 1 - 1e-6
    assert scores["the market price of 16 hours"].share > 1 - 1e-6  # slots of four hours
    assert scores["the plain step"].share < 0.5
    assert scores["the feed of 3 slots"].share < 0.9


@pytest.mark.skipif(not TABLE.exists(), reason="the real data are not there")
def test_the_parameters_are_those_of_the_table():
    with TABLE.open() as file:
        lines = list(csv.DictReader(file))
    assert [int(line["eth_block"]) for line in lines] == [*GAINS, 14_262_496]
    for line in lines:
        version = RAI.acting(int(line["eth_block"]))
        assert version.since == int(line["eth_block"])
        parameters = version.parameters
        assert parameters.kp == round(float(line["kp"]) * WAD)
        assert parameters.ki == round(float(line["ki"]) * WAD)
        assert parameters.leak == round(float(line["leaky_factor"]) * 10**10) * 10**17
        assert parameters.period == int(line["period"])


@recorded
def test_hours_that_the_record_lacks_are_told():
    gaps = gaps_of(*read_recorded(RAI, RECORD))
    assert (len(gaps), sum(gap.missing for gap in gaps)) == (215, 382)
    assert gaps[0] == (12_371_765, 12_372_918, 1893, 3)


@recorded
def test_the_record_follows_the_rule_on_the_feed_of_four_slots():
    found = replay("rai", RECORD)
    scores = {score.reading: score for score in found.scores}
    assert len(found.steps) == 557
    assert found.exact == 0
    # what is chosen in the first half is the best of the second half too
    for half in ("early", "late"):
        slots = {n: getattr(scores[f"the feed of {n} slots"], half) for n in (2, 3, 4, 5, 6)}
        assert max(slots, key=slots.get) == 4
    plain, feed = scores["the plain step"], scores["the feed of 4 slots"]
    assert plain.share < -1.9  # the pool's price of an hour ago is worse than no move
    assert (feed.early, feed.late) == (pytest.approx(0.70, abs=0.01), pytest.approx(0.29, abs=0.01))
    assert feed.level == pytest.approx(0.967, abs=0.002)
    assert scores["the market price of 16 hours"].early > plain.early
    assert {one["reading"] for one in found.plain()["scores"]} == set(scores)


def test_the_catalogue_has_it_and_its_last_version_acts():
    rule, version = named("rai")
    assert rule is RAI
    assert version.parameters.ki == 24_000
    assert named("rai@launch")[1].parameters.kp == 40_000_000_000
