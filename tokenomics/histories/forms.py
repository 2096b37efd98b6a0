"""The forms in which people write times, as expressions over a cell's shape: the cell with every
digit written as 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = (
    rb"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    rb"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = rb"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_CLOCK = (
    rb"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    rb"(?:\s*(?P<half>[ap])\.?m\.?)?"
)
_OFFSET = rb"(?P<sign>[+-])(?P<ahead>\d\d)(?::?(?P<past>\d\d))?"
_UTC = rb"(?:z|utc|gmt)"
# Go and databases write "+0000 UTC", JavaScript "GMT+0000 (Coordinated Universal Time)"
_ZONE = rb"(?P<zone>" + _UTC + rb"?" + _OFFSET + rb"(?:\s*utc)?(?:\s+\([a-z ]+\))?|" + _UTC + rb")"
# an hour without minutes is CryptoDataDownload's "2020-05-01 11-PM"; a bare offset after a day
# without a time would be read as a range of days
_TAIL = (
    rb"(?:(?:t|,?\s+)(?:"
    + _CLOCK
    + rb"|(?P<only>\d{1,2})[- ](?P<half_only>[ap])m)(?:\s*"
    + _ZONE
    + rb")?|\s?(?P<day_zone>z|\s?utc))?"
)


@dataclass(frozen=True)
class Form:
    """One way to write a time. unit: "M", "D" or "s", the finest that the date itself states; a
    clock after it makes it "s".
    """

    name: str
    pattern: re.Pattern[bytes]
    unit: str = "D"


def _form(name: str, text: bytes, unit: str = "D", tail: bytes = _TAIL) -> Form:
    return Form(name, re.compile(text + tail, re.IGNORECASE), unit)


FORMS = (
    _form(
        "YYYY-MM-DD", rb"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
    ),
    _form("number", rb"(?P<number>\d{9,19})(?:\.(?P<part>\d*))?", "s", b""),
    _form(
        "YYYYMMDD",
        rb"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?:t(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?P<zone>z)?)?",
        tail=b"",
    ),
    _form(
        "slashes", rb"(?P<first>\d{1,2})(?P<mark>[/.-])(?P<other>\d{1,2})(?P=mark)(?P<year>\d{4})"
    ),
    _form(
        "Month D, YYYY",
        _WEEKDAY + _NAME + rb"[\s-]+(?P<day>\d{1,2})(?:st|nd|rd|th)?(?:,\s*|\s+|-)(?P<year>\d{4})",
    ),
    _form(
        "D Month YYYY",
        _WEEKDAY + rb"(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s-]*" + _NAME + rb"[,\s-]*(?P<year>\d{4})",
    ),
    _form("YYYY-MM", rb"(?P<year>\d{4})[-/](?P<month>\d\d)", "M", b""),
    _form("MM/YYYY", rb"(?P<month>\d\d)/(?P<year>\d{4})", "M", b""),
    _form("Month YYYY", _NAME + rb"[,\s-]*(?P<year>\d{4})", "M", b""),
    _form("YYYY Month", rb"(?P<year>\d{4})[\s-]*" + _NAME, "M", b""),
)

# what looks like a time and is none that can be read: the reason said
REFUSED = (
    (
        rb"\d{4}[-\s]?q\d|q\d[-\s/]?\d{4}",
        "a quarter",
        "months or days: a quarter is not one length of time",
    ),
    (rb"\d{4}-?w\d\d(?:-?\d)?", "a week of the year", "the week's first day, YYYY-MM-DD"),
    (
        rb"\d{1,2}[/.-]\d{1,2}[/.-]\d\d(?:[ ,].*)?",
        "a year of two digits",
        "a year of four digits (or `date_format`, such as %m/%d/%y)",
    ),
    (
        rb"[a-z]{3,9}[-\s']+\d\d|\d\d?[-\s][a-z]{3,9}[-\s']+\d\d",
        "a year of two digits",
        "a year of four digits (or `date_format`, such as %b-%y)",
    ),
    (rb"\d{4}", "a year alone", "a day or a month"),
    (
        rb"\d{1,8}(?:\.\d+)?",
        "a bare number",
        "a date (a spreadsheet's number of days has to be formatted as a date before it is saved)",
    ),
    (
        rb"\d(?:\.\d+)?e[+]?\d+",
        "a time in E notation, which has lost digits",
        "all digits of the number",
    ),
)
REFUSED = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), found, expected)
    for pattern, found, expected in REFUSED
)

_DIRECTIVES = {
    "%Y": rb"(?P<year>\d{4})",
    "%y": rb"(?P<short>\d\d)",
    "%m": rb"(?P<month>\d{1,2})",
    "%d": rb"(?P<day>\d{1,2})",
    "%b": _NAME,
    "%B": _NAME,
    "%H": rb"(?P<hour>\d{1,2})",
    "%I": rb"(?P<hour>\d{1,2})",
    "%M": rb"(?P<minute>\d\d)",
    "%S": rb"(?P<second>\d\d)",
    "%f": rb"(?P<fraction>\d{1,9})",
    "%p": rb"(?P<half>[ap])m",
    "%z": _ZONE,
}
_WORDS = {"YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d", "M": "%m", "D": "%d"}


def given(text: str) -> Form | None:
    """The form of a `date_format`: `DD/MM/YYYY`, or directives such as `%d/%m/%y %H:%M`. None for
    what is neither, or has no year and month.
    """
    if "%" not in text:
        text = re.sub(r"YYYY|YY|MM|DD|M|D", lambda found: _WORDS[found[0]], text)
    pieces = re.split(r"(%.)", text)
    if any(p not in _DIRECTIVES for p in pieces[1::2]) or re.search(
        r"[A-Za-z0-9]{2}", "".join(pieces[::2])
    ):
        return None
    source = b"".join(_DIRECTIVES.get(p) or re.escape(p.encode()) for p in pieces)
    has = {
        name: f"(?P<{name}>".encode() in source
        for name in ("year", "short", "month", "name", "day", "hour")
    }
    if has["year"] == has["short"] or has["month"] == has["name"]:
        return None
    try:
        pattern = re.compile(
            source + (b"" if has["hour"] or not has["day"] else _TAIL), re.IGNORECASE
        )
    except re.error:  # a directive twice
        return None
    return Form(text, pattern, "D" if has["day"] else "M")
