"""Results: labelled data, metrics with intervals, plots, run directories."""

from importlib import import_module

_HOMES = {"Result": "result", "load": "store"}

__all__ = ["Result", "load"]


def __getattr__(name: str):
    # on demand: the metrics alone need neither pandas nor Matplotlib
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
