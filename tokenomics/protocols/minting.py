"""What may mint on Livepeer's recorded rounds: a version of its rule, Cosmos's rule on its own
clock, or a constant emission.

Each reads bonded and supply once a round. Cosmos's rule makes the blocks of a round at once: while
what is bonded stays, each block moves inflation by as much, until it meets a bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

from .arithmetic import WAD
from .cosmos import CosmosInputs, CosmosParameters, block_change, bonded_ratio
from .livepeer import (
    PERC_DIVISOR,
    ROUNDS_A_YEAR,
    LivepeerInputs,
    LivepeerParameters,
    LivepeerState,
    step,
)

ROUNDS = Fraction(str(ROUNDS_A_YEAR))
Side = tuple[int, int] | None  # rates of bonding between which it was, both exclusive [ppb]


class Minting(Protocol):
    """What mints, round by round. Its state is its own."""

    def begin(self, inflation: int, supply: int) -> Any:
        """The state in a round that is recorded. inflation: [ppb/round]."""

    def minted(self, state: Any, inputs: LivepeerInputs) -> int:
        """In the round that begins in a state [1e-18 LPT]. inputs: with which it began."""

    def after(self, state: Any, inputs: LivepeerInputs, side: Side) -> Any:
        """The state a round later. side: where bonding is known to have been, if at all."""

    def jumped(self, state: Any, jump: int) -> Any:
        """The state after a recorded move of inflation that its own rule does not explain [ppb]."""

    def inflation(self, state: Any, supply: int) -> float:
        """What a round mints [ppb of supply]."""


def on_side(inputs: LivepeerInputs, target: int, side: Side) -> LivepeerInputs:
    """Inputs on the side of a target that is known; as they are where it is not."""
    if side and target <= side[0]:
        return inputs._replace(bonded=inputs.supply)
    return inputs._replace(bonded=0) if side and target >= side[1] else inputs


@dataclass(frozen=True)
class LivepeerMinting:
    """A version of Livepeer's rule, in the chain's integers. The state is inflation [ppb/round]."""

    parameters: LivepeerParameters

    def begin(self, inflation: int, supply: int) -> int:
        return inflation

    def minted(self, state: int, inputs: LivepeerInputs) -> int:
        return inputs.supply * state // PERC_DIVISOR

    def after(self, state: int, inputs: LivepeerInputs, side: Side) -> int:
        read = on_side(inputs, self.parameters.target, side)
        return step(LivepeerState(state, 0), read, self.parameters).inflation

    def jumped(self, state: int, jump: int) -> int:
        return max(min(state + jump, self.parameters.ceiling), self.parameters.floor)

    def inflation(self, state: int, supply: int) -> int:
        return state


class CosmosRound(NamedTuple):
    """Between rounds. inflation: [1e-18/year]. rounds: since the start."""

    inflation: int
    rounds: int


@dataclass(frozen=True)
class CosmosMinting:
    """Cosmos's rule on its own blocks, of which a round has as many as it has of the year; what is
    minted is cut once a round.
    """

    parameters: CosmosParameters

    def begin(self, inflation: int, supply: int) -> CosmosRound:
        return CosmosRound(int(inflation * WAD // PERC_DIVISOR * ROUNDS), 0)

    def minted(self, state: CosmosRound, inputs: LivepeerInputs) -> int:
        total = self._blocks(state, inputs)[1]
        return total * inputs.supply // (self.parameters.blocks * WAD)

    def after(self, state: CosmosRound, inputs: LivepeerInputs, side: Side) -> CosmosRound:
        return CosmosRound(self._blocks(state, inputs)[0], state.rounds + 1)

    def jumped(self, state: CosmosRound, jump: int) -> CosmosRound:
        return state

    def inflation(self, state: CosmosRound, supply: int) -> float:
        return float(state.inflation * PERC_DIVISOR / (WAD * ROUNDS))

    def _blocks(self, state: CosmosRound, inputs: LivepeerInputs) -> tuple[int, int]:
        """Inflation after the round's blocks, and its sum over them [1e-18/year]."""
        p = self.parameters
        blocks = self.block(state.rounds + 1) - self.block(state.rounds)
        change = block_change(bonded_ratio(CosmosInputs(*inputs)), p)
        first = max(min(state.inflation + change, p.highest), p.lowest)
        bound = p.highest if change > 0 else p.lowest
        free = blocks - 1  # blocks beside the first that meet no bound
        if change:
            free = min(free, (bound - first) // change)
        total = first * (free + 1) + change * free * (free + 1) // 2 + bound * (blocks - 1 - free)
        return first + change * free if free == blocks - 1 else bound, total

    def block(self, rounds: int) -> int:
        """The block with which so many rounds are over."""
        return int(rounds * self.parameters.blocks / ROUNDS)


@dataclass(frozen=True)
class ConstantMinting:
    """The same amount in every round. rate: of the supply at the start [1/year]; what the first
    round mints where there is none. The state is the amount [1e-18 LPT].
    """

    rate: Fraction | None = None

    def begin(self, inflation: int, supply: int) -> int:
        if self.rate is None:
            return supply * inflation // PERC_DIVISOR
        return int(supply * self.rate / ROUNDS)

    def minted(self, state: int, inputs: LivepeerInputs) -> int:
        return state

    def after(self, state: int, inputs: LivepeerInputs, side: Side) -> int:
        return state

    def jumped(self, state: int, jump: int) -> int:
        return state

    def inflation(self, state: int, supply: int) -> float:
        return state * PERC_DIVISOR / supply if supply else 0.0


# rules that have an inflation of what is bonded, by name
OF_BONDING: dict[str, Callable[[Any], Minting]] = {
    "livepeer": LivepeerMinting,
    "cosmos": CosmosMinting,
}
