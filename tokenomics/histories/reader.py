"""A file as people have it, made a table: which format it is in is told by its content, not by its
name.
"""

from __future__ import annotations

import codecs
import contextlib
import gc
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import InputError
from ..inputs.files import read_bytes
from .delimited import read_delimited
from .json_table import read_json
from .table import EXPECTED, MOST_BYTES, Table, lines_of
from .workbook import read_workbook

BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
PACKED = {
    b"\xd0\xcf\x11\xe0": "a workbook of Excel before 2007 (.xls)",
    b"\x1f\x8b": "a file packed by gzip",
    b"BZh": "a file packed by bzip2",
    b"\xfd7zXZ": "a file packed by xz",
    b"\x28\xb5\x2f\xfd": "a file packed by zstd",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
}
PAGES = (b"<!", b"<html", b"<?xml", b"<head", b"<body")
PART = 2**20  # bytes that are decoded at a time where only their being UTF-8 matters


def read_table(path: str | Path, *, sheet: str | None = None, prefer: Iterable[str] = ()) -> Table:
    """The table in a file of at most MOST_BYTES and MOST_ROWS.

    sheet: which sheet of a workbook, or which list of a JSON file; needed where there are several.
    prefer: names of lists that are taken first. Raises InputError that names file and line: no such
    file, a device, a binary or a packed file, an encoding without a mark, ragged rows.
    """
    content = read_bytes(path, most=MOST_BYTES, expected=EXPECTED)
    file = str(path)
    if content.startswith(b"PK\x03\x04"):
        return read_workbook(file, content, sheet)
    for mark, what in PACKED.items():
        if content.startswith(mark):
            raise InputError(what, file=file, expected=EXPECTED)
    encoding = next((name for mark, name in BOMS if content.startswith(mark)), None)
    if encoding in ("utf-16", "utf-32"):
        content = _recoded(file, content, encoding)
    else:
        _check_utf8(file, content)
    start = content[:2000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise InputError("an empty file", file=file, expected=EXPECTED)
    if start.lower().startswith(PAGES):
        raise InputError(
            "a page of HTML or XML, such as a site shows instead of a download",
            file=file,
            expected=EXPECTED,
        )
    with _no_collection():
        return _read_text(
            file,
            content,
            start[:1],
            sheet,
            tuple(prefer),
            () if encoding is None else (f"{encoding.upper()} with a byte order mark",),
        )


def _read_text(
    file: str,
    content: bytes,
    start: bytes,
    sheet: str | None,
    prefer: tuple[str, ...],
    notes: tuple[str, ...],
) -> Table:
    if start in (b"{", b"["):
        return read_json(file, lines_of(content), sheet, prefer, notes)
    if sheet is not None:
        raise InputError(
            f"'{sheet[:60]}'",
            file=file,
            argument="sheet",
            expected="a workbook or JSON: delimited text has one table",
        )
    return read_delimited(file, content, notes)


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Without the search for cycles, which reading does not make, but whose millions of short lists
    set off: it takes as long as the reading.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _check_utf8(file: str, content: bytes) -> None:
    if (at := content.find(b"\0")) >= 0:
        line = content.count(b"\n", 0, at) + 1
        raise InputError(
            "a zero byte: a binary file, or UTF-16 without a byte order mark",
            file=file,
            line=line,
            expected="text in UTF-8",
        )
    decoder = codecs.getincrementaldecoder("utf-8")()
    for at in range(0, len(content), PART):
        part = content[at : at + PART]
        try:
            decoder.decode(part, at + PART >= len(content))
        except UnicodeDecodeError as error:
            place = at + error.start - (len(error.object) - len(part))
            expected = "text in UTF-8, or in UTF-16 with a byte order mark: save it as 'CSV UTF-8'"
            line = content.count(b"\n", 0, place) + 1
            raise InputError(
                f"byte 0x{content[place]:02x} is no UTF-8", file=file, line=line, expected=expected
            ) from None


def _recoded(file: str, content: bytes, encoding: str) -> bytes:
    try:
        return content.decode(encoding).encode("utf-8")
    except UnicodeError as error:
        found = f"no {encoding.upper()}, which its byte order mark says it is ({error.reason})"
        raise InputError(found, file=file, expected="text in UTF-8") from None
