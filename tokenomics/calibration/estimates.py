"""What an estimator returns: numbers with standard errors, what the data cannot tell, and an
overlay that runs as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..histories.table import MOST_BYTES
from ..inputs import strict_json
from ..inputs.files import read_bytes
from ..parameters.checking import field_at, unit_of
from ..parameters.writing import yaml_text
from ..results.markdown import markdown_table
from ..shown import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DIGITS = 6  # significant, of a number in an overlay: far below any standard error


@dataclass(frozen=True)
class Estimate:
    """One estimated number.

    name: the parameter's path where it is one, else what it is. error: standard error [unit]; NaN
    where there is none. low, high: 95 % interval.
    problem: why the data cannot tell it; empty where they can.
    """

    name: str
    unit: str
    value: float
    error: float
    low: float
    high: float
    problem: str = ""

    @property
    def spread(self) -> str:
        """Standard error and interval, as a source has them."""
        return f"standard error {self.error:.2g}, 95 % interval {self.low:.3g} to {self.high:.3g}"


@dataclass(frozen=True)
class Data:
    """What was estimated on. what: "daily log returns". first, last: dates or times. choices: what
    was done to the rows, a line each.
    """

    file: str
    sha256: str
    what: str
    count: int
    first: str
    last: str
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"{Path(self.file).name} (SHA-256 {self.sha256[:12]}), {self.first} to {self.last}, "
            f"{self.count:,} {self.what}"
        )


def digest(file: str | Path) -> str:
    """SHA-256 of a file that was read as a table, in hexadecimal."""
    return strict_json.digest(read_bytes(file, most=MOST_BYTES))


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Shown):
    """Estimates with their errors, as the `calibrate_` functions return them.

    Attributes
    ----------
    method : str
        "Merton jump-diffusion, maximum likelihood".
    data : Data
        What was estimated on.
    estimates : tuple of Estimate
        Numbers with standard error and 95 % interval, each in its unit.
    tables : mapping of str to pandas.DataFrame
        By heading.
    notes : tuple of str
        What a user must know, a line each.
    figures : mapping of str to Figure
        By heading.
    settings : mapping
        Parameters that are not estimated but without which the estimates would do nothing, with the
        reason, by path.
    """

    method: str
    data: Data
    estimates: tuple[Estimate, ...]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)
    settings: Mapping[str, tuple[Any, str]] = field(default_factory=dict)

    def _essentials(self) -> dict[str, Any]:
        return {"method": self.method, "data": self.data} | {
            one.name: one.problem
            or f"{one.value:.4g} [{one.low:.4g}, {one.high:.4g}] {one.unit}".removesuffix(" 1")
            for one in self.estimates
        }

    def table(self) -> pd.DataFrame:
        """The estimates.

        Returns
        -------
        pandas.DataFrame
            One row each: parameter, unit, value, standard error, low, high, problem.
        """
        return pd.DataFrame([vars(e) for e in self.estimates]).rename(
            columns={"name": "parameter", "error": "standard error"}
        )

    @property
    def told(self) -> tuple[Estimate, ...]:
        """Estimates that are parameters of the model and that the data tell: those of the
        overlay.
        """
        return tuple(
            one for one in self.estimates if field_at(one.name)[0] is not None and not one.problem
        )

    @property
    def problems(self) -> dict[str, list[str]]:
        """Names of the estimates that the data do not tell, by the reason."""
        found: dict[str, list[str]] = {}
        for one in self.estimates:
            if one.problem:
                found.setdefault(one.problem, []).append(one.name)
        return found

    @property
    def gives(self) -> str:
        """What an overlay of this holds, in a clause; empty where it would hold nothing."""
        if self.told:
            return "the estimates that the data tell"
        if self.settings:
            return "assumptions alone, since the data tell no parameter"
        return ""

    def value(self, name: str) -> float:
        """An estimate by its name.

        Parameters
        ----------
        name : str
            A path, where it is a parameter.

        Returns
        -------
        float
            In its unit.
        """
        return next(e.value for e in self.estimates if e.name == name)

    def overlay(self) -> str:
        """The identified parameters as an overlay in YAML, and the assumptions beside them.

        Returns
        -------
        str
            Value, unit, and a source that names data, method and standard error.
        """
        tree: dict[str, Any] = {"description": f"{self.method} on {self.data}"}

        def put(path: str, value: Any, source: str) -> None:
            *groups, name = path.split(".")
            node = tree
            for group in groups:
                node = node.setdefault(group, {})
            if isinstance(value, float):
                value = float(f"{value:.{DIGITS}g}")
            node[name] = {"value": value, "unit": unit_of(field_at(path)[0]), "source": source}

        for path, (value, why) in self.settings.items():
            put(path, value, why)
        for one in self.told:
            source = f"calibrated: {self.method}, {self.data}; {one.spread}"
            put(one.name, one.value, source)
        return yaml_text(tree)

    def markdown(self) -> str:
        """The whole as text that pastes into a proposal.

        Returns
        -------
        str
            Markdown.
        """
        parts = [
            f"# {self.method}",
            str(self.data),
            "\n".join(f"- {choice}" for choice in self.data.choices),
            markdown_table(self.table()),
        ]
        for title, table in self.tables.items():
            parts += [f"## {title}", markdown_table(table)]
        parts.append("\n".join(f"- {note}" for note in self.notes))
        return "\n\n".join(part for part in parts if part) + "\n"

    def plain(self) -> dict[str, Any]:
        """The same as lists and mappings.

        Returns
        -------
        dict
            For JSON.
        """
        return {
            "method": self.method,
            "data": vars(self.data),
            "estimates": [vars(e) for e in self.estimates],
            "tables": {
                title: table.to_dict(orient="records") for title, table in self.tables.items()
            },
            "notes": list(self.notes),
        }
