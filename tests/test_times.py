"""Times as people write them: the instant that each means, and a refusal by line for what means
none or two.
"""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from tokenomics.errors import InputError
from tokenomics.histories.times import as_date, as_month, is_time, parse_times


def utc(*cells, **options):
    return [str(t) for t in parse_times(list(cells), **options).ns.view("datetime64[ns]")]


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2024-01-31", "2024-01-31T00:00:00.000000000"),
        ("2024/1/5", "2024-01-05T00:00:00.000000000"),
        ("20240131", "2024-01-31T00:00:00.000000000"),
        ("2024-01-31T23:59:59Z", "2024-01-31T23:59:59.000000000"),
        ("2024-01-31 23:59", "2024-01-31T23:59:00.000000000"),
        ("2024-01-31 00:00:00 UTC", "2024-01-31T00:00:00.000000000"),
        ("2024-01-31 00:00:00.000 UTC", "2024-01-31T00:00:00.000000000"),
        ("2024-01-31 12:00:00 +0000 UTC", "2024-01-31T12:00:00.000000000"),
        ("2023-11-16 18:17:03.9799600", "2023-11-16T18:17:03.979960000"),
        ("2024-05-01T00:00:00.123456789+02:00", "2024-04-30T22:00:00.123456789"),
        ("2024-01-31T00:00:00-0500", "2024-01-31T05:00:00.000000000"),
        ("1969-12-31 23:59:59.5", "1969-12-31T23:59:59.500000000"),
        ("1704067200", "2024-01-01T00:00:00.000000000"),
        ("1704067200.25", "2024-01-01T00:00:00.250000000"),
        ("1704067200001", "2024-01-01T00:00:00.001000000"),
        ("1735689600000001", "2025-01-01T00:00:00.000001000"),
        ("1704067200000000001", "2024-01-01T00:00:00.000000001"),
        ("1/31/2024 1:05:09 PM", "2024-01-31T13:05:09.000000000"),
        ("31.01.2024", "2024-01-31T00:00:00.000000000"),
        ("2020-05-01 11-PM", "2020-05-01T23:00:00.000000000"),
        ("2024-01-31 12:30 AM", "2024-01-31T00:30:00.000000000"),
        ("Jan 31, 2024", "2024-01-31T00:00:00.000000000"),
        ("31 January 2024", "2024-01-31T00:00:00.000000000"),
        ("31-Jan-2024", "2024-01-31T00:00:00.000000000"),
        ("Wed, 31 Jan 2024 10:00:00 GMT", "2024-01-31T10:00:00.000000000"),
        (
            "Wed Jan 31 2024 10:00:00 GMT+0100 (Central European Standard Time)",
            "2024-01-31T09:00:00.000000000",
        ),
        ("2024-01", "2024-01-01T00:00:00.000000000"),
        ("01/2024", "2024-01-01T00:00:00.000000000"),
        ("January 2024", "2024-01-01T00:00:00.000000000"),
        ("Sept 2024", "2024-09-01T00:00:00.000000000"),
    ],
)
def test_a_time_is_the_instant_that_it_names(cell, instant):
    assert is_time(cell)
    assert utc(cell) == [instant]
    assert utc(f"  {cell} ") == [instant]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("", "an empty cell"),
        ("yesterday", "'yesterday' is not a date"),
        ("2024-02-30", "'2024-02-30' is not a date: it does not exist"),
        ("2023-02-29", "does not exist"),
        ("2024-13-01", "does not exist"),
        ("2024-01-01 24:00", "a time that does not exist"),
        ("2024-01-01 13:00 PM", "a time that does not exist"),
        ("2024-01-01 00:00+15:00", "an offset that no zone has"),
        ("2024-01-01 00:00 CET", "a zone by its name; expected an offset"),
        ("2024-01-01 nonsense", "'nonsense' after the time"),
        ("2024-01-01xyz", "'xyz' after the time"),
        ("2024-01-01+01:00", r"'\+01:00' after the time"),
        ("2024-Q1", "a quarter"),
        ("2024-W05", "a week of the year"),
        ("2024", "a year alone"),
        ("45292", "a bare number; .*spreadsheet"),
        ("1.70407E+12", "E notation, which has lost digits"),
        ("01/02/24", "a year of two digits"),
        ("Jan-24", "a year of two digits"),
        ("01/02/2024", "could have the day first or the month.*`date_format` DD/MM/YYYY"),
        ("0001-01-01", "too far"),
        ("99999999999999999", "not within 1973 to 2261"),
        ("\uff12\uff10\uff12\uff14-01-01", "is not a date"),
    ],
)
def test_what_is_no_time_is_named_by_line(cell, message):
    with pytest.raises(InputError, match=rf"^f\.csv:7: date: .*{message}") as caught:
        parse_times([cell], file="f.csv", key="date", lines=[7])
    assert "\n" not in str(caught.value)


def test_over_a_clock_change_a_second_stays_a_second():
    spring = parse_times(["2024-03-31 01:59:59+01:00", "2024-03-31 03:00:00+02:00"])
    autumn = parse_times(["2024-10-27 02:59:59+02:00", "2024-10-27 02:00:00+01:00"])
    assert np.diff(spring.ns) == np.diff(autumn.ns) == 10**9
    assert (
        spring.zone
        and spring.said == "times written YYYY-MM-DD, offsets +01:00, +02:00 taken to UTC"
    )


