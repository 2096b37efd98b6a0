"""Who reads and who writes what: the block list as a diagram and as a table, found by running one
step of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from ..parameters import Parameters
from .block import changed
from .model import MODEL, Model
from .steady_state import steady_state
from .step_picture import step_picture


@dataclass(frozen=True)
class Dependencies:
    """A block. reads: state variables that its policies and updates look at. writes: those that it
    sets, in its own order.
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]


class _Noted(Mapping):
    """A state that remembers which of its variables were looked at."""

    def __init__(self, state: Mapping[str, Any]):
        self.state, self.seen = state, set()

    def __getitem__(self, name: str) -> Any:
        self.seen.add(name)
        return self.state[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.state)

    def __len__(self) -> int:
        return len(self.state)


def dependency_graph(parameters: Parameters, model: Model = MODEL) -> list[Dependencies]:
    """The blocks with what each reads and writes under `parameters`: a mechanism that is off does
    not read what it would need.
    """
    steady = steady_state(parameters, model)
    state, wired = steady.state, []
    for block in model.bound(steady.params).blocks:
        noted = _Noted(state)
        new = changed(block, steady.params, noted)
        wired.append(Dependencies(block.name, tuple(sorted(noted.seen)), tuple(new)))
        state = {**state, **new}
    return wired


def _arrows(blocks: list[Dependencies]) -> dict[tuple[int, int], list[str]]:
    """Variables that a block reads as an earlier one of the same step wrote them, by (writer,
    reader).
    """
    arrows: dict[tuple[int, int], list[str]] = {}
    for reader, block in enumerate(blocks):
        for name in block.reads:
            writer = max((w for w in range(reader) if name in blocks[w].writes), default=None)
            if writer is not None:
                arrows.setdefault((writer, reader), []).append(name)
    return {(w, r): sorted(names, key=blocks[w].writes.index) for (w, r), names in arrows.items()}


def _direct(arrows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The arrows that no chain of others makes unnecessary: the transitive reduction."""
    ahead: dict[int, set[int]] = {}
    for writer, reader in sorted(arrows, reverse=True):
        ahead.setdefault(writer, set()).add(reader)

    @cache
    def reaches(start: int, end: int) -> bool:
        return start == end or any(reaches(following, end) for following in ahead.get(start, ()))

    return sorted(
        (w, r) for w, r in arrows if not any(reaches(other, r) for other in ahead[w] - {r})
    )


def diagram(parameters: Parameters, model: Model = MODEL) -> str:
    """The blocks of a step as a picture in SVG: an arrow where a block reads what another wrote in
    the same step, and what that is.

    Arrows that follow from others are left out; the dashed one is the next step. parameters: of the
    network. model: the block list.
    """
    blocks = dependency_graph(parameters, model)
    arrows = _arrows(blocks)
    direct = {pair: arrows[pair] for pair in _direct(arrows)}
    return step_picture([block.name for block in blocks], direct)


def variables(parameters: Parameters, model: Model = MODEL) -> pd.DataFrame:
    """Every state variable with its unit, its meaning, the block that writes it and those that read
    it.

    parameters: of the network. model: the block list.
    """
    blocks = dependency_graph(parameters, model)
    rows = []
    for name, variable in model.variables(parameters).items():
        writers, readers = (
            [b.name for b in blocks if name in getattr(b, what)] for what in ("writes", "reads")
        )
        rows.append((name, variable.unit, variable.meaning, "; ".join(writers), "; ".join(readers)))
    return pd.DataFrame(rows, columns=["variable", "unit", "meaning", "written when", "read when"])
