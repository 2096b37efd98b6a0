"""What columns of times are called, in files of prices, demand and burns alike, and the unit that a
name tells of bare numbers.
"""

from __future__ import annotations

from .table import simple, words

# The beginning of a bar comes before other times, for a bar is of the day in which it begins.
BEGINS = (
    "snapped at",
    "time period start",
    "time open",
    "open time",
    "open timestamp",
    "start time",
    "period start",
)
TIMES = (
    *(
        "date",
        "day",
        "datetime",
        "time",
        "timestamp",
        "observation date",
        "unix",
        "unix timestamp",
        "unix time",
        "epoch",
        "ts",
        "t",
        "dt",
        "ds",
    ),
    *(
        "date utc",
        "time utc",
        "timestamp utc",
        "utc date",
        "utc time",
        "block date",
        "block day",
        "block time",
        "block timestamp",
        "mts",
    ),
    *(
        "hour",
        "minute",
        "formatted date",
        "created at",
        "created time",
        "arrival time",
        "arrival",
        "arrived at",
        "datum",
        "zeit",
        "fecha",
    ),
)
# Spans of many days: where a finer time stands beside one, it is a label of the row.
SPANS = ("month", "period", "block month", "week", "block week")
UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), "ms"),
}
# what stands before a unit; "" for a name that is the unit's alone
MEASURED = (
    "",
    "t",
    "time",
    "timestamp",
    "ts",
    "arrival",
    "arrival time",
    "arrived at",
    "offset",
    "start time",
    "elapsed",
    "created at",
    "unix",
)


def unit_of(name: str) -> str | None:
    """The unit of bare numbers that a column's name tells, "s" or "ms": of `t_s`, `timestamp_ms`,
    `seconds`.
    """
    if simple(name) == "arrivedat":  # Vidur's
        return "s"
    *before, last = words(name) or [""]
    told = UNITS.get(last)
    return told if told and " ".join(before) in MEASURED and (before or len(last) > 2) else None
