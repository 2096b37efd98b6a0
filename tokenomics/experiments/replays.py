"""A deployed rule on its recorded history, and where it traps itself, by the rule's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..histories.recorded_steps import read_recorded
from ..protocols import absorb as search
from ..protocols import replay as stepping
from ..protocols.catalogue import named
from ..protocols.replay import Progress, Replay

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class RecordedReplay(Replay):
    """A rule on a recorded history, which can be drawn. rule, steps, scores, gaps: of `Replay`."""

    def plot(self) -> Figure:
        """What was recorded and what the rule gives, and the errors of what is not exact."""
        from ..results.drawing import shown
        from ..results.replay_figure import draw_replay

        return shown(draw_replay(self))


def replay(
    rule: str,
    *files: str | Path,
    column: str | Sequence[str] | Mapping[str, str] | None = None,
    sheet: str | None = None,
    progress: Progress | None = None,
) -> RecordedReplay:
    """Step a deployed rule on its recorded history, each step from the recorded state.

    rule: NAME, for the parameters that act at each row, or NAME@VERSION for one version's
    throughout. files: one history, or several joined by the column of the clock. column, sheet:
    see `histories.recorded_steps.read_recorded`. progress: called with steps done and all.
    Raises InputError that names file and line for what cannot be read or cannot stand on chain.
    """
    found, version = named(rule)
    rows, form = read_recorded(found, files, column=column, sheet=sheet)
    made = stepping.replay(found, rows, version if "@" in rule else None, progress, form)
    return RecordedReplay(made.rule, made.steps, made.scores, made.gaps)


def absorb(rule: str, *, progress: Progress | None = None) -> search.Absorption:
    """States that no input leaves, sets that are never left once entered, cycles under constant
    input.

    rule: NAME or NAME@VERSION. progress: called with inputs done and all. Raises InputError where
    the rule declares no search.
    """
    return search.absorb(*named(rule), progress)
