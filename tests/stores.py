"""Sweeps made by hand, for tests and measurements of what reads them: with failed runs, or of any
size without a simulation.
"""

import numpy as np

from tokenomics.experiments.design_reading import read_design
from tokenomics.experiments.plan import make_plan
from tokenomics.experiments.sweep import manifest
from tokenomics.results import sweep_store
from tokenomics.results.sweep import Sweep, metric_units


def with_failures(found, lost, day=3.0):
    """A sweep in memory some of whose runs failed. lost: of the rows' case, point and run, which of
    them did.
    """
    failed = lost(**found.columns())
    columns = {name: column.copy() for name, column in found.source.items()}
    for name in found.metrics:
        columns[name][failed] = np.nan
    columns["failed_day"][failed] = day
    return Sweep(found.manifest, columns)


def made_up(design, folder, gave=lambda rows, metric: np.sin(rows["run"] + 0.1 * rows["point"])):
    """A sweep's directory with numbers that nobody simulated. gave: a metric's number in each row,
    from its case, point and run.
    """
    plan = make_plan(read_design(design))
    told = manifest(plan)
    sweep_store.open_folder(folder, told)
    for number, task in enumerate(plan.tasks):
        rows = task.rows()
        columns = rows | {
            "failed_day": np.full(task.size, np.nan),
            "error": np.full(task.size, "", dtype=object),
        }
        columns |= {name: gave(rows, name) for name in plan.metrics}
        sweep_store.write_shard(folder, number, columns, metric_units(plan.metrics), told)
    return Sweep(sweep_store.read_manifest(folder), folder)
