"""The parameter tree: schema, files, resolution, tables."""

from .loading import Entry, Resolved, place, resolve
from .schema import Parameters, substitute

__all__ = ["Entry", "Parameters", "Resolved", "place", "resolve", "substitute"]
