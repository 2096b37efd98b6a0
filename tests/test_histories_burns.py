"""Burn tables in the layouts that people have: the right months and flows, what was done said, what
is wrong named by line.
"""

import datetime as dt

import numpy as np
import pytest

from paths import DATA, command
from tokenomics.calibration.burn.calibrate import ELASTICITY, calibrate_burn
from tokenomics.errors import InputError
from tokenomics.histories.burns import read_burn

WEEKLY = [
    str(DATA / "protocols" / f"helium_weekly_{name}.csv")
    for name in ("burns", "issuance", "volume")
]
needs_data = pytest.mark.skipif(
    not (DATA / "protocols").exists(), reason="the real data are not there"
)
HEADER = "month,burn_usd,burned,issued,price"


def months(count=24):
    """Year and month, and the month's burn in USD, tokens burned, tokens issued, mean price."""
    for i in range(count):
        price = 2 + i % 5 * 0.1
        burned = 450 + 31 * i + i * 37 % 11 * 9
        yield 2024 + i // 12, i % 12 + 1, round(burned * price, 2), burned, 3000 - 50 * i, price


def table(folder, lines, header=HEADER, name="months.csv"):
    file = folder / name
    file.write_text("\n".join([header, *lines]) + "\n")
    return str(file)


def rows(style="{y}-{m:02d}", count=24, delimiter=","):
    named = [dt.date(2000, m, 1).strftime("%B") for m in range(1, 13)]
    return [
        delimiter.join(
            [style.format(y=y, m=m, name=named[m - 1], short=named[m - 1][:3]), *map(str, rest)]
        )
        for y, m, *rest in months(count)
    ]


STYLES = (
    "{y}-{m:02d}",
    "{short} {y}",
    "{name} {y}",
    "{short}-{y}",
    "{y}-{m:02d}-01",
    "{m:02d}/{y}",
    "{y}-{m:02d}-01 00:00:00.000 UTC",
)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("turned", [False, True])
def test_months_are_the_same_however_they_are_written_and_ordered(tmp_path, style, turned):
    plain = read_burn(table(tmp_path, rows()))
    lines = rows(style)[::-1] if turned else rows(style)
    found = read_burn(table(tmp_path, lines))
    assert found.months == plain.months
    for name in ("burn_usd", "burned", "issued", "price", "days"):
        np.testing.assert_array_equal(getattr(found, name), getattr(plain, name))
    assert any("newest row first: turned" in line for line in found.choices) == turned
    assert plain.burned[1] == pytest.approx(517 / 29)


