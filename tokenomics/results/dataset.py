"""Trajectories as labelled data: an xarray dataset and a flat table, both with units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..engines.trajectories import Trajectories
from ..model.variables import Variable

if TYPE_CHECKING:
    import xarray as xr


def to_dataset(trajectories: Trajectories, variables: Mapping[str, Variable]) -> xr.Dataset:
    """Dataset with dimensions (run, time); every variable carries `units` and `long_name`."""
    import xarray as xr  # saving a run does without

    data = {
        name: (
            ("run", "time"),
            values,
            {"units": variables[name].unit, "long_name": variables[name].meaning},
        )
        for name, values in trajectories.values.items()
        if name not in ("time",)
    }
    time = ("time", trajectories.time, {"units": "days", "long_name": "time since the start"})
    return xr.Dataset(data, coords={"run": trajectories.runs, "time": time})


def to_table(trajectories: Trajectories) -> pd.DataFrame:
    """One row a run and time: columns run, time [days], then the variables by name."""
    runs, times = len(trajectories.runs), len(trajectories.time)
    columns = {"run": np.repeat(trajectories.runs, times), "time": np.tile(trajectories.time, runs)}
    columns |= {
        name: values.ravel() for name, values in trajectories.values.items() if name != "time"
    }
    return pd.DataFrame(columns)
