"""Rows of a price file are refused by line, or handled as chosen, and what was done is listed."""

import datetime as dt

import numpy as np
import pytest

from tokenomics.errors import InputError
from tokenomics.histories.choices import Choices
from tokenomics.histories.prices import FEWEST, read_closes, read_prices

FIRST = dt.date(2021, 1, 1)
READ = "read with date from 'date', price from 'value'; days written YYYY-MM-DD"


def rows(days=150, seed=0):
    prices = np.exp(np.cumsum(0.05 * np.random.default_rng(seed).standard_normal(days)))
    return [f"{FIRST + dt.timedelta(days=i)},{p:.10g}" for i, p in enumerate(prices)]


def write(tmp_path, lines, header="date,value"):
    file = tmp_path / "token.csv"
    file.write_text("\n".join([header, *lines]) + "\n" if header else "")
    return file


def put(line, text):
    """Another value in a line of the file."""

    def change(lines):
        date = lines[line - 2].split(",")[0]
        return [*lines[: line - 2], f"{date},{text}", *lines[line - 1 :]]

    return change


def spike(line, factor):
    return lambda lines: put(line, f"{float(lines[line - 2].split(',')[1]) * factor:.6g}")(lines)


def without(*lines_out):
    return lambda lines: [row for i, row in enumerate(lines, start=2) if i not in lines_out]


def repeat(line, factor=1.0):
    def change(lines):
        date, value = lines[line - 2].split(",")
        return [*lines[: line - 1], f"{date},{float(value) * factor:.10g}", *lines[line - 1 :]]

    return change


def swap(line):
    return lambda lines: [*lines[: line - 2], lines[line - 1], lines[line - 2], *lines[line:]]


REFUSED = {
    "text": (put(40, "abc"), r":40: value: the text 'abc'; expected a number$"),
    "a word for none": (
        put(40, "n/a"),
        r":40: value: 'n/a' on 2021-02-08; expected a number \(or `gaps` span or interpolate\)",
    ),
    "empty cell": (put(40, ""), r":40: value: an empty cell"),
    "NaN": (put(40, "nan"), r":40: value: NaN"),
    "infinite": (put(40, "inf"), r":40: value: an infinite value"),
    "negative": (put(40, "-1"), r":40: value: -1; expected a price > 0 \(or `nonpositive` drop\)"),
    "zero": (put(40, "0"), r":40: value: 0; expected a price > 0 \(or `nonpositive` drop\)"),
    "duplicate": (
        repeat(40),
        r":41: date: 2021-02-08 again, after line 40; .*`duplicates` first, last or mean",
    ),
    "unsorted": (swap(40), r":41: date: 2021-02-08 after 2021-02-09; .*`unsorted` sort"),
    "gap": (
        without(40, 41),
        r":40: date: 2 days are missing after 2021-02-07; .*`gaps` span or interpolate",
    ),
    "two gaps": (without(40, 60), r":40: date: 1 day is missing after 2021-02-07; 2 gaps in all"),
    "first row": (
        spike(2, 1000.0),
        r":2: value: .*: off by a factor of .* from the median .*`absurd` drop or keep",
    ),
    "first rows": (
        lambda lines: spike(3, 1e-3)(spike(2, 1e-3)(lines)),
        r":2: value: .*: off by a factor of",
    ),
    "isolated row": (
        spike(80, 100.0),
        r":80: value: .*: a factor of .* from the row before and .* from the row after",
    ),
    "too short": (
        lambda lines: lines[:FEWEST],
        rf"{FEWEST - 1} daily returns; expected at least {FEWEST}",
    ),
    "stale": (
        lambda lines: [f"{row.split(',')[0]},1.5" for row in lines],
        "100 % of the daily returns are the same",
    ),
    "not a date": (
        lambda lines: [*lines[:-1], "yesterday,1"],
        r":151: date: 'yesterday' is not a date",
    ),
    "more than a date": (
        lambda lines: [*lines[:-1], "2021-05-30x,1"],
        r":151: date: '2021-05-30x' has 'x' after the time",
    ),
    "an underscore": (put(40, "1_0"), r":40: value: the text '1_0'; expected a number$"),
    "three cells": (
        lambda lines: [*lines[:-1], "2021-06-01,1,2"],
        r":151: 3 cells; expected 2 cells",
    ),
}


