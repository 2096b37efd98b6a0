"""The orders of a block list: who buys and who sells, for the market and the books."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .variables import LEDGERS, State, Variable


@dataclass(frozen=True)
class Orders:
    """The orders of a block list, by name: those of each ledger, in the order of the blocks.
    bought: in USD a day. sold: in TOK a day.
    """

    bought: Mapping[str, tuple[str, ...]]
    sold: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, variables: Iterable[Variable]) -> Orders:
        """The orders among state variables."""
        known = tuple(variables)
        by = [
            {
                ledger: tuple(v.name for v in known if getattr(v, side) == ledger)
                for ledger in LEDGERS
            }
            for side in ("buys", "sells")
        ]
        return cls(*by)

    def purchases(self, state: State, *ledgers: str) -> Any:
        """What they bid for tokens [USD/day]; of all ledgers where none is named."""
        return _added(state, self.bought, ledgers or LEDGERS)

    def sales(self, state: State, *ledgers: str) -> Any:
        """What they offer [TOK/day]; of all ledgers where none is named."""
        return _added(state, self.sold, ledgers or LEDGERS)


def _added(state: State, orders: Mapping[str, tuple[str, ...]], ledgers: Sequence[str]) -> Any:
    names = [name for ledger in ledgers for name in orders[ledger]]
    if not names:
        return 0.0
    total = state[names[0]]
    for name in names[1:]:
        total = total + state[name]
    return total
