"""What another version of a deployed rule, or another policy, would have done: beside the record,
the path on bonding as it was, and a band over what the history tells of how bonding follows its
yield.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...errors import InputError, nearest
from ...histories.recorded_steps import clock_position, exact, read_recorded
from ...inputs import bounds
from ...protocols.catalogue import RULES, named
from ...protocols.counterfactual import RowState, counterfactual_path, exogenous
from ...protocols.gaps import ClockGap
from ...protocols.livepeer import LIVEPEER
from ...protocols.minting import OF_BONDING, ConstantMinting, LivepeerMinting, Minting
from ...protocols.replay import replay
from ...protocols.rule import DEPLOYED, DeployedRule, Version
from ...shown import InWords
from .response import Form, deviating, fit, history

RUNS = 500
BAND = (0.05, 0.5, 0.95)
CONSTANT = "constant_emission"
POSSIBLE = f"{', '.join(OF_BONDING)} with or without @VERSION, {CONSTANT}, or {CONSTANT}@SHARE"
# what is told of a row, with its unit
QUANTITIES = {
    "inflation": "ppb/round",
    "supply": "LPT",
    "share": "1",
    "minted_share": "1",
}
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Counterfactual(InWords):
    """What mints instead of a rule on recorded inputs, as `counterfactual` returns it.

    Attributes
    ----------
    rule : DeployedRule
        Of which.
    acted : Version
        The version that did.
    other : str
        What would have, as NAME@VERSION or the policy's name.
    clock : numpy.ndarray
        Of rows, of shape (rows,).
    recorded, held : mapping of str to numpy.ndarray
        By quantity, of shape (rows,); `held` has bonding as it was.
    band : mapping of str to numpy.ndarray
        5 %, median, 95 % by quantity, of shape (3, rows).
    runs : int
        Of the band.
    fitted : int
        Rounds on which the response was fitted.
    no_effect : float
        Share of runs in which bonding does not follow its yield.
    gaps : tuple of ClockGap
        Of the history's clock, where rows are missing.
    """

    rule: DeployedRule
    acted: Version
    other: str
    clock: np.ndarray
    recorded: Mapping[str, np.ndarray]
    held: Mapping[str, np.ndarray]
    band: Mapping[str, np.ndarray]
    runs: int
    fitted: int
    no_effect: float
    gaps: tuple[ClockGap, ...]

    def __repr__(self) -> str:
        low, median, high = 100.0 * self.band["minted_share"][:, -1]
        return (
            f"{self.other} on rows {self.clock[0]:,} to {self.clock[-1]:,}: "
            f"minted {median:.1f} % of supply (90 % of draws: {low:.1f} to {high:.1f}), recorded "
            f"{100.0 * self.recorded['minted_share'][-1]:.1f} %"
        )

    def table(self) -> pd.DataFrame:
        """The paths.

        Returns
        -------
        pandas.DataFrame
            A row a row of the history. Columns: quantity and which: recorded, bonding as it was, 5
            %, median and 95 % of the band.
        """
        columns: dict[str, Any] = {"clock": self.clock}
        for name in QUANTITIES:
            columns[f"{name}_recorded"] = self.recorded[name]
            columns[f"{name}_held"] = self.held[name]
            for label, values in zip(("low", "median", "high"), self.band[name], strict=True):
                columns[f"{name}_{label}"] = values
        return pd.DataFrame(columns)

    def plain(self) -> dict[str, Any]:
        """The end of the history.

        Returns
        -------
        dict
            For JSON.
        """
        return {
            "rule": self.rule.name,
            "acted": self.acted.name,
            "other": self.other,
            "first": int(self.clock[0]),
            "last": int(self.clock[-1]),
            "runs": self.runs,
            "fitted_rounds": self.fitted,
            "no_effect": self.no_effect,
            "gaps": [one._asdict() for one in self.gaps],
            "end": {
                name: {
                    "unit": unit,
                    "recorded": float(self.recorded[name][-1]),
                    "held": float(self.held[name][-1]),
                    "low": float(self.band[name][0, -1]),
                    "median": float(self.band[name][1, -1]),
                    "high": float(self.band[name][2, -1]),
                }
                for name, unit in QUANTITIES.items()
            },
        }


def _told(path: Sequence[RowState]) -> dict[str, np.ndarray]:
    supply = np.array([row.supply / 10**18 for row in path])
    return {
        "inflation": np.array([float(row.inflation) for row in path]),
        "supply": supply,
        "share": np.array([row.bonded / row.supply for row in path]),
        "minted_share": np.array([row.minted / 10**18 for row in path]) / supply[0],
    }


def counterfactual(
    rule: str,
    *files: str | Path,
    other: str,
    start: str | int | None = None,
    runs: int = RUNS,
    seed: int = 0,
    response: Form = "logistic",
    column: str | Sequence[str] | Mapping[str, str] | None = None,
    sheet: str | None = None,
    progress: Progress | None = None,
) -> Counterfactual:
    """Step another version of a rule, or another policy, on a recorded history from a row on.

    Parameters
    ----------
    rule : str
        NAME, or NAME@VERSION for the version that acted.
    *files : str or Path
        As of `replay`.
    other : str
        NAME@VERSION of the same rule or of cosmos, or the policy constant_emission: each round
        mints what the first does, or with @SHARE that share of the first supply in a year.
    start : str or int, optional
        Position of the clock, or a date where the clock has dates; the first row by default.
    runs : int
        Draws of the response of bonding to its yield, which is fitted on the first half of the
        history's rounds.
    seed : int
        Of the draws.
    response : {"logistic", "elasticity"}
        Form of the response.
    column, sheet
        See `replay`.
    progress : callable, optional
        Called with runs done and all.

    Returns
    -------
    Counterfactual
        Paths by quantity: recorded and held of shape (rows,), and a band of shape (3, rows).

    Raises
    ------
    InputError
        In one line, for what cannot be.

    Examples
    --------
    >>> tk.counterfactual("livepeer", "rounds.csv", other="livepeer@LIP-107")  # doctest: +SKIP
    livepeer@LIP-107 on rows 1 to 833: ...
    """
    bounds.check(runs=(runs, bounds.PATHS), seed=(seed, bounds.SEED))
    found, acted = named(rule)
    if acted.status != DEPLOYED:
        raise InputError(
            f"{acted.name}, which is {acted.status}",
            argument="rule",
            expected="a version that acted on the recorded rows",
        )
    instead, minting = _minting(found, other)
    rows, form = read_recorded(found, files, column=column, sheet=sheet)
    replayed = replay(found, rows, acted if "@" in rule else None, form=form)
    outside = exogenous(rows, replayed)
    whole = history(rows, outside, acted.parameters, files[0])
    fitted = fit(whole.part(0, whole.half), response, seed, runs, whole.rounds.sum())
    at = 0
    if start is not None:
        position = clock_position(start, "start")
        at = next((i for i, row in enumerate(rows[:-1]) if row.clock == position), -1)
        if at < 0:
            expected = (
                f"a position of the clock before the last, {rows[0].clock} to {rows[-2].clock}"
            )
            raise InputError(str(start), argument="start", expected=expected)
    rows, outside, odds = rows[at:], outside[at:], response == "logistic"
    recorded = _told(counterfactual_path(rows, outside, LivepeerMinting(acted.parameters)))
    held = _told(counterfactual_path(rows, outside, minting))
    drawn = {name: np.empty((runs, len(rows))) for name in QUANTITIES}
    for i, (_, speed, gain) in enumerate(fitted.usable):
        answer = deviating(response, float(speed), float(gain))
        path = held
        if gain > 0.0:
            path = _told(counterfactual_path(rows, outside, minting, answer, odds))
        for name, values in drawn.items():
            values[i] = path[name]
        if progress:
            progress(i + 1, runs)
    return Counterfactual(
        found,
        acted,
        instead,
        np.array([row.clock for row in rows]),
        recorded,
        held,
        {name: np.quantile(values, BAND, axis=0) for name, values in drawn.items()},
        runs,
        int(fitted.on.rounds.sum()),
        float((fitted.usable[:, 2] == 0.0).mean()),
        replayed.gaps,
    )


def _minting(rule: DeployedRule, other: str) -> tuple[str, Minting]:
    """What mints instead, with its name. Raises InputError where it cannot mint on the rule's
    history, or where the rule has no response.
    """
    if rule is not LIVEPEER:
        raise InputError(
            f"no counterfactual of {rule.name}",
            argument="rule",
            expected=f"{LIVEPEER.name}: how the inputs of another rule answer it is not fitted",
        )
    if other in (one.name for one in rule.versions):
        raise InputError(
            f"'{other}'",
            argument="other",
            expected=f"the rule's name before it: {rule.name}@{other}",
        )
    name, at, rate = other.partition("@")
    if name == CONSTANT:
        return other, ConstantMinting(_share(rate) if at else None)
    if name not in RULES:
        raise InputError(
            f"no rule '{name}'",
            argument="other",
            expected=POSSIBLE,
            nearest=nearest(name, (*OF_BONDING, CONSTANT)),
        )
    found, version = named(other)
    if found.name not in OF_BONDING:
        raise InputError(
            f"{other} on a history of {rule.name}",
            argument="other",
            expected=f"what mints by what is bonded, or a constant: {POSSIBLE}",
        )
    return f"{found.name}@{version.name}", OF_BONDING[found.name](version.parameters)


def _share(text: str) -> Fraction:
    """A share of supply a year. Raises InputError where it is none."""
    try:
        found = exact("rate", text)
    except InputError as error:
        raise InputError(error.found, argument="other", expected=f"{CONSTANT}@SHARE") from None
    if not 0 <= found <= 1:
        raise InputError(text, argument="other", expected="a share of supply a year, from 0 to 1")
    return found