def test_a_day_with_a_zone_belongs_to_its_utc_day():
    times = parse_times(["2024-01-02 00:30:00+01:00", "2024-01-01 20:00:00-05:00"])
    assert times.days.astype(str).tolist() == ["2024-01-01", "2024-01-02"]


def test_another_row_decides_which_is_the_day_and_is_named():
    times = parse_times(["01/02/2024", "01/13/2024"])
    assert times.days.astype(str).tolist() == ["2024-01-02", "2024-01-13"]
    assert times.form == "MM/DD/YYYY" and "line 3 tells: 01/13/2024" in times.said
    assert parse_times(["01/02/2024", "13/02/2024"]).days.astype(str).tolist() == [
        "2024-02-01",
        "2024-02-13",
    ]
    assert utc("05/05/2024", "06/06/2024") == [f"2024-0{d}-0{d}T00:00:00.000000000" for d in (5, 6)]
    with pytest.raises(InputError, match=":3: .*one order in all rows: line 2 has '13/01/2024'"):
        parse_times(["13/01/2024", "01/13/2024"], file="f.csv")


@pytest.mark.parametrize(
    ("given", "cell", "day"),
    [
        ("DD/MM/YYYY", "01/02/2024", "2024-02-01"),
        ("MM/DD/YYYY", "01/02/2024 14:00", "2024-01-02"),
        ("%d.%m.%y", "01.02.24", "2024-02-01"),
        ("%b-%y", "Feb-99", "1999-02-01"),
        ("%d.%m.%y", "01.02.68", "2068-02-01"),  # as POSIX has it
        ("%d.%m.%y", "01.02.69", "1969-02-01"),
        ("%d/%m/%Y %H:%M", "01/02/2024 14:00", "2024-02-01"),
    ],
)
def test_a_format_that_is_given_decides(given, cell, day):
    assert parse_times([cell], date_format=given).days.astype(str).tolist() == [day]


@pytest.mark.parametrize("given", ["", "foo", "%Q", "%d/%m", "%Y-%Y-%m", "DD", "%"])
def test_a_format_that_is_none_is_refused(given):
    with pytest.raises(InputError, match=r"date_format: '"):
        parse_times(["01/02/2024"], date_format=given)


def test_a_format_that_does_not_fit_is_named_by_line():
    with pytest.raises(
        InputError, match=r":2: '2024-01-02'; expected a date as `date_format` says: %d/%m/%Y"
    ):
        parse_times(["2024-01-02"], date_format="DD/MM/YYYY", file="f")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ["2024-01-01 00:00Z", "2024-01-01 00:01"],
            ":3: '2024-01-01 00:01' states no zone; expected a zone in all rows or in none: line 2",
        ),
        (["2024-01-01 00:00", "2024-01-01 00:01+01:00"], ":3: .*states a zone"),
        (
            ["2024-01-01", "Jan 2, 2024"],
            ":3: 'Jan 2, 2024' is written as Month D, YYYY; expected one way of writing",
        ),
        (["2024-01-01", "1704067200"], ":3: .*written as number"),
    ],
)
def test_a_mix_that_has_two_meanings_is_refused(cells, message):
    with pytest.raises(InputError, match=message):
        parse_times(cells, file="f")


def test_unix_times_change_their_unit_where_an_exchange_did():
    times = parse_times(["1735603200000", "1735689600000000"])
    assert np.diff(times.ns) == 86_400 * 10**9
    assert times.form == "unix milliseconds and microseconds"


def test_numbers_nulls_and_slices_of_arrow_are_read_too():
    whole = pa.array(["x", "2024-01-01", "2024-01-02"])
    assert np.diff(parse_times(whole[1:]).ns) == 86_400 * 10**9
    assert np.diff(parse_times(pa.chunked_array([whole[1:2], whole[2:]])).ns) == 86_400 * 10**9
    assert utc(1704067200) == utc(1704067200.0) == ["2024-01-01T00:00:00.000000000"]
    with pytest.raises(InputError, match=":3: an empty cell"):
        parse_times(pa.array(["2024-01-01", None]), file="f")
    with pytest.raises(InputError, match="no row"):
        parse_times([])


def test_a_column_equals_its_cells_one_by_one():
    draw = np.random.default_rng(3)
    seconds, places = draw.integers(-(10**9), 5 * 10**9, 300), draw.integers(1, 10, 300)
    fractions = [int(draw.integers(0, 10**p)) for p in places]
    starts = seconds.view("datetime64[s]").astype(str)
    cells = [
        f"{start}.{f:0{p}d}+00:30" for start, f, p in zip(starts, fractions, places, strict=True)
    ]
    exact = [
        (int(s) - 1800) * 10**9 + f * 10 ** (9 - int(p))
        for s, f, p in zip(seconds, fractions, places, strict=True)
    ]
    assert (
        parse_times(cells).ns.tolist()
        == exact
        == [int(parse_times([cell]).ns[0]) for cell in cells]
    )


def test_dates_and_months_of_options_are_iso():
    assert as_date("2024-01-31", "start") == dt.date(2024, 1, 31) and as_date(None, "start") is None
    assert str(as_month("2024-01", "halvings")) == "2024-01"
    with pytest.raises(InputError, match=r"start: '31.01.2024' is not a date; expected YYYY-MM-DD"):
        as_date("31.01.2024", "start")
    with pytest.raises(InputError, match=r"halvings: '2024-13' is not a month"):
        as_month("2024-13", "halvings")
