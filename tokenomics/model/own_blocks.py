"""Blocks of a user's own, by the names under which parameters say whether they act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import OWN_CODE, InputError, nearest


@dataclass(frozen=True)
class OwnBlock:
    """A block of a user's own and its place. block: a `Block`. after: the one behind which it acts.
    shocks: names of the processes that it reads.
    """

    block: Any
    after: str
    shocks: tuple[str, ...]


OWN_BLOCKS: dict[str, OwnBlock] = {}


def own_block(name: str) -> OwnBlock:
    """The block of a user's own that is registered under a name. Raises InputError for none."""
    if name not in OWN_BLOCKS:
        raise InputError(
            f"unknown block '{name}'",
            key="blocks",
            expected=f"a block that is registered, {OWN_CODE}",
            nearest=nearest(name, OWN_BLOCKS),
        )
    return OWN_BLOCKS[name]