def test_days_of_a_table_belong_to_their_utc_months(tmp_path):
    """Helium's months end at midnight of their last day; a row of 1 January in Berlin is of
    December in UTC.
    """
    firsts = [dt.date(2024 + i // 12, i % 12 + 1, 1) for i in range(1, 25)]
    ends = [f"{first - dt.timedelta(days=1)} 00:00:00+00:00" for first in firsts]
    lines = [",".join([end, *row.split(",")[1:]]) for end, row in zip(ends, rows(), strict=True)]
    assert (
        read_burn(table(tmp_path, lines, HEADER.replace("month", "period"))).months
        == read_burn(table(tmp_path, rows())).months
    )
    east = read_burn(table(tmp_path, rows("{y}-{m:02d}-01 00:30:00+01:00")))
    assert east.months[0] == "2023-12"


@pytest.mark.parametrize("zone", ["+02:00", "-05:00", "+05:30"])
def test_months_that_begin_at_a_local_midnight_are_those_months(tmp_path, zone):
    found, plain = (
        read_burn(table(tmp_path, rows("{y}-{m:02d}-01T00:00:00" + zone))),
        read_burn(table(tmp_path, rows())),
    )
    assert found.months == plain.months and any(
        "at midnight of their zone" in line for line in found.choices
    )
    np.testing.assert_array_equal(found.days, plain.days)
    summer = [
        row.replace("+02:00", "+03:00") if 4 <= int(row[5:7]) <= 10 else row
        for row in rows("{y}-{m:02d}-01 00:00:00+02:00")
    ]
    assert read_burn(table(tmp_path, summer)).months == plain.months


def with_days(length):
    lines = [f"{row},{length(i)}" for i, row in enumerate(rows())]
    return lines, f"{HEADER},days"


def test_a_count_of_days_with_burns_is_no_length_of_a_month(tmp_path):
    with pytest.raises(
        InputError,
        match=(
            r":6: days: 21 days; expected at least 28 days in a month, but for the first and the "
            r"last"
        ),
    ):
        read_burn(table(tmp_path, *with_days(lambda i: 21 if i == 4 else 30)))
    with pytest.raises(InputError, match=r":6: days: 36 days; expected at most 35 days in a month"):
        read_burn(table(tmp_path, *with_days(lambda i: 36 if i == 4 else 30)))
    ends = read_burn(
        table(tmp_path, *with_days(lambda i: 9 if i in (0, 23) else 35 if i == 4 else 30))
    )
    assert ends.days[[0, 1, 4, -1]].tolist() == [9, 30, 35, 9]


def test_a_first_month_that_looks_unfinished_is_said(tmp_path):
    first, *others = rows()
    month, usd, burned, issued, price = first.split(",")
    short = ",".join([month, *(f"{float(x) / 3:.2f}" for x in (usd, burned, issued)), price])
    found = read_burn(table(tmp_path, [short, *others]))
    assert found.months[0] == "2024-01"
    assert any(
        (
            "2024-01 looks unfinished (burn_usd 26 %, burned 27 %, issued 32 % of the month after) "
            "and is kept"
        )
        in line
        for line in found.choices
    )
    assert not any("2024-01 looks" in line for line in read_burn(table(tmp_path, rows())).choices)


def test_spreadsheets_with_semicolons_capitals_and_columns_of_their_own_are_read(tmp_path):
    lines = [f"{row};{i};note" for i, row in enumerate(rows("{short} {y}", delimiter=";"))]
    found = read_burn(
        table(
            tmp_path,
            lines,
            "Month;Burn USD;GEOD Burned;GEOD Emitted;Avg Price USD;Burn Tx Count;Remark",
        )
    )
    np.testing.assert_array_equal(found.burned, read_burn(table(tmp_path, rows())).burned)
    text = " ".join(found.choices)
    assert (
        "burned from 'GEOD Burned', issued from 'GEOD Emitted'" in text
        and "not used: Burn Tx Count, Remark" in text
    )


@pytest.mark.parametrize("left_out", ["burn_usd", "burned", "price"])
def test_of_burn_in_usd_tokens_burned_and_price_the_third_follows(tmp_path, left_out):
    place = HEADER.split(",").index(left_out)
    lines = [
        ",".join(cell for i, cell in enumerate(row.split(",")) if i != place) for row in rows()
    ]
    header = ",".join(name for name in HEADER.split(",") if name != left_out)
    found, whole = read_burn(table(tmp_path, lines, header)), read_burn(table(tmp_path, rows()))
    np.testing.assert_allclose(getattr(found, left_out), getattr(whole, left_out), rtol=1e-4)
    assert any("for no column has it" in line for line in found.choices)
    with pytest.raises(InputError, match="two of burn_usd, burned, price"):
        keep = [0, 1, 3] if left_out != "burn_usd" else [0, 2, 3]
        read_burn(
            table(
                tmp_path,
                [",".join(row.split(",")[i] for i in keep) for row in rows()],
                ",".join(HEADER.split(",")[i] for i in keep),
            )
        )


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "month,burn_usd,cumulative_burned,cumulative_minted,price",
            (
                "issued: no such column: 'cumulative_minted' is no flow of a month by its name; "
                ".*`column` issued="
            ),
        ),
        (
            "month,burn_usd,burned,total_issued,price",
            "issued: no such column: 'total_issued' is no flow",
        ),
        (
            "month,burn_usd,burned,net_issued,price",
            "issued: no such column: 'net_issued' is no flow",
        ),
        (
            "month,burn_usd,dc_burned,hnt_issued,price",
            (
                ":1: burned: 'dc_burned', of 'dc' by its name beside columns of 'hnt'; .*`column` "
                "burned=NAME"
            ),
        ),
        (
            "month,x,dc_burned,issued,price",
            ":1: burned: 'dc_burned', of 'dc' by its name; expected columns of one token",
        ),
        (
            "month,x,burned,issued,btc_price",
            ":1: price: 'btc_price', of 'btc' by its name; expected columns of one token",
        ),
        (
            "month,x,hnt_burned,hnt_issued,mobile_price_usd",
            ":1: burned: 'hnt_burned', of 'hnt' by its name beside columns of 'mobile'",
        ),
    ],
)
def test_running_totals_and_other_tokens_are_no_burn_and_no_emission(tmp_path, header, message):
    with pytest.raises(InputError, match=message):
        read_burn(table(tmp_path, rows(), header))
    whole, names = read_burn(table(tmp_path, rows())), header.split(",")
    told = dict(zip(("burned", "issued", "price"), names[2:], strict=True))
    np.testing.assert_array_equal(
        read_burn(table(tmp_path, rows(), header), column=told).issued, whole.issued
    )


