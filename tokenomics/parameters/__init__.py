"""The parameter tree: schema, files, resolution, tables."""

from .loading import Entry, Resolved, place, resolve, setting
from .schema import Parameters, put, substitute

__all__ = ["Entry", "Parameters", "Resolved", "place", "put", "resolve", "setting", "substitute"]
