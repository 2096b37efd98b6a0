"""Margins in a page may be rounded otherwise elsewhere, by as much as a tolerance moves them and no
more; nothing else may.
"""

import numpy as np
import pandas as pd
import pytest

from tokenomics.governance.report.document import ReportTable, cell, gap, with_interval
from tokenomics.governance.report.marks import BEGIN, TOLERANCE, follows, marked, plain
from tokenomics.governance.verify.differences import agree, differing


def margin(value):
    """A margin as a table has it."""
    return marked(lambda factor: cell(value * factor))


def test_a_number_of_runs_has_one_text_on_every_platform():
    assert with_interval(0.15625, 0.1, 0.2) == "0.1562 [0.1, 0.2]"
    assert with_interval(np.inf, np.nan, np.nan) == "inf"
    assert gap(2.0, 2.0, 2.0) == "2, the same in every run"
    table = ReportTable("t", "", pd.DataFrame({"limit": [0.3], "mean": [0.3], "runs": [5]})).csv()
    assert table.decode() == "limit,mean,runs\n0.3,0.3,5\n"
    assert not agree("data/t.csv", b"limit,mean,runs\n0.3,0.30000000000000004,5\n", table)


def test_a_margin_away_from_the_edge_of_its_rounding_has_one_text():
    assert margin(0.12341) == "0.1234"


def test_a_margin_on_the_edge_of_its_rounding_may_be_written_in_two_ways():
    # in halves exactly: four digits are .1562 or .1563
    text = f"a {margin(0.15625)} b"
    assert BEGIN in text
    assert plain(text) == "a 0.1562 b"
    assert all(follows(f"a {number} b", text) for number in ("0.1562", "0.1563"))
    assert not any(
        follows(f"a {number} b", text)
        for number in ("0.1561", "0.1564", "0.15625", ".1562", "+0.1562", "0.15620")
    )
    near = 0.15625 * (1.0 + 2.0 * TOLERANCE)
    assert margin(near) == "0.1563"


def test_a_margin_that_begins_as_its_neighbour_does_is_read_to_its_end():
    text = f"a {marked(lambda factor: format(1.2004999999999 * factor, '.4g'))} b"
    assert plain(text) == "a 1.2 b"
    assert all(follows(f"a {number} b", text) for number in ("1.2", "1.201"))
    assert not any(follows(f"a {number} b", text) for number in ("1.20", "1.2011", "1.2 1.201"))


def test_a_drawing_is_compared_by_its_places_and_by_nothing_else():
    def same(one, two):
        return agree("f.svg", f"<path {one}/>".encode(), f"<path {two}/>".encode())

    assert same('d="M 10.5 -3"', 'd="M 10.500001 -3.00001"')
    for one, two in [
        ('d="M 10.5"', 'd="M 10.51"'),
        ('d="M 10.5"', 'd="M 10.5005"'),
        ('d="M 10.5"', 'd="M 10.500"'),
        ('d="M 10.5"', 'd="M 1.05e1"'),
        ('d="M 10"', 'd="M 11"'),
        ('"#0e5f00"', '"#0e9f00"'),
        ('"stroke: #1e5"', '"stroke: #1e6"'),
        ('href="#DejaVuSans-33"', 'href="#DejaVuSans-34"'),
        ('width="10.5"', 'width="10.50001"'),
        ('style="opacity: 0.5"', 'style="opacity: 0.50001"'),
        ("<!-- churn <= 5 -->", "<!-- churn <= 5.00001 -->"),
    ]:
        assert not same(one, two), (one, two)


def test_the_line_that_is_told_is_one_that_rounding_does_not_explain():
    made = f"{margin(0.15625)}\nlimit 5\n".encode()
    found = differing("report.md", b"0.1563\nlimit 6\n", made)
    assert (found.what, found.recorded, found.found) == ("line 2", 6.0, 5.0)
    assert agree("report.md", b"0.1563\nlimit 5\n", made)
    found = differing("report.md", b"a\n| 1,988,000 USD |", b"a\n| 988,000 USD |")
    assert (found.what, found.recorded, found.found) == ("line 2", 1988000.0, 988000.0)


@pytest.mark.parametrize(
    ("row", "what", "recorded"),
    [
        ('"a, b",1.5,3\n', "line 2, column mean", 1.5),
        ('"a, b",1.5,4\n', "line 2, columns mean, low", '"a, b",1.5,4'),
        ('"a, b",1.5\n', "line 2", '"a, b",1.5'),
    ],
)
def test_of_a_table_the_columns_are_told(row, what, recorded):
    made = 'name,mean,low\n"a, b",2.5,3\n'
    found = differing("data/means.csv", ("name,mean,low\n" + row).encode(), made.encode())
    assert (found.what, found.recorded) == (what, recorded)


def test_marks_are_taken_out_whatever_the_number():
    for value in (0.15625, 1e12, -2.5, 9999.5, 0.0):
        assert plain(margin(value)) == cell(value)
        assert follows(cell(value), margin(value))