@pytest.mark.parametrize(
    "header",
    [
        "Month,DC Burn USD,HNT Burned,HNT Issued,HNT Price Avg",
        "month,usd_burned,tokens_burned,monthly_emitted,avg_price_usd",
    ],
)
def test_a_token_and_plain_words_before_a_quantity_are_let_be(tmp_path, header):
    np.testing.assert_array_equal(
        read_burn(table(tmp_path, rows(), header)).burned, read_burn(table(tmp_path, rows())).burned
    )


def test_a_running_total_beside_the_flow_is_left_out(tmp_path):
    found = read_burn(table(tmp_path, [f"{row},99" for row in rows()], f"{HEADER},total_burned"))
    assert "not used: total_burned" in found.choices[0]


def test_quantities_in_several_files_are_joined_by_month(tmp_path):
    cells = [row.split(",") for row in rows()]
    burns = table(
        tmp_path, [f"{c[0]},{c[1]},{c[2]}" for c in cells], "month,burn_usd,burned", "burns.csv"
    )
    issued = table(tmp_path, [f"{c[0]},{c[3]}" for c in cells[1:]], "month,issued", "issued.csv")
    days = []
    for c in cells:
        day = dt.date.fromisoformat(c[0] + "-01")
        while day.isoformat()[:7] == c[0]:
            days.append(f"{day},{c[4]}")
            day += dt.timedelta(days=1)
    prices = table(tmp_path, days, "date,value", "prices.csv")
    found, whole = (
        read_burn([burns, issued, prices], column="price=value"),
        read_burn(table(tmp_path, rows())),
    )
    assert found.months == whole.months[1:]
    for name in ("burn_usd", "burned", "issued", "price"):
        np.testing.assert_allclose(getattr(found, name), getattr(whole, name)[1:])
    assert any(
        "burns.csv: 2024-01 left out, for another file lacks them" in line for line in found.choices
    )
    with pytest.raises(InputError, match="burn_usd in .*burns.csv too"):
        read_burn([burns, table(tmp_path, rows())])


def test_a_column_that_is_named_is_taken_for_nothing_else_and_the_others_are_told(tmp_path):
    """A column called burned that is in USD: tokens follow from the price."""
    lines = [",".join(cell for i, cell in enumerate(row.split(",")) if i != 2) for row in rows()]
    usd = table(tmp_path, lines, "month,burned,issued,price", "usd.csv")
    found, whole = read_burn(usd, column="burn_usd=burned"), read_burn(table(tmp_path, rows()))
    for name in ("burn_usd", "burned", "issued", "price"):
        np.testing.assert_allclose(getattr(found, name), getattr(whole, name), rtol=1e-4)
    # what is named in one file is not told in another
    cells = [row.split(",") for row in rows()]
    own = table(tmp_path, [f"{c[0]},{c[2]}" for c in cells], "month,mine", "own.csv")
    found = read_burn([table(tmp_path, rows()), own], column="burned=mine")
    np.testing.assert_array_equal(found.burned, whole.burned)
    assert any("not used: burned" in line for line in found.choices)


