"""Times as people write them: recognised by content, told to the nanosecond, offsets applied, what
is ambiguous refused.

A column is read by the shapes of its cells, digits written as 0: each shape is recognised once, and
its rows are read by arithmetic on columns of digits, so that a million cells take a fraction of a
second. The calendar is the proleptic Gregorian, without leap seconds, as in unix time.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError, printable
from .forms import FORMS, MONTHS, REFUSED, Form, given

NS = 1_000_000_000
# 64-bit nanoseconds since 1970 reach from 1677-09-21 to 2262-04-11: whole years within
YEARS = 1678, 2261
LATEST = int(np.datetime64("2262-01-01", "ns").astype(np.int64))
# Unix times by magnitude: seconds from 1973 to 5138, then the same digits of the smaller units. The
# ranges do not meet within YEARS.
UNITS = (
    ("seconds", 10**8, NS),
    ("milliseconds", 10**11, 10**6),
    ("microseconds", 10**14, 10**3),
    ("nanoseconds", 10**17, 1),
)
FARTHEST = 14 * 60  # minutes of the farthest zone in use, Kiribati's
DAY_FIRST, MONTH_FIRST = "DD/MM/YYYY", "MM/DD/YYYY"
EXPECTED = "YYYY-MM-DD, a time such as 2024-01-31 23:59:59+01:00, or unix time"


@dataclass(frozen=True, eq=False)
class Times:
    """Times of a column in its own order. ns: nanoseconds since 1970-01-01 UTC, (n,) int64.

    form: how they are written, such as "YYYY-MM-DD", "DD/MM/YYYY" or "unix milliseconds". unit: the
    finest that any of them states: "M", "D" or "s".
    zone: whether they state one (a unix time does); where not they are taken as UTC. said: all of
    that in words, to say what was taken for what.
    local: the local day of each, where all are at midnight of a zone ahead of UTC or behind it,
    (n,) datetime64[D]; else None.
    """

    ns: np.ndarray
    form: str
    unit: str
    zone: bool
    said: str
    local: np.ndarray | None = None

    @property
    def seconds(self) -> np.ndarray:
        """Seconds since 1970-01-01 UTC, (n,); to about 0.2 µs."""
        return self.ns / NS

    @property
    def days(self) -> np.ndarray:
        """The UTC day of each, (n,) datetime64[D]."""
        return self.ns.view("datetime64[ns]").astype("datetime64[D]")


def parse_times(
    cells: Sequence[str] | np.ndarray | pa.Array | pa.ChunkedArray,
    *,
    file: object = None,
    key: str | None = None,
    lines: Sequence[int] | np.ndarray | None = None,
    date_format: str | None = None,
) -> Times:
    """Times of a column of text (or of whole numbers, which are unix times).

    file, key: for messages. lines: line of each cell in the file; from the second on where not
    given. date_format: `DD/MM/YYYY`, `%d/%m/%Y %H:%M` and the like, where the column does not
    decide by itself.

    Raises InputError that names the line of: an empty cell, what is no time, a date that does not
    exist, text after a time, a zone that only some rows state, a second way of writing, a day that
    could be a month in all rows.
    """
    column = _Column(cells, file, key, lines, date_format)
    return column.read()


def is_time(cell: str) -> bool:
    """Whether a cell is written like a time; the date need not exist."""
    return _recognised(_shape(cell.strip().encode()), FORMS) is not None


def as_date(value: str | dt.date | None, argument: str) -> dt.date | None:
    """A date given as one or as text; None stays. argument: its name, for the message."""
    if value is None or isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise InputError(
            f"'{printable(value)[:40]}' is not a date", argument=argument, expected="YYYY-MM-DD"
        ) from None


def as_month(value: str, argument: str) -> np.datetime64:
    """A month given as YYYY-MM, datetime64[M]. argument: its name, for the message."""
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", value.strip()):
        raise InputError(
            f"'{printable(value)[:40]}' is not a month", argument=argument, expected="YYYY-MM"
        )
    return np.datetime64(value.strip(), "M")


_ZEROS = np.arange(256, dtype=np.uint8)
_ZEROS[ord("0") : ord("9") + 1] = ord("0")


def _shape(cell: bytes) -> bytes:
    return cell.translate(_ZEROS.tobytes())


def _recognised(shape: bytes, forms: Sequence[Form]) -> tuple[Form, re.Match[bytes]] | None:
    for form in forms:
        if match := form.pattern.fullmatch(shape):
            return form, match
    return None


class _Column:
    """The cells of a column as bytes, their shapes, and the reading of them."""

    def __init__(self, cells, file, key, lines, date_format):
        self.file, self.key, self.lines = file, key, lines
        self.forms: Sequence[Form] = FORMS
        if date_format is not None:
            form = given(date_format)
            if form is None:
                expected = f"{DAY_FIRST}, {MONTH_FIRST} or such as %d.%m.%Y %H:%M"
                raise InputError(
                    f"'{printable(date_format)[:40]}'", argument="date_format", expected=expected
                )
            self.forms = (form,)
        text = pc.utf8_trim_whitespace(_text(cells))
        self.count = len(text)
        offsets, data = text.buffers()[1:]
        self.starts = np.frombuffer(offsets, np.int32)[text.offset : text.offset + self.count + 1]
        self.bytes = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
        shapes = pa.Array.from_buffers(
            pa.binary(),
            self.count,
            [None, offsets, pa.py_buffer(_ZEROS[self.bytes])],
            offset=text.offset,
        )
        coded = shapes.dictionary_encode()
        self.codes, self.shapes = coded.indices.to_numpy(), coded.dictionary

    def cell(self, row: int) -> str:
        text = self.bytes[self.starts[row] : self.starts[row + 1]].tobytes().decode()
        return printable(text)[:40]

    def refuse(self, row: int, found: str, expected: str = EXPECTED) -> InputError:
        return InputError(
            found, file=self.file, line=self.line(row), key=self.key, expected=expected
        )

    def line(self, row: int) -> int:
        return row + 2 if self.lines is None else int(self.lines[row])

    def first(self, code: int) -> int:
        """The first row of a shape."""
        return int(np.argmax(self.codes == code))

    def read(self) -> Times:
        if not self.count:
            raise InputError("no row", file=self.file, key=self.key, expected=EXPECTED)
        known: list[tuple[Form, re.Match[bytes]]] = []
        for code, shape in enumerate(
            self.shapes
        ):  # in order of appearance, so that the first that is refused is the first in the file
            found = _recognised(shape.as_py(), self.forms)
            if found is None:
                raise self.unread(code, shape.as_py())
            if known and found[0] is not known[0][0]:
                said = f"'{self.cell(self.first(code))}' is written as {found[0].name}"
                raise self.refuse(
                    self.first(code),
                    said,
                    f"one way of writing in a column: line {self.line(0)} has '{self.cell(0)}'",
                )
            known.append(found)
        form = known[0][0]
        rows = np.split(
            np.argsort(self.codes, kind="stable"),
            np.cumsum(np.bincount(self.codes, minlength=len(known)))[:-1],
        )
        if form.name == "number":
            return self.numbers([match for _, match in known], rows)
        return self.calendar(form, [match for _, match in known], rows)

    def unread(self, code: int, shape: bytes) -> InputError:
        row = self.first(code)
        cell = self.cell(row)
        if not shape:
            return self.refuse(row, "an empty cell")
        if self.forms is not FORMS:
            return self.refuse(
                row, f"'{cell}'", f"a date as `date_format` says: {self.forms[0].name}"
            )
        for pattern, found, expected in REFUSED:
            if pattern.fullmatch(shape):
                return self.refuse(row, f"'{cell}' is {found}", expected)
        ends = [match.end() for form in FORMS if (match := form.pattern.match(shape))]
        if ends and (rest := shape[max(ends) :].decode(errors="replace").strip()):
            text = (
                self.bytes[self.starts[row] + max(ends) : self.starts[row + 1]]
                .tobytes()
                .decode(errors="replace")
                .strip()
            )
            zone = re.fullmatch(r"[A-Z]{2,5}", rest) and b":" in shape
            what = "a zone by its name" if zone else f"'{printable(text)[:20]}' after the time"
            return self.refuse(
                row, f"'{cell}' has {what}", "an offset such as +01:00, Z, UTC, or nothing after it"
            )
        return self.refuse(
            row,
            f"'{cell}' is not a time" if re.search(rb"0:0", shape) else f"'{cell}' is not a date",
        )

    def digits(self, rows: np.ndarray, span: tuple[int, int]) -> np.ndarray:
        """The number that the cells of the rows have between two places, (rows,) int64."""
        value = np.zeros(len(rows), np.int64)
        starts = self.starts[rows]
        for place in range(*span):
            value *= 10
            value += self.bytes[starts + place] - np.uint8(ord("0"))
        return value

    def numbers(self, matches: list[re.Match[bytes]], groups: list[np.ndarray]) -> Times:
        value, part, scale = (
            np.zeros(self.count, np.int64),
            np.zeros(self.count, np.int64),
            np.ones(self.count, np.int64),
        )
        for match, rows in zip(matches, groups, strict=True):
            value[rows] = self.digits(rows, match.span("number"))
            begin, end = match.span("part")
            if end > begin:  # beyond the ninth place it is less than a nanosecond
                part[rows], scale[rows] = (
                    self.digits(rows, (begin, min(end, begin + 9))),
                    10 ** min(end - begin, 9),
                )
        unit = np.searchsorted([low for _, low, _ in UNITS], value, side="right") - 1
        step = np.array([step for *_, step in UNITS])[unit]
        wrong = (unit < 0) | (value >= LATEST // step)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise self.refuse(
                row,
                f"{self.cell(row)} as a unix time is not within 1973 to {YEARS[1]}",
                "unix time in s, ms, µs or ns",
            )
        names = [UNITS[u][0] for u in np.unique(unit)]
        form = f"unix {' and '.join(names)}"
        return Times(value * step + part * step // scale, form, "s", True, form)

    def calendar(
        self, form: Form, matches: list[re.Match[bytes]], groups: list[np.ndarray]
    ) -> Times:
        year, month, day, ns, zone = (
            np.zeros(self.count, kind)
            for kind in (np.int64, np.int64, np.int64, np.int64, np.int16)
        )
        stated, clock = np.zeros(self.count, bool), False
        day[:] = 1
        for match, rows in zip(matches, groups, strict=True):
            has = {
                name: match.span(name)
                for name, text in match.groupdict().items()
                if text is not None
            }
            for name, into in (
                ("year", year),
                ("month", month),
                ("day", day),
                ("first", month),
                ("other", day),
            ):
                if name in has:
                    into[rows] = self.digits(rows, has[name])
            if "short" in has:  # as POSIX has it: 69 to 99 are of the 20th century
                short = self.digits(rows, has["short"])
                year[rows] = np.where(short < 69, 2000, 1900) + short
            if "name" in has:
                month[rows] = MONTHS.index(match["name"][:3].lower().decode()) + 1
            if "hour" in has or "only" in has:
                clock = True
                ns[rows] = self.clock(rows, match, has)
            if "zone" in has or "day_zone" in has:
                stated[rows] = True
                if "sign" in has:
                    zone[rows] = self.offset(rows, match, has)
        if len(np.unique(stated)) > 1:
            row = int(np.argmax(stated != stated[0]))
            says = "states a zone" if stated[row] else "states no zone"
            raise self.refuse(
                row,
                f"'{self.cell(row)}' {says}",
                f"a zone in all rows or in none: line {self.line(0)} has '{self.cell(0)}'",
            )
        name, why = form.name, ""
        if name == "slashes":
            name, why = self.order(month, day)
            if name == DAY_FIRST:
                month, day = day, month
        ns += self.midnights(year, month, day)
        local = (
            ns.view("datetime64[ns]").astype("datetime64[D]")
            if zone.any() and not (ns % (86_400 * NS)).any()
            else None
        )
        ns -= zone.astype(np.int64) * (60 * NS)
        unit = "s" if clock else form.unit
        what = {"M": "months", "D": "days", "s": "times"}[unit]
        if not clock:
            taken = ""
        elif not stated[0]:
            taken = ", without a zone, taken as UTC"
        else:
            offsets = [
                f"{'-' if o < 0 else '+'}{abs(o) // 60:02d}:{abs(o) % 60:02d}"
                for o in np.unique(zone).tolist()
            ]
            taken = (
                ", in UTC"
                if offsets == ["+00:00"]
                else f", offsets {', '.join(offsets)} taken to UTC"
            )
        return Times(ns, name, unit, bool(stated[0]), f"{what} written {name}{why}{taken}", local)

    def clock(
        self, rows: np.ndarray, match: re.Match[bytes], has: dict[str, tuple[int, int]]
    ) -> np.ndarray:
        """Nanoseconds since midnight."""
        hour = self.digits(rows, has["hour"] if "hour" in has else has["only"])
        half = match.groupdict().get("half") or match.groupdict().get("half_only")
        wrong = (hour < 1) | (hour > 12) if half else hour > 23
        if half:
            hour = hour % 12 + (12 if half.lower() == b"p" else 0)
        total = hour * 3600
        for name, unit in (("minute", 60), ("second", 1)):
            if name in has:
                value = self.digits(rows, has[name])
                wrong |= value > 59
                total += value * unit
        if wrong.any():
            row = int(rows[np.argmax(wrong)])
            raise self.refuse(
                row,
                f"'{self.cell(row)}' is a time that does not exist",
                "hours up to 23, minutes and seconds up to 59",
            )
        total *= NS
        if "fraction" in has:
            begin, end = has["fraction"]
            total += self.digits(rows, (begin, end)) * 10 ** (9 - (end - begin))
        return total

    def offset(
        self, rows: np.ndarray, match: re.Match[bytes], has: dict[str, tuple[int, int]]
    ) -> np.ndarray:
        """Minutes ahead of UTC."""
        past = self.digits(rows, has["past"]) if "past" in has else 0
        ahead = self.digits(rows, has["ahead"]) * 60 + past
        wrong = (ahead > FARTHEST) | (np.asarray(past) > 59)
        if wrong.any():
            row = int(rows[np.argmax(wrong)])
            raise self.refuse(
                row, f"'{self.cell(row)}' has an offset that no zone has", "an offset up to 14:00"
            )
        return -ahead if match["sign"] == b"-" else ahead

    def order(self, first: np.ndarray, other: np.ndarray) -> tuple[str, str]:
        """Whether days or months come first, and which row tells."""
        day_first, month_first = first > 12, other > 12
        if day_first.any() and month_first.any():
            a, b = int(np.argmax(day_first)), int(np.argmax(month_first))
            found = f"'{self.cell(max(a, b))}' has the day {'first' if a > b else 'second'}"
            raise self.refuse(
                max(a, b),
                found,
                f"one order in all rows: line {self.line(min(a, b))} has '{self.cell(min(a, b))}'",
            )
        if not day_first.any() and not month_first.any():
            if np.array_equal(first, other):
                return DAY_FIRST, ""
            row = int(np.argmax(first != other))
            found = f"'{self.cell(row)}' could have the day first or the month, and no row decides"
            raise self.refuse(row, found, f"`date_format` {DAY_FIRST} or {MONTH_FIRST}")
        row = int(np.argmax(day_first | month_first))
        return (
            DAY_FIRST if day_first.any() else MONTH_FIRST
        ), f" (line {self.line(row)} tells: {self.cell(row).split()[0]})"

    def midnights(self, year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Nanoseconds of each day's start since 1970. Raises InputError for a day that does not
        exist.
        """
        months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
        days = months.astype("datetime64[D]") + (day - 1)
        wrong = (month < 1) | (month > 12) | (day < 1) | (days.astype("datetime64[M]") != months)
        far = (year < YEARS[0]) | (year > YEARS[1])
        if (wrong | far).any():
            row = int(np.argmax(wrong | far))
            if wrong[row]:
                raise self.refuse(
                    row,
                    f"'{self.cell(row)}' is not a date: it does not exist",
                    "a day of the calendar",
                )
            raise self.refuse(
                row, f"'{self.cell(row)}' is too far", f"a year from {YEARS[0]} to {YEARS[1]}"
            )
        return days.astype(np.int64) * (86_400 * NS)


def _text(cells) -> pa.StringArray:
    """The cells as one array of text; nothing where a cell is null."""
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    array = cells if isinstance(cells, pa.Array) else pa.array(cells)
    if pa.types.is_floating(array.type):  # JSON and data frames turn whole numbers into floats
        array = pa.array(
            [f"{x:.9f}".rstrip("0").rstrip(".") for x in array.to_numpy(zero_copy_only=False)]
        )
    return pc.fill_null(array.cast(pa.string()), "")
