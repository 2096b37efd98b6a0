"""Forecasts scored against what happened: any table of dated quantiles or intervals, a proposal's
among them, and any history.
"""

from .score import score

__all__ = ["score"]
