"""Tables are told by their content: what parts the cells, what stands above, which lines are the
header; what cannot be told is refused by line.
"""

import codecs
import datetime as dt
import json
import os

import pytest

from tokenomics.errors import InputError
from tokenomics.histories import delimited, reader, table
from tokenomics.histories.reader import read_table

ROWS = [(f"2024-01-{i:02d}", f"{i}.5") for i in range(1, 31)]


def text(parted=",", header="date,value", end="\n", tail="", rows=ROWS):
    head = [header.replace(",", parted) + tail] if header else []
    return end.join([*head, *(parted.join(row) + tail for row in rows)]) + end


def write(tmp_path, content, name="file.csv"):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


SAME = {
    "commas": text(),
    "semicolons": text(";"),
    "tabs": text("\t"),
    "bars": text("|"),
    "sep": "sep=;\n" + text(";"),
    "CRLF": text(end="\r\n"),
    "CR": text(end="\r"),
    "blank lines": "\n \n" + text().replace("\n", "\n\n"),
    "a byte order mark": codecs.BOM_UTF8 + text().encode(),
    "UTF-16": text().encode("utf-16"),
    "UTF-32": text().encode("utf-32"),
    "trailing commas": text(tail=","),
    "trailing commas below the header": "date,value\n" + text(header="", tail=","),
    "rows of empty cells": text() + ",\n,\n",
    "a URL above": "https://example.org/data\n" + text(),
    "a line of spaces above": "drawn up by hand\n \t\n" + text(),
    "comments above": "# drawn up by hand, in haste\n# 2024-05-01\n" + text(),
    "a marked header": "# " + text(),
    "a title": "Closes,\n\n" + text(),
    "quotes": text(header='"date","value"', rows=[(f'"{a}"', f'"{b}"') for a, b in ROWS]),
    "spaces": text(header=" date , value", rows=[(f" {a} ", f" {b}") for a, b in ROWS]),
    "JSON lists": json.dumps({"date": [a for a, _ in ROWS], "value": [float(b) for _, b in ROWS]}),
    "JSON records": json.dumps(
        {"data": {"rows": [{"date": a, "value": float(b)} for a, b in ROWS]}}
    ),
    "JSON by date": json.dumps({a: {"value": float(b)} for a, b in ROWS}),
    "JSON lines": "\n".join(
        json.dumps({"date": a, "value": float(b), "more": [1]}) for a, b in ROWS
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_table_is_read_however_it_is_written(tmp_path, name):
    found = read_table(write(tmp_path, SAME[name]))
    assert found.header[:2] == ("date", "value")
    assert list(zip(found.cells(0), found.cells(1), strict=True)) == ROWS
    assert len(found.header) == 2 or name == "JSON lines"


def test_the_line_of_every_row_is_known(tmp_path):
    content = 'https://example.org\n\nnote,value\n"a\nb",1\n\nc,2\n"d\r\ne\nf",3\n,,\ng,4\n'
    found = read_table(write(tmp_path, content))
    assert found.lines.tolist() == [4, 7, 8, 12] and found.cells(0)[0] == "a\nb"
    many = read_table(
        write(tmp_path, "a,b\n" + "".join(f"{i},1\n" for i in range(3 * table.BLOCK)))
    )
    assert many.lines.tolist() == list(range(2, 3 * table.BLOCK + 2)) and many.cell(
        0, -1 % len(many)
    ) == str(3 * table.BLOCK - 1)


def test_a_file_without_a_header_and_one_with_three_are_told(tmp_path):
    bare = read_table(write(tmp_path, text(header="")))
    assert bare.heads == () and bare.header == ("", "") and len(bare) == 30
    three = "Price,Close,High\nTicker,A-USD,A-USD\nDate,,\n" + "".join(
        f"{a},{b},1\n" for a, b in ROWS
    )
    found = read_table(write(tmp_path, three))
    assert found.heads == (
        ("Price", "Close", "High"),
        ("Ticker", "A-USD", "A-USD"),
        ("Date", "", ""),
    )
    assert found.header[1] == "Close / A-USD" and len(found) == 30


def test_remarks_behind_the_table_are_let_be(tmp_path):
    found = read_table(
        write(tmp_path, text(header="date,value,", tail=",") + "2024-02-01,1.5,a guess\n")
    )
    assert found.header == ("date", "value", "") and len(found) == 31


def test_a_column_is_found_by_name_or_number(tmp_path):
    found = read_table(
        write(
            tmp_path,
            "Unix Time,Adj_Close,Volume,volume\n" + "".join(f"{i},1,2,3\n" for i in range(5)),
        )
    )
    assert [found.column(name) for name in ("unixtime", "adj close", "2", "volume")] == [0, 1, 1, 3]
    with pytest.raises(
        InputError,
        match=(
            "column: no column 'Adj Clse'; expected one of Unix Time, .*; did you mean 'Adj_Close'"
        ),
    ):
        found.column("Adj Clse")
    with pytest.raises(InputError, match="2 columns 'VOLUME'"):
        found.column("VOLUME")


REFUSED = {
    "nothing": ("", "an empty file"),
    "blank": (codecs.BOM_UTF8 + b"\n \n", "an empty file"),
    "Latin-1": (
        "date,wert\n2024-01-01,1\nM\u00e4rz,2\n".encode("latin-1"),
        ":3: byte 0xe4 is no UTF-8",
    ),
    "UTF-16 without a mark": (
        text().encode("utf-16-le"),
        ":1: a zero byte: a binary file, or UTF-16 without a byte order mark",
    ),
    "half of UTF-16": (
        text().encode("utf-16")[:-1],
        "no UTF-16, which its byte order mark says it is",
    ),
    "gzip": (b"\x1f\x8b\x08\x00", "a file packed by gzip"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1", r"Excel before 2007 \(.xls\)"),
    "Parquet": (b"PAR1\0\0", "a Parquet file"),
    "zip": (b"PK\x03\x04 and so on", "a broken zip archive"),
    "HTML": ("\n<!doctype html><html>", "a page of HTML or XML"),
    "one column": ("date\n2024-01-01\n", ":1: one column: 'date'"),
    "no number": ("date,value\nyesterday,much\n", ":1: no row with a number or a date"),
    "a longer row": (text() + "2024-02-01,1,2\n", ":32: 3 cells; expected 2 cells"),
    "a shorter row": (text() + "2024-02-01\n", ":32: 1 cells; expected 2 cells"),
    "decimal commas": (
        text().replace(".5", ",5"),
        r":1: a header of 2 cells, date,value; expected 3, .*\(or a decimal comma is not quoted\)",
    ),
    "decimal commas under trailing commas": (
        "date,price,\n" + text(header="", rows=[(a, b.replace(".5", ",05")) for a, b in ROWS]),
        r":2: '05' in column 3, which has no name; .*\(a decimal comma that is not quoted\?\)",
    ),
    "an open quote": (text() + '2024-02-01,"1\n2024-02-02,1\n', ":32: a quote that does not end"),
    "no JSON": ('{"a": 1,\n"b": 2', ":2: no JSON"),
    "a broken line of JSON": ('{"a": 1}\n{"a": 2}\n{"a": \n', ":3: no JSON"),
    "a key twice": ('[{"a": 1, "a": 2}]', "the key 'a' twice"),
    "no list": ('{"error": "rate limit"}', "no list of records"),
    "two lists": (
        '{"x": [[1, 2]], "y": [[1, 2]]}',
        "2 lists of records; expected `sheet` NAME, one of x, y",
    ),
    "uneven lists": ("[[1, 2], [1, 2, 3]]", "record 2: 3 values; expected 2"),
    "mixed records": ('[[1, 2], {"a": 1}]', r"record 2: the value \{...\}; expected a list"),
    "JSON nested deeply": ("[" * 100_000, "no JSON"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_is_refused_in_one_line(tmp_path, name):
    content, message = REFUSED[name]
    with pytest.raises(InputError, match=message) as caught:
        read_table(write(tmp_path, content))
    assert "\n" not in str(caught.value) and "file.csv" in str(caught.value)


def test_a_missing_a_special_and_a_large_file_are_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match="a device"):
        read_table(os.devnull)
    monkeypatch.setattr(reader, "MOST_BYTES", 100)
    with pytest.raises(InputError, match="expected at most 100 bytes"):
        read_table(write(tmp_path, text()))
    monkeypatch.undo()
    for module in (table, delimited):
        monkeypatch.setattr(module, "MOST_ROWS", 20)
    for content in (text(), text(header='"date",value')):
        with pytest.raises(InputError, match="(30|more than 20) rows"):
            read_table(write(tmp_path, content))


def test_one_list_of_several_is_chosen_or_preferred(tmp_path):
    file = write(
        tmp_path,
        '{"prices": [[1, 2.50], [2, 1e-3]], "total_volumes": [[1, 7], [2, 8]]}',
        "chart.json",
    )
    assert read_table(file, prefer=("prices",)).cells(1) == ["2.50", "1e-3"]  # as written
    assert read_table(file, sheet="total_volumes").cells(1) == ["7", "8"]
    with pytest.raises(InputError, match="sheet: no list 'volumes'"):
        read_table(file, sheet="volumes")
    with pytest.raises(InputError, match="sheet: 'x'; expected a workbook or JSON"):
        read_table(write(tmp_path, text()), sheet="x")


def test_a_sheet_of_a_workbook_is_read_and_several_are_named(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book, file = openpyxl.Workbook(), tmp_path / "closes.xlsx"
    sheet = book.active
    sheet.title = "closes"
    for row in (
        ["What we gathered"],
        [],
        ["Date", "Close"],
        *([dt.datetime.fromisoformat(a), float(b)] for a, b in ROWS),
    ):
        sheet.append(row)
    book.save(file)
    found = read_table(file)
    assert list(zip(found.cells(0), found.cells(1), strict=True)) == ROWS
    assert (
        found.header == ("Date", "Close")
        and found.lines[0] == 4
        and "sheet 'closes'" in found.notes
    )
    book.create_sheet("notes").append(["a", 1])
    book.save(file)
    with pytest.raises(
        InputError, match="2 sheets with content; expected `sheet` NAME, one of closes, notes"
    ):
        read_table(file)
    assert len(read_table(file, sheet="Closes")) == 30
    with pytest.raises(InputError, match="sheet: no sheet 'close'; .*did you mean 'closes'"):
        read_table(file, sheet="close")


def test_a_workbook_without_the_extra_says_which(tmp_path, monkeypatch):
    openpyxl = pytest.importorskip("openpyxl")
    openpyxl.Workbook().save(tmp_path / "closes.xlsx")
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(
        InputError, match="openpyxl is not installed; expected the extra 'spreadsheet'"
    ):
        read_table(tmp_path / "closes.xlsx")
