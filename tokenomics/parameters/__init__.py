"""The parameter tree: schema, files, resolution, tables."""

from .loading import Entry, Resolved, resolve
from .schema import Parameters, substitute

__all__ = ["Entry", "Parameters", "Resolved", "resolve", "substitute"]
