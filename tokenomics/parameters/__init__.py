"""The parameter tree: schema, files, resolution, tables."""

from .loading import NONE, Entry, Resolved, assignments, fits, place, resolve, setting
from .schema import Parameters, put, substitute

__all__ = [
    "NONE",
    "Entry",
    "Parameters",
    "Resolved",
    "assignments",
    "fits",
    "place",
    "put",
    "resolve",
    "setting",
    "substitute",
]