def test_weeks_are_summed_to_months_of_which_all_weeks_are_there(tmp_path):
    first = dt.date(2024, 1, 15)
    lines = [f"{first + dt.timedelta(weeks=i)},{10 + i},{5 + i},{100 - i % 7},2" for i in range(70)]
    found = read_burn(table(tmp_path, lines, HEADER.replace("month", "week")))
    weeks = [first + dt.timedelta(weeks=i) for i in range(70)]
    february = [i for i, week in enumerate(weeks) if (week.year, week.month) == (2024, 2)]
    assert found.months[0] == "2024-02" and found.days[0] == 28.0
    assert found.burned[0] == pytest.approx(sum(5 + i for i in february) / 28.0)
    assert any(
        "left out, for not all of their weeks are there: 2024-01, 2025-05" in line
        for line in found.choices
    )
    with pytest.raises(
        InputError,
        match=r":12: week: a gap: 2024-04-01 after 2024-03-18; expected a row every 7 days",
    ):
        read_burn(table(tmp_path, lines[:10] + lines[11:], HEADER.replace("month", "week")))


def unfinished(share, count=24):
    *whole, last = rows(count=count)
    month, usd, burned, issued, price = last.split(",")
    return [
        *whole,
        ",".join([month, *(f"{float(x) * share:.2f}" for x in (usd, burned, issued)), price]),
    ]


def test_an_unfinished_last_month_is_refused_dropped_or_kept_as_told(tmp_path):
    file = table(tmp_path, unfinished(0.4))
    with pytest.raises(
        InputError,
        match=r":25: month: 2025-12 looks unfinished: .*issued 38 %.*\(or `last` drop or keep\)",
    ):
        read_burn(file)
    assert (
        read_burn(file, last="drop").months[-1] == "2025-11"
        and read_burn(file, last="keep").months[-1] == "2025-12"
    )
    assert any(
        "2025-12 looks unfinished" in line and "left out, as chosen" in line
        for line in read_burn(file, last="drop").choices
    )
    assert calibrate_burn(file, last="drop").value(ELASTICITY) == calibrate_burn(
        table(tmp_path, rows(count=23))
    ).value(ELASTICITY)
    newest_first = table(tmp_path, unfinished(0.4)[::-1])
    with pytest.raises(InputError, match=r":2: month: 2025-12 looks unfinished"):
        read_burn(newest_first)
    with pytest.raises(InputError, match="last: 'maybe'; expected refuse, drop, keep"):
        read_burn(file, last="maybe")


@pytest.mark.parametrize("share", [0.78, 0.83, 0.9])
def test_a_month_that_lacks_three_days_is_no_unfinished_one(tmp_path, share):
    month, usd, burned, issued, price = rows()[22].split(",")
    last = ",".join(
        ["2025-12", *(f"{float(x) * share * 31 / 30:.4f}" for x in (usd, burned, issued)), price]
    )
    file = table(tmp_path, [*rows(count=23), last])
    if share < 0.8:
        with pytest.raises(
            InputError,
            match=(
                "2025-12 looks unfinished: burn_usd 78 %, burned 78 %, issued 78 % of the month "
                "before"
            ),
        ):
            read_burn(file)
    else:
        assert read_burn(file).months[-1] == "2025-12"


def test_a_last_row_in_the_middle_of_a_month_is_left_out_and_said(tmp_path):
    lines = rows("{y}-{m:02d}-01")
    found = read_burn(table(tmp_path, [*lines, "2026-01-12,5,5,5,2"]))
    assert found.months[-1] == "2025-12" and any(
        "2026-01-12 is in the middle of a month" in line for line in found.choices
    )


def test_a_halving_is_no_unfinished_month(tmp_path):
    *whole, last = rows()
    month, usd, burned, issued, price = last.split(",")
    found = read_burn(
        table(tmp_path, [*whole, f"{month},{usd},{burned},{int(issued) / 2},{price}"])
    )
    assert found.months[-1] == "2025-12"


def test_a_value_in_another_unit_is_named_and_kept_as_told(tmp_path):
    lines = rows()
    month, usd, burned, issued, price = lines[9].split(",")
    lines[9] = ",".join([month, usd, burned, f"{issued}000000000", price])
    with pytest.raises(
        InputError,
        match=(
            r":11: issued: 2.55e\+12 in 2024-10: a factor of .*plausible value \(or `absurd` keep\)"
        ),
    ):
        read_burn(table(tmp_path, lines))
    assert any(
        "absurd issued kept: 2024-10" in line
        for line in read_burn(table(tmp_path, lines), absurd="keep").choices
    )


