"""Ethereum's price of blob gas: the numbers of two clients, the reserve price, and the forks."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenomics.errors import InputError
from tokenomics.protocols.eip4844 import (
    BLOB_BASE_COST,
    EIP4844,
    GAS_PER_BLOB,
    BlobFeeInputs,
    BlobFeeParameters,
    BlobFeeState,
    fake_exponential,
    price,
    step,
)

FORKS = {version.name: version.parameters for version in EIP4844.versions}
CANCUN, OSAKA = FORKS["Cancun"], FORKS["Osaka"]


def after(excess, used, parameters, base_fee=0):
    return step(BlobFeeState(excess, 1), BlobFeeInputs(used, base_fee), parameters).excess


@pytest.mark.parametrize(
    ("factor", "numerator", "denominator", "value"),
    # go-ethereum 0b3e4b90, consensus/misc/eip4844/eip4844_test.go: TestFakeExponential
    [
        (1, 0, 1, 1),
        (38493, 0, 1000, 38493),
        (0, 1234, 2345, 0),
        (1, 2, 1, 6),
        (1, 4, 2, 6),
        (1, 3, 1, 16),
        (1, 6, 2, 18),
        (1, 4, 1, 49),
        (1, 8, 2, 50),
        (10, 8, 2, 542),
        (11, 8, 2, 596),
        (1, 5, 1, 136),
        (1, 5, 2, 11),
        (2, 5, 2, 23),
        (1, 50000000, 2225652, 5709098764),
    ],
)
def test_the_series_in_whole_numbers(factor, numerator, denominator, value):
    assert fake_exponential(factor, numerator, denominator) == value


@pytest.mark.parametrize(
    ("excess", "wei"), [(0, 1), (2314057, 1), (2314058, 2), (10 * 1024 * 1024, 23)]
)
def test_the_price_of_blob_gas(excess, wei):
    # TestCalcBlobFee
    assert price(excess, CANCUN) == wei


TARGET = 3 * GAS_PER_BLOB


@pytest.mark.parametrize(
    ("excess", "blobs", "next_excess"),
    # TestCalcExcessBlobGas
    [
        (0, 0, 0),
        (0, 1, 0),
        (0, 3, 0),
        (0, 4, GAS_PER_BLOB),
        (1, 4, GAS_PER_BLOB + 1),
        (1, 5, 2 * GAS_PER_BLOB + 1),
        (TARGET, 3, TARGET),
        (TARGET, 2, TARGET - GAS_PER_BLOB),
        (TARGET, 1, TARGET - 2 * GAS_PER_BLOB),
        (GAS_PER_BLOB - 1, 2, 0),
    ],
)
def test_the_excess_before_the_reserve_price(excess, blobs, next_excess):
    assert after(excess, blobs * GAS_PER_BLOB, CANCUN) == next_excess


@pytest.mark.parametrize(
    ("excess", "used", "base_fee", "schedule", "next_excess"),
    # go-ethereum's test as bnb-chain/bsc carries it: TestCalcBlobFeePostOsaka, of a test network
    # whose forks had other numbers, and TestCalcExcessBlobGasEIP7918
    [
        (5149252, 1310720, 30, (9, 14, 8832827), 5617366),
        (19251039, 2490368, 50, (21, 32, 20609697), 20107103),
        (0, 6 * GAS_PER_BLOB, 10**9, (6, 9, 5007716), 6 * GAS_PER_BLOB * 3 // 9),
        (0, 6 * GAS_PER_BLOB, 1, (6, 9, 5007716), 0),
    ],
)
def test_the_excess_at_the_reserve_price(excess, used, base_fee, schedule, next_excess):
    parameters = BlobFeeParameters(*schedule, BLOB_BASE_COST)
    assert after(excess, used, parameters, base_fee) == next_excess


@pytest.mark.parametrize(
    ("excess", "blobs", "base_fee", "next_excess"),
    # Nethermind, Eip7918Tests.cs: the cases for Osaka
    [
        (2 * TARGET + 1, 0, 10**9, 2 * TARGET + 1),
        (1000, 7, 10**9, 1000 + 7 * GAS_PER_BLOB // 3),
        (2 * TARGET, 6, 10**9, 4 * 2 * TARGET // 3),
        (2 * TARGET + 1, 0, 1, 1),
        (1000, 6, 16, 1000),
        (1000, 6, 116, 1000 + 2 * TARGET // 3),
    ],
)
def test_the_excess_of_another_client(excess, blobs, base_fee, next_excess):
    assert after(excess, blobs * GAS_PER_BLOB, OSAKA, base_fee) == next_excess


def test_the_reserve_acts_where_execution_gas_costs_more_than_16_times_as_much():
    used = 6 * GAS_PER_BLOB
    assert after(0, used, OSAKA, 16) == 0
    assert after(0, used, OSAKA, 17) == used // 3
    assert after(0, used, FORKS["Prague"], 10**9) == 0


def test_the_forks_by_time():
    # EIPS/eip-7569.md, eip-7600.md, eip-7607.md
    acting = [
        EIP4844.acting(time).name
        for time in (1710338135, 1746612310, 1746612311, 1764798551, 1765290071, 1767747671)
    ]
    assert acting == ["Cancun", "Cancun", "Prague", "Osaka", "BPO1", "BPO2"]
    assert EIP4844.version().name == "BPO2"


@pytest.mark.parametrize("name", FORKS)
def test_a_full_block_raises_the_price_by_about_an_eighth_or_less(name):
    # the fractions were chosen so (EIP-4844, EIP-7691)
    p = FORKS[name]
    rise = math.exp((p.maximum - p.target) * GAS_PER_BLOB / p.fraction)
    assert 1.08 < rise < 1.126


@given(st.integers(0, 5 * 10**8), st.sampled_from(sorted(FORKS)))
def test_the_price_is_the_exponential_but_for_rounding(excess, name):
    p = FORKS[name]
    exact = math.exp(excess / p.fraction)
    assert 0.999 * exact - 1 <= price(excess, p) <= exact * (1 + 1e-9)


@given(
    st.integers(0, 10**9),
    st.integers(0, 21),
    st.integers(0, 21),
    st.integers(0, 10**11),
    st.sampled_from(sorted(FORKS)),
)
def test_more_blobs_never_make_the_excess_smaller(excess, one, other, base_fee, name):
    p = FORKS[name]
    less, more = (min(count, p.maximum) * GAS_PER_BLOB for count in sorted((one, other)))
    found = after(excess, less, p, base_fee), after(excess, more, p, base_fee)
    assert 0 <= found[0] <= found[1] <= excess + p.maximum * GAS_PER_BLOB


def test_the_search_has_blocks_on_both_sides_of_the_target_and_of_the_reserve():
    for name, p in FORKS.items():
        kinds = EIP4844.search.inputs(p)
        assert len(kinds) == (10 if p.reserve else 5), name
    start = BlobFeeState(50 * GAS_PER_BLOB, price(50 * GAS_PER_BLOB, OSAKA))
    moves = {
        label: step(start, kind, OSAKA).excess // GAS_PER_BLOB
        for label, kind in EIP4844.search.inputs(OSAKA).items()
    }
    assert moves["no blobs, cheap gas"] == 44
    assert moves["no blobs, gas at 1 gwei"] == 50
    assert moves["full, cheap gas"] == moves["full, gas at 1 gwei"] == 53


def test_a_state_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="price: 0"):
        EIP4844.check("state", BlobFeeState(0, 0))
    with pytest.raises(InputError, match="excess: -1"):
        EIP4844.check("state", BlobFeeState(-1, 1))
    for parameters in FORKS.values():
        EIP4844.check("parameters", parameters)
