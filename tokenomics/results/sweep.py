"""What a sweep gives back: one table of parameters, metrics and intervals, read from its shards
when it is asked for.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import InputError, TokenomicsError, counted, nearest
from ..shown import Shown
from . import sweep_figures, sweep_rows, sweep_store
from .digests import KEYS
from .metrics import MAIN, METRICS
from .sweep_points import shown_points
from .sweep_rows import Extent, Summaries, Tile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SPAN = "simulation.days"


@dataclass(frozen=True, eq=False, repr=False)
class Sweep(Shown):
    """A sweep's results, as `sweep` and `load` return it.

    Attributes
    ----------
    manifest : mapping
        What was swept.
    source : Path or mapping
        Folder of the shards, or the columns themselves, by case, point and run.
    """

    manifest: Mapping[str, Any]
    source: Path | Mapping[str, np.ndarray]

    def _essentials(self) -> dict[str, Any]:
        sizes = (len(self.points), "point"), (len(self.cases), "case")
        told = [counted(n, what) for n, what in (*sizes, (self.manifest["runs"], "run"))]
        return {
            "size": " x ".join(told),
            "tasks done": f"{len(self.tasks)} of {self.manifest['tasks']}",
            "parameters": ", ".join(self.paths) or "none",
        }

    @property
    def paths(self) -> list[str]:
        """Paths of the parameters that differ between points."""
        return list(self.manifest["paths"])

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics."""
        return list(self.manifest["metrics"])

    @property
    def first_metrics(self) -> list[str]:
        """Names of the metrics that a terminal shows: all that the design names, in its order, and
        else the main ones.
        """
        if self.manifest["design"]["metrics"]:
            return self.metrics
        return [name for name in MAIN if name in self.metrics] or self.metrics

    @property
    def cases(self) -> pd.DataFrame:
        """Policy, scenario and parameter hash of every case."""
        return pd.DataFrame(self.manifest["cases"], columns=["policy", "scenario", "sha256"])

    @property
    def points(self) -> pd.DataFrame:
        """Parameters of every point."""
        return pd.DataFrame(self.manifest["points"], columns=self.paths)

    @property
    def spans(self) -> np.ndarray:
        """Days of every case and point, inf where they are those of the base."""
        design, cases = self.manifest["design"], len(self.manifest["cases"])
        if SPAN in self.paths:
            return np.tile(self.points[SPAN].to_numpy(dtype=float), cases)
        told = {**design.get("today", {}), **design.get("set", {})}.get(SPAN, np.inf)
        return np.full(cases * len(self.manifest["points"]), float(told))

    @cached_property
    def problems(self) -> dict[int, str]:
        """What is wrong with the shards that are missing, damaged or another sweep's, by the number
        of the task.
        """
        return (
            sweep_store.problems(self.source, self.manifest)
            if isinstance(self.source, Path)
            else {}
        )

    @property
    def tasks(self) -> set[int]:
        """Numbers of the tasks whose results are there and can be read."""
        return set(range(self.manifest["tasks"])) - set(self.problems)

    @property
    def complete(self) -> bool:
        """Whether every row of every task is there."""
        try:
            deque(self._tiles(), maxlen=0)
        except TokenomicsError:
            return False
        return True

    @property
    def _extent(self) -> Extent:
        where = f"{self.source}: " if isinstance(self.source, Path) else ""
        sizes = len(self.manifest["cases"]), len(self.manifest["points"]), self.manifest["runs"]
        return Extent(*sizes, where)

    def _tiles(self, *names: str, by_runs: bool = False) -> Iterator[Tile]:
        """All rows with some columns, a tile at a time. by_runs: those of the first runs first.

        Raises TokenomicsError where the sweep is not whole, at the latest after the last tile.
        """
        extent = self._extent
        if not isinstance(self.source, Path):
            return extent.counted(
                sweep_rows.cut(extent, {name: self.source[name] for name in names})
            )
        order = sweep_store.by_first_run(self.source, self.manifest) if by_runs else None
        return extent.counted(
            extent.tile(columns, names)
            for columns in sweep_store.read_shards(self.source, self.manifest, order)
        )

    def _check(self, names: Sequence[str], *more: str) -> None:
        """Refuse a name that is no metric of this sweep. more: names that are taken, too."""
        for name in names:
            if name not in (*self.metrics, *more):
                raise InputError(
                    f"unknown metric '{name}'",
                    expected="one of " + ", ".join(self.metrics),
                    nearest=nearest(name, self.metrics),
                )

    def columns(self, *names: str) -> dict[str, np.ndarray]:
        """Columns by (case, point, run); the keys with them.

        Every row is in memory at once.

        Parameters
        ----------
        *names : str
            Metrics, failed_day, error.

        Returns
        -------
        dict of numpy.ndarray
            Each of shape (cases × points × runs,).

        Raises
        ------
        InputError
            For an unknown name.
        TokenomicsError
            Where the sweep is not whole: nothing is computed over a part of it.
        """
        self._check(names, *sweep_rows.TOLD)
        sizes = self._extent.sizes
        keys = np.unravel_index(np.arange(np.prod(sizes)), sizes)
        found = dict(zip(KEYS, keys, strict=True))
        if not isinstance(self.source, Path):
            return found | {name: self.source[name] for name in names}
        found |= {
            name: np.empty(sizes, dtype=object if name == "error" else float) for name in names
        }
        for tile in self._tiles(*names):
            for name, column in tile.columns.items():
                found[name][tile.case, tile.points, slice(*tile.runs)] = column
        return {name: column.ravel() for name, column in found.items()}

    def per_run(self, *metrics: str) -> pd.DataFrame:
        """One row a case, point and run.

        Every row is in memory at once.

        Parameters
        ----------
        *metrics : str
            All by default.

        Returns
        -------
        pandas.DataFrame
            policy, scenario, point, run, parameters, failed_day, error, metrics.
        """
        columns = self.columns(*sweep_rows.TOLD, *(metrics or self.metrics))
        return self._named(columns, copy=True)

    def _named(self, rows: Mapping[str, np.ndarray], copy: bool) -> pd.DataFrame:
        cases, points = self.cases, self.points
        where, rest = rows["point"], {n: c for n, c in rows.items() if n not in ("case", "point")}
        front = {name: cases[name].to_numpy()[rows["case"]] for name in ("policy", "scenario")}
        front |= {"point": where} | {path: points[path].to_numpy()[where] for path in self.paths}
        return pd.DataFrame(front | rest, copy=copy)

    def summaries(self, *metrics: str) -> Summaries:
        """What the runs of every case and point come to.

        Rows are read a tile at a time: memory grows with points × metrics.

        Parameters
        ----------
        *metrics : str
            All by default.

        Returns
        -------
        Summaries
            Arrays of shape (cases × points,).

        Raises
        ------
        InputError, TokenomicsError
            As `columns`.
        """
        self._check(metrics)
        names = metrics or tuple(self.metrics)
        return sweep_rows.summaries(self._extent, self._tiles(*sweep_rows.TOLD, *names), names)

    def side_by_side(self) -> Iterator[np.ndarray]:
        """The values of all cases on the same runs, a block of runs at a time.

        Returns
        -------
        iterator of numpy.ndarray
            Each of shape (cases, metrics, runs of the block).

        Raises
        ------
        InputError
            For a sweep of several points.
        TokenomicsError
            As `columns`.
        """
        if len(self.manifest["points"]) > 1:
            found = f"{counted(len(self.manifest['points']), 'point')} to compare policies at"
            raise InputError(found, expected="a sweep of one point")
        tiles = self._tiles(*self.metrics, by_runs=True)
        return sweep_rows.side_by_side(self._extent, tiles, self.metrics)

    def table(self, *metrics: str) -> pd.DataFrame:
        """One row a case and point.

        Parameters
        ----------
        *metrics : str
            All by default.

        Returns
        -------
        pandas.DataFrame
            policy, scenario, point, parameters, n, failed, error, and of every metric the mean and,
            in columns `<metric>_low` and `<metric>_high`, its 95 % confidence interval over runs
            [unit].
        """
        found, (cases, points, runs) = self.summaries(*metrics), self._extent.sizes
        case, point = np.divmod(np.arange(cases * points), points)
        rows = {"case": case, "point": point, "n": np.full(len(case), runs)}
        rows |= {"failed": found.failed, "error": found.errors}
        for name in list(found.moments):
            how = METRICS[name].interval_over(self.spans)
            s = found.moments.pop(name).intervals(**how)
            rows |= {name: s.mean, f"{name}_low": s.low, f"{name}_high": s.high}
        return self._named(rows, copy=False)

    @property
    def hash(self) -> str:
        """SHA-256 of every number and error in the order of case, point and run: the same however
        the sweep was done.
        """
        tiles = self._tiles(*sweep_rows.TOLD, *self.metrics)
        content = sweep_rows.digest(self._extent, tiles, self.metrics)
        return hashlib.sha256(self.manifest["sha256"].encode() + content).hexdigest()

    def plot(
        self,
        metric: str,
        x: str | None = None,
        y: str | None = None,
        *,
        policy: str | None = None,
        scenario: str | None = None,
        at: Mapping[str, Any] | None = None,
        ax: Axes | None = None,
    ) -> Figure:
        """A map of a metric over two parameters, or a line over one with its interval.

        Parameters
        ----------
        metric : str
            Its name.
        x, y : str, optional
            Paths, the first two of the design by default.
        policy, scenario : str, optional
            The first by default.
        at : mapping, optional
            Values of the other paths of a grid, the first of each by default.
        ax : matplotlib.axes.Axes, optional
            An axis to draw on.

        Returns
        -------
        matplotlib.figure.Figure
            The title has what is held.

        Raises
        ------
        InputError
            For unknown names and values.
        """
        paths = [path for path in (x, y) if path] or self.paths[:2]
        if not paths:
            raise InputError(
                "no parameter was swept", expected="a sweep over one or two parameters to plot"
            )
        for path in paths:
            if path not in self.paths:
                raise InputError(
                    f"'{path}' was not swept",
                    expected="one of " + ", ".join(self.paths),
                    nearest=nearest(path, self.paths),
                )
        table = self.table(metric)
        case = {"policy": policy, "scenario": scenario}
        table, fixed = shown_points(table, self.paths, paths, case, at or {})
        numeric = [path for path in paths if pd.api.types.is_float_dtype(table[path])]
        if len(paths) > 1 and len(numeric) < 2:
            raise InputError(
                "a switch or a name on a map", expected="two numbers, or one parameter alone"
            )
        from .drawing import shown

        drawn = sweep_figures.figure(table, metric, paths, self.manifest["runs"], fixed, ax)
        return shown(drawn)


def metric_units(names: Sequence[str]) -> dict[str, str]:
    """Units by metric."""
    return {name: METRICS[name].unit for name in names}
