"""Every metric once: name, unit, meaning, and how a run becomes a number.

A metric is a fold over the closes, which the compiled step runs and no path is kept for, or, where
it needs all closes at once, a function. That takes the paths by name, (runs, times), and the
parameters, and gives (runs,), each from its own row alone. `simulation.time_step` is the time
between the closes. Over runs each metric is reported with its Monte-Carlo confidence interval:
Student's t, cut off at the metric's bounds, and Wilson's for a probability.
"""

from .declaration import (
    DEPLETING,
    LABELS,
    MAIN,
    METRICS,
    WAYS,
    Metric,
    Paths,
    folded,
    metric,
    needed,
)

# the files register their metrics as they are imported, in the order in which these are listed
# isort: off
from . import market  # noqa: F401
from . import control  # noqa: F401
from . import treasury  # noqa: F401
from . import attacks  # noqa: F401
from . import network  # noqa: F401
from . import value  # noqa: F401

# isort: on
from .treasury import LOW
from .value import RISK, cost_at_risk

__all__ = [
    "DEPLETING",
    "LABELS",
    "LOW",
    "MAIN",
    "WAYS",
    "METRICS",
    "RISK",
    "Metric",
    "Paths",
    "cost_at_risk",
    "folded",
    "metric",
    "needed",
]
