"""Prices that were read on a day, and which of them are old: what an accelerator or a token of
inference costs changes within months.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from .resolved import Resolved

OLD = timedelta(days=365)
DATED = re.compile(r", (\d{4}-\d{2}-\d{2})$")  # as a file's `date` ends the source


def dated_prices(resolved: Resolved) -> dict[str, date]:
    """The day of every price of a network that has one, by path."""
    found = {}
    for path, entry in resolved.entries.items():
        day = DATED.search(entry.source)
        if day and entry.unit.startswith("USD/"):
            found[path] = date.fromisoformat(day[1])
    return found


def outdated(resolved: Resolved, now: date) -> str:
    """What is said of prices that are older than a year on a day; empty where none is."""
    old = {path: day for path, day in dated_prices(resolved).items() if now - day > OLD}
    if not old:
        return ""
    told = ", ".join(f"{path} ({day})" for path, day in sorted(old.items(), key=lambda one: one[1]))
    return f"prices older than a year: {told}; --set or an overlay gives newer ones"
