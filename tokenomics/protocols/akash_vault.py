"""Akash's vault: AKT goes in for credits (ACT) and comes out for them, at the oracle's price.

The vault pays for credits up to the AKT once paid in for some (remint credits); the rest is
minted. Where the vault's worth falls to a share of the credits, none are sold any more; short of it
the time between sales grows. Requests wait in a queue, which a block works off when it is due.

Source: akash-network/node 09c8b0f9, x/bme/keeper/keeper.go (prepareToBM, mintACT, burnACT,
calculateCR, mintStatusUpdate, calculateBlocksDiff) and abci.go (EndBlocker); akash-network/AEP
d21edcd, AEP-76 for the purpose and AEP-79, 01-current-architecture, for the chain as built.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from .arithmetic import WAD, decimal_product, decimal_quotient, least
from .rule import DeployedRule, IntervalSearch, OnChain, Version

WHOLE = 10_000  # basis points
MOST_RATIO = 2**32 - 1  # [1e-4]
MOST_BLOCKS = 14_400  # between two sales
HEALTHY, WARNING, HALT_RATIO, HALT_ORACLE = 1, 2, 3, 4
OUTSTANDING = 10**12  # credits of the search [uact]


class AkashVaultState(NamedTuple):
    """After a block."""

    vault: Annotated[int, OnChain("uakt", "in the vault, without what waits", 0)]
    credit: Annotated[int, OnChain("uakt", "paid in and not yet paid out", 0)]
    act: Annotated[int, OnChain("uact", "all credits, the vault's spread too", 0)]
    status: Annotated[int, OnChain("1 to 4", "healthy, warning, halt, no price", 1, 4)]
    interval: Annotated[int, OnChain("block", "between two sales", 1, MOST_BLOCKS)]
    sale_in: Annotated[int, OnChain("block", "until the next sale; -1 if missed", -1)]
    payout_in: Annotated[int, OnChain("block", "until the next payout", 0)]


class AkashVaultInputs(NamedTuple):
    """Read when a block ends."""

    price: Annotated[int, OnChain("1e-18 USD/AKT", "price of the oracle", 0)]
    healthy: Annotated[int, OnChain("0 or 1", "the oracle's price may be used", 0, 1)] = 1
    akt: Annotated[int, OnChain("uakt", "waits to be changed into credits", 0)] = 0
    act: Annotated[int, OnChain("uact", "waits to be changed into AKT", 0)] = 0


class AkashVaultParameters(NamedTuple):
    """Set by governance."""

    warn: Annotated[int, OnChain("1e-4", "ratio at which sales slow down", 0, WHOLE)]
    halt: Annotated[int, OnChain("1e-4", "ratio at which sales stop", 0, WHOLE)]
    mint_spread: Annotated[int, OnChain("1e-4", "kept of credits sold", 0, 1000)]
    settle_spread: Annotated[int, OnChain("1e-4", "kept of AKT paid out", 0, 1000)]
    blocks: Annotated[int, OnChain("block", "between two payouts, or sales if healthy", 1)]
    backoff: Annotated[int, OnChain("1e-2", "growth of it per 10e-4 below warn", 0, 100)]
    least_act: Annotated[int, OnChain("uact", "least credits of a sale", 0)]
    least_akt: Annotated[int, OnChain("uakt", "least AKT of a payout", 0)] = 0


def changed(amount: int, rate: int, spread: int, least: int) -> tuple[int, int]:
    """What an amount is changed into, and what of it the vault keeps; (0, 0) where the request is
    cancelled. rate: [1e-18]. spread: [1e-4].
    """
    exact = amount * rate
    found = exact // WAD
    if found == 0 or found < least:
        return 0, 0
    kept = decimal_quotient(decimal_product(exact, spread * WAD), WHOLE * WAD) // WAD
    return found, kept


def ratio(vault: int, act: int, price: int) -> int:
    """Collateral ratio [1e-4], cut. Without credits it is the vault's worth itself in 1e-6 USD."""
    worth = decimal_product(vault * WAD, price)
    if act:
        worth = decimal_quotient(worth, act * WAD)
    return min(decimal_product(worth, WHOLE * WAD) // WAD, MOST_RATIO)


def interval(found: int, p: AkashVaultParameters) -> int:
    """Blocks between two sales at a ratio [1e-4]."""
    steps = (p.warn - found) // 10
    if found >= p.warn or p.backoff == 0 or steps == 0:
        return p.blocks
    growth, factor = decimal_quotient((100 + p.backoff) * WAD, 100 * WAD), WAD
    while steps > 1:
        if steps % 2:
            factor = decimal_product(factor, growth)
        growth = decimal_product(growth, growth)
        steps //= 2
    grown = decimal_product(p.blocks * WAD, decimal_product(growth, factor))
    return max(min(grown, MOST_BLOCKS * WAD) // WAD, p.blocks)


def _judged(
    state: AkashVaultState, inputs: AkashVaultInputs, p: AkashVaultParameters
) -> AkashVaultState:
    """Status and interval by the ratio. Without a price a halt by the ratio stays one."""
    if not inputs.healthy or not inputs.price:
        status = HALT_RATIO if state.status == HALT_RATIO else HALT_ORACLE
        return state._replace(status=status)
    found = ratio(state.vault, state.act, inputs.price)
    if found <= p.halt:
        return state._replace(status=HALT_RATIO)
    status = HEALTHY if found > p.warn else WARNING
    return state._replace(status=status, interval=interval(found, p))


def _paid_out(
    state: AkashVaultState, inputs: AkashVaultInputs, p: AkashVaultParameters
) -> AkashVaultState:
    if not inputs.healthy or not inputs.price or not 0 < inputs.act <= state.act:
        return state
    rate = decimal_quotient(WAD, inputs.price)
    due, kept = changed(inputs.act, rate, p.settle_spread, p.least_akt)
    if not due:
        return state
    drawn = min(due, state.credit)
    return state._replace(
        vault=state.vault + (due - drawn) - (due - kept),
        credit=state.credit - drawn,
        act=state.act - inputs.act,
    )


def _sold(
    state: AkashVaultState, inputs: AkashVaultInputs, p: AkashVaultParameters
) -> AkashVaultState:
    due, _ = changed(inputs.akt, inputs.price, p.mint_spread, p.least_act)
    if not due:
        return state
    return state._replace(
        vault=state.vault + inputs.akt, credit=state.credit + inputs.akt, act=state.act + due
    )


def step(
    state: AkashVaultState, inputs: AkashVaultInputs, parameters: AkashVaultParameters
) -> AkashVaultState:
    """The state after a block: payouts if due, whatever the status; then the status; then sales if
    due and not halted, and the status again. A sale that fell due in a halt is missed, and the next
    is set when the halt ends.
    """
    p, payout_in, sale_in = parameters, state.payout_in, state.sale_in
    if payout_in == 0:
        state, payout_in = _paid_out(state, inputs, p), p.blocks
    before = state.status
    state = _judged(state, inputs, p)
    if before >= HALT_RATIO and state.status <= WARNING:
        sale_in = state.interval
    elif state.status <= WARNING and sale_in == 0:
        sale_in = state.interval
        state = _judged(_sold(state, inputs, p), inputs, p)
    return state._replace(sale_in=max(sale_in - 1, -1), payout_in=payout_in - 1)


def _holding(vault: int, p: AkashVaultParameters) -> AkashVaultState:
    """Credits outstanding, all AKT of the vault paid in for some, and every queue due."""
    state = AkashVaultState(vault, vault, OUTSTANDING, HEALTHY, p.blocks, 0, 0)
    return _judged(state, AkashVaultInputs(WAD), p)


def _kinds(p: AkashVaultParameters) -> dict[str, AkashVaultInputs]:
    some = OUTSTANDING // 100
    return {
        "nothing waits": AkashVaultInputs(WAD),
        "a sale waits": AkashVaultInputs(WAD, akt=some),
        "a payout waits": AkashVaultInputs(WAD, act=some),
        "a sale and a payout wait": AkashVaultInputs(WAD, akt=some, act=some),
        "no price": AkashVaultInputs(WAD, 0, some, some),
    }


ONE = OUTSTANDING // WHOLE  # of the vault at 1 USD, in a ratio of 1e-4


def _opens(inputs: AkashVaultInputs, p: AkashVaultParameters) -> list[int]:
    """Ratios from which on, by the lowest vault of each and by the highest, a sale is made."""

    def made(points: int) -> bool:
        return step(_holding(points * ONE, p), inputs, p).status <= WARNING

    at = least(made, 0, 2 * WHOLE)
    return [at - 1, at] if made(at) else []


SEARCH = IntervalSearch(
    span=lambda p: (0, 2 * WHOLE),
    lowest=lambda points, p: _holding(points * ONE, p),
    highest=lambda points, p: _holding((points + 1) * ONE - 1, p),
    by=lambda state: state.vault * WHOLE // state.act if state.act else MOST_RATIO,
    inputs=_kinds,
    unit="1e-4",
    about="ratios from 0 to 2, each of all vaults that the chain cuts to it, at 1,000,000 "
    "credits and a price that stays at 1 USD, all AKT of the vault paid in for credits, every "
    "queue due; requests up to a hundredth of the credits. Votes that fund the vault are left out",
    steady=True,
    bends=lambda p, inputs: _opens(inputs, p),
)

AKASH_VAULT = DeployedRule(
    name="akash_vault",
    about="Akash: a vault sells credits for AKT until it is worth too little",
    clock="block",
    state=AkashVaultState,
    inputs=AkashVaultInputs,
    parameters=AkashVaultParameters,
    step=step,
    decides=("vault", "credit", "act", "status"),
    versions=(
        Version(
            "v2.1.0",
            AkashVaultParameters(9500, 9000, 25, 0, 10, 10, 10_000_000),
            "akash-network/AEP d21edcd, AEP-79, 01-current-architecture, 3.4 (code of 2026-08-10)",
            date="2026-03-23",
        ),
    ),
    sources=(
        "akash-network/node 09c8b0f9: x/bme/keeper/keeper.go, abci.go",
        "akash-network/chain-sdk aff903ba: go/node/bme/v1/params.go",
        "akash-network/AEP d21edcd: spec/aep-76, aep-79, aep-80, aep-88",
    ),
    search=SEARCH,
    unknown=(
        "parameters on the chain where a vote has changed them; the vault's first funds",
        "how the oracle makes its price (TWAP, median, bounds) is not part of this rule: AEP-76 "
        "wants a median of two TWAPs, the code read in 2026 returns the mean of the sources' TWAPs",
        "several requests in one block, retries and the limit of 50 a block: here one of each kind",
        "whether a redemption may take AKT that a vote put into the vault: in the code read it is "
        "minted once the remint credits are used up",
    ),
)
