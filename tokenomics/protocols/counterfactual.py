"""What another version of Livepeer's rule, or another policy, would have done on the recorded
inputs.

Exogenous, and kept as recorded: how many rounds each row spans and whose inputs acted in them (the
replay's readings of the rows), what supply changed by beside inflation, moves of inflation that no
reading explains, and, in the response that the caller gives, what moved bonding beside its yield.
A move that no reading explains but that is the rule's own, in the other direction, tells on which
side of the target bonding was. It is no jump: another version whose target is on the known side
moves by its own step. So the recorded rule gives the record, to the last digit, as long as that
keeps the rule's bounds. Inflation, what is minted, supply and what is bonded follow what mints
instead. All are the chain's integers but the deviation of bonding. What is no version of the rule
reads the recorded stocks alone: neither the jumps nor the known sides are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import expm1, log, log1p
from typing import NamedTuple

from .livepeer import (
    PERC_DIVISOR,
    LivepeerInputs,
    LivepeerParameters,
    LivepeerState,
    bonding_rate,
    step,
)
from .minting import Minting, on_side
from .replay import Replay
from .row_readings import MOST_STEPS, READINGS
from .rule import Row

# inputs that acted in each round of a row: of the row before (0) or of the row itself (1)
repeated, *several, own, split, unchanged = (reading.name for reading in READINGS)
ACTED: dict[str | None, tuple[int, ...]] = {
    "": (0,),
    repeated: (),
    unchanged: (),
    **dict(zip(several, ((0,) * n for n in range(2, MOST_STEPS + 1)), strict=True)),
    own: (1,),
    split: (0, 1),
}
FARTHEST = 50.0  # deviation: the chain's parts per billion are told apart up to 21
ONE_ROUND = (0,)  # of a row that no reading explains


class Setting(NamedTuple):
    """Where bonding stands: share of supply [1], inflation [1/round]."""

    share: float
    inflation: float


class ExogenousRow(NamedTuple):
    """What a row brings from outside. acted: by round, whose inputs. jump: of inflation that the
    rule does not explain [ppb]. other: change of supply beside what was minted [1e-18 LPT].
    between: two rates of bonding between which the recorded move says that it was in the row's
    block, both exclusive [ppb]; None where the row's inputs say it.
    """

    acted: tuple[int, ...]
    jump: int
    other: int
    between: tuple[int, int] | None = None


class RowState(NamedTuple):
    """A row of a path. inflation: [ppb/round]. minted: since the start [1e-18 LPT]."""

    inflation: float
    supply: int
    bonded: int
    minted: int


# the deviation of bonding from the record [log odds, or log share] after so many rounds, from the
# one before, and the setting as recorded and as it would have been
Response = Callable[[float, int, Setting, Setting], float]


def exogenous(rows: Sequence[Row], replay: Replay) -> list[ExogenousRow]:
    """What is exogenous in each step of a history. replay: of the same rows."""
    found = []
    for (before, here), told in zip(pairwise(rows), replay.steps, strict=True):
        acted = ACTED.get(told.reading, ONE_ROUND)
        parameters = replay.rule.version(told.version).parameters
        state, minted = _at(before.state.inflation, before.inputs.supply), 0
        for which in acted:
            minted += state.mintable
            state = step(state, (before, here)[which].inputs, parameters)
        other = here.inputs.supply - before.inputs.supply - minted
        jump, between = here.state.inflation - state.inflation, None
        if jump:
            between = _between(before.state.inflation, here.state.inflation, parameters)
        found.append(ExogenousRow(acted, 0 if between else jump, other, between))
    return found


def _between(before: int, after: int, parameters: LivepeerParameters) -> tuple[int, int] | None:
    """Rates of bonding [ppb] between which one step leads from inflation to inflation, where the
    rule's own step does in one of the two directions.
    """
    above, below = (parameters.target, PERC_DIVISOR + 1), (-1, parameters.target)
    for between in (above, below):
        inputs = on_side(LivepeerInputs(0, 1), parameters.target, between)
        if step(LivepeerState(before, 0), inputs, parameters).inflation == after:
            return between
    return None


def as_recorded(deviation: float, rounds: int, recorded: Setting, here: Setting) -> float:
    """Holders bond the share of supply that they did, whatever it yields."""
    return 0.0


def counterfactual_path(
    rows: Sequence[Row],
    outside: Sequence[ExogenousRow],
    minting: Minting,
    response: Response = as_recorded,
    odds: bool = True,
) -> list[RowState]:
    """The path of what mints instead from the first row on, one state a row.

    outside: of `exogenous`, a row less. odds: whether the response's deviation is one of log odds,
    else of the log of the share bonded.
    """
    first = rows[0]
    supply = first.inputs.supply
    state = minting.begin(first.state.inflation, supply)
    now = RowState(minting.inflation(state, supply), supply, first.inputs.bonded, 0)
    path, deviation = [now], 0.0
    for (before, here), (acted, jump, other, between) in zip(pairwise(rows), outside, strict=True):
        if acted:
            onward = response(
                deviation,
                len(acted),
                _setting(before.state.inflation, before.inputs),
                _setting(now.inflation, LivepeerInputs(now.bonded, now.supply)),
            )
            deviation = max(min(onward, FARTHEST), -FARTHEST)
        inputs, minted = LivepeerInputs(now.bonded, now.supply), 0
        read, supply, bonded = inputs, now.supply + other, 0
        for at, which in enumerate(acted):
            minted += minting.minted(state, read)
            if at == len(acted) - 1:  # the row's own stocks are known once its last round mints
                supply = now.supply + other + minted
                bonded = _bonded(here.inputs, supply, deviation, odds)
            read = LivepeerInputs(bonded, supply) if which else inputs
            state = minting.after(state, read, between)
        if not acted:
            bonded = _bonded(here.inputs, supply, deviation, odds)
        if jump:
            state = minting.jumped(state, jump)
        now = RowState(minting.inflation(state, supply), supply, bonded, now.minted + minted)
        path.append(now)
    return path


def _at(inflation: int, supply: int) -> LivepeerState:
    return LivepeerState(inflation, supply * inflation // PERC_DIVISOR)


def _setting(inflation: float, inputs: LivepeerInputs) -> Setting:
    return Setting(bonding_rate(inputs) / PERC_DIVISOR, inflation / PERC_DIVISOR)


def _bonded(recorded: LivepeerInputs, supply: int, deviation: float, odds: bool) -> int:
    """Bonded at a supply, where its share deviates from the recorded one; no more than all."""
    base = recorded.bonded * supply // recorded.supply
    if deviation == 0.0 or not 0 < recorded.bonded < recorded.supply:
        return base
    change = deviation
    if odds:
        # share′/share = exp(d) / (1 + share (exp(d) − 1))
        share = recorded.bonded / recorded.supply
        change = deviation - log1p(share * expm1(deviation))
    moved = base + int(base * expm1(min(change, log(recorded.supply / recorded.bonded))))
    return max(min(moved, supply), 0)  # a product in floating point may be off by its last digits
