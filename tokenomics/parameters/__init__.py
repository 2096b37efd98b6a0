"""The parameter tree: schema, files, resolution, tables."""

from .fields import ROLES
from .loading import (
    NONE,
    Entry,
    Resolved,
    as_written,
    assignments,
    fits,
    place,
    resolve,
    setting,
)
from .schema import Parameters, put, substitute

__all__ = [
    "NONE",
    "ROLES",
    "Entry",
    "Parameters",
    "Resolved",
    "as_written",
    "assignments",
    "fits",
    "place",
    "put",
    "resolve",
    "setting",
    "substitute",
]
