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
    """A rule on a recorded history, which can be drawn, as `replay` returns it.

    Attributes
    ----------
    rule : DeployedRule
        As the catalogue has it.
    steps : tuple of ReplayStep
        One by one.
    scores : tuple of ReadingScore
        Of a rule that is not exact, how the plain step and each reading do over all steps.
    gaps : tuple of ClockGap
        Of the clock, where rows are missing.
    """

    def plot(self) -> Figure:
        """What was recorded and what the rule gives.

        Returns
        -------
        matplotlib.figure.Figure
            With the errors of what is not exact.
        """
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

    Parameters
    ----------
    rule : str
        NAME, for the parameters that act at each row, or NAME@VERSION for one version's throughout.
    *files : str or Path
        One history, or several joined by the column of the clock.
    column, sheet
        How to read them; see `histories.recorded_steps.read_recorded`.
    progress : callable, optional
        Called with steps done and all.

    Returns
    -------
    RecordedReplay
        One `ReplayStep` a row after the first; errors in units of the rule's last digit.

    Raises
    ------
    InputError
        Names file and line for what cannot be read or cannot stand on chain.

    Examples
    --------
    >>> tk.replay("livepeer", "rounds.csv").exact  # doctest: +SKIP
    638
    """
    found, version = named(rule)
    rows, form = read_recorded(found, files, column=column, sheet=sheet)
    made = stepping.replay(found, rows, version if "@" in rule else None, progress, form)
    return RecordedReplay(made.rule, made.steps, made.scores, made.gaps)


def absorb(rule: str, *, progress: Progress | None = None) -> search.Absorption:
    """Where a rule traps itself: states and sets that are never left, cycles under constant input.

    Parameters
    ----------
    rule : str
        NAME or NAME@VERSION.
    progress : callable, optional
        Called with inputs done and all.

    Returns
    -------
    Absorption
        What was found, by key of the state.

    Raises
    ------
    InputError
        Where the rule declares no search.

    Examples
    --------
    >>> found = tk.absorb("gonka_price")
    >>> found.way
    'exhaustive'
    """
    return search.absorb(*named(rule), progress)
