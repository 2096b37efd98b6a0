"""Traps found by intervals: they are those of the exhaustive search where both can be made, what a
rule declares of its step holds, and the ranges are of the chain's size.
"""

from dataclasses import replace
from typing import Annotated, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenomics.errors import InputError
from tokenomics.protocols.absorb import absorb
from tokenomics.protocols.akash_vault import (
    AKASH_VAULT,
    OUTSTANDING,
    WHOLE,
    AkashVaultInputs,
    AkashVaultState,
    ratio,
)
from tokenomics.protocols.ampleforth import AMPLEFORTH, MAX_RATE, TOKEN_SUPPLY, AmpleforthInputs
from tokenomics.protocols.arithmetic import WAD
from tokenomics.protocols.bittensor_emission import EmissionInputs
from tokenomics.protocols.bittensor_registration import RegistrationInputs
from tokenomics.protocols.catalogue import RULES
from tokenomics.protocols.cosmos import SUPPLY, CosmosInputs
from tokenomics.protocols.eip1559 import BaseFeeState
from tokenomics.protocols.eip4844 import DEAR, GAS_PER_BLOB, BlobFeeInputs
from tokenomics.protocols.gonka_price import GonkaPriceState
from tokenomics.protocols.livepeer import LivepeerState
from tokenomics.protocols.rule import (
    INTERVALS,
    DeployedRule,
    IntervalSearch,
    OnChain,
    Search,
    Version,
)


class TableState(NamedTuple):
    at: Annotated[int, OnChain("1", "a place in a table", None, None)]


class TableInputs(NamedTuple):
    which: Annotated[int, OnChain("1", "table that acts", 0)]


class TableParameters(NamedTuple):
    tables: Annotated[int, OnChain("1", "where each place leads, by input")]


LAST = 11


def looked_up(state, inputs, parameters):
    return TableState(parameters.tables[inputs.which][state.at])


def tabled(tables, bends=(), steady=False):
    """A rule that looks its next state up, searched by intervals."""
    return DeployedRule(
        name="tabled",
        about="looks its next state up",
        clock="step",
        state=TableState,
        inputs=TableInputs,
        parameters=TableParameters,
        step=looked_up,
        decides=("at",),
        versions=(Version("only", TableParameters(tables), "here"),),
        sources=("here",),
        search=IntervalSearch(
            span=lambda p: (0, LAST),
            lowest=lambda at, p: TableState(at),
            by="at",
            inputs=lambda p: {str(i): TableInputs(i) for i in range(len(p.tables))},
            about="all places",
            bends=lambda p, inputs: bends,
            steady=steady,
        ),
    )


def one_by_one(rule):
    """The same range, each state of it stepped."""
    search = rule.search

    def states(p):
        first, last = search.span(p)
        return [search.lowest(key, p) for key in range(first, last + 1)]

    known = Search(states, search.key, search.inputs, True, search.about)
    return replace(rule, search=known)


PLACES = st.integers(-2, LAST + 2)
RISING = st.lists(PLACES, min_size=LAST + 1, max_size=LAST + 1).map(sorted)


@given(st.lists(RISING, min_size=1, max_size=3))
def test_intervals_find_what_an_exhaustive_search_finds(tables):
    rule = tabled(tables)
    found, known = absorb(rule), absorb(one_by_one(rule))
    assert found.fixed == known.fixed
    assert found.held == known.held
    assert found.closed == known.closed
    assert found.cycles == known.cycles
    assert found.left == sum(
        LAST + 1 - ends(known, label) for label in map(str, range(len(tables)))
    )


def ends(found, label):
    return sum(cycle.ends for cycle in found.cycles if cycle.input == label)


# a line that is cut to whole numbers within bounds: its move is monotone between them
LINE = st.tuples(st.integers(0, 9), st.integers(1, 5), PLACES, PLACES, PLACES)


