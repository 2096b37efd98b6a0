"""Numbers as people write them: a decimal point or comma, thousands apart, a currency's sign. What
could be two numbers is refused unless told.

`1,234` is 1234 or 1.234. Other cells of the column decide, then other columns of the table; where
nothing does the file is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError, nearest, printable
from .table import Table

ABSENT = (
    "",
    "null",
    "nan",
    "na",
    "n/a",
    "#n/a",
    "<na>",
    "none",
    "nil",
    "-",
    "--",
    ".",
    "undefined",
)  # FRED writes a point, Yahoo null
DECIMALS = ("point", "comma")
CONTEXT = 2_000  # rows of other columns that are looked at for the decimal mark
# amounts are in USD, and another currency's sign is refused
SIGNS = r"^\s*(?:[$]|US\$|USD)\s*|\s*(?:[$]|USD[TC]?)\s*$"
OTHER_SIGNS = "€£¥₿₩₹₽₺"
IN_ANOTHER = "is in another currency"
# thousands apart by spaces or apostrophes
APART = "^([+-]?\\d{1,3})(?:[ \u00a0\u202f'’]\\d{3})+([.,]\\d*)?$"
PLAIN = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
COMMA = r"^[+-]?\d*,\d+(?:[eE][+-]?\d+)?$"
POINT_APART, COMMA_APART = r"^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$", r"^[+-]?[1-9]\d{0,2}(?:,\d{3})+$"
POINT_MIXED, COMMA_MIXED = (
    r"^[+-]?[1-9]\d{0,2}(?:\.\d{3})+,\d*$",
    r"^[+-]?[1-9]\d{0,2}(?:,\d{3})+\.\d*$",
)
EITHER_COMMA, EITHER_POINT = r"^[+-]?[1-9]\d{0,2},\d{3}$", r"^[+-]?[1-9]\d{0,2}\.\d{3}$"


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column's values, NaN where a cell is empty or says that there is none. said: how they are
    written, where that had to be found out.
    """

    values: np.ndarray
    said: str = ""


def parse_numbers(table: Table, column: int, decimal: str | None = None) -> Numbers:
    """The numbers of a column. decimal: "point" or "comma" where the column does not decide by
    itself.

    Raises InputError that names the line of a cell that is no number, of an infinite one, and of
    two that contradict each other.
    """
    if decimal is not None and decimal not in DECIMALS:
        raise InputError(
            f"'{decimal}'",
            argument="decimal",
            expected=" or ".join(DECIMALS),
            nearest=nearest(decimal, DECIMALS),
        )
    text = table.columns[column]
    text = pc.if_else(pc.is_in(pc.utf8_lower(text), pa.array(ABSENT)), None, text)
    said = ""
    values = (
        None
        if decimal == "comma" or (decimal is None and _thousands(table, column, text))
        else _cast(text)
    )
    if values is None:
        text, said = _plain(table, column, text, decimal)
        values = _cast(text)
    values = pc.fill_null(values, np.nan).to_numpy(zero_copy_only=False)
    odd = ~np.isfinite(values) & ~pc.is_null(text).to_numpy(zero_copy_only=False)
    if odd.any():
        row = int(np.argmax(odd))
        raise table.error("an infinite value", row=row, key=table.name(column), expected="a number")
    return Numbers(values, said)


def _thousands(table: Table, column: int, text: pa.Array) -> bool:
    """Whether points that could part thousands stand beside columns with decimal commas.

    Where semicolons part the cells, as they do where commas are decimal marks, and no other column
    tells, they are refused.
    """
    either = pc.match_substring_regex(text, EITHER_POINT)
    if (
        not pc.any(either).as_py()
        or pc.any(pc.and_(pc.match_substring(text, "."), pc.invert(either))).as_py()
    ):
        return False
    mark, _ = _context(table, column)
    if mark is None and table.delimiter == ";":
        raise _two(
            table,
            column,
            int(np.argmax(pc.fill_null(either, False).to_numpy(zero_copy_only=False))),
        )
    return mark == "comma"


def _two(table: Table, column: int, row: int) -> InputError:
    """`1,234` and `1.234`, where nothing tells the decimal mark."""
    cell = table.cell(column, row)
    point, comma = (
        (cell.replace(",", ""), cell.replace(",", "."))
        if "," in cell
        else (cell, cell.replace(".", ""))
    )
    expected = f"a column that tells (or `decimal` point: {point}, or `decimal` comma: {comma})"
    return table.error(
        f"'{cell}' could be two numbers", row=row, key=table.name(column), expected=expected
    )


def absent(cell: str) -> str:
    """What to call a cell without a number, in a message."""
    return (
        f"'{cell}'"
        if cell.strip() and cell.casefold() != "nan"
        else "NaN"
        if cell.strip()
        else "an empty cell"
    )


