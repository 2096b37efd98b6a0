"""JSON as services answer it: a list of records somewhere in a document, columns side by side, or
one record a line.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TextIO

import numpy as np

from ..errors import InputError, nearest
from .table import BLOCK, MOST_COLUMNS, Builder, Table

DEEPEST = 8  # levels at which lists are looked for; assumption: no service nests a series deeper
EXPECTED = 'a list of records, such as [[time, price], ...] or [{"date": ..., "price": ...}, ...]'


def read_json(
    file: str, stream: TextIO, sheet: str | None, prefer: tuple[str, ...], notes: tuple[str, ...]
) -> Table:
    """The records of a JSON document or of JSON lines. Numbers are kept as they are written.

    sheet: the name of the list where there are several. prefer: names that are taken first. Raises
    InputError with the line of what is no JSON.
    """
    first = next(line for line in stream if line.strip())
    second = next((line for line in stream if line.strip()), "")
    stream.seek(0)
    if second.lstrip()[:1] in ("{", "[") and _whole(first):
        return _table(file, _lines(file, stream), (*notes, "JSON, one record a line"), "line")
    try:
        content = _loads(stream.read())
    except json.JSONDecodeError as error:
        raise InputError(
            f"no JSON ({error.msg})",
            file=file,
            line=error.lineno,
            expected="JSON, or one record of JSON a line",
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"no JSON ({str(error)[:80] or 'nested too deeply'})", file=file, expected="JSON"
        ) from None
    name, records = _chosen(file, dict(_series(content)), sheet, prefer)
    notes += (f"JSON, list '{name}'" if name else "JSON",)
    return replace(_table(file, enumerate(records, 1), notes, "record"), title=name)


def _loads(text: str) -> Any:
    return json.loads(
        text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_mapping
    )


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(
            f"the key '{next(n for n in names if names.count(n) > 1)[:40]}' twice in one record"
        )
    return found


def _whole(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _lines(file: str, stream: TextIO) -> Iterator[tuple[int, Any]]:
    for i, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            yield i, _loads(line)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", str(error))[:80]
            raise InputError(
                f"no JSON ({reason})", file=file, line=i, expected="one record of JSON a line"
            ) from None


def _series(content: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every list of records in a document, by its path of keys."""
    if isinstance(content, list):
        if content and all(isinstance(one, (list, dict)) for one in content):
            yield name, content
        return
    if not isinstance(content, dict) or depth > DEEPEST:
        return
    sides = {
        key: value
        for key, value in content.items()
        if isinstance(value, list) and value and not isinstance(value[0], (list, dict))
    }
    lengths = {len(value) for value in sides.values()}
    if len(sides) > 1 and len(lengths) == 1 and max(lengths) > 1:
        yield name, ([*sides], sides)
        return
    if len(content) > 1 and all(key[:1].isdigit() for key in content):
        records = [
            value if isinstance(value, dict) else {"value": value} for value in content.values()
        ]
        yield name, [{"date": key} | record for key, record in zip(content, records, strict=True)]
        return
    for key, value in content.items():
        yield from _series(value, f"{name}.{key}" if name else key, depth + 1)


def _chosen(
    file: str, found: dict[str, Any], sheet: str | None, prefer: tuple[str, ...]
) -> tuple[str, Any]:
    if not found:
        raise InputError("no list of records", file=file, expected=EXPECTED)
    if sheet is not None:
        ends = [name for name in found if name == sheet or name.endswith(f".{sheet}")]
        if len(ends) != 1:
            expected = "one of " + ", ".join(name or "''" for name in itertools.islice(found, 20))
            said = f"{len(ends) or 'no'} list '{sheet[:60]}'"
            raise InputError(
                said, file=file, argument="sheet", expected=expected, nearest=nearest(sheet, found)
            )
        return ends[0], _records(found[ends[0]])
    names = list(found)
    for wanted in prefer:
        same = [name for name in found if name.rsplit(".", 1)[-1].casefold() == wanted]
        if same:
            names = same
            break
    if len(names) > 1:
        expected = "`sheet` NAME, one of " + ", ".join(names[:20])
        raise InputError(f"{len(names)} lists of records", file=file, expected=expected)
    return names[0], _records(found[names[0]])


def _records(found: Any) -> list[Any]:
    if not isinstance(found, tuple):
        return found
    names, sides = found
    return [dict(zip(names, row, strict=True)) for row in zip(*sides.values(), strict=True)]


def _table(
    file: str, records: Iterator[tuple[int, Any]], notes: tuple[str, ...], unit: str
) -> Table:
    place: dict[str, int] = {}
    builder, kind = Builder(file, 0), None
    rows: list[list[str]] = []
    lines: list[int] = []

    def pack() -> None:
        width = builder.width
        builder.add(
            np.array(lines),
            [row if len(row) == width else [*row, *[""] * (width - len(row))] for row in rows],
        )
        rows.clear()
        lines.clear()

    for line, record in records:
        if not isinstance(record, (list, dict)) or (
            kind is not None and not isinstance(record, kind)
        ):
            wanted = (
                "an object with names"
                if kind is dict
                else "a list"
                if kind is list
                else "an object or a list"
            )
            raise _error(file, unit, line, f"the value {_cell(record)[:40]}", wanted)
        kind = type(record)
        if kind is list:
            builder.width = builder.width or len(record)
            if len(record) != builder.width:
                raise _error(
                    file,
                    unit,
                    line,
                    f"{len(record)} values",
                    f"{builder.width}, as in the ones before",
                )
            row = [_cell(value) for value in record]
        else:
            record = _flat(record)
            for name in record:
                place.setdefault(name, len(place))
            builder.width = len(place)
            row = [""] * len(place)
            for name, value in record.items():
                row[place[name]] = _cell(value)
        if builder.width > MOST_COLUMNS:
            raise _error(
                file, unit, line, f"{builder.width} different names", f"at most {MOST_COLUMNS}"
            )
        rows.append(row)
        lines.append(line)
        if len(rows) == BLOCK:
            pack()
    try:
        pack()
        columns, places = builder.columns()
    except UnicodeEncodeError:
        raise InputError(
            "text with half of a character (a lone surrogate)", file=file, expected="JSON in UTF-8"
        ) from None
    header = tuple(name.strip() for name in place) if place else ("",) * builder.width
    return Table(file, header, columns, places, notes, (header,) if place else (), unit)


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """Objects inside of a record as columns of their own, named by both keys."""
    while any(isinstance(value, dict) for value in record.values()):
        parts = [
            value.items() if isinstance(value, dict) else [("", value)] for value in record.values()
        ]
        record = {
            f"{name}.{key}" if key else name: value
            for name, part in zip(record, parts, strict=True)
            for key, value in part
        }
        if len(record) > MOST_COLUMNS:
            break
    return record


def _cell(value: Any) -> str:
    """A scalar as text; what is nested is no cell and is told by its kind alone."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else "[...]" if isinstance(value, list) else "{...}"


def _error(file: str, unit: str, line: int, found: str, expected: str) -> InputError:
    if unit == "line":
        return InputError(found, file=file, line=line, expected=expected)
    return InputError(found, file=file, key=f"record {line}", expected=expected)
