"""A sheet of a workbook in Excel's format of 2007 (.xlsx), as a table. Needs the extra
`spreadsheet` (openpyxl).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import warnings
import zipfile
from typing import Any

from ..errors import InputError, missing_extra, nearest
from .delimited import read_delimited
from .table import MOST_BYTES, Table

UNPACKED = (
    4 * MOST_BYTES
)  # bytes of a workbook's parts: XML is several times as long as the same cells in CSV


def read_workbook(file: str, content: bytes, sheet: str | None) -> Table:
    """The only sheet with content, or the one that is named. A formula counts as its value that was
    saved with it. Raises InputError.
    """
    _check(file, content)
    try:
        import openpyxl
    except ImportError:
        raise missing_extra("openpyxl", "spreadsheet", key=file) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and print areas, which do not matter here
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            name = _sheet(file, book, sheet)
            return _table(file, book[name], name)
    except InputError:
        raise
    except (
        Exception
    ) as error:  # openpyxl raises what its parts raise: of XML, of zip, KeyError, ValueError
        found = f"no workbook that can be read ({type(error).__name__})"
        raise InputError(
            found, file=file, expected="a workbook as Excel saves it, or CSV"
        ) from None


def _check(file: str, content: bytes) -> None:
    """Refuse what is no workbook, or unpacks to more than UNPACKED bytes."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise InputError(
            f"a broken zip archive ({error})", file=file, expected="a workbook (.xlsx)"
        ) from None
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        what = "a workbook of LibreOffice (.ods)" if "content.xml" in names else "a zip archive"
        raise InputError(what, file=file, expected="a workbook of Excel (.xlsx), or CSV")
    size = sum(part.file_size for part in parts)
    if size > UNPACKED:
        raise InputError(
            f"{size:,} bytes when unpacked", file=file, expected=f"at most {UNPACKED:,} bytes"
        )


def _sheet(file: str, book: Any, sheet: str | None) -> str:
    names = [one.title for one in book.worksheets]
    if sheet is not None:
        found = [name for name in names if name == sheet] or [
            name for name in names if name.casefold() == sheet.casefold()
        ]
        if len(found) != 1:
            said = f"no sheet '{sheet[:60]}'"
            raise InputError(
                said,
                file=file,
                argument="sheet",
                expected="one of " + ", ".join(names),
                nearest=nearest(sheet, names),
            )
        return found[0]
    full = [
        one.title
        for one in book.worksheets
        if any(
            cell is not None for row in one.iter_rows(values_only=True, max_row=50) for cell in row
        )
    ]
    if len(full) != 1:
        raise InputError(
            f"{len(full)} sheets with content",
            file=file,
            expected="`sheet` NAME, one of " + ", ".join(names) if full else "one",
        )
    return full[0]


def _table(file: str, cells: Any, name: str) -> Table:
    """The sheet written as text and read like any other, so that titles above the table and several
    header lines are found.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    for row in cells.iter_rows(values_only=True):
        texts = [_text(value) for value in row]
        # an empty row stays a line, so that a line is the sheet's row
        writer.writerow(texts) if any(texts) else out.write("\n")
    table = read_delimited(file, out.getvalue().encode("utf-8", "surrogatepass"), ())
    notes = tuple(note for note in table.notes if not note.startswith("cells parted"))
    return Table(
        file,
        table.header,
        table.columns,
        table.lines,
        (f"sheet '{name}'", *notes),
        table.heads,
        "line",
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return str(value.date()) if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2.0**53:
        return str(int(value))
    return " ".join(str(value).split())
