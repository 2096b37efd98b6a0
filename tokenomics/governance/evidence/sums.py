"""Whether the parts of a table add up to their total."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import ModelError

SAME = 1e-9  # relative; sums that differ by less add up


def add_up(parts: Sequence[float], total: float, what: str) -> None:
    """Raise ModelError where parts of a table do not add up to their total."""
    found = float(np.sum(parts))
    if not abs(found - total) <= SAME * max(abs(total), 1.0):
        raise ModelError(
            f"{what}: {' + '.join(f'{part:.10g}' for part in parts)} = {found:.10g}, not "
            f"{total:.10g}"
        )