@pytest.mark.parametrize("defect", REFUSED)
def test_a_defect_is_refused_in_one_line(tmp_path, defect):
    change, message = REFUSED[defect]
    with pytest.raises(InputError, match=message) as caught:
        read_closes(write(tmp_path, change(rows())))
    assert "\n" not in str(caught.value) and "token.csv" in str(caught.value)


def test_a_missing_an_empty_and_a_wrong_file_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file; expected a table"):
        read_closes(tmp_path / "none.csv")
    with pytest.raises(InputError, match="an empty file"):
        read_closes(write(tmp_path, [], header=""))
    with pytest.raises(
        InputError,
        match=(
            r":1: no column of prices; expected a column 'price' or 'close', or `column` NAME, one "
            r"of day, open"
        ),
    ):
        read_closes(write(tmp_path, rows(), header="day,open"))
    with pytest.raises(
        InputError, match="absurd: 'kep'; expected refuse, drop, keep; did you mean 'keep'"
    ):
        read_closes(write(tmp_path, rows()), Choices(absurd="kep"))


def test_a_time_may_stand_after_the_date(tmp_path):
    timed = [row.replace(",", " 00:00:00 UTC,") for row in rows()]
    assert read_closes(write(tmp_path, timed)).dates == read_closes(write(tmp_path, rows())).dates


def test_a_clean_file_is_read_as_it_is(tmp_path):
    closes = read_closes(write(tmp_path, rows()))
    np.testing.assert_allclose(closes.returns, np.diff(np.log(closes.values)))
    assert closes.choices == (READ,) and list(closes.ends) == list(range(1, 150))


def test_a_spanned_gap_leaves_its_return_out_and_an_interpolated_one_fills_it(tmp_path):
    whole = read_closes(write(tmp_path, rows()))
    file = write(tmp_path, without(40, 41)(rows()))
    span = read_closes(file, Choices(gaps="span"))
    # closes 38 and 39 of 0.. are missing: the returns that end at 38, 39 and 40 are gone
    np.testing.assert_array_equal(span.returns, np.delete(whole.returns, [37, 38, 39]))
    assert span.dates[span.ends[37]] == FIRST + dt.timedelta(days=41)
    assert "1 gap(s), 2 missing day(s) (after 2021-02-07) spanned" in span.choices[1]
    filled = read_closes(file, Choices(gaps="interpolate"))
    assert len(filled.dates) == 150
    np.testing.assert_allclose(
        filled.returns[37:40], np.log(whole.values[40] / whole.values[37]) / 3.0
    )
    assert "interpolating the log price" in filled.choices[1]


@pytest.mark.parametrize(("choice", "factor"), [("first", 1.0), ("last", 1.2), ("mean", 1.1)])
def test_a_duplicate_is_resolved_as_chosen(tmp_path, choice, factor):
    whole = read_closes(write(tmp_path, rows()))
    closes = read_closes(write(tmp_path, repeat(40, 1.2)(rows())), Choices(duplicates=choice))
    assert closes.values[38] == pytest.approx(factor * whole.values[38], rel=1e-8)
    assert len(closes.values) == 150 and "1 row: line 41 (2021-02-08" in closes.choices[1]


def test_sorting_restores_the_file_and_says_so(tmp_path):
    whole = read_closes(write(tmp_path, rows()))
    closes = read_closes(write(tmp_path, swap(40)(rows())), Choices(unsorted="sort"))
    np.testing.assert_array_equal(closes.values, whole.values)
    assert closes.choices == (
        READ,
        (
            f"sorted by date: 1 row: line 41 (2021-02-08, {whole.values[38]:g}); came after a "
            f"later date"
        ),
    )


def test_a_dropped_row_is_a_gap_that_needs_its_own_choice(tmp_path):
    file = write(tmp_path, put(40, "0")(rows()))
    with pytest.raises(InputError, match="1 day is missing after 2021-02-07"):
        read_closes(file, Choices(nonpositive="drop"))
    closes = read_closes(file, Choices(nonpositive="drop", gaps="span"))
    assert (
        len(closes.returns) == 147
        and "price not above zero, dropped: 1 row: line 40" in closes.choices[1]
    )