def ratio(value, header):
    lines = [row.split(",") for row in rows()]
    return [",".join([*c, value(float(c[2]), float(c[3]))]) for c in lines], f"{HEADER},{header}"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            lambda burned, issued: f"{burned / issued}",
            (
                "column 'bme' is not used: burned/issued is worked out, and it agrees with it in "
                "all rows"
            ),
        ),
        (
            lambda burned, issued: f"{burned / issued * (1 + (burned > 1000) / 2)}",
            "it differs from it in 7 rows, first in line 18 (0.7002",
        ),
        (
            lambda burned, issued: "much",
            "column 'bme' is not used, nor compared: line 2 has the text 'much'",
        ),
        (
            lambda burned, issued: "",
            "column 'bme' is not used, nor compared: line 2 has an empty cell",
        ),
    ],
)
def test_a_ratio_that_the_file_states_is_compared_and_what_it_is_said(tmp_path, value, said):
    lines, header = ratio(value, "bme")
    assert any(said in line for line in read_burn(table(tmp_path, lines, header)).choices), (
        read_burn(table(tmp_path, lines, header)).choices
    )


def test_few_weeks_and_numbers_beyond_any_supply_are_refused(tmp_path):
    weeks = [f"{dt.date(2024, 1, 10) + dt.timedelta(weeks=i)},5,5,5,1" for i in range(3)]
    with pytest.raises(InputError, match="0 whole months; expected at least 12"):
        read_burn(table(tmp_path, weeks, HEADER.replace("month", "week")))
    with pytest.raises(
        InputError, match=r":2: burned: 1e-300; expected a number > 0, of 1e-30 to 1e\+30"
    ):
        read_burn(table(tmp_path, ["2024-01,5,1e-300,5,1", *rows()[1:]]))


@pytest.mark.parametrize("tolerance", [float("inf"), float("nan"), -0.1, 2.0])
def test_a_tolerance_that_names_no_month_is_refused(tmp_path, tolerance):
    with pytest.raises(InputError, match="tolerance: .*; expected a number from 0 to 1"):
        calibrate_burn(table(tmp_path, rows()), tolerance=tolerance)


def test_quarters_are_refused_with_what_they_are(tmp_path):
    lines = [
        ",".join([f"{2010 + i // 4}-{i % 4 * 3 + 1:02d}", *row.split(",")[1:]])
        for i, row in enumerate(rows())
    ]
    with pytest.raises(InputError, match="rows 91 days apart; expected months, weeks or days"):
        read_burn(table(tmp_path, lines))
    with pytest.raises(InputError, match=r":2: month: '2024-Q1' is a quarter"):
        read_burn(table(tmp_path, [row.replace("2024-01", "2024-Q1") for row in rows()]))


def test_the_command_says_what_was_taken_for_what(tmp_path):
    file = table(tmp_path, unfinished(0.3)[::-1])
    status, _, errors = command("calibrate", "burn", file, folder=tmp_path)
    assert status == 2 and "(or --last drop or keep)" in " ".join(errors.split())
    status, out, errors = command("calibrate", "burn", file, "--last", "drop", folder=tmp_path)
    assert (status, errors) == (0, "")
    assert (
        "rows: date from 'month', burn_usd from 'burn_usd', burned from 'burned'" in out
        and "rows: newest row first: turned" in out
    )


@needs_data
def test_heliums_weeks_give_the_published_months():
    weeks, published = read_burn(WEEKLY), read_burn(str(DATA / "tokens" / "helium_bme_monthly.csv"))
    assert weeks.months == published.months
    for name in ("burn_usd", "burned", "issued", "price", "days"):
        np.testing.assert_allclose(
            getattr(weeks, name)[:-1], getattr(published, name)[:-1], rtol=1e-9
        )


@needs_data
def test_what_geodnets_files_lack_is_named():
    files = [
        str(DATA / "protocols" / f"geodnet_monthly_{name}.csv") for name in ("burns", "emissions")
    ]
    with pytest.raises(InputError, match="burn_usd: no such column.*or another file with it"):
        read_burn(files)
