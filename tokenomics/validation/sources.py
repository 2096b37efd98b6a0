"""Which parameters saw the data that they are tested on, by what their sources say."""

from __future__ import annotations

import calendar
import datetime as dt
import re

from ..parameters import Resolved

SPAN = re.compile(r"\d{4}-\d{2}(?:-\d{2})? to (\d{4})-(\d{2})(?:-(\d{2}))?")


def last_day(source: str) -> dt.date | None:
    """Last day of the data that a source names as "YYYY-MM-DD to YYYY-MM-DD" or "YYYY-MM to
    YYYY-MM"; None where it names none.
    """
    found = []
    for year, month, day in SPAN.findall(source):
        if 1 <= int(month) <= 12:
            longest = calendar.monthrange(int(year), int(month))[1]
            found.append(dt.date(int(year), int(month), min(int(day or longest), longest)))
    return max(found, default=None)


def fitted_later(resolved: Resolved, start: dt.date) -> list[str]:
    """A line that names the parameters fitted on data after a date; no line where there are
    none.
    """
    late: dict[str, list[str]] = {}
    for path, entry in resolved.entries.items():
        last = last_day(entry.source or "")
        if last is not None and last > start:
            late.setdefault(entry.source, []).append(path)
    return [
        f"IN-SAMPLE: {', '.join(paths)} saw data after {start} (source: {source})"
        for source, paths in late.items()
    ]