def test_an_absurd_row_is_dropped_or_kept_as_chosen(tmp_path):
    whole = read_closes(write(tmp_path, rows()))
    leading = read_closes(write(tmp_path, spike(2, 1000.0)(rows())), Choices(absurd="drop"))
    np.testing.assert_array_equal(leading.returns, whole.returns[1:])  # no gap before the first row
    file = write(tmp_path, spike(80, 100.0)(rows()))
    kept = read_closes(file, Choices(absurd="keep"))
    assert np.max(kept.returns) > 4.0 and "absurd price, kept: 1 row: line 80" in kept.choices[1]
    dropped = read_closes(file, Choices(absurd="drop", gaps="span"))
    np.testing.assert_array_equal(dropped.returns, np.delete(whole.returns, [77, 78]))


def test_a_crash_that_stays_is_news_and_not_absurd(tmp_path):
    lines = rows()
    fallen = [
        *lines[:80],
        *(f"{d},{float(v) / 20:.8g}" for d, v in (row.split(",") for row in lines[80:])),
    ]
    assert np.min(read_closes(write(tmp_path, fallen)).returns) < -2.5


def from_row(first, factor):
    lines = rows()
    return [
        *lines[:first],
        *(f"{d},{float(v) * factor:.8g}" for d, v in (row.split(",") for row in lines[first:])),
    ]


@pytest.mark.parametrize("factor", [1e-3, 1e3, 1e-2])
def test_prices_that_go_on_in_another_unit_are_refused_by_day_and_factor(tmp_path, factor):
    file = write(tmp_path, from_row(80, factor))
    said = (
        r":82: value: from .* to .* on 2021-03-22, a factor of [0-9.]+, and not back the next day: "
        r"a split, .* \(or `absurd` keep\)"
    )
    for choice in ("refuse", "drop"):
        with pytest.raises(InputError, match=said):
            read_closes(file, Choices(absurd=choice))
    with pytest.raises(InputError, match=said):
        read_prices(file)
    kept = read_closes(file, Choices(absurd="keep"))
    assert kept.choices[1].startswith(
        "a move that stays, taken as news: 1 row: line 82 (2021-03-22"
    )


@pytest.mark.parametrize(("factor", "refused"), [(1 / 45, False), (1 / 55, True), (55.0, True)])
def test_another_unit_is_told_across_a_gap_and_among_wild_days_too(tmp_path, factor, refused):
    lines = from_row(80, 1.0)
    level = float(lines[78].split(",")[1]) / float(lines[80].split(",")[1])
    gap = from_row(80, factor * level)
    del gap[79]  # the day on which trading was halted
    draws = np.random.default_rng(1).normal(0.0, 0.3, len(lines))
    draws[79] = 0.0  # on which the unit changes and nothing else
    wild = [
        f"{row.split(',')[0]},{float(row.split(',')[1]) * np.exp(move):.8g}"
        for row, move in zip(gap, np.cumsum(draws[: len(gap)]), strict=True)
    ]
    choice = Choices(gaps="span")
    if not refused:
        assert read_closes(write(tmp_path, gap), choice)
        return
    for rows_ in (gap, wild):
        with pytest.raises(InputError, match="a split, a redenomination, another token, or a coll"):
            read_closes(write(tmp_path, rows_), choice)


@pytest.mark.parametrize(
    ("factor", "named"), [(0.11, False), (0.0999, True), (0.03, True), (9.0, False)]
)
def test_a_fall_of_nine_tenths_in_a_day_is_news(tmp_path, factor, named):
    lines = from_row(80, 1.0)
    level = float(lines[79].split(",")[1]) / float(lines[80].split(",")[1])
    found = read_closes(write(tmp_path, from_row(80, factor * level)))
    assert found.returns[79] == pytest.approx(np.log(factor), abs=1e-6)
    assert any("a move that stays, taken as news" in line for line in found.choices) == named


def test_only_the_window_has_to_be_clean(tmp_path):
    file = write(tmp_path, put(5, "0")(rows()))
    closes = read_closes(file, start=dt.date(2021, 1, 10), end=dt.date(2021, 5, 1))
    assert (closes.dates[0], closes.dates[-1]) == (dt.date(2021, 1, 10), dt.date(2021, 5, 1))
    assert closes.choices == (
        READ,
        "window 2021-01-10 to 2021-05-01: 38 of 150 rows outside of it left out",
    )
    with pytest.raises(
        InputError,
        match="end: 2020-01-01 is outside of the history; expected 2021-01-01 to 2021-05-30",
    ):
        read_closes(file, end=dt.date(2020, 1, 1))
    with pytest.raises(InputError, match="start: 2021-05-01 is after 2021-01-10"):
        read_closes(file, start=dt.date(2021, 5, 1), end=dt.date(2021, 1, 10))
