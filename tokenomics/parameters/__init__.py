"""The parameter tree: schema, files, resolution, tables."""

from .checking import fits, place
from .entries import Entry, as_written
from .fields import ROLES
from .kinds import BEFORE
from .layers import called, register_policy, register_scenario
from .loading import assignments, resolve, setting
from .resolved import NONE, Resolved, as_history
from .schema import Parameters, put, substitute, value_at

__all__ = [
    "BEFORE",
    "NONE",
    "ROLES",
    "Entry",
    "Parameters",
    "Resolved",
    "as_history",
    "as_written",
    "assignments",
    "fits",
    "called",
    "place",
    "put",
    "register_policy",
    "register_scenario",
    "resolve",
    "setting",
    "substitute",
    "value_at",
]
