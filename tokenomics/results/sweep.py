"""What a sweep gives back: one table of parameters, metrics and intervals, read from its shards
when it is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import InputError, TokenomicsError, counted, nearest
from . import sweep_figures, sweep_store
from .intervals import intervals
from .metrics import METRICS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Sweep:
    """A sweep's results.

    manifest: what was swept. source: folder of the shards, or the columns themselves.
    """

    manifest: Mapping[str, Any]
    source: Path | Mapping[str, np.ndarray]

    @property
    def paths(self) -> list[str]:
        """Paths of the parameters that differ between points."""
        return list(self.manifest["paths"])

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics."""
        return list(self.manifest["metrics"])

    @property
    def cases(self) -> pd.DataFrame:
        """Policy, scenario and parameter hash of every case."""
        return pd.DataFrame(self.manifest["cases"], columns=["policy", "scenario", "sha256"])

    @property
    def points(self) -> pd.DataFrame:
        """Parameters of every point."""
        return pd.DataFrame(self.manifest["points"], columns=self.paths)

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
            self.columns()
        except TokenomicsError:
            return False
        return True

    def columns(self, *names: str) -> dict[str, np.ndarray]:
        """Columns by (case, point, run); the keys with them. names: metrics, failed_day, error.

        Raises InputError for an unknown name, TokenomicsError where the sweep is not whole: nothing
        is computed over a part of it.
        """
        for name in names:
            if name not in (*self.metrics, "failed_day", "error"):
                raise InputError(
                    f"unknown metric '{name}'",
                    expected="one of " + ", ".join(self.metrics),
                    nearest=nearest(name, self.metrics),
                )
        if not isinstance(self.source, Path):
            return sweep_store.in_order(
                {name: self.source[name] for name in (*sweep_store.KEYS, *names)}, self.manifest
            )
        if self.problems:
            raise sweep_store.incomplete(self.source, self.manifest, self.problems)
        return sweep_store.in_order(
            sweep_store.read_all(self.source, self.manifest, names), self.manifest, self.source
        )

    def per_run(self, *metrics: str) -> pd.DataFrame:
        """One row a case, point and run: policy, scenario, point, run, parameters, failed_day,
        error, metrics (all by default).
        """
        found = pd.DataFrame(self.columns("failed_day", "error", *(metrics or self.metrics)))
        return self._named(found)

    def _named(self, found: pd.DataFrame) -> pd.DataFrame:
        cases, points = self.cases, self.points
        where = found["point"].to_numpy()
        front = {name: cases[name].to_numpy()[found["case"]] for name in ("policy", "scenario")}
        front |= {"point": where} | {path: points[path].to_numpy()[where] for path in self.paths}
        rest = found.drop(columns=["case", "point"])
        return pd.concat([pd.DataFrame(front, index=found.index), rest], axis=1)

    def table(self, *metrics: str) -> pd.DataFrame:
        """One row a case and point: policy, scenario, point, parameters, n, failed, error, and of
        every metric mean, low and high.

        metrics: all by default. low and high bound the 95 % confidence interval over runs, in
        columns `<metric>_low` and `<metric>_high`.
        """
        rows: dict[str, np.ndarray] | None = None
        for name in metrics or self.metrics:
            found = self.columns(name) if rows else self.columns(name, "failed_day", "error")
            starts = np.flatnonzero(
                np.diff(found["case"] * len(self.points) + found["point"], prepend=-1)
            )
            counts = np.diff(np.append(starts, len(found["case"])))
            if rows is None:
                failed = (
                    np.add.reduceat(np.isfinite(found["failed_day"]).astype(int), starts)
                    if len(starts)
                    else starts
                )
                rows = {key: found[key][starts] for key in ("case", "point")}
                rows |= {"n": counts, "failed": failed, "error": found["error"][starts]}
            wide = np.full((len(starts), counts.max(initial=0)), np.nan)
            wide[np.arange(wide.shape[1]) < counts[:, None]] = found[name]
            s = intervals(wide, **METRICS[name].interval)
            rows |= {name: s.mean, f"{name}_low": s.low, f"{name}_high": s.high}
        return self._named(pd.DataFrame(rows))

    @property
    def hash(self) -> str:
        """SHA-256 of every number and error in the order of case, point and run: the same however
        the sweep was done.
        """
        digest = hashlib.sha256(self.manifest["sha256"].encode())
        for name in ("failed_day", *self.metrics):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(self.columns(name)[name], dtype="<f8").tobytes())
        digest.update("\n".join(self.columns("error")["error"]).encode())
        return digest.hexdigest()

    def __repr__(self) -> str:
        size = " x ".join(
            counted(n, what)
            for n, what in (
                (len(self.points), "point"),
                (len(self.cases), "case"),
                (self.manifest["runs"], "run"),
            )
        )
        return (
            f"Sweep({size}, {len(self.tasks)} of {self.manifest['tasks']} tasks done, paths "
            f"{', '.join(self.paths) or 'none'})"
        )

    def plot(
        self,
        metric: str,
        x: str | None = None,
        y: str | None = None,
        *,
        policy: str | None = None,
        scenario: str | None = None,
        at: Mapping[str, Any] | None = None,
    ) -> Figure:
        """A map of a metric over two parameters, or a line over one with its interval.

        x, y: paths, the first two of the design by default. policy, scenario: the first by default.
        at: values of the other paths of a grid, the first of each by default; the title has them.
        Raises InputError for unknown names and values.
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
        for column, wanted in (("policy", policy), ("scenario", scenario)):
            chosen = wanted or self.cases[column].iloc[0]
            if chosen not in set(table[column]):
                raise InputError(
                    f"unknown {column} '{chosen}'",
                    expected="one of " + ", ".join(self.cases[column].unique()),
                )
            table = table[table[column] == chosen]
        fixed = {}
        for path in (p for p in self.paths if p not in paths):
            values = list(dict.fromkeys(table[path]))
            if path in (at or {}) or 1 < len(values) <= len(table) // 2:
                fixed[path] = (at or {}).get(path, values[0])
                if fixed[path] not in values:
                    raise InputError(
                        f"{fixed[path]!r}",
                        key=path,
                        expected="one of " + ", ".join(map(str, values[:20])),
                    )
                table = table[table[path] == fixed[path]]
        for path in at or {}:
            if path not in fixed:
                raise InputError(
                    f"'{path}' cannot be held",
                    expected="a path of the design that is not an axis",
                    nearest=nearest(path, self.paths),
                )
        numeric = [path for path in paths if pd.api.types.is_float_dtype(table[path])]
        if len(paths) > 1 and len(numeric) < 2:
            raise InputError(
                "a switch or a name on a map", expected="two numbers, or one parameter alone"
            )
        return sweep_figures.figure(table, metric, paths, self.manifest["runs"], fixed)


def metric_units(names: Sequence[str]) -> dict[str, str]:
    """Units by metric."""
    return {name: METRICS[name].unit for name in names}