def _cast(text: pa.Array) -> pa.Array | None:
    try:
        return pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        return None


def _plain(table: Table, column: int, text: pa.Array, decimal: str | None) -> tuple[pa.Array, str]:
    """The cells as Python would write them, and what had to be done."""
    text = _stripped(text)
    found = _Evidence(text)
    wrong = ~found.known
    if wrong.any():
        row = int(np.argmax(wrong))
        cell = printable(table.cell(column, row))[:40]
        if sign := next((one for one in OTHER_SIGNS if one in cell), None):
            raise table.error(
                f"'{cell}' {IN_ANOTHER} ({sign})",
                row=row,
                key=table.name(column),
                expected="a number, or an amount in USD ($)",
            )
        raise table.error(
            f"the text '{cell}'", row=row, key=table.name(column), expected="a number"
        )
    why = ""
    mark = decimal
    if mark is None:
        if found.comma.any() and found.point.any():
            one, two = int(np.argmax(found.comma)), int(np.argmax(found.point))
            first, then = (one, two) if one < two else (two, one)
            cells = [printable(table.cell(column, row))[:30] for row in (first, then)]
            expected = f"one decimal mark in a column: line {table.lines[first]} has '{cells[0]}'"
            raise table.error(f"'{cells[1]}'", row=then, key=table.name(column), expected=expected)
        mark = "comma" if found.comma.any() else "point" if found.point.any() else None
        if mark is None:
            mark, why = _context(table, column)
        if mark is None and found.either.any():
            raise _two(table, column, int(np.argmax(found.either)))
    other, grouped = (
        (".", (POINT_APART, POINT_MIXED)) if mark == "comma" else (",", (COMMA_APART, COMMA_MIXED))
    )
    apart = pc.match_substring(text, other)
    split = pc.fill_null(pc.and_(apart, pc.invert(_matches(text, *grouped))), False).to_numpy(
        zero_copy_only=False
    )
    if split.any():  # only where the mark was told: else the cell was evidence
        row = int(np.argmax(split))
        cell = printable(table.cell(column, row))[:40]
        expected = f"a '{other}' between thousands alone, where the decimal mark is a {mark}"
        raise table.error(f"'{cell}'", row=row, key=table.name(column), expected=expected)
    said = (
        f"decimal commas{why}"
        if mark == "comma"
        else f"commas between thousands{why}"
        if pc.any(apart).as_py()
        else ""
    )
    text = pc.replace_substring(text, other, "")
    return (pc.replace_substring(text, ",", ".") if mark == "comma" else text), said


def _stripped(text: pa.Array) -> pa.Array:
    text = pc.replace_substring_regex(text, SIGNS, "")
    apart = pc.match_substring_regex(text, APART)
    if pc.any(apart).as_py():
        text = pc.if_else(apart, pc.replace_substring_regex(text, "[ \u00a0\u202f'’]", ""), text)
    return pc.replace_substring_regex(text, r"^\+", "")


def _matches(text: pa.Array, *patterns: str) -> pa.Array:
    return pc.match_substring_regex(text, "|".join(patterns))


class _Evidence:
    """What each cell says about the decimal mark, (rows,) of bool: known as a number; for a comma;
    for a point; could be either.
    """

    def __init__(self, text: pa.Array):
        def found(*patterns: str) -> np.ndarray:
            return pc.fill_null(_matches(text, *patterns), False).to_numpy(zero_copy_only=False)

        empty = pc.is_null(text).to_numpy(zero_copy_only=False)
        plain, either_point = found(PLAIN), found(EITHER_POINT)
        self.either = found(EITHER_COMMA)
        has_point = found(r"\.")
        apart_point = found(POINT_APART) & ~plain  # two points or more
        apart_comma = found(COMMA_APART) & ~self.either  # two commas or more
        decimal_comma = found(COMMA) & ~self.either & ~apart_comma
        self.comma = decimal_comma | found(POINT_MIXED) | apart_point
        self.point = (plain & has_point & ~either_point) | found(COMMA_MIXED) | apart_comma
        self.known = empty | plain | self.either | self.comma | self.point


def _context(table: Table, column: int) -> tuple[str | None, str]:
    """The decimal mark that other columns of the table tell, and which one does."""
    marks = {}
    for other in range(len(table.columns)):
        if other == column:
            continue
        text = table.columns[other].slice(0, CONTEXT)
        found = _Evidence(
            _stripped(pc.if_else(pc.is_in(pc.utf8_lower(text), pa.array(ABSENT)), None, text))
        )
        if found.known.all() and found.comma.any() != found.point.any():
            marks.setdefault("comma" if found.comma.any() else "point", table.name(other))
    if len(marks) != 1:
        return None, ""
    [(mark, name)] = marks.items()
    return mark, f", as column '{name}' tells"
