"""The parameter tree: schema, files, resolution, tables."""

from .loading import Entry, Resolved, fits, place, resolve, setting
from .schema import Parameters, put, substitute

__all__ = ["Entry", "Parameters", "Resolved", "fits", "place", "put", "resolve", "setting", "substitute"]
