"""Akash's vault: the chain's own numbers, the examples of AEP-76, and what a halt does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenomics.errors import InputError
from tokenomics.protocols.akash_vault import (
    AKASH_VAULT,
    HALT_ORACLE,
    HALT_RATIO,
    HEALTHY,
    WARNING,
    AkashVaultInputs,
    AkashVaultState,
    changed,
    interval,
    ratio,
    step,
)
from tokenomics.protocols.arithmetic import WAD, decimal_quotient

P = AKASH_VAULT.version().parameters
USD = 10**6  # of a credit, and AKT in uakt


def vault(held, act, credit=None, status=HEALTHY, sale_in=0, payout_in=0):
    credit = held if credit is None else credit
    return AkashVaultState(held, credit, act, status, P.blocks, sale_in, payout_in)


# akash-network/node d57ada5b, x/bme/keeper/burn_mint_test.go, at a price of 3 USD


@pytest.mark.parametrize(
    ("act", "spread", "least", "due", "kept"),
    [
        (1, 0, 0, 0, 0),
        (3, 0, 0, 0, 0),
        (4, 0, 0, 1, 0),
        (1_000_000, 0, 0, 333_333, 0),
        (1_000_000, 100, 0, 333_333, 3_333),
        (4, 1000, 0, 1, 0),
        (1_000_000, 0, 500_000, 0, 0),
    ],
)
def test_the_chains_own_payouts(act, spread, least, due, kept):
    rate = decimal_quotient(WAD, 3 * WAD)
    assert changed(act, rate, spread, least) == (due, kept)
    p = P._replace(settle_spread=spread, least_akt=least)
    found = step(vault(0, 10**9), AkashVaultInputs(3 * WAD, act=act), p)
    assert (found.vault, found.act) == (kept, 10**9 - (act if due else 0))


@pytest.mark.parametrize(
    ("points", "backoff", "least", "blocks"),
    # keeper_test.go 6b2278a6: TestCalculateBlocksDiff_*
    [
        (9500, 10, 10, 10),
        (9600, 10, 10, 10),
        (10000, 10, 10, 10),
        (9200, 0, 10, 10),
        (9000, 0, 10, 10),
        (9495, 10, 10, 10),
        (9491, 10, 10, 10),
        (9490, 10, 10, 11),
        (9480, 10, 10, 12),
        (9450, 10, 10, 16),
        (9400, 10, 10, 25),
        (9300, 10, 10, 67),
        (9200, 10, 10, 174),
        (9100, 10, 10, 452),
        (9000, 10, 10, 1173),
        (9490, 100, 10, 20),
        (9480, 100, 10, 40),
        (9450, 100, 10, 320),
        (9400, 100, 10, 10240),
        (9390, 100, 10, 14400),
        (9000, 100, 10, 14400),
        (9300, 50, 10, 14400),
        (8900, 10, 10, 3044),
        (9500, 10, 100, 100),
        (9490, 10, 100, 110),
        (9490, 1, 10, 10),
        (9400, 1, 10, 11),
        (9000, 1, 10, 16),
        (0, 10, 10, 14400),
        (2**32 - 1, 10, 10, 10),
    ],
)
def test_the_chains_own_blocks_between_sales(points, backoff, least, blocks):
    assert interval(points, P._replace(backoff=backoff, blocks=least)) == blocks


# akash-network/AEP d21edcd, AEP-76: its examples, which round where the chain cuts


def test_the_example_of_a_thousand_dollars():
    funded = vault(10**15, 10**6, credit=0)  # a vault worth enough that sales are open
    paid = 877_192982
    sold = step(funded, AkashVaultInputs(114 * WAD // 100, akt=paid), P)
    assert sold.act - funded.act == 1000 * USD - 1
    assert sold.credit == sold.vault - funded.vault == paid
    due = sold._replace(payout_in=0)
    dear = step(due, AkashVaultInputs(15 * WAD // 10, act=1000 * USD - 1), P)
    assert paid - dear.credit == pytest.approx(666_666667, abs=2)
    assert dear.credit == pytest.approx(210_526315, abs=2)
    cheap = step(due, AkashVaultInputs(9 * WAD // 10, act=1000 * USD - 1), P)
    minted = cheap.vault - funded.vault + 1_111_111111 - paid
    assert cheap.credit == 0 and cheap.vault == funded.vault
    assert minted == pytest.approx(233_918129, abs=2)


def test_the_example_of_ten_million_dollars():
    paid, act = 8_771_929 * USD, 10_000_000 * USD
    assert changed(paid, 114 * WAD // 100, 0, 0)[0] == pytest.approx(act, rel=1e-7)
    assert changed(act, decimal_quotient(WAD, 125 * WAD // 100), 0, 0)[0] == 8_000_000 * USD
    assert changed(act, decimal_quotient(WAD, 9 * WAD // 10), 0, 0)[0] == 11_111_111_111_111
    assert ratio(paid, act, 12 * WAD // 10) / 10_000 == pytest.approx(1.053, abs=5e-4)


def test_a_sale_keeps_a_quarter_of_a_percent_of_the_credits():
    due, kept = changed(1_000_000, 2 * WAD, P.mint_spread, 0)
    assert (due, kept) == (2_000_000, 5_000)
    assert changed(4_999_999, 2 * WAD, P.mint_spread, P.least_act) == (0, 0)
    assert changed(5_000_000, 2 * WAD, P.mint_spread, P.least_act)[0] == 10_000_000


@pytest.mark.parametrize(
    ("points", "status"),
    [
        (9501, HEALTHY),
        (9500, WARNING),
        (9001, WARNING),
        (9000, HALT_RATIO),
        (0, HALT_RATIO),
        (20000, HEALTHY),
    ],
)
def test_a_ratio_at_a_threshold_counts_as_below(points, status):
    found = step(vault(points * USD, 10_000 * USD), AkashVaultInputs(WAD), P)
    assert found.status == status


def test_an_empty_vault_without_credits_sells_none():
    # its ratio is not divided, so that it is nought
    found = step(vault(0, 0), AkashVaultInputs(WAD, akt=10**9), P)
    assert found == vault(0, 0, status=HALT_RATIO, sale_in=-1, payout_in=9)


def test_a_sale_missed_in_a_halt_is_set_anew_when_it_ends():
    halted = step(vault(8_900 * USD, 10_000 * USD), AkashVaultInputs(WAD, akt=10**9), P)
    assert (halted.status, halted.sale_in) == (HALT_RATIO, -1)
    opened = step(halted, AkashVaultInputs(2 * WAD, akt=10**9), P)
    assert (opened.status, opened.sale_in, opened.act) == (HEALTHY, 9, halted.act)
    for _ in range(9):
        opened = step(opened, AkashVaultInputs(2 * WAD), P)
    sold = step(opened, AkashVaultInputs(2 * WAD, akt=10**9), P)
    assert sold.act == halted.act + 2 * 10**9


def test_without_a_price_nothing_moves_and_a_halt_by_the_ratio_stays_one():
    before = vault(10**10, 10**10)
    found = step(before, AkashVaultInputs(WAD, 0, 10**9, 10**9), P)
    assert found[:3] == before[:3] and found.status == HALT_ORACLE
    halted = step(before._replace(status=HALT_RATIO), AkashVaultInputs(WAD, 0), P)
    assert halted.status == HALT_RATIO


def test_payouts_go_on_in_a_halt_and_lower_the_ratio():
    # AEP-76 counts on them to restore it; below 1 each takes out more of the vault than of the debt
    before = vault(8_900 * USD, 10_000 * USD, status=HALT_RATIO)
    found = step(before, AkashVaultInputs(WAD, act=1_000 * USD), P)
    assert found.act == 9_000 * USD and found.status == HALT_RATIO
    assert ratio(found.vault, found.act, WAD) == 8777 < ratio(before.vault, before.act, WAD)


def test_redemptions_end_a_halt_only_where_a_vote_has_funded_the_vault():
    asked = AkashVaultInputs(WAD, act=100 * USD)

    def lowest_and_last(before, blocks=900):
        found, ratios = before, []
        for _ in range(blocks):
            found = step(found, asked, P)
            ratios.append(ratio(found.vault, found.act, WAD))
        return min(ratios), found.status

    halted = vault(8_000 * USD, 10_000 * USD, status=HALT_RATIO, sale_in=-1)
    assert lowest_and_last(halted) == (0, HALT_RATIO)
    funded = halted._replace(credit=4_000 * USD)
    assert lowest_and_last(funded) == (6666, HEALTHY)


AMOUNTS = st.integers(0, 10**15)


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, st.integers(1, 100 * WAD), st.integers(0, 100))
def test_what_was_never_paid_in_stays_in_the_vault(held, credit, act, akt, out, price, spread):
    p = P._replace(settle_spread=spread)
    before = vault(held + credit, act, credit=credit)
    found = step(before, AkashVaultInputs(price, 1, akt, out), p)
    own = found.vault - found.credit
    assert held <= own <= held + out * WAD // price * spread // 10_000 + 1
    AKASH_VAULT.check("state", found)


@given(st.integers(1, 10**15), st.integers(1, 10**15), st.integers(1, 50 * WAD))
def test_the_ratio_is_the_vaults_worth_over_the_credits(held, act, price):
    exact = held * price * 10_000 // (act * WAD)
    assert abs(ratio(held, act, price) - min(exact, 2**32 - 1)) <= 1


def test_the_search_has_every_status():
    search = AKASH_VAULT.search
    found = [search.lowest(points, P) for points in range(0, 20_001, 50)]
    assert {state.status for state in found} == {HEALTHY, WARNING, HALT_RATIO}
    halted = [state for state in found if state.status == HALT_RATIO]
    for state in halted:
        after = [search.key(step(state, kind, P)) for kind in search.inputs(P).values()]
        assert max(after) <= search.key(state)


def test_a_state_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="status: 5"):
        AKASH_VAULT.check("state", vault(0, 0, status=5))
    with pytest.raises(InputError, match="warn: 10001"):
        AKASH_VAULT.check("parameters", P._replace(warn=10_001))
    AKASH_VAULT.check("parameters", P)
