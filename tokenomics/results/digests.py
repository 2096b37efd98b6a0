"""SHA-256 of a table of runs: of its numbers and texts, however they are packed in a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

KEYS = ("case", "point", "run")


def rows_digest(columns: Mapping[str, Any], metrics: Sequence[str]) -> str:
    """SHA-256 of case, point, run, failed_day, metrics and error of every row, in the order in
    which the rows stand there.
    """
    found = hashlib.sha256()
    for name in KEYS:
        found.update(name.encode() + np.ascontiguousarray(columns[name], dtype="<i8").tobytes())
    for name in ("failed_day", *metrics):
        column = np.array(columns[name], dtype="<f8")
        column[np.isnan(column)] = np.nan  # one bit pattern for all that failed
        found.update(name.encode() + column.tobytes())
    found.update(json.dumps(list(columns["error"]), ensure_ascii=False).encode())
    return found.hexdigest()
