"""The parameter tree: schema, files, resolution, tables."""

from .loading import Entry, Resolved, resolve
from .schema import Parameters

__all__ = ["Entry", "Parameters", "Resolved", "resolve"]
