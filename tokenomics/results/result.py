"""What a simulation gives back: data, metrics, plots, and a page in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rich.console import RenderableType

from .. import __version__
from ..engines.trajectories import Failure, Trajectories
from ..errors import InputError, nearest
from ..inputs.arguments import checked, of
from ..model.variables import Variable
from ..parameters import Parameters, Resolved, put
from ..shown import Shown
from . import result_shown, run_figures
from .dataset import to_dataset, to_table
from .evaluation import evaluate_metrics
from .intervals import summarise
from .metrics import METRICS, Metric
from .result_pair import difference
from .writing import write_run

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Result(Shown):
    """One experiment, as `run` and `load` return it.

    Attributes
    ----------
    resolved : Resolved
        Its parameters.
    variables : mapping of str to Variable
        Unit and meaning of what was recorded.
    trajectories : Trajectories
        Values of shape (runs, times) by variable, and failures.
    seed : int
        Of the shocks.
    engine : {"cadcad", "ensemble"}
        With which it was simulated.
    notes : tuple of str
        What a reader should know of its input.
    remarks : tuple of str
        Changes on which no metric depends.

    Examples
    --------
    >>> result = tk.run(days=3, runs=2, engine="ensemble", record=["token_price"])
    >>> list(result.dataset.sizes.items())
    [('run', 2), ('time', 4)]
    >>> result.dataset["token_price"].attrs["units"]
    'USD/TOK'
    """

    resolved: Resolved
    variables: Mapping[str, Variable]
    trajectories: Trajectories
    seed: int
    engine: str
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @cached_property
    def dataset(self) -> xr.Dataset:
        """Labelled data with dimensions (run, time) and units on every variable; its attributes
        say what was simulated.
        """
        p = self.resolved
        attributes = {
            "parameters": p.base,
            "policy": p.policy,
            "scenario": p.scenario,
            "seed": self.seed,
            "engine": self.engine,
            "version": __version__,
            "parameters_sha256": p.hash,
        }
        return to_dataset(self.trajectories, self.variables).assign_attrs(attributes)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Runs that were stopped, and why."""
        return self.trajectories.failures

    def to_pandas(self) -> pd.DataFrame:
        """One row a run and time.

        Returns
        -------
        pandas.DataFrame
            Columns run, time [days], then the variables, of runs × times rows.
        """
        return to_table(self.trajectories)

    def metrics_per_run(self) -> pd.DataFrame:
        """Every metric of every run.

        Returns
        -------
        pandas.DataFrame
            Of shape (runs, metrics), each in its unit; NaN for a failed run. Metrics that lack a
            variable are left out.

        Raises
        ------
        InputError
            Where a metric needs a variable that the model does not have.
        """
        values = self.trajectories.values
        table = pd.DataFrame(index=pd.Index(self.trajectories.runs, name="run"))
        for name, m in METRICS.items():
            for needed in m.needs:
                if needed not in self.variables:
                    raise InputError(
                        f"metric '{name}' needs the unknown variable '{needed}'",
                        nearest=nearest(needed, self.variables),
                    )
            if all(needed in values for needed in m.needs):
                if m not in self._measured:
                    found = evaluate_metrics([name], values, self.metric_parameters)
                    self._measured[m] = found[name]
                table[name] = self._measured[m]
        failed = [f.run for f in self.failures]
        table.loc[failed] = np.nan
        return table

    @cached_property
    def _measured(self) -> dict[Metric, np.ndarray]:
        """What is measured already: by metric, for one of the same name may be registered anew."""
        return {}

    @cached_property
    def metric_parameters(self) -> Parameters:
        """Parameters whose time step is that of the recorded times."""
        time = self.trajectories.time
        step = (
            float(time[1] - time[0]) if len(time) > 1 else self.resolved.values.simulation.time_step
        )
        return put(self.resolved.values, {"simulation.time_step": step})

    def metrics(self) -> pd.DataFrame:
        """Mean over runs with the 95 % confidence interval.

        Returns
        -------
        pandas.DataFrame
            One row a metric: mean, low, high [unit], n, failed, unit, meaning.

        Examples
        --------
        >>> table = tk.run(days=3, runs=2, engine="ensemble").metrics()
        >>> table.loc["price_volatility", "unit"]
        '1/sqrt(year)'
        """
        rows, days = {}, self.metric_parameters.simulation.days
        for name, per_run in self.metrics_per_run().items():
            s = summarise(per_run.to_numpy(), **METRICS[name].interval_over(days))
            rows[name] = (
                s.mean,
                s.low,
                s.high,
                s.n,
                s.failed,
                METRICS[name].unit,
                METRICS[name].meaning,
            )
        columns = ["mean", "low", "high", "n", "failed", "unit", "meaning"]
        table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        table[["low", "high"]] = table[["low", "high"]].astype(float)
        table.index.name = "metric"
        return table

    @checked(
        other=lambda name, value: of(Result, expected="a result, as `run` and `load` return it")(
            name, value
        )
    )
    def compare(self, other: Result) -> pd.DataFrame:
        """Paired difference self − other of every metric over the run indices both have.

        Runs of one index meet the same shocks, so that the difference is the policies'.

        Parameters
        ----------
        other : Result
            Of the same seed, span and step.

        Returns
        -------
        pandas.DataFrame
            One row a metric: difference, low, high (95 % interval) [unit], n, unit.

        Raises
        ------
        InputError
            Where the seeds, the spans, the steps or the recorded times differ.

        Examples
        --------
        >>> same = {"days": 3, "runs": 2, "engine": "ensemble"}
        >>> one, other = (tk.run(policy=p, **same) for p in ("static", "none"))
        >>> int(one.compare(other).loc["tracking_rms", "n"])
        2
        """
        return difference(self, other)

    def plot(self, what: str | list[str] = "overview", *, ax: Axes | None = None) -> Figure:
        """A figure.

        Parameters
        ----------
        what : str or list of str
            "overview", a panel (price, network, operators, treasury, control, supply, latency,
            velocity, bills), a state variable, or a list of them.
        ax : matplotlib.axes.Axes, optional
            An axis to draw one panel on.

        Returns
        -------
        matplotlib.figure.Figure
            Each panel with units, and a band over the runs where there are several.

        Raises
        ------
        InputError
            For an unknown name, and for several panels on one axis.
        """
        from .drawing import shown

        names = run_figures.overview(self) if what == "overview" else what
        names = [names] if isinstance(names, str) else list(names)
        valid = [*run_figures.available(self), *self.trajectories.values]
        for name in names:
            if name not in valid:
                raise InputError(f"nothing to plot named '{name}'", nearest=nearest(name, valid))
        if ax is not None and len(names) != 1:
            raise InputError(
                f"{len(names)} panels on one axis", argument="ax", expected="one panel"
            )
        return shown(run_figures.figure(self, names, ax))

    def save(
        self,
        out: str | Path,
        command: str | None = None,
        *,
        figures: bool = True,
        form: str = "png",
    ) -> Path:
        """Write a run directory; see `results.writing.write_run`.

        Parameters
        ----------
        out : str or Path
            The directory, which must not exist.
        command : str, optional
            A command line, for the record.
        figures : bool
            Whether to draw them.
        form : {"png", "svg"}
            Of the figures.

        Returns
        -------
        Path
            The directory.

        Raises
        ------
        InputError
            Where it exists or cannot be written.
        """
        return write_run(self, Path(out), command, figures=figures, form=form)

    def settings(self) -> dict[str, str]:
        """Policy, scenario, span, runs, seed and parameter hash.

        Returns
        -------
        dict of str
            Texts by name.
        """
        p = self.resolved
        return {
            "parameters": f"{p.base}, SHA-256 {p.hash[:16]}",
            "policy": p.policy,
            "scenario": ", ".join(p.scenarios) or "none",
            "span": (
                f"{p.values.simulation.days:g} days in steps of {p.values.simulation.time_step:g}"
            ),
            "runs": (
                f"{len(self.trajectories.runs)}, seed {self.seed}, engine {self.engine}, "
                f"{len(self.failures)} failed"
            ),
            **({"input": "; ".join(self.notes)} if self.notes else {}),
        }

    def record(self) -> dict[str, Any]:
        """What was simulated, as data for JSON.

        It stands in `run.json`, and in the output of `tokenomics run --json`.

        Returns
        -------
        dict
            version of this package; parameters: base, policy, scenario (all of them as one name),
            scenarios, what their files say of them, and sha256; days, runs (how many), seed,
            engine, notes, remarks, failures.
        """
        p = self.resolved
        named = {
            "base": p.base,
            "policy": p.policy,
            "scenario": p.scenario,
            "scenarios": list(p.scenarios),
            "descriptions": p.descriptions,
        }
        return {
            "version": __version__,
            "parameters": {**named, "sha256": p.hash},
            "days": p.values.simulation.days,
            "runs": len(self.trajectories.runs),
            "seed": self.seed,
            "engine": self.engine,
            "notes": list(self.notes),
            "remarks": list(self.remarks),
            "failures": [vars(failure) for failure in self.failures],
        }

    def summary(self) -> RenderableType:
        """Settings, metrics and failures for a terminal.

        Returns
        -------
        rich renderable
            What `rich.print` takes.
        """
        return result_shown.summary(self)

    def _essentials(self) -> dict[str, str]:
        return self.settings()

    def _repr_html_(self) -> str:
        return result_shown.page(self, super()._repr_html_())
