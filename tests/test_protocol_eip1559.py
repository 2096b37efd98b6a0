"""Ethereum's base fee: go-ethereum's numbers, its floor of rounding, and its bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenomics.errors import InputError
from tokenomics.protocols.eip1559 import (
    EIP1559,
    BaseFeeInputs,
    BaseFeeParameters,
    BaseFeeState,
    step,
)

LONDON = EIP1559.version("London").parameters
INITIAL_BASE_FEE = 10**9  # of the fork's first block [wei] (EIP-1559)


def after(fee, used, limit=20_000_000, parameters=LONDON):
    return step(BaseFeeState(fee), BaseFeeInputs(used, limit), parameters).base_fee


@pytest.mark.parametrize(
    ("used", "denominator", "fee"),
    # go-ethereum 093658c7, consensus/misc/eip1559/eip1559_test.go: TestCalcBaseFee, and with the
    # denominator of another network TestCalcBaseFeeDelhi
    [
        (10_000_000, 8, INITIAL_BASE_FEE),
        (9_000_000, 8, 987_500_000),
        (11_000_000, 8, 1_012_500_000),
        (20_000_000, 8, 1_125_000_000),
        (0, 8, 875_000_000),
        (10_000_000, 16, INITIAL_BASE_FEE),
        (9_000_000, 16, 993_750_000),
        (11_000_000, 16, 1_006_250_000),
        (20_000_000, 16, 1_062_500_000),
        (0, 16, 937_500_000),
    ],
)
def test_the_numbers_of_a_client(used, denominator, fee):
    parameters = BaseFeeParameters(2, denominator)
    assert after(INITIAL_BASE_FEE, used, parameters=parameters) == fee


def test_any_gas_above_the_target_raises_the_fee_by_a_wei_at_least():
    assert [after(fee, 10_000_001) for fee in (0, 1, 7, 1000)] == [1, 2, 8, 1001]


def test_below_eight_wei_no_block_lowers_the_fee():
    assert [after(fee, 0) for fee in range(10)] == [0, 1, 2, 3, 4, 5, 6, 7, 7, 8]


def test_full_blocks_multiply_the_fee_by_nine_eighths():
    fee = 8**12
    for _ in range(12):
        fee = after(fee, 20_000_000)
    assert fee == 9**12


@given(st.integers(0, 10**15), st.integers(2_500, 10**8), st.integers(0, 2 * 10**8))
def test_the_fee_moves_by_at_most_an_eighth(fee, target, used):
    found = after(fee, min(used, 2 * target), 2 * target)
    assert fee - fee // 8 <= found <= fee + max(fee // 8, 1)


@given(st.integers(0, 10**12), st.integers(0, 20_000_000), st.integers(0, 20_000_000))
def test_more_gas_never_makes_the_fee_lower(fee, one, other):
    less, more = sorted((one, other))
    assert after(fee, less) <= after(fee, more)


def test_the_search_covers_the_fees_and_both_sides_of_the_target():
    search = EIP1559.search
    assert [search.key(state) for state in search.states(LONDON)] == list(range(4097))
    found = [
        step(BaseFeeState(1000), kind, LONDON).base_fee for kind in search.inputs(LONDON).values()
    ]
    assert found == [875, 938, 1000, 1000, 1001, 1125]


def test_a_fee_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="base_fee: -1"):
        EIP1559.check("state", BaseFeeState(-1))
    with pytest.raises(InputError, match="gas_limit: 4999"):
        EIP1559.check("inputs", BaseFeeInputs(0, 4999))
    EIP1559.check("parameters", LONDON)
