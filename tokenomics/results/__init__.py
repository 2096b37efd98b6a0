"""Results: labelled data, metrics with intervals, plots, run directories."""

from .result import Result
from .store import load

__all__ = ["Result", "load"]
