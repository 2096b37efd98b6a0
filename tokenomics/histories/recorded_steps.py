"""The recorded history of a deployed rule: exact numbers, one line a step of its clock, from one
file or several that share the column of the clock.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from ..errors import InputError, counted, nearest, printable, remark
from ..inputs.arguments import many
from ..protocols.rule import Cells, DeployedRule, RecordedForm, Row
from .layouts import told
from .reader import read_table
from .table import Table

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
FEWEST = 2
LONGEST = 400  # characters of a number; the largest on chain has 78


def read_recorded(
    rule: DeployedRule,
    files: str | Path | Sequence[str | Path],
    *,
    column: str | Sequence[str] | Mapping[str, str] | None = None,
    sheet: str | None = None,
) -> tuple[list[Row], RecordedForm]:
    """Rows of a history, by increasing clock, and the form in which they were found.

    files: one, or several that are joined by the column of the clock; rows that one of them lacks
    are left out. column: names of columns, as {"clock": name, ...} or "clock=name", where they are
    not those of a known form. sheet: see `read_table`. Raises InputError that names file and line:
    a missing column, a cell that is no number or cannot stand on chain, a clock that repeats or
    goes back.
    """
    tables = [read_table(file, sheet=sheet) for file in many(files)]
    forms = [*rule.layouts, rule.own_form]
    names = {name for form in forms for name in form.columns}
    given = _named(column, sorted(names))
    form, given = _form(tables, forms, given)
    clock = form.columns[0]
    places = {
        name: [(t, at) for t, table in enumerate(tables) for at in _find(table, name, given, clock)]
        for name in form.columns
    }
    kinds = {name: _dated(tables, places[name][0]) for name in form.dates}
    lines = [_by_clock(table, places[clock], t, kinds.get(clock)) for t, table in enumerate(tables)]
    _tell_left_out(tables, lines)
    rows: list[Row] = []
    for moment, at in lines[0].items():
        if any(moment not in other for other in lines[1:]):
            continue
        cells = Cells()
        try:
            for name, found in places.items():
                t, place = found[0]
                text = tables[t].cell(place, lines[t][moment])
                cells[name] = exact(name, text, kinds.get(name))
            position, state, inputs = form.read(cells)
            beside = form.beside(cells) if form.beside else None
            rule.check("inputs", inputs)
            rule.check("state", state)
        except InputError as error:
            raise tables[0].error(
                error.found, row=at, key=error.key, expected=error.expected
            ) from None
        if rows and position <= rows[-1].clock:
            said = "the same twice" if position == rows[-1].clock else f"after {rows[-1].clock}"
            raise tables[0].error(
                f"{position}, {said}", row=at, key=given.get(clock, clock), expected="an increase"
            )
        rows.append(Row(position, state, inputs, int(tables[0].lines[at]), beside))
    if len(rows) < FEWEST:
        raise InputError(
            f"{len(rows)} rows", file=tables[0].file, expected=f"at least {FEWEST} of a history"
        )
    return rows, form


def _dated(tables: Sequence[Table], place: tuple[int, int]) -> bool:
    """Whether a column that may have dates has them, as its first cell tells."""
    table, column = tables[place[0]], place[1]
    return bool(len(table)) and not NUMBER.fullmatch(table.cell(column, 0))


def _tell_left_out(tables: Sequence[Table], lines: Sequence[Mapping[Fraction, int]]) -> None:
    """Remark on rows that one of several files has alone."""
    shared = set(lines[0]).intersection(*lines[1:])
    for table, mine in zip(tables, lines, strict=True):
        alone = len(mine) - len(shared)
        if alone:
            remark(f"{table.file}: {counted(alone, 'row')} left out, which not all files have")


def clock_position(text: str | int, argument: str) -> int:
    """A position of a rule's clock: a whole number, or a date where the clock has dates. Raises
    InputError that names the argument.
    """
    plain = str(text).strip()
    try:
        found = exact(argument, plain, not NUMBER.fullmatch(plain))
    except InputError as error:
        raise InputError(
            error.found, argument=argument, expected="a number or a date of the clock"
        ) from None
    if found.denominator != 1:
        raise InputError(str(text), argument=argument, expected="a whole number or a day")
    return int(found)


def _named(
    column: str | Sequence[str] | Mapping[str, str] | None, names: Sequence[str]
) -> dict[str, str]:
    """What a `column` choice names, by field. Raises InputError for a field that is none."""
    for text in many(column) if not isinstance(column, Mapping) else ():
        field, sign, _ = text.partition("=")
        if not sign or field.strip() not in names:
            raise InputError(
                f"'{text}'",
                argument="column",
                expected=f"FIELD=NAME with a field of {', '.join(names)}",
                nearest=nearest(field.strip(), names),
            )
    return told(column, tuple(names))


def _find(table: Table, name: str, given: Mapping[str, str], clock: str) -> list[int]:
    """A table's columns of a form's column. A name that is given stands for its own, but for the
    clock's in those of several files that do not have it.
    """
    found = table.find(given.get(name, name))
    return found or (table.find(name) if name == clock else [])


def _as_named(
    form: RecordedForm, forms: Sequence[RecordedForm], given: Mapping[str, str]
) -> dict[str, str] | None:
    """What is given, by the form's own columns; None where the form has no place for a part of it.
    A field of one form tells its column of another, whose other columns are found by their names.
    """
    found: dict[str, str] = {}
    for name, header in given.items():
        owns = {one.own(name) for one in forms if name in one.columns} | {name}
        places = [name] if name in form.columns else [form.column(own) for own in sorted(owns)]
        place = next((one for one in places if one is not None), None)
        if place is None:
            return None
        if found.get(place, header) != header:
            raise InputError(
                f"two columns for {place}: '{found[place]}' and '{header}'",
                argument="column",
                expected="one",
            )
        found[place] = header
    return found


def _form(
    tables: Sequence[Table], forms: Sequence[RecordedForm], given: Mapping[str, str]
) -> tuple[RecordedForm, dict[str, str]]:
    """The first form of which no column is missing, those first that have all that is given by its
    very name, and what is given by its columns; else an error about the nearest one.
    """
    fit = [(form, found) for form in forms if (found := _as_named(form, forms, given)) is not None]
    if not fit:
        names = ", ".join(given)
        raise InputError(
            f"fields of several forms: {names}",
            argument="column",
            expected="fields of one of " + " or ".join(", ".join(one.columns) for one in forms),
        )
    fit.sort(key=lambda one: not set(given) <= set(one[0].columns))

    def missing(form: RecordedForm, given: Mapping[str, str]) -> list[str]:
        clock = form.columns[0]
        return [
            name
            for name in form.columns
            if not any(_find(table, name, given, clock) for table in tables)
        ]

    form, given = min(fit, key=lambda one: len(missing(*one)) / len(one[0].columns))
    lacking_here = missing(form, given)
    if not lacking_here:
        return form, given
    # a column that was named is told before one that is only looked for
    absent = next((name for name in lacking_here if name in given), lacking_here[0])
    headers = [header for table in tables for header in table.header if header]
    raise InputError(
        f"no column '{given.get(absent, absent)}'",
        file=tables[0].file,
        key="column",
        expected=" or ".join(", ".join(one.columns) for one, _ in fit),
        nearest=nearest(given.get(absent, absent), headers),
    )


def _by_clock(
    table: Table, places: Sequence[tuple[int, int]], number: int, dated: bool | None
) -> dict[Fraction, int]:
    """Rows of a table by the position of the clock. dated: see `exact`."""
    mine = [at for t, at in places if t == number]
    if not mine:
        raise InputError(
            "no column of the clock", file=table.file, expected="the one that all files share"
        )
    rows: dict[Fraction, int] = {}
    key = table.name(mine[0])
    for at, text in enumerate(table.cells(mine[0])):
        try:
            position = exact(key, text, dated)
        except InputError as error:
            raise table.error(error.found, row=at, key=key, expected=error.expected) from None
        if position in rows:
            raise table.error(f"{text}, the same twice", row=at, key=key, expected="an increase")
        rows[position] = at
    return rows


def exact(name: str, text: str, dated: bool | None = None) -> Fraction:
    """A cell as an exact number; of a date the days since 1970.

    name: of the column, for the message. dated: whether it has dates, where it may have them; None
    where it may not. Raises InputError for any other text.
    """
    if not dated and len(text) <= LONGEST and NUMBER.fullmatch(text):
        return Fraction(text)
    said = f"'{printable(text)[:40]}'" if text else "an empty cell"
    expected = "a date" if dated else "a number"
    if not dated:
        raise InputError(said, key=name, expected=expected)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InputError(said, key=name, expected=expected) from None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return Fraction((zoned - EPOCH) // dt.timedelta(seconds=1), DAY // dt.timedelta(seconds=1))