@given(st.lists(LINE, min_size=1, max_size=3))
def test_a_monotone_move_is_told_by_fewer_keys_and_alike(lines):
    tables = [
        [min(max(at * up // down + more, min(ends)), max(ends)) for at in range(LAST + 1)]
        for up, down, more, *ends in lines
    ]
    known = absorb(one_by_one(tabled(tables)))
    for steady in (False, True):
        found = absorb(tabled(tables, steady=steady))
        assert (found.fixed, found.closed, found.cycles) == (
            known.fixed,
            known.closed,
            known.cycles,
        )


@given(
    st.lists(st.lists(PLACES, min_size=LAST + 1, max_size=LAST + 1), min_size=1, max_size=3),
    st.integers(1, LAST),
    st.integers(1, LAST),
)
def test_a_step_that_is_monotone_piece_by_piece_loses_no_set_and_claims_no_rest(tables, one, other):
    cuts = sorted({one, other})
    parts = list(zip([0, *cuts], [*cuts, LAST + 1], strict=True))
    rule = tabled([[v for a, b in parts for v in sorted(t[a:b])] for t in tables], cuts)
    found, known = absorb(rule), absorb(one_by_one(rule))
    assert found.fixed == known.fixed
    assert found.closed == known.closed
    still = [cycle for cycle in known.cycles if cycle.period == 1]
    assert [told(cycle) for cycle in found.cycles] == [told(cycle) for cycle in still]
    for label in map(str, range(len(tables))):
        assert ends(found, label) <= ends(known, label)


def told(cycle):
    return (cycle.input, cycle.count, cycle.lowest, cycle.highest)


def test_a_step_that_is_not_monotone_is_told():
    with pytest.raises(
        InputError, match="a step from 0 to 5, .*; expected a step that is monotone"
    ):
        absorb(tabled([[5] + [0] * LAST]))


SMALL = {
    "gonka_price": (lambda at, p: GonkaPriceState(at), lambda s: s.price, lambda p: (p.floor, 300)),
    "eip1559": (lambda at, p: BaseFeeState(at), lambda s: s.base_fee, lambda p: (0, 400)),
    "livepeer": (  # on the grid of 500 ppb
        lambda at, p: LivepeerState(500 * at, 0),
        lambda s: s.inflation // 500,
        lambda p: (p.floor // 500, 500),
    ),
}


@pytest.mark.parametrize("steady", [False, True])
@pytest.mark.parametrize("name", SMALL)
def test_intervals_agree_with_the_exhaustive_search_of_the_small_rules(name, steady):
    rule = RULES[name]
    lowest, key, span = SMALL[name]
    inputs = rule.search.inputs
    search = IntervalSearch(span, lowest, key, inputs, "a part", steady=steady)
    rule = replace(rule, search=search)
    for version in rule.versions:
        if name == "livepeer" and version.parameters.change % 500:
            continue  # another grid
        found, known = absorb(rule, version), absorb(one_by_one(rule), version)
        assert found.fixed == known.fixed
        assert found.closed == known.closed
        assert found.cycles == known.cycles


SEARCHED = [
    (name, version)
    for name, rule in RULES.items()
    if isinstance(rule.search, IntervalSearch)
    for version in rule.versions
]
# inputs of the declared range, from three numbers between 0 and 1,000
BETWEEN = {
    "ampleforth": lambda p, a, b, c: AmpleforthInputs(
        MAX_RATE * a // 1_000 if c > 900 else 2 * WAD * b // 1_000, WAD, int(c > 50)
    ),
    "cosmos": lambda p, a, b, c: CosmosInputs(SUPPLY * a // 1_000, SUPPLY),
    "eip4844": lambda p, a, b, c: BlobFeeInputs(
        p.maximum * GAS_PER_BLOB * a // 1_000, DEAR * (b % 2)
    ),
    "akash_vault": lambda p, a, b, c: AkashVaultInputs(
        WAD, int(c > 50), OUTSTANDING * a // 100_000, OUTSTANDING * b // 100_000
    ),
    "bittensor_registration": lambda p, a, b, c: RegistrationInputs(a // 100),
    "bittensor_emission": lambda p, a, b, c: EmissionInputs(2 * p.first * a // 1_000),
}
TENTHS = st.integers(0, 1_000)


def drawn_key(draw, span):
    first, last = span
    near = draw(st.sampled_from([first, last, (first + last) // 3]))
    apart = draw(st.integers(-30, 30))
    return draw(st.sampled_from([min(max(near + apart, first), last), draw(st.integers(*span))]))


@pytest.mark.parametrize(("name", "version"), SEARCHED, ids=lambda v: getattr(v, "name", v))
@settings(max_examples=30)
@given(data=st.data())
def test_what_a_rule_declares_of_its_step_holds(name, version, data):
    rule, p = RULES[name], version.parameters
    search = rule.search
    inputs = search.inputs(p)
    span = search.span(p)
    given_ = inputs[data.draw(st.sampled_from(list(inputs)))]
    low, middle, high = sorted(drawn_key(data.draw, span) for _ in range(3))
    top = search.highest or search.lowest

    def after(of, key, acting=given_):
        return search.key(rule.step(of(key, p), acting, p))

    assert search.key(search.lowest(low, p)) == search.key(top(low, p)) == low
    bends = search.bends(p, given_) if search.bends else ()
    if not any(low < bend <= high for bend in bends):
        for of in (search.lowest, top):
            keys = [after(of, key) for key in (low, middle, high)]
            assert keys == sorted(keys)
            begins = max((bend for bend in bends if bend <= low), default=span[0])
            stops = min((bend - 1 for bend in bends if bend > high), default=span[1])
            inner = after(of, begins) < keys[0] and keys[2] < after(of, min(stops, span[1]))
            if search.steady and inner:
                moves = [then - key for then, key in zip(keys, (low, middle, high), strict=True)]
                assert moves in (sorted(moves), sorted(moves, reverse=True))
    # what lies between the declared inputs leads between where they lead
    acting = BETWEEN[name](p, *(data.draw(TENTHS) for _ in range(3)))
    for of in (search.lowest, top):
        assert (
            min(after(search.lowest, middle, one) for one in inputs.values())
            <= after(of, middle, acting)
            <= max(after(top, middle, one) for one in inputs.values())
        )


SUMS = st.integers(0, 10**13)


@given(SUMS, SUMS, st.integers(1, 4), st.integers(-1, 20), st.integers(0, 9), SUMS, SUMS)
def test_no_request_raises_a_vault_out_of_its_halt(vault, act, status, sale, payout, akt, burnt):
    p = AKASH_VAULT.version().parameters
    state = AkashVaultState(vault, vault, act, status, p.blocks, sale, payout)
    worth = ratio(vault, act, WAD)
    for inputs in (AkashVaultInputs(WAD, 1, akt, burnt), AkashVaultInputs(WAD, 0, akt, burnt)):
        after = AKASH_VAULT.step(state, inputs, p)
        reached = ratio(after.vault, after.act, WAD)
        if worth <= p.halt:
            assert reached <= p.halt
        if vault < act:
            assert after.vault < after.act or after.vault == after.act == 0


def test_a_halted_vault_is_a_trap_and_a_ratio_below_one_another():
    found = absorb(AKASH_VAULT)
    sets = [(one.lowest, one.highest, one.entered_from) for one in found.closed]
    assert sets == [(0, 9_000, 9_001), (0, WHOLE - 1, None), (WHOLE, None, None)]
    assert found.way == found.plain()["way"] == INTERVALS
    assert "20,001 states from 0 to 20,000 [1e-4] searched by intervals in" in found.lines()[0]
    assert "counted by constant input, leave the range or are not told" in found.lines()[-1]


@pytest.mark.parametrize(
    ("version", "fixed", "highest", "entered"),
    [("proposal-32", 12, 19, 20), ("AIP-5", 9, 9, None), ("lag-30", 0, None, None)],
)
def test_a_small_supply_is_not_moved_by_any_price(version, fixed, highest, entered):
    found = absorb(AMPLEFORTH, AMPLEFORTH.version(version))
    assert found.fixed == ((0, fixed),)
    assert (found.lowest, found.highest) == (0, TOKEN_SUPPLY)
    below = [one for one in found.closed if one.lowest == 0]
    assert below[0].highest == (fixed if highest is None else highest)
    assert below[0].entered_from == entered
    assert found.left == 0


def test_the_last_rao_are_at_rest_and_every_issuance_ends_there():
    found = absorb(RULES["bittensor_emission"])
    rest = {cycle.input: cycle for cycle in found.cycles}["nothing recycled"]
    assert (rest.highest - rest.lowest, rest.ends) == (19_557_774, found.highest + 1)


def test_inflation_of_the_hub_ends_at_a_bound_on_each_side_of_the_goal():
    found = absorb(RULES["cosmos"])
    assert (found.fixed, found.closed, found.left) == ((), (), 0)
    ends = {cycle.input: (cycle.lowest, cycle.highest) for cycle in found.cycles}
    assert ends["just below the goal"] == (found.highest, found.highest)
    assert ends["just above the goal"] == (found.lowest, found.lowest)
    assert ends["at the goal"] == (found.lowest, found.highest)
